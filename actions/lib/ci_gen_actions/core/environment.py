"""The environments of actions that use libraries: made once, found by digest, never half-made.

An environment lies in `<cache>/envs/<digest>`, the digest being that of the hash-locked
requirements, the interpreter and the machine. It is made at its final place, since virtual
environments do not move, under a lock that a killed process gives back, and its marker is
written last: without the marker nothing in it is trusted. A warm start reads the marker and
needs neither the lock nor a network nor a writable cache.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .dialect import Dialect, detect
from .errors import EXIT_INTERRUPTED, ActionError, CannotDecide, Interrupted
from .files import write_atomically
from .process import capture, run

MARKER = "ci-gen-ready"
INSTALL_SECONDS = 900.0
_CALLERS = (
    *("PYTHON", "VIRTUAL_ENV", "CONDA_", "UV_PYTHON", "UV_PROJECT", "UV_SYSTEM", "UV_VENV"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON"),
)
"""Prefixes of variables that would make the installer look at the caller's environment."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """The interpreter that an environment is made from, and what tells it from others."""

    executable: str
    version: str
    prefix: str
    machine: str

    @classmethod
    def present(cls) -> Base:
        """The interpreter that runs this; the one behind it where it is in an environment."""
        executable = getattr(sys, "_base_executable", "") or sys.executable
        return cls(
            executable=executable,
            version=f"{sys.implementation.cache_tag} {sys.version.split()[0]}",
            prefix=sys.base_prefix,
            machine=os.uname().machine,
        )


def digest(requirements: bytes, base: Base) -> str:
    """What names the environment of these requirements."""
    parts = (requirements, base.version.encode(), base.prefix.encode(), base.machine.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]


def cache_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where environments may lie, the first usable being taken; only one where it was named."""
    if environ.get("CI_GEN_CACHE"):
        return (Path(environ["CI_GEN_CACHE"]),)
    folders = []
    if environ.get("RUNNER_TOOL_CACHE"):
        folders.append(Path(environ["RUNNER_TOOL_CACHE"]) / "ci-gen")
    if environ.get("XDG_CACHE_HOME"):
        folders.append(Path(environ["XDG_CACHE_HOME"]) / "ci-gen")
    elif environ.get("HOME"):
        folders.append(Path(environ["HOME"]) / ".cache" / "ci-gen")
    if environ.get("RUNNER_TEMP"):
        folders.append(Path(environ["RUNNER_TEMP"]) / "ci-gen")
    return tuple(folders)


def enter(requirements: str, launcher: str, arguments: Sequence[str]) -> int:
    """Continue in the environment of `requirements`: replaces this process by its Python.

    Returns 0 where this already is that Python, an exit status where it cannot be had.
    """
    from .runner import signals

    ci = detect(dict(os.environ))
    try:
        with signals():
            folder = provide(Path(requirements), dict(os.environ), ci)
    except Interrupted:
        ci.error("stopped while the environment was made; the next run makes it anew")
        return EXIT_INTERRUPTED
    except ActionError as error:
        ci.error(str(error))
        return error.exit_status
    if Path(sys.prefix) != folder:
        python = str(folder / "bin" / "python")
        sys.stderr.flush()
        os.execv(python, [python, "-I", "-B", launcher, *arguments])  # noqa: S606 - no shell
    return 0


def provide(requirements: Path, environ: Mapping[str, str], ci: Dialect) -> Path:
    """The environment's folder, made where it is not there yet. Raises ActionError."""
    try:
        locked = requirements.read_bytes()
    except OSError as error:
        raise CannotDecide(
            "the action's requirements cannot be read", where=str(requirements), why=str(error)
        ) from error
    base = Base.present()
    name = digest(locked, base)
    folders = cache_folders(environ)
    for cache in folders:
        if ready(cache / "envs" / name):
            return (cache / "envs" / name).resolve()
    cache = _writable(folders)
    with _lock(cache / "envs" / f"{name}.lock", ci) as lock:
        folder = (cache / "envs" / name).resolve()
        if not ready(folder):  # another job may have made it while we waited
            with ci.group(f"Make the environment of {requirements.name}"):
                _make(folder, requirements, base, environ, ci, lock)
        return folder


def ready(folder: Path) -> bool:
    """Whether the environment was made to its end, by us or root, and its Python is still there."""
    marker = folder / MARKER
    try:
        owner = marker.stat().st_uid
    except OSError:
        return False
    return owner in (os.getuid(), 0) and (folder / "bin" / "python").exists()


def _writable(folders: Sequence[Path]) -> Path:
    failures = []
    for cache in folders:
        try:
            (cache / "envs").mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            failures.append(f"{cache}: {error.strerror}")
            continue
        if os.access(cache / "envs", os.W_OK | os.X_OK):
            return cache
        failures.append(f"{cache}: not writable")
    raise CannotDecide(
        "there is no folder to keep the action's environment in",
        why="; ".join(failures) or "neither CI_GEN_CACHE, RUNNER_TOOL_CACHE nor HOME is set",
        next="name a writable folder in the environment variable CI_GEN_CACHE",
    )


@contextmanager
def _lock(path: Path, ci: Dialect) -> Iterator[int]:
    """Hold the lock; the kernel gives it back when every process that has it open ended.

    The installer gets it, too: where the launcher alone is killed, the installer goes on
    writing, and nobody else may begin until it is done.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _no_room(path.parent, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            ci.log("another job makes the same environment; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _make(
    folder: Path,
    requirements: Path,
    base: Base,
    environ: Mapping[str, str],
    ci: Dialect,
    lock: int,
) -> None:
    try:
        if folder.exists():
            ci.log(f"{folder} was left unfinished by a run that was killed; making it anew")
            shutil.rmtree(folder)
        uv = shutil.which("uv")
        own_pip = not uv and has_pip(base)
        for argv in install_plan(folder, requirements, base, uv, own_pip=own_pip):
            _install(argv, folder, environ, ci, lock)
        write_atomically(folder / MARKER, f"{requirements.name}\n")
    except OSError as error:
        raise _no_room(folder, error) from error


def has_pip(base: Base) -> bool:
    """Whether the interpreter has a pip that can install into another environment (22.3)."""
    done = capture([base.executable, "-I", "-m", "pip", "--version"], timeout=60)
    found = re.match(rb"pip (\d+)\.(\d+)", done.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= (22, 3)


def install_plan(
    folder: Path, requirements: Path, base: Base, uv: str | None, *, own_pip: bool
) -> tuple[tuple[str, ...], ...]:
    """The commands that make the environment; nothing without a matching hash is installed.

    With `own_pip` the interpreter's pip does it, which saves putting one into the environment.
    """
    python = str(folder / "bin" / "python")
    if uv:
        return (
            (uv, "venv", "--no-project", "--python", base.executable, str(folder)),
            (uv, "pip", "sync", "--require-hashes", "--python", python, str(requirements)),
        )
    venv = (base.executable, "-I", "-m", "venv")
    flags = ("--no-input", "--disable-pip-version-check", "--require-hashes", "--no-deps")
    install = ("install", *flags, "-r", str(requirements))
    if own_pip:
        pip = (base.executable, "-I", "-m", "pip", "--python", python)
        return ((*venv, "--without-pip", str(folder)), (*pip, *install))
    return ((*venv, str(folder)), (python, "-I", "-m", "pip", *install))


def _install(
    argv: Sequence[str], folder: Path, environ: Mapping[str, str], ci: Dialect, lock: int
) -> None:
    kept = {name: text for name, text in environ.items() if not name.startswith(_CALLERS)}
    # Not in the caller's folder, whose uv.toml or pyproject.toml would be taken for ours.
    done = run(argv, ci=ci, cwd=folder.parent, env=kept, timeout=INSTALL_SECONDS, pass_fds=(lock,))
    if done.ok:
        return
    if _disk_full(done.output):
        raise _no_room(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    raise CannotDecide(
        "the action's environment could not be made",
        where=" ".join(argv),
        why=f"the command {done.outcome}; its output is above",
        next=_next_step(done.output),
    )


def _next_step(output: str) -> str:
    if "ensurepip" in output:
        return "install uv, or the system's package python3-venv, on this runner"
    return (
        "see that the runner reaches a package index (PIP_INDEX_URL, UV_DEFAULT_INDEX), or "
        "bring a warm cache in CI_GEN_CACHE"
    )


def _disk_full(output: str) -> bool:
    return os.strerror(errno.ENOSPC) in output or "os error 28" in output


def _no_room(folder: Path, error: OSError) -> CannotDecide:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return CannotDecide(
        "the disk is full" if full else "the action's environment could not be written",
        where=str(folder),
        why=str(error),
        next="free space there, or name another folder in the environment variable CI_GEN_CACHE",
    )
