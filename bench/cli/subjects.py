"""ci-gen's side of the comparison: an example repository and the command."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_FILES = {
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.18)\nproject(service C)\n"
    "enable_testing()\nadd_executable(service main.c)\nadd_test(NAME runs COMMAND service)\n",
    "main.c": "int main(void) { return 0; }\n",
    "tests/integration/test_service.py": "def test_it():\n    assert True\n",
}


def ci_gen_command() -> list[str]:
    """The command as an installation has it: this interpreter's console script."""
    script = Path(sys.executable).parent / "ci-gen"
    if not script.exists():
        sys.exit(f"install ci-gen beside {sys.executable} first: python3 dev.py test does")
    return [str(script)]


def example(folder: Path) -> Path:
    """A small repository with one commit."""
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


def repositories_per_second(count: int = 200) -> float:
    """How many repositories one process renders, from the text of ci-gen.yaml to all texts."""
    from ci_gen.config.model import Config
    from ci_gen.config.reader import read
    from ci_gen.detect.repository import detect
    from ci_gen.project import assemble, render

    text = "version: 1\nactions: {repository: acme/ci-gen, commit: " + "a" * 40 + "}\n"
    with tempfile.TemporaryDirectory() as name:
        root = example(Path(name))
        facts = detect(root)
        render(assemble(root, read(text, Config, "ci-gen.yaml"), facts))
        rates = []
        for _ in range(5):
            started = time.perf_counter()
            for _ in range(count // 5):
                render(assemble(root, read(text, Config, "ci-gen.yaml"), facts))
            rates.append(count / 5 / (time.perf_counter() - started))
    return statistics.median(rates)
