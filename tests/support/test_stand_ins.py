"""The stand-ins for GitHub's artifacts and caches are as strict as what they stand for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.act import STAND_INS
from tests.support.repositories import write

UPLOAD = {
    "NAME": "one",
    "PATHS": "dist/*",
    "IF_NO_FILES_FOUND": "error",
    "RETENTION_DAYS": "3",
    "OVERWRITE": "false",
    "HIDDEN": "false",
}
DOWNLOAD = {"NAME": "", "PATTERN": "", "TARGET": "", "MERGE": "false"}
CACHE = {"KEY": "k-2", "PREFIXES": "", "MUST": "false", "PATHS": ".cache"}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name in ("dist/a.txt", "dist/deep/b.txt", "dist/.hidden", "other/c.txt"):
        write(tmp_path / "work" / name, f"#!{name}\n")
    return tmp_path / "work"


def run(script: str, work: Path, given: dict[str, str], *arguments: str) -> tuple[int, str]:
    environment = {
        **given,
        "PATH": os.environ["PATH"],
        "STAND_IN_STORE": str(work.parent / "store"),
        "GITHUB_WORKSPACE": str(work),
        "GITHUB_OUTPUT": str(work.parent / "output"),
        "GITHUB_JOB": "job",
    }
    done = subprocess.run(
        [sys.executable, "-I", STAND_INS / script, *arguments],
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def upload(work: Path, **given: str) -> tuple[int, str]:
    return run("upload-artifact/upload.py", work, {**UPLOAD, **given})


def kept(work: Path, name: str = "one") -> list[str]:
    folder = work.parent / "store/artifacts" / name
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files)


@pytest.mark.parametrize(
    ("paths", "files"),
    [
        ("dist/*", ["a.txt", "deep/b.txt"]),
        ("dist", ["a.txt", "deep/b.txt"]),
        ("dist/", ["a.txt", "deep/b.txt"]),
        ("dist/a.txt", ["a.txt"]),
        ("dist/**/b.txt", ["deep/b.txt"]),
        ("dist\n!dist/deep/*", ["a.txt"]),
        ("dist/a.txt\nother/*", ["dist/a.txt", "other/c.txt"]),
    ],
)
def test_files_are_laid_out_below_their_common_folder(
    work: Path, paths: str, files: list[str]
) -> None:
    assert upload(work, PATHS=paths)[0] == 0
    assert kept(work) == files


def test_modes_are_lost(work: Path) -> None:
    upload(work)
    assert not (work.parent / "store/artifacts/one/a.txt").stat().st_mode & 0o111


def test_hidden_files_come_along_only_when_asked(work: Path) -> None:
    upload(work, HIDDEN="true")
    assert ".hidden" in kept(work)


@pytest.mark.parametrize(("wanted", "status"), [("error", 1), ("warn", 0), ("ignore", 0)])
def test_no_files(work: Path, wanted: str, status: int) -> None:
    done, output = upload(work, PATHS="nothing/*", IF_NO_FILES_FOUND=wanted)
    assert done == status
    assert "No files were found" in output


def test_a_name_is_taken_once(work: Path) -> None:
    assert upload(work)[0] == 0
    assert upload(work)[0] == 1
    assert upload(work, OVERWRITE="true")[0] == 0


@pytest.mark.parametrize("bad", [{"NAME": "a/b"}, {"NAME": ""}, {"RETENTION_DAYS": "91"}])
def test_wrong_inputs_are_refused(work: Path, bad: dict[str, str]) -> None:
    assert upload(work, **bad)[0] == 1


def test_downloads(work: Path) -> None:
    upload(work)
    upload(work, NAME="two", PATHS="other/*")

    def download(**given: str) -> int:
        return run("download-artifact/download.py", work, {**DOWNLOAD, **given})[0]

    assert download(NAME="three") == 1
    assert download(NAME="one", TARGET="got") == 0
    assert (work / "got/deep/b.txt").exists()
    assert download(PATTERN="t*", TARGET="each") == 0
    assert (work / "each/two/c.txt").exists()
    assert not (work / "each/one").exists()
    assert download(PATTERN="*", MERGE="true", TARGET="all") == 0
    assert (work / "all/c.txt").exists() and (work / "all/a.txt").exists()
    assert download(PATTERN="none*", TARGET="empty") == 0


def test_caches(work: Path) -> None:
    def cache(verb: str, **given: str) -> str:
        status, output = run("cache/cache.py", work, {**CACHE, **given}, verb)
        assert status == 0, output
        return output

    assert "not found" in cache("restore")
    assert "nothing to cache" in cache("save")
    write(work / ".cache/f", "first")
    cache("save", KEY="k-1")
    write(work / ".cache/f", "second")
    assert "already exists" in cache("save", KEY="k-1")
    (work / ".cache/f").unlink()
    assert "from key: k-1" in cache("restore", PREFIXES="k-\n")
    assert (work / ".cache/f").read_text() == "first"
    outputs = (work.parent / "output").read_text().splitlines()
    assert outputs[-2:] == ["cache-hit=false", "cache-matched-key=k-1"]
    assert run("cache/cache.py", work, {**CACHE, "MUST": "true"}, "restore")[0] == 1
