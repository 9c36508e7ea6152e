"""Small files on a branch of the repository, changed by compare-and-swap.

The branch has a history of its own, without the project's. A change is one commit on top of
what was read; it is pushed only if the branch is still there (`--force-with-lease`), else it is
made anew on what the branch is by then. Where the repository has no remote the branch is moved
in it alone, by `git update-ref` with the old value.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import CannotDecide, UsageError
from ..core.process import Completed, capture
from . import git_login
from .locks import held

REMOTE = "origin"
DEADLINE_SECONDS = 180.0
_GIT_SECONDS = 120.0
_AUTHOR = "ci-gen <ci-gen@localhost>"
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,100}")
# A push that lost against another one; what git says with LC_ALL=C.
_LOST = ("stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The branch at one commit ("" where there is no such branch yet)."""

    branch: DataBranch
    commit: str

    def read(self, path: str) -> bytes:
        """A file's bytes, empty where it is not there. Raises CannotDecide."""
        return self.branch.file(self.commit, path) if self.commit else b""

    def names(self, folder: str) -> tuple[str, ...]:
        """The names in a folder, sorted. Raises CannotDecide."""
        return self.branch.listed(self.commit, folder) if self.commit else ()


Change = Callable[[Snapshot], Mapping[str, bytes]]
"""Makes the files to be written, by path, out of what the branch is; none leaves it as it is.
It is called again where somebody else was faster, and raises what stops the change."""


class DataBranch:
    """The branch `name` of the repository that `checkout` is a checkout of.

    `environ` is that of the platform; `token` may push where the checkout itself may not.
    """

    def __init__(
        self, checkout: Path, name: str, environ: Mapping[str, str], token: str = ""
    ) -> None:
        if not _BRANCH.fullmatch(name) or ".." in name:
            raise UsageError(f"{name[:80]!r} cannot name a branch", where="data branch")
        self.name = name
        self._checkout = checkout
        self._environ = environ
        self._token = token
        self._mark = f"refs/ci-gen/{name}"

    def snapshot(self) -> Snapshot:
        """What the branch is now. Raises UsageError where there is no repository, CannotDecide."""
        with self._alone():
            return self._fetched()

    def change(self, message: str, change: Change) -> Snapshot:
        """Commit what `change` makes; what the branch is afterwards.

        Raises CannotDecide where the branch cannot be written, or others were always faster.
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        attempt = 0
        while True:
            with self._alone():
                seen = self._fetched()
                files = change(seen)
                if not files:
                    return seen
                made = self._committed(seen.commit, files, message)
                if self._moved(seen.commit, made):
                    return Snapshot(branch=self, commit=made)
            attempt += 1
            if time.monotonic() > deadline:
                raise CannotDecide(
                    f"the branch {self.name} was moved by others each time it was to be written",
                    why=f"{attempt} tries in {DEADLINE_SECONDS:.0f} s",
                    next="run again",
                )
            time.sleep(random.uniform(0, min(0.05 * 2**attempt, 2.0)))  # noqa: S311 - no secret

    def file(self, commit: str, path: str) -> bytes:
        """A file at a commit, empty where it is not there."""
        done = self._git("cat-file", "blob", f"{commit}:{path}")
        if done.ok:
            return done.stdout
        if self._git("cat-file", "-e", f"{commit}:{path}").ok:
            raise self._failed(done, f"{path} cannot be read")
        return b""

    def listed(self, commit: str, folder: str) -> tuple[str, ...]:
        """The names in a folder at a commit."""
        done = self._git("ls-tree", "-z", "--name-only", commit, f"{folder.rstrip('/')}/")
        if not done.ok:
            raise self._failed(done, "the branch cannot be read")
        paths = [os.fsdecode(each) for each in done.stdout.split(b"\0") if each]
        return tuple(sorted(each.rpartition("/")[2] for each in paths))

    # Inside of the lock ----------------------------------------------------------------------

    def _alone(self) -> AbstractContextManager[None]:
        # Processes in one checkout would meet on git's own locks, which do not wait.
        done = self._git("rev-parse", "--git-common-dir")
        if not done.ok:
            raise UsageError(
                "there is no git repository that could keep what an OCI registry's versions are",
                where=str(self._checkout),
                why=_last(done),
                next=f"run this in a checkout: its branch {self.name} keeps versions and pointers",
            )
        folder = self._checkout / os.fsdecode(done.stdout.strip())
        return held(folder / "ci-gen-data.lock")

    def _fetched(self) -> Snapshot:
        if not self._remote():
            found = self._git(
                "rev-parse", "--verify", "--quiet", f"refs/heads/{self.name}^{{commit}}"
            )
            return Snapshot(branch=self, commit=found.stdout.decode().strip() if found.ok else "")
        asked = self._git("ls-remote", "--exit-code", REMOTE, f"refs/heads/{self.name}")
        if asked.code == 2:
            return Snapshot(branch=self, commit="")
        if not asked.ok:
            raise self._failed(asked, f"the remote {REMOTE} cannot be asked for its branches")
        commit = asked.stdout.split()[0].decode()
        if not self._git("cat-file", "-e", f"{commit}^{{tree}}").ok:
            # A full clone stays one; a shallow one takes no more than it needs.
            shallow = self._git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
            depth = ("--depth=1",) if shallow else ()
            where = f"+refs/heads/{self.name}:{self._mark}"
            fetched = self._git("fetch", "--quiet", "--no-tags", *depth, REMOTE, where)
            if not fetched.ok:
                raise self._failed(fetched, f"the branch {self.name} cannot be fetched")
            found = self._git("rev-parse", "--verify", self._mark)
            commit = found.stdout.decode().strip()
        return Snapshot(branch=self, commit=commit)

    def _committed(self, before: str, files: Mapping[str, bytes], message: str) -> str:
        lines = [f"commit {self._mark}", f"committer {_AUTHOR} {int(time.time())} +0000"]
        head = "\n".join(lines).encode() + b"\n" + _data(message.encode())
        parent = f"from {before}\n".encode() if before else b""
        body = b"".join(
            f"M 100644 inline {path}\n".encode() + _data(data) for path, data in files.items()
        )
        start = b"feature done\n" + (b"" if before else f"reset {self._mark}\n".encode())
        stream = start + head + parent + body + b"\ndone\n"
        done = self._git("fast-import", "--quiet", "--force", stdin=stream)
        if not done.ok:
            raise self._failed(done, f"the branch {self.name} cannot be written")
        return self._git("rev-parse", "--verify", self._mark).stdout.decode().strip()

    def _moved(self, before: str, after: str) -> bool:
        """Whether the branch was what it was thought to be, and is `after` now."""
        branch = f"refs/heads/{self.name}"
        if not self._remote():
            old = before or "0" * 40
            return self._git("update-ref", branch, after, old).ok
        lease = f"--force-with-lease={branch}:{before}"
        done = self._git("push", "--quiet", "--porcelain", lease, REMOTE, f"{after}:{branch}")
        if done.ok:
            return True
        said = f"{done.output}\n{done.stdout.decode('utf-8', 'replace')}"
        if any(each in said for each in _LOST):
            return False
        # The answer may have been lost on the way back: then the branch is what was pushed.
        asked = self._git("ls-remote", REMOTE, branch)
        if asked.ok and asked.stdout.split()[:1] == [after.encode()]:
            return True
        raise self._failed(done, f"the branch {self.name} cannot be pushed")

    def _remote(self) -> bool:
        return self._git("remote", "get-url", REMOTE).ok

    def _failed(self, done: Completed, what: str) -> CannotDecide:
        denied = re.search(r"40[13]|denied|[Aa]uthentication|could not read Username", done.output)
        right = "give this job a token that may write the repository's contents"
        why = git_login.redacted(_last(done), self._token)
        return CannotDecide(
            what, where=str(self._checkout), why=why, next=right if denied else "run again"
        )

    def _git(self, *words: str, stdin: bytes = b"") -> Completed:
        environ = git_login.environment(self._environ, self._token, self._remote_url(words))
        return capture(
            [
                *("git", "-c", f"safe.directory={self._checkout.resolve()}"),
                *("-c", "core.fsmonitor=false", "-c", "gc.auto=0", "--no-pager", *words),
            ],
            cwd=self._checkout,
            env=environ,
            timeout=_GIT_SECONDS,
            stdin=stdin,
        )

    def _remote_url(self, words: Sequence[str]) -> str:
        """The remote's URL, for the commands that speak to it."""
        if not self._token or words[0] not in ("ls-remote", "fetch", "push"):
            return ""
        return self._git("remote", "get-url", REMOTE).stdout.decode().strip()


def _data(data: bytes) -> bytes:
    return f"data {len(data)}\n".encode() + data + b"\n"


def _last(done: Completed) -> str:
    lines = [line for line in done.output.splitlines() if line.strip()]
    return lines[-1] if lines else done.outcome
