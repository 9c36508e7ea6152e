"""What git knows of a repository beside its files: remotes and the default branch."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ci_gen.detect.model import Platform, Remote

_TIMEOUT_SECONDS = 60
_SCP_ADDRESS = re.compile(r"^(?:[^@/\s]+@)?(?P<host>[\w.-]+\.[\w.-]+):(?!//)(?P<path>.+)$")
_URL_ADDRESS = re.compile(
    r"^(?P<scheme>https?|ssh|git|git\+ssh)://(?:[^@/\s]+@)?(?P<host>[\w.-]+)(?P<port>:\d+)?/(?P<path>.+)$"
)


@dataclass(frozen=True)
class GitOutput:
    """What one git command printed; `ok` is False where git is absent or refused."""

    ok: bool
    text: str
    error: str


def run_git(root: Path, *arguments: str) -> GitOutput:
    """Run one reading git command in `root`.

    GIT_DIR and its kin are removed, as a hook sets them for another repository, and the
    repository's own fsmonitor hook is not started: detection runs nothing of what it reads.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env.update(LC_ALL="C", GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0")
    command = ["git", "-C", os.fspath(root), "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, env=env, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return GitOutput(False, "", error.__class__.__name__)
    message = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
    # The folder's absolute path must not enter the facts.
    message = message.replace(os.fspath(root), ".")
    text = done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else ""
    return GitOutput(done.returncode == 0, text, message)


def is_top_level(root: Path) -> bool:
    """Whether `root` is the top folder of its git repository, or in none."""
    done = run_git(root, "rev-parse", "--show-prefix")
    return not done.ok or not done.text.strip()


def parse_remote(name: str, url: str) -> Remote | None:
    """Understand a remote's address; None for a path on this machine, which tells no host.

    User names and passwords in an address are dropped: facts are committed in the lock.
    """
    if match := _URL_ADDRESS.match(url):
        scheme, host = match["scheme"], match["host"].lower()
        path = match["path"].rstrip("/")
        user = "git@" if "ssh" in scheme else ""
        clean = f"{scheme}://{user}{host}{match['port'] or ''}/{path}"
    elif match := _SCP_ADDRESS.match(url):
        host, path = match["host"].lower(), match["path"].rstrip("/")
        clean = f"git@{host}:{path}"
    else:
        return None
    slug = path.removesuffix(".git").strip("/")
    return Remote(name=name, url=clean, slug=slug, platform=_platform(host))


def _platform(host: str) -> Platform | None:
    labels = re.split(r"[.-]", host)
    if "github" in labels:
        return Platform.GITHUB
    return Platform.GITLAB if "gitlab" in labels else None


def find_remotes(root: Path) -> tuple[Remote, ...]:
    """List the remotes that name a host: origin first, then by name."""
    done = run_git(root, "config", "--local", "-z", "--get-regexp", r"^remote\..*\.url$")
    found: dict[str, Remote] = {}
    for entry in done.text.split("\0"):
        key, _, url = entry.partition("\n")
        name = key.removeprefix("remote.").removesuffix(".url")
        remote = parse_remote(name, url.strip()) if url else None
        if remote is not None:
            found.setdefault(name, remote)
    return tuple(sorted(found.values(), key=lambda remote: (remote.name != "origin", remote.name)))


def find_default_branch(root: Path) -> str:
    """Tell the default branch.

    It is what origin's HEAD points at, else a local or remote-tracking branch with the
    usual name, else the branch that is checked out, else "main".
    """
    head = run_git(root, "symbolic-ref", "-q", "refs/remotes/origin/HEAD").text.strip()
    if head:
        return head.removeprefix("refs/remotes/origin/")
    listed = run_git(
        root, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin"
    ).text
    branches = {
        ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/")
        for ref in listed.split()
    }
    for usual in ("main", "master", "trunk"):
        if usual in branches:
            return usual
    current = run_git(root, "symbolic-ref", "-q", "--short", "HEAD").text.strip()
    return current or "main"
