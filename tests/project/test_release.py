"""What is checked before a release, with a wheel and a source release built from a commit."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project at version 1.2.3 with its two packages, built from COMMIT."""
    (tmp_path / ".github").mkdir()
    shutil.copy(ROOT / ".github/release.py", tmp_path / ".github")
    version = tmp_path / "generator/ci_gen/_version.py"
    version.parent.mkdir(parents=True)
    version.write_text('"""Version."""\n\n__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## 1.2.3, 2026-01-02\n\n- News.\n\n## 1.2.2\n\n- Old.\n"
    )
    (tmp_path / "dist").mkdir()
    pack(tmp_path, COMMIT)
    return tmp_path


def pack(project: Path, commit: str) -> None:
    record = json.dumps({"commit": commit}).encode()
    with zipfile.ZipFile(project / "dist/ci_gen-1.2.3-py3-none-any.whl", "w") as wheel:
        wheel.writestr("ci_gen/_origin.json", record)
    with tarfile.open(project / "dist/ci_gen-1.2.3.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("ci_gen-1.2.3/generator/ci_gen/_origin.json")
        member.size = len(record)
        archive.addfile(member, io.BytesIO(record))


def check(
    project: Path, *, tag: str = "v1.2.3", commit: str = COMMIT
) -> subprocess.CompletedProcess[str]:
    script = str(project / ".github/release.py")
    arguments = ["check", "--tag", tag, "--commit", commit, "--notes", str(project / "NOTES.md")]
    return subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, check=False
    )


def test_all_is_as_it_should_be(project: Path) -> None:
    done = check(project)
    assert done.returncode == 0, done.stderr
    assert (project / "NOTES.md").read_text() == "- News.\n"


def test_another_tag(project: Path) -> None:
    done = check(project, tag="v1.2.4")
    assert done.returncode == 1
    assert "the tag is v1.2.4, and generator/ci_gen/_version.py says 1.2.3" in done.stderr
    assert not (project / "NOTES.md").exists()


def test_another_commit(project: Path) -> None:
    done = check(project, commit="f" * 40)
    assert done.returncode == 1
    assert done.stderr.count(f"records the commit {COMMIT}, not {'f' * 40}") == 2


def test_packages_without_a_record(project: Path) -> None:
    with zipfile.ZipFile(project / "dist/ci_gen-1.2.3-py3-none-any.whl", "w") as wheel:
        wheel.writestr("ci_gen/__init__.py", "")
    done = check(project)
    assert done.returncode == 1
    assert "records the commit of nothing" in done.stderr


def test_no_section_in_the_changelog(project: Path) -> None:
    (project / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.30\n\n- Other.\n")
    done = check(project)
    assert done.returncode == 1
    assert "CHANGELOG.md has no section 1.2.3" in done.stderr


def test_a_missing_and_a_foreign_package(project: Path) -> None:
    (project / "dist/ci_gen-1.2.3.tar.gz").rename(project / "dist/ci_gen-1.2.2.tar.gz")
    assert "ci_gen-1.2.2.tar.gz is not of version 1.2.3" in check(project).stderr
    (project / "dist/ci_gen-1.2.2.tar.gz").unlink()
    assert "should hold a wheel and a source release, and holds" in check(project).stderr
