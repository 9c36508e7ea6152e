from __future__ import annotations

from pathlib import Path

import pytest

from ci_gen_actions.core.python_project import pick_manager, project


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "manager", "installable", "packaged"),
    [
        ({}, "pip", False, False),
        ({"pyproject.toml": "[tool.black]\n"}, "pip", False, False),
        ({"pyproject.toml": "[project]\nname='x'\n"}, "pip", True, False),
        ({"pyproject.toml": "[build-system]\n[project]\n"}, "pip", True, True),
        ({"setup.py": ""}, "pip", True, True),
        ({"pyproject.toml": "[project]\n[tool.uv]\n"}, "pip", True, False),
        ({"pyproject.toml": "[project]\n", "uv.lock": ""}, "uv", True, False),
        ({"pyproject.toml": "[tool.poetry.group.dev]\n"}, "poetry", False, False),
        (
            {"pyproject.toml": "[build-system]\n[tool.poetry]\npackage-mode = false\n"},
            "poetry",
            True,
            False,
        ),
        ({"pyproject.toml": "[[tool.pdm.source]]\n"}, "pdm", False, False),
        ({"pdm.lock": "", "Pipfile": ""}, "pdm", False, False),
        ({"Pipfile": ""}, "pipenv", False, False),
        ({"Pipfile": "", "Pipfile.lock": ""}, "pipenv", False, False),
        ({"pyproject.toml": "# [build-system]\n"}, "pip", False, False),
    ],
)
def test_project(
    tmp_path: Path, files: dict[str, str], manager: str, installable: bool, packaged: bool
) -> None:
    found = project(write(tmp_path, files), tmp_path)
    assert pick_manager("auto", found) == manager
    assert (found.installable, found.packaged) == (installable, packaged)
    assert pick_manager("pdm", found) == "pdm"


def test_the_lock_of_a_uv_workspace_lies_above(tmp_path: Path) -> None:
    write(tmp_path, {"uv.lock": "", "w/packages/a/pyproject.toml": "[project]\n"})
    member = tmp_path / "w/packages/a"
    assert pick_manager("auto", project(member, tmp_path / "w")) == "pip"
    assert pick_manager("auto", project(member, tmp_path)) == "uv"
