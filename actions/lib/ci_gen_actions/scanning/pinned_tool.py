"""A program of another project, brought to the runner: the one that was pinned, or none.

The pin is a line a platform, `<platform> <version> <url> sha256:<hex>`, where the platform is
linux/amd64 or linux/arm64 and the file is a .tar.gz that holds the program. A program of that
very version on PATH is taken instead: a runner without a way out brings its own.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..core.dialect import Dialect
from ..core.environment import cache_folders
from ..core.errors import CannotDecide, UsageError

PIN = r"linux/(amd64|arm64)\s+[0-9A-Za-z.+-]+\s+https?://\S+\s+sha256:[0-9a-f]{64}"
"""What a line of the input `download` must look like."""
TRIES = 3
SECONDS = 60.0
BYTES = 500 * 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "::1")

_MACHINES = {"x86_64": "linux/amd64", "amd64": "linux/amd64"}
_MACHINES.update({"aarch64": "linux/arm64", "arm64": "linux/arm64"})


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One line: which file to fetch for this platform."""

    platform: str
    version: str
    url: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program that is there, and which one it is."""

    path: Path
    version: str


def pin_of(lines: Sequence[str], machine: str) -> Pin | None:
    """The pin for this machine, None where there are no lines. Raises UsageError."""
    pins = [_parsed(line) for line in lines]
    for pin in pins:
        if pin.platform == _MACHINES.get(machine):
            return pin
    if pins:
        raise UsageError(
            f"nothing is pinned for {machine}",
            where="input download",
            next="add the line for this platform, or run the job on another runner",
        )
    return None


def _parsed(line: str) -> Pin:
    platform, version, url, digest = line.split()
    there = urlsplit(url)
    if there.scheme != "https" and there.hostname not in LOOPBACK:
        raise UsageError(f"{url} is not https", where="input download")
    return Pin(platform=platform, version=version, url=url, sha256=digest.removeprefix("sha256:"))


def obtain(
    name: str,
    pin: Pin | None,
    version_of: Callable[[Path], str],
    environ: Mapping[str, str],
    ci: Dialect,
) -> Tool | None:
    """The program: of PATH where its version is right, else of the cache, else downloaded.

    None where nothing is pinned and PATH has none. Raises CannotDecide.
    """
    here = shutil.which(name, path=environ.get("PATH"))
    found = version_of(Path(here)) if here else ""
    if here and (pin is None or found == pin.version):
        return Tool(path=Path(here), version=found)
    if pin is None:
        return None
    if here:
        ci.log(f"{here} is {found or 'of no known version'}; {pin.version} is pinned")
    folder = _cached(name, pin, environ)
    path = folder / name
    if not _ours(path):
        with ci.group(f"Fetch {name} {pin.version}"):
            ci.log(pin.url)
            try:
                _fetch(name, pin, folder)
            except BaseException:
                with suppress(OSError):
                    folder.rmdir()
                raise
    return Tool(path=path, version=pin.version)


def _cached(name: str, pin: Pin, environ: Mapping[str, str]) -> Path:
    part = Path("tools") / f"{name}-{pin.version}-{pin.sha256[:16]}"
    folders = cache_folders(environ)
    for folder in folders:
        if _ours(folder / part / name):
            return folder / part
    for folder in folders:
        try:
            (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        if os.access(folder / part, os.W_OK | os.X_OK):
            return folder / part
    raise CannotDecide(
        f"there is no folder to keep {name} in",
        next="name a writable folder in the environment variable CI_GEN_CACHE",
    )


def _ours(path: Path) -> bool:
    """Whether the program is there, brought by us or by root: nobody else's is started."""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid in (os.getuid(), 0) and os.access(path, os.X_OK)


def _fetch(name: str, pin: Pin, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        archive = Path(scratch) / "archive"
        _download(pin, archive)
        program = Path(scratch) / name
        _unpack(name, archive, program)
        program.chmod(0o755)
        program.replace(folder / name)


def _download(pin: Pin, target: Path) -> None:
    """Fetch the file; what is not the pinned one is never opened. Raises CannotDecide."""
    problem = ""
    for attempt in range(TRIES):
        time.sleep(attempt)
        try:
            found = _copied(pin.url, target)
        except (OSError, ValueError, urllib.error.URLError) as error:
            problem = str(getattr(error, "reason", error))
            continue
        if found == pin.sha256:
            return
        raise CannotDecide(
            "a download is not the file that was pinned",
            where=pin.url,
            why=f"its SHA-256 is {found}, and {pin.sha256} is pinned",
            next="do not use it; find out who changed the file or the pin",
        )
    raise CannotDecide(
        "a program could not be downloaded",
        where=pin.url,
        why=f"after {TRIES} tries: {problem}",
        next=f"let the runner reach it, or put version {pin.version} on PATH",
    )


def _copied(url: str, target: Path) -> str:
    digest, size = hashlib.sha256(), 0
    request = urllib.request.Request(url, headers={"User-Agent": "ci-gen"})  # noqa: S310
    with (
        urllib.request.urlopen(request, timeout=SECONDS) as answer,  # noqa: S310 - see _parsed
        target.open("wb") as file,
    ):
        while block := answer.read(1 << 20):
            size += len(block)
            if size > BYTES:
                raise ValueError("it is larger than 500 MiB")
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _unpack(name: str, archive: Path, target: Path) -> None:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = [each for each in tar if each.isfile() and Path(each.name).name == name]
            source = tar.extractfile(members[0]) if members else None
            if source is None:
                raise CannotDecide(f"the archive holds no program {name}")
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
    except (tarfile.TarError, EOFError) as error:
        raise CannotDecide(f"the archive of {name} cannot be read", why=str(error)) from error


def numbers(text: str) -> str:
    """The first version number in what a program says of itself, "" where there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return found[0] if found else ""
