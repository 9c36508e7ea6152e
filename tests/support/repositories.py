"""Git repositories for tests: made in a line, with the same commits on every machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ZERO = "0" * 40
_IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada Example",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada Example",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C.UTF-8",
}


@dataclass
class Repository:
    """A repository with a work tree. Each commit is a minute after the one before."""

    path: Path
    ticks: int = 0

    def git(self, *arguments: str) -> str:
        """Run git here; its output without the last newline. Raises AssertionError."""
        date = f"2026-01-01T{self.ticks // 60:02}:{self.ticks % 60:02}:00Z"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.path), **_IDENTITY, **dates}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"git {' '.join(arguments)}: {done.stderr}")
        return done.stdout.removesuffix("\n")

    def commit(self, files: Mapping[str, str | None] | None = None, message: str = "Change") -> str:
        """Write files (None removes one), commit all that is not ignored; the new commit."""
        for name, text in (files or {}).items():
            write(self.path / name, text)
        self.ticks += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        """Make a branch here and check it out."""
        self.git("checkout", "--quiet", "-b", name)

    def checkout(self, ref: str) -> None:
        """Check out a branch, or a commit or tag without a branch."""
        self.git("checkout", "--quiet", ref)

    def merge(self, base: str, head: str) -> str:
        """The merge of two commits as a platform makes it for a pull request, on no branch."""
        self.checkout(self.git("rev-parse", base))
        self.ticks += 1
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {head} into {base}", head)
        return self.head

    def clone(self, folder: Path) -> Repository:
        """A copy of its own with the same remotes, branches and tags, at the same commit."""
        shutil.copytree(self.path, folder, symlinks=True)
        return Repository(folder, self.ticks)


def make_repository(
    folder: Path,
    files: Mapping[str, str],
    remotes: Mapping[str, str] | None = None,
    branch: str = "main",
) -> Repository:
    """A repository with one commit that holds `files` (path -> text; a script's bit from `#!`)."""
    folder.mkdir(parents=True, exist_ok=True)
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch", branch)
    for name, url in (remotes or {}).items():
        repository.git("remote", "add", name, url)
    repository.commit(files, "Begin")
    return repository


def write(path: Path, text: str | None) -> None:
    """Write a file with the folders above it; None removes it."""
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="")
    if text.startswith("#!"):
        path.chmod(0o755)


def read_tree(folder: Path) -> dict[str, str]:
    """The text files below a folder: path with forward slashes -> text."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in files
        if not {".git", "__pycache__", ".pytest_cache"} & set(path.parts)
    }


def snapshot(folder: Path, project: Path = PROJECT) -> Repository:
    """This project as it is now, uncommitted changes and all, as a repository of one commit.

    What is ignored stays out. The commit is the same for the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _present(project):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / name, target, follow_symlinks=False)
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch", "main")
    # The commit is fetched by its name alone, as a forge allows.
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.commit(message="The project as it is now")
    return repository


def _present(project: Path) -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name and ((project / name).is_file() or (project / name).is_symlink()):
            yield name
