"""Real runs of pytest in environments that the action makes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import Ran, act, checkout, environment

from ci_gen_actions.core.archive import Entry, write_tar_gz
from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.process import Completed
from ci_gen_actions.pytest.run import find_package, judge

needs_uv = pytest.mark.skipif(
    shutil.which("uv", path=environment()["PATH"]) is None,
    reason="uv is not installed; the pip run in test_with_pip covers the rest",
)
PLAIN = {"pytest.ini": "[pytest]\n"}


def start(workspace: Path, environ: dict[str, str] | None = None, **options: Any) -> Ran:
    return act("pytest", workspace, environ, **{"service": "s", "manager": "uv", **options})


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.e2e
@pytest.mark.parametrize("manager", ["pip", "uv"])
def test_a_packaged_project(tmp_path: Path, manager: str) -> None:
    project = checkout("python-small", tmp_path / "p")
    ran = start(project, paths=("tests",), manager=manager, extras=("loud",))
    assert (ran.verdict, ran.status) == ("PASS", 0), ran.log
    assert (ran.outputs.tests, ran.outputs.failures, ran.outputs.skipped) == (3, 0, 1)
    assert ran.result is not None
    assert ran.result.evidence["tools"]["manager"] == manager
    assert (project / "reports/junit-pytest-s.xml").is_file()


@needs_uv
def test_failures_are_annotated_and_counted(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **PLAIN,
            "app/helper.py": "def check(x):\n    assert x == 1, 'not <one> | really'\n",
            "app/test_x.py": "from helper import check\nimport pytest\n\n"
            "def test_bad():\n    check(2)\n\n"
            "@pytest.fixture\ndef broken():\n    1 / 0\n\n"
            "def test_error(broken):\n    pass\n\n"
            "def test_good():\n    print('::set-env name=A::b')\n",
        },
    )
    ran = start(tmp_path, source="app", args=("-p", "no:cacheprovider"))
    assert (ran.verdict, ran.status) == ("FAIL", 1)
    assert (ran.outputs.tests, ran.outputs.failures) == (3, 2)
    assert "::error file=app/helper.py,line=2::" in ran.log
    assert "::error file=app/test_x.py,line=9::" in ran.log
    assert "AssertionError: not <one> | really" in ran.log
    assert ran.result is not None
    assert "test\\_bad" in ran.result.summary
    assert "<one>" not in ran.result.summary


@needs_uv
def test_no_test_is_no_data(tmp_path: Path) -> None:
    write(tmp_path, {**PLAIN, "test_x.py": "def helper(): pass\n"})
    ran = start(tmp_path)
    assert (ran.verdict, ran.status) == ("NO_DATA", 3)
    assert "no test was collected" in ran.log


@needs_uv
def test_the_package_is_there_and_the_callers_packages_are_not(tmp_path: Path) -> None:
    tool = write(tmp_path / "made", {"tool": "#!/bin/sh\necho from the package\n"}) / "tool"
    tool.chmod(0o755)
    write_tar_gz(tmp_path / "dist/x.tar.gz", [Entry(name="bin/tool", source=tool)], mtime=0)
    write(tmp_path / "foreign", {"smuggled.py": ""})
    write(
        tmp_path,
        {
            **PLAIN,
            "test_x.py": "import os, shutil, subprocess, sys\n\n"
            "def test_tool():\n"
            "    assert subprocess.check_output(['tool']) == b'from the package\\n'\n"
            "    assert shutil.which('tool').startswith(os.environ['CI_GEN_PACKAGE_DIR'])\n\n"
            "def test_alone():\n"
            "    assert 'PYTHONPATH' not in os.environ\n"
            "    assert sys.prefix == os.environ['VIRTUAL_ENV']\n"
            "    try:\n        import smuggled\n    except ImportError:\n        return\n"
            "    raise AssertionError\n",
        },
    )
    environ = {"PYTHONPATH": str(tmp_path / "foreign"), "VIRTUAL_ENV": "/nonexistent"}
    ran = start(tmp_path, environ, package="dist/*.tar.gz")
    assert ran.verdict == "PASS", ran.log
    assert ran.result is not None
    assert ran.result.evidence["inputs"]["package"].startswith("sha256:")


@needs_uv
def test_an_environment_that_cannot_be_made(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "./no-such-folder\n", "test_x.py": ""})
    ran = start(tmp_path, requirements=("requirements.txt",))
    assert ran.status == 3
    assert "environment could not be made" in str(ran.error)
    assert "nothing was tested" in str(ran.error)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"source": "none"}, "no folder"),
        ({"paths": ("none/test_x.py::test_y",)}, "does not exist"),
        ({"requirements": ("none.txt",)}, "does not exist"),
        ({"environment_folder": "docs"}, "no virtual environment"),
    ],
)
def test_wrong_inputs(tmp_path: Path, options: dict[str, Any], what: str) -> None:
    write(tmp_path, {"docs/thesis.txt": "x"})
    ran = start(tmp_path, **{"manager": "pip", **options})
    assert ran.status == 2
    assert what in str(ran.error)
    assert (tmp_path / "docs/thesis.txt").exists()


def test_packages(tmp_path: Path) -> None:
    with pytest.raises(CannotDecide, match="there is no package"):
        find_package("dist/*.tar.gz", tmp_path)
    with pytest.raises(CannotDecide, match="there is no package"):
        find_package(str(tmp_path / "x.tar.gz"), tmp_path)
    write(tmp_path, {"dist/a.tar.gz": ""})
    assert find_package("dist/*.tar.gz", tmp_path) == tmp_path / "dist/a.tar.gz"
    assert find_package(str(tmp_path / "dist/a.tar.gz"), Path("/")).name == "a.tar.gz"
    write(tmp_path, {"dist/b.tar.gz": ""})
    with pytest.raises(UsageError, match="names 2 packages"):
        find_package("dist/*.tar.gz", tmp_path)


GOOD = '<testsuite><testcase name="a"/></testsuite>'
BAD = '<testsuite><testcase name="a"><failure message="m"/></testcase></testsuite>'
SKIPPED = '<testsuite><testcase name="a"><skipped/></testcase></testsuite>'
NONE = "<testsuite/>"


@pytest.mark.parametrize(
    ("code", "report", "verdict", "reason"),
    [
        (0, GOOD, "PASS", ""),
        (1, BAD, "FAIL", "1 of 1 tests failed"),
        (0, BAD, "FAIL", "1 of 1 tests failed"),
        (1, GOOD, "FAIL", "every test passed, yet pytest"),
        (0, SKIPPED, "NO_DATA", "all 1 tests were skipped"),
        (0, NONE, "NO_DATA", "no test was collected"),
        (5, NONE, "NO_DATA", "no test was collected"),
        (2, BAD, "ERROR", "interrupted"),
        (3, "", "ERROR", "itself broke"),
        (4, "", "ERROR", "called wrongly"),
        (-11, "", "ERROR", "killed by SIGSEGV"),
    ],
)
def test_judgement(tmp_path: Path, code: int, report: str, verdict: str, reason: str) -> None:
    path = tmp_path / "x.xml"
    if report:
        path.write_text(report)
    done = Completed(argv=(), code=code, output="", seconds=1)
    _, found, why = judge(done, path)
    assert found.value == verdict
    assert reason in why
    assert bool(why) == (verdict != "PASS")


def test_out_of_time(tmp_path: Path) -> None:
    done = Completed(argv=(), code=-15, output="", seconds=9, timed_out=True)
    _, found, why = judge(done, tmp_path / "x.xml")
    assert found.value == "ERROR"
    assert "timeout" in why


def test_a_green_run_without_report_is_an_error(tmp_path: Path) -> None:
    done = Completed(argv=(), code=0, output="", seconds=1)
    with pytest.raises(CannotDecide, match="cannot be read"):
        judge(done, tmp_path / "x.xml")
