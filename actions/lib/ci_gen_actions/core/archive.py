"""Reproducible .tar.gz archives, and unpacking ones that nobody vouches for.

Writing: members sorted by name, one time stamp for all, owner 0 without names, modes
755 or 644, no time in gzip's header; equal contents give equal bytes.
Reading: nothing leaves the folder, be it by an absolute name, `..`, or a link.
"""

from __future__ import annotations

import gzip
import io
import itertools
import os
import posixpath
import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import CannotDecide
from .files import sha256

_CHUNK = 1 << 20


class ArchiveError(CannotDecide):
    """An archive that cannot be written or unpacked safely: which member, and why."""


@dataclass(frozen=True, order=True)
class Entry:
    """One member: `name` in the archive (relative, forward slashes) and its content.

    The content is the file or symbolic link `source`, or `data` where that is not None.
    """

    name: str
    source: Path | None = None
    data: bytes | None = None


def write_tar_gz(path: Path, entries: Iterable[Entry], *, mtime: int) -> str:
    """Writes the archive and returns its SHA-256; `mtime` (seconds since 1970) is every member's.

    The file appears under its name only when whole. Raises ArchiveError for two members of
    one name or a link that leads out of the archive, OSError where the disk refuses.
    """
    members = sorted(entries)
    _check_names([member.name for member in members])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as raw:
            _write(raw, members, mtime)
            raw.flush()
            os.fsync(raw.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return sha256(path)


def _write(raw: IO[bytes], members: list[Entry], mtime: int) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member in members:
            _add(tar, member, mtime)


def _add(tar: tarfile.TarFile, member: Entry, mtime: int) -> None:
    info = tarfile.TarInfo(member.name)
    info.mtime = mtime
    info.mode = 0o644
    if member.data is not None:
        info.size = len(member.data)
        tar.addfile(info, io.BytesIO(member.data))
        return
    if member.source is None:
        raise ArchiveError(f"{member.name}: neither a file nor data was given for it")
    if member.source.is_symlink():
        target = str(member.source.readlink())
        if not stays_inside(posixpath.dirname(member.name), target):
            raise ArchiveError(
                f"{member.name} is a link to {target}, which lies outside of the package"
            )
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, target, 0o777
        tar.addfile(info)
        return
    with member.source.open("rb") as stream:
        status = os.fstat(stream.fileno())
        info.size = status.st_size
        info.mode = 0o755 if status.st_mode & 0o100 else 0o644
        tar.addfile(info, stream)


def _check_names(names: list[str]) -> None:
    for before, after in itertools.pairwise(names):
        if before == after:
            raise ArchiveError(f"two files want to be {after} in the archive")
    for name in names:
        if not is_safe_name(name):
            raise ArchiveError(f"{name!r} is no name for a member of an archive")


def is_safe_name(name: str) -> bool:
    """Whether a member of that name lies inside the folder it is unpacked into."""
    parts = name.split("/")
    return bool(name) and not name.startswith("/") and ".." not in parts and "\0" not in name


def stays_inside(folder: str, target: str) -> bool:
    """Whether a link in `folder` (relative to the archive's top) to `target` stays in the top."""
    if not target or target.startswith("/"):
        return False
    joined = posixpath.normpath(posixpath.join(folder, target))
    return joined != ".." and not joined.startswith("../")


def unpack_tar_gz(archive: Path, folder: Path) -> list[str]:
    """Unpacks into `folder` (made anew) and returns the names of the files.

    Links are made last, so no member can be written through one. Raises ArchiveError for a
    damaged archive or a member that would leave the folder (nothing is left behind then),
    OSError where the disk refuses.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            return _unpack(tar, folder)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ArchiveError(f"{archive} is damaged or no .tar.gz: {error}") from None
    except ArchiveError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ArchiveError(f"{archive}: {error}") from None


def _unpack(tar: tarfile.TarFile, folder: Path) -> list[str]:
    links: dict[str, str] = {}
    names: list[str] = []
    for member in tar:
        name = posixpath.normpath(member.name)
        if not is_safe_name(member.name):
            raise ArchiveError(f"member {member.name!r} would be written outside of the folder")
        if member.isdir():
            (folder / name).mkdir(parents=True, exist_ok=True)
            continue
        if member.issym():
            links[name] = _safe_target(name, member.linkname)
        elif member.isreg():
            _extract(tar, member, folder / name)
        else:
            raise ArchiveError(f"member {member.name!r} is neither a file, a folder nor a link")
        names.append(name)
    _make_links(folder, links)
    return names


def _safe_target(name: str, target: str) -> str:
    if not stays_inside(posixpath.dirname(name), target):
        raise ArchiveError(f"member {name!r} is a link to {target!r}, outside of the folder")
    return target


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    content = tar.extractfile(member)
    if content is None:
        raise ArchiveError(f"member {member.name!r} has no content")
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("wb") as stream:
        shutil.copyfileobj(content, stream, _CHUNK)
    path.chmod(0o755 if member.mode & 0o100 else 0o644)


def _make_links(folder: Path, links: dict[str, str]) -> None:
    for name, target in links.items():
        parents = list(Path(name).parents)
        crossed = [str(parent) for parent in parents if str(parent) in links]
        path = folder / name
        if crossed or path.exists():
            raise ArchiveError(f"member {name!r} lies behind a link or has the name of another")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


def size_text(size: int) -> str:
    """A size in bytes as people read it."""
    if size < 1 << 10:
        return f"{size} B"
    if size < 1 << 20:
        return f"{size / (1 << 10):.1f} KiB"
    return f"{size / (1 << 20):.1f} MiB"
