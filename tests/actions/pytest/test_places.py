from __future__ import annotations

from pathlib import Path

import pytest

from ci_gen_actions.core.junit import Case, Outcome
from ci_gen_actions.pytest.places import Place, message, of

LONG = """\
    def test_x():
>       helper()

tests/test_x.py:4:
_ _ _

    def helper():
>       assert 1 == 2
E       assert 1 == 2
E         +1

tests/help.py:2: AssertionError
"""
NATIVE = """\
Traceback (most recent call last):
  File "{root}/tests/test_x.py", line 7, in test_x
    x()
  File "/usr/lib/python3/site-packages/lib.py", line 9, in x
ZeroDivisionError: division by zero
"""


def case(details: str, file: str = "tests/test_x.py", line: int = 3) -> Case:
    return Case(
        name="x", outcome=Outcome.FAILED, details=details, file=file, line=line, message="m"
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app/tests").mkdir(parents=True)
    for name in ("test_x.py", "help.py"):
        (tmp_path / "app/tests" / name).touch()
    return tmp_path


def test_innermost_line(root: Path) -> None:
    assert of(case(LONG), root / "app", root) == Place("app/tests/help.py", 2)


def test_native_and_other_peoples_code(root: Path) -> None:
    text = NATIVE.replace("{root}", str(root / "app"))
    assert of(case(text), root / "app", root) == Place("app/tests/test_x.py", 7)


def test_without_traceback(root: Path) -> None:
    assert of(case(""), root / "app", root) == Place("app/tests/test_x.py", 3)


def test_rootdir_above_the_project(root: Path) -> None:
    found = of(case("", file="app/tests/help.py"), root / "app", root)
    assert found == Place("app/tests/help.py", 3)


@pytest.mark.parametrize("file", ["", "none.py", "/etc/passwd", "../../etc/passwd"])
def test_nowhere(root: Path, file: str) -> None:
    assert of(case("", file=file), root / "app", root) == Place()


def test_message() -> None:
    assert message(case(LONG)) == "assert 1 == 2\n+1"
    assert message(case("no marks")) == "m"
