"""Inputs and the exact commands that they give."""

from __future__ import annotations

from pathlib import Path

from ci_gen_actions.build_python import plan
from ci_gen_actions.build_python.options import Options

W = Path("/w")
GIVEN = Options(service="s", source="app", output_folder="out")
FOLDERS = plan.folders(GIVEN, W)
B = "/w/.ci-gen-build"


def test_folders() -> None:
    assert (FOLDERS.source, FOLDERS.output) == (Path("/w/app"), Path("/w/out"))
    assert plan.package_name(GIVEN) == "s-python"
    assert plan.package_name(Options(service="s", package_name="p")) == "p"


def test_build() -> None:
    assert plan.build(FOLDERS, "/py", "/bin/uv") == (
        (
            *("/bin/uv", "build", "--python", "/py"),
            *("--out-dir", f"{B}/wheel-s", "--no-create-gitignore", "/w/app"),
        ),
    )
    tool = f"{B}/venv-s-wheel/bin/python"
    quiet = ("--disable-pip-version-check", "--no-input")
    assert plan.build(FOLDERS, "/py", "") == (
        ("/py", "-m", "venv", f"{B}/venv-s-wheel"),
        (tool, "-m", "pip", "install", *quiet, f"build=={plan.BUILD}"),
        (tool, "-m", "build", "--outdir", f"{B}/wheel-s", "/w/app"),
    )


def test_trial() -> None:
    wheel = Path("/x/my_app-1-py3-none-any.whl")
    there = f"{B}/venv-s-trial/bin/python"
    with_uv = plan.trial(FOLDERS, "/py", "/bin/uv", wheel)
    assert with_uv[:2] == (
        ("/bin/uv", "venv", "--python", "/py", f"{B}/venv-s-trial"),
        ("/bin/uv", "pip", "install", "--python", there, "--no-deps", str(wheel)),
    )
    assert with_uv[2][:3] == (there, "-I", "-c")
    assert with_uv[2][-1] == "my_app"
    with_pip = plan.trial(FOLDERS, "/py", "", wheel)
    assert with_pip[0] == ("/py", "-m", "venv", f"{B}/venv-s-trial")
    assert with_pip[1][-3:] == ("--no-index", "--no-deps", str(wheel))
