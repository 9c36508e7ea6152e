"""dev.py, as far as it goes without setting anything up; .ci/run starts all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def dev(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "dev.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_names_every_command(arguments: tuple[str, ...]) -> None:
    done = dev(*arguments)
    assert done.returncode == 0
    for name in ("demo", "test", "lint", "e2e", "docs", "build", "lock"):
        assert f"python3 dev.py {name}" in done.stdout


def test_an_unknown_command_is_refused_before_anything_is_set_up(tmp_path: Path) -> None:
    copy = tmp_path / "dev.py"
    copy.write_bytes((ROOT / "dev.py").read_bytes())
    done = dev("tset", folder=tmp_path)
    assert done.returncode == 2
    assert 'there is no command "tset"' in done.stderr
    assert "choose one of: demo, test" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["dev.py"]


def test_an_old_python_is_refused_in_words(tmp_path: Path) -> None:
    """The interpreter is asked for its version once; here it says another one."""
    code = (
        "import runpy, sys; sys.version_info = (3, 8, 10); sys.argv = ['dev.py', 'test'];"
        f"runpy.run_path({str(ROOT / 'dev.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "this needs Python 3.10 or newer" in done.stderr
    assert "is 3.8.10" in done.stderr


def test_a_python_that_cannot_make_an_environment_is_explained(tmp_path: Path) -> None:
    (tmp_path / "dev.py").write_bytes((ROOT / "dev.py").read_bytes())
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "__main__.py").write_text("import sys; sys.exit('no ensurepip here')")
    (tmp_path / "venv" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "dev.py", "test"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 3
    assert "cannot make a virtual environment" in done.stderr
    assert "no ensurepip here" in done.stderr
    assert "apt-get install python3-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()
