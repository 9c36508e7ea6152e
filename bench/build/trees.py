"""The source trees that are built, and how a checkout of one is made."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tree:
    """Where the sources lie, what of them is built, and the file whose comment is changed."""

    name: str
    sources: Path
    targets: tuple[str, ...]
    arguments: tuple[str, ...]
    touched: str

    def clone(self, workspace: Path) -> Path:
        """A fresh clone in a workspace, as a job's checkout has it."""
        folder = workspace / "sources"
        workspace.mkdir(parents=True)
        _git(workspace, "clone", "--quiet", "--local", str(self.sources), str(folder))
        return folder


def change_a_comment(path: Path) -> None:
    """Add a comment behind the last line: what is compiled stays the same."""
    with path.open("a", encoding="utf-8") as file:
        file.write("// measured\n")


def llama(folder: Path) -> Tree:
    """llama.cpp's own tree, from the source release that the example names."""
    script = _materialise()
    sdist = script.fetch_sdist(script.cache_folder())
    script.wanted = _everything
    script.extract(sdist, folder)
    script.commit(folder, "llama.cpp")
    return Tree(
        name="llama.cpp",
        sources=folder,
        targets=("llama-server", "llama-bench"),
        # no download in the middle of a measurement
        arguments=("-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_UI=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF"),
        touched="src/llama-model.cpp",
    )


def small(folder: Path) -> Tree:
    """Two C files: to try the benchmark itself, not to learn anything from."""
    shutil.copytree(ROOT / "tests/fixtures/cmake-small", folder)
    _materialise().commit(folder, "small")
    return Tree("a small project", folder, (), (), "src/tally.c")


TREES: dict[str, Callable[[Path], Tree]] = {"llama": llama, "small": small}


def _everything(path: str) -> bool:
    # the note that it was a submodule, which no longer leads anywhere
    return Path(path).name != ".git"


def _materialise() -> ModuleType:
    path = ROOT / "examples/llama-service/materialise.py"
    spec = importlib.util.spec_from_file_location("materialise", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be read")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True)
