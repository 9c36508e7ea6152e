"""Inputs and the exact commands that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.core.python_project import Project
from ci_gen_actions.pytest import pins, plan
from ci_gen_actions.pytest.facts import Machine
from ci_gen_actions.pytest.options import Options

W = Path("/w")
V = "/w/.ci-gen-build/venv-s"
T = f"{V}-tools"
ALL = Machine(
    python="/py", managers={name: f"/bin/{name}" for name in ("uv", "poetry", "pdm", "pipenv")}
)
BARE = Machine(python="/py")
PIP = (f"{V}/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
VENV = ("/py", "-m", "venv", V)
UV_PIP = ("/bin/uv", "pip", "install", "--python", f"{V}/bin/python")


def project(**facts: Any) -> Project:
    return Project(folder=W, **facts)


def steps(project: Project, machine: Machine = ALL, **options: Any) -> list[tuple[str, ...]]:
    given = Options(service="s", **options)
    made = plan.installation(given, project, machine, plan.folders(given, W))
    return [step.argv for step in made]


PACKAGED = {"installable": True, "packaged": True}
MORE: dict[str, Any] = {"requirements": ("r.txt",), "extras": ("a", "b"), "groups": ("g", "h")}


@pytest.mark.parametrize(
    ("facts", "options", "expected"),
    [
        ({}, {}, [VENV]),
        (
            {},
            {"requirements": ("a.txt", "b c.txt")},
            [VENV, (*PIP, "-r", "a.txt", "-r", "b c.txt")],
        ),
        (PACKAGED, {}, [VENV, (*PIP, "-e", ".")]),
        (
            PACKAGED,
            MORE,
            [
                VENV,
                (*PIP, f"pip=={pins.PIP}"),
                (*PIP, "-r", "r.txt", "--group", "g", "--group", "h", "-e", ".[a,b]"),
            ],
        ),
        (
            {**PACKAGED, "locks": frozenset({"uv"})},
            MORE,
            [
                (
                    *("/bin/uv", "sync", "--frozen", "--python", "/py"),
                    *("--extra", "a", "--extra", "b", "--group", "g", "--group", "h"),
                ),
                (*UV_PIP, "-r", "r.txt"),
            ],
        ),
        (
            PACKAGED,
            {"manager": "uv", **MORE},
            [
                ("/bin/uv", "venv", "--python", "/py", V),
                (*UV_PIP, "-r", "r.txt", "--group", "g", "--group", "h", "-e", ".[a,b]"),
            ],
        ),
        (
            {"tables": frozenset({"poetry"})},
            MORE,
            [
                VENV,
                (
                    *("/bin/poetry", "install", "--no-interaction"),
                    *("--extras", "a", "--extras", "b", "--with", "g,h"),
                ),
                (*PIP, "-r", "r.txt"),
            ],
        ),
        (
            {"locks": frozenset({"pdm"})},
            MORE,
            [
                VENV,
                (
                    *("/bin/pdm", "--non-interactive", "install", "--frozen-lockfile"),
                    *("-G", "a", "-G", "b", "-G", "g", "-G", "h"),
                ),
                (*PIP, "-r", "r.txt"),
            ],
        ),
        ({"tables": frozenset({"pdm"})}, {}, [VENV, ("/bin/pdm", "--non-interactive", "install")]),
        ({"locks": frozenset({"pipenv"})}, {}, [VENV, ("/bin/pipenv", "sync", "--dev")]),
        (
            {"pipfile": True},
            {"groups": ("dev-packages", "tests")},
            [
                VENV,
                ("/bin/pipenv", "install", "--skip-lock", "--categories", "dev-packages tests"),
            ],
        ),
    ],
)
def test_installation(
    facts: dict[str, Any], options: dict[str, Any], expected: list[tuple[str, ...]]
) -> None:
    assert steps(project(**facts), **options) == expected


@pytest.mark.parametrize("name", ["uv", "poetry", "pdm", "pipenv"])
def test_a_missing_manager_gets_an_environment_of_its_own(name: str) -> None:
    first, second, *rest = steps(project(), BARE, manager=name)
    assert first == ("/py", "-m", "venv", T)
    assert second[0] == f"{T}/bin/python"
    assert second[-1] == pins.MANAGERS[name]
    assert rest[-1][0] == f"{T}/bin/{name}"


def test_extras_of_no_project() -> None:
    with pytest.raises(UsageError, match="extras"):
        steps(project(), extras=("a",))


def test_where_uv_puts_a_synced_environment() -> None:
    given = Options(service="s")
    found = plan.installation(given, project(locks=frozenset({"uv"})), ALL, plan.folders(given, W))
    assert found[0].extra == {"UV_PROJECT_ENVIRONMENT": V}


@pytest.mark.parametrize(
    ("manager", "machine", "expected"),
    [
        ("pip", ALL, (*PIP, f"pytest=={pins.PYTEST}")),
        ("uv", ALL, (*UV_PIP, f"pytest=={pins.PYTEST}")),
        ("uv", BARE, (f"{T}/bin/uv", *UV_PIP[1:], f"pytest=={pins.PYTEST}")),
        ("poetry", ALL, (*PIP, f"pytest=={pins.PYTEST}")),
    ],
)
def test_pytest_where_the_project_has_none(
    manager: str, machine: Machine, expected: tuple[str, ...]
) -> None:
    given = Options(service="s", manager=manager)
    assert plan.add_pytest(given, project(), machine, plan.folders(given, W)).argv == expected


def test_tests() -> None:
    given = Options(service="s", paths=("t", "a b"), args=("-k", "x and $(id)"), junit="r/j.xml")
    assert plan.pytest(given, plan.folders(given, W)) == (
        *(f"{V}/bin/python", "-m", "pytest", "t", "a b", "-k", "x and $(id)"),
        *("--junitxml=/w/r/j.xml", "-o", "junit_family=xunit1"),
    )


def test_environment() -> None:
    given = Options(service="s", environment_folder="/e/v")
    folders = plan.folders(given, W)
    environ = {"PATH": "/bin", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/y", "HOME": "/h"}
    assert plan.environment(folders, environ) == {
        "PATH": "/e/v/bin:/bin",
        "VIRTUAL_ENV": "/e/v",
        "HOME": "/h",
    }
    found = plan.environment(folders, environ, package=True)
    assert found["PATH"] == "/e/v-package/bin:/e/v/bin:/bin"
    assert found["CI_GEN_PACKAGE_DIR"] == "/e/v-package"
