"""Real builds of a small Python project."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import Ran, act, checkout, commit, environment

from ci_gen_actions.build_python.run import Failed, forget, lost_files

needs_uv = pytest.mark.skipif(
    shutil.which("uv", path=environment()["PATH"]) is None, reason="uv is not installed"
)

BACKEND = """\
import base64, hashlib, pathlib, tarfile, zipfile

def build_sdist(folder, config_settings=None):
    name = "tiny-1.0"
    with tarfile.open(pathlib.Path(folder, name + ".tar.gz"), "w:gz") as tar:
        for path in ("pyproject.toml", "backend.py", "tiny.py"):
            tar.add(path, f"{name}/{path}")
        pathlib.Path("PKG-INFO").write_text("Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
        tar.add("PKG-INFO", f"{name}/PKG-INFO")
    return name + ".tar.gz"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "tiny-1.0-py3-none-any.whl"
    files = {
        "tiny.py": pathlib.Path("tiny.py").read_bytes(),
        "tiny-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n",
        "tiny-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\\nGenerator: x\\n"
        b"Root-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        record = ""
        for path, data in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(data)}\\n"
            wheel.writestr(zipfile.ZipInfo(path), data)
        record += "tiny-1.0.dist-info/RECORD,,\\n"
        wheel.writestr(zipfile.ZipInfo("tiny-1.0.dist-info/RECORD"), record)
    return name
"""
"""A build backend of its own, so that these tests need no package index."""

TINY = {
    "backend.py": BACKEND,
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
    'backend-path = ["."]\n[project]\nname = "tiny"\nversion = "1.0"\n',
    "tiny.py": "ANSWER = 42\n",
}


def build(workspace: Path, **options: Any) -> Ran:
    return act("build-python", workspace, **{"service": "s", **options})


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@needs_uv
def test_wheel(tmp_path: Path) -> None:
    commit(write(tmp_path, {**TINY, "r.txt": ""}))
    ran = build(tmp_path, manager="uv", output_folder="o", requirements=("r.txt",))
    assert (ran.verdict, ran.status) == ("PASS", 0), ran.log
    assert ran.outputs.package == "o/tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(tmp_path / ran.outputs.package) as wheel:
        assert "tiny.py" in wheel.namelist()
    manifest = json.loads((tmp_path / ran.outputs.manifest).read_text())
    assert set(manifest["files"]) == {"tiny-1.0-py3-none-any.whl", "tiny-1.0.tar.gz"}
    digest = manifest["files"]["tiny-1.0-py3-none-any.whl"]
    assert digest == f"sha256:{ran.outputs.package_sha256}"
    assert len(manifest["commit"]) == 40
    assert ran.result is not None
    assert ran.result.evidence["inputs"]["source"] == manifest["commit"]
    assert "requirements:r.txt" in ran.result.evidence["inputs"]
    assert ran.outputs.package_sha256 in ran.result.summary


@needs_uv
def test_a_project_that_does_not_build(tmp_path: Path) -> None:
    commit(write(tmp_path, TINY))
    assert build(tmp_path, manager="uv").verdict == "PASS"
    (tmp_path / "backend.py").write_text("raise RuntimeError('no build today')\n")
    ran = build(tmp_path, manager="uv")
    assert (ran.verdict, ran.status) == ("FAIL", 1)
    assert "could not be built" in ran.log
    assert ran.outputs.package == ""
    assert list((tmp_path / "dist").iterdir()) == []


@needs_uv
def test_a_wheel_that_lost_its_files(tmp_path: Path) -> None:
    broken = BACKEND.replace('record += "tiny', 'record += "lost.py,,\\n"\n        record += "tiny')
    commit(write(tmp_path, {**TINY, "backend.py": broken}))
    ran = build(tmp_path, manager="uv")
    assert (ran.verdict, ran.status) == ("FAIL", 1), ran.log
    assert "RECORD lists: lost.py" in ran.log


@needs_uv
def test_a_builder_out_of_reach(tmp_path: Path) -> None:
    text = TINY["pyproject.toml"].replace("requires = []", 'requires = ["./no-such-folder"]')
    text = text.replace("./no-such-folder", "tiny-requirement-that-is-nowhere==1")
    commit(write(tmp_path, {**TINY, "pyproject.toml": text}))
    ran = act("build-python", tmp_path, {"UV_OFFLINE": "1"}, service="s", manager="uv")
    assert ran.status == 3, ran.log
    assert "could not be built" in str(ran.error)


@pytest.mark.e2e
def test_wheel_with_the_reference_builder(tmp_path: Path) -> None:
    project = checkout("python-small", tmp_path / "p")
    one = build(project, manager="pip")
    assert one.verdict == "PASS", one.log
    assert one.outputs.package == "dist/parrot-0.3.0-py3-none-any.whl"
    other = checkout("python-small", tmp_path / "elsewhere/p")
    assert build(other, manager="pip").outputs.package_sha256 == one.outputs.package_sha256


def test_archive_of_the_sources(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b/c"):
        project = write(
            tmp_path / name, {"app/main.py": "print(1)\n", "app/r.txt": "x\n", "other.py": ""}
        )
        commit(project)
        write(project, {"app/untracked.py": ""})
        ran = build(project, source="app", requirements=("r.txt",))
        assert ran.verdict == "PASS", ran.log
        assert ran.outputs.package == "dist/s-python.tar.gz"
        with tarfile.open(project / ran.outputs.package) as tar:
            assert tar.getnames() == ["main.py", "r.txt"]
        digests.add(ran.outputs.package_sha256)
    assert len(digests) == 1


def test_nothing_to_archive(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": ""})
    ran = build(tmp_path)
    assert ran.status == 3
    assert "nothing to archive" in str(ran.error)


@pytest.mark.parametrize(
    ("options", "what"),
    [({"source": "none"}, "no folder"), ({"requirements": ("none.txt",)}, "does not exist")],
)
def test_wrong_inputs(tmp_path: Path, options: dict[str, Any], what: str) -> None:
    ran = build(tmp_path, **options)
    assert ran.status == 2
    assert what in str(ran.error)


def test_only_what_the_run_before_wrote_is_deleted(tmp_path: Path) -> None:
    write(tmp_path, {"d/old.whl": "", "d/other.whl": "", "secret": ""})
    manifest = tmp_path / "d/m.json"
    forget(manifest)
    manifest.write_text("[1]")
    forget(manifest)
    manifest.write_text(json.dumps({"files": {"old.whl": "", "../secret": "", "gone.whl": ""}}))
    forget(manifest)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["d", "other.whl", "secret"]


def test_what_is_no_wheel(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    path.write_text("no zip")
    with pytest.raises(Failed, match="no wheel"):
        lost_files(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.py", "")
    with pytest.raises(Failed, match="no RECORD"):
        lost_files(path)
