"""What goes into a package: found in the build folder, laid out as bin/ and lib/."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.archive import Entry, stays_inside
from ..core.errors import CannotDecide, UsageError
from . import elf

STAGING = ".ci-gen-staging"
"""Where in the build folder packing keeps what it makes, until the archives are written."""

_NOT_BUILT = ("CMakeFiles", "Testing", "_CPack_Packages", STAGING)
_VERSIONED = re.compile(r"\.so\.[0-9]")
_SHARED = re.compile(r".+\.so(\.[0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Package:
    """The members of a package, and the libraries that the machine it runs on must have.

    `debug` are the members of the package beside it that holds symbols for debuggers.
    """

    entries: tuple[Entry, ...]
    system_libraries: tuple[str, ...]
    debug: tuple[Entry, ...] = ()


def collect(build: Path, paths: Sequence[str]) -> Package:
    """The files to package. Raises UsageError, CannotDecide where there are none."""
    files = dict(_files(build))
    names = _matching(files, build, paths) if paths else _programs(files)
    if not names:
        raise CannotDecide(
            "nothing was built that could be packaged",
            where=str(build),
            why="there is neither an executable nor a shared library",
            next="name the files of the package in package-paths, or build other targets",
        )
    entries = tuple(
        Entry(name=place, source=_content(files, name)) for place, name in sorted(names.items())
    )
    return Package(entries=entries, system_libraries=_system_libraries(entries))


def _files(build: Path) -> Iterator[tuple[str, Path]]:
    """Every file and link in the build folder but CMake's own, relative name first."""
    for folder, folders, files in os.walk(build):
        here = Path(folder)
        linked = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(
            name for name in folders if name not in _NOT_BUILT and name not in linked
        )
        for name in sorted([*files, *linked]):
            if not name.startswith(".ci-gen-"):
                yield (here / name).relative_to(build).as_posix(), here / name


def _content(files: Mapping[str, Path], name: str) -> Path:
    """The file that becomes a member.

    A link to a neighbour stays a link. One to another folder of the build would dangle once the
    files are laid out anew: what it leads to is taken. Others the archive refuses.
    """
    path = files[name]
    if path.is_symlink():
        target = str(path.readlink())
        if "/" in target and stays_inside(posixpath.dirname(name), target):
            return path.resolve()
    return path


def _matching(files: Mapping[str, Path], build: Path, patterns: Sequence[str]) -> dict[str, str]:
    """The files that globs name, each under its own path, with the targets of links."""
    names: dict[str, str] = {}
    for pattern in patterns:
        found = [name for name in files if _matches(name, pattern)]
        if not found:
            raise UsageError(
                f"{pattern!r} matches no file that was built",
                where="input package-paths",
                why=f"no file below {build} has such a path",
                next="correct the glob, or remove it; ** stands for any number of folders",
            )
        for name in found:
            names.update((each, each) for each in _with_targets(files, name))
    return names


def _matches(name: str, pattern: str) -> bool:
    """Whether a path matches a glob: `*` and `?` stay within a folder, `**` crosses folders.

    A glob of a folder means everything in it.
    """
    text = posixpath.normpath(pattern)
    return bool(
        re.fullmatch(_expression(text), name) or re.fullmatch(_expression(text + "/**"), name)
    )


def _expression(pattern: str) -> str:
    parts = []
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern):
        if part == "**/":
            parts.append("(?:[^/]+/)*")
        elif part == "**":
            parts.append(".*")
        elif part == "*":
            parts.append("[^/]*")
        elif part == "?":
            parts.append("[^/]")
        elif part.startswith("[") and part.endswith("]") and len(part) > 2:
            parts.append(fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\Z"))
        else:
            parts.append(re.escape(part))
    return "".join(parts)


def _with_targets(files: Mapping[str, Path], name: str) -> Iterator[str]:
    """A file, and where it is a link what it leads to, so that no link dangles."""
    seen: set[str] = set()
    while name in files and name not in seen:
        seen.add(name)
        yield name
        if not files[name].is_symlink():
            return
        target = str(files[name].readlink())
        if not stays_inside(posixpath.dirname(name), target):
            return  # the archive refuses it with a message of its own
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))


def _programs(files: Mapping[str, Path]) -> dict[str, str]:
    """Executables as bin/<name>, shared libraries as lib/<name>.

    An unversioned library that no other file asks the loader for, and that lies beside an
    executable, is a plugin: programs look for those in their own folder (ggml's backends), so
    it goes to bin/.
    """
    kinds = {name: elf.read(path) for name, path in files.items() if path.is_file()}
    known = {name: found for name, found in kinds.items() if found is not None}
    programs = {
        name
        for name, found in known.items()
        if found.kind is elf.Kind.EXECUTABLE and os.access(files[name], os.X_OK)
    }
    beside = {posixpath.dirname(name) for name in programs}
    needed = {each for found in known.values() for each in found.needed}
    # a library and the links to it stay together, under whichever name it is asked for
    linked = {
        files[name].resolve()
        for name, found in known.items()
        if needed & {posixpath.basename(name), found.soname} or _VERSIONED.search(found.soname)
    }
    chosen: dict[str, str] = {}
    for name, found in known.items():
        base = posixpath.basename(name)
        if name in programs:
            _put(chosen, f"bin/{base}", name, files)
        elif found.kind is elf.Kind.LIBRARY and _SHARED.fullmatch(base):
            wanted = files[name].resolve() in linked or posixpath.dirname(name) not in beside
            _put(chosen, f"{'lib' if wanted else 'bin'}/{base}", name, files)
    return chosen


def _put(chosen: dict[str, str], place: str, name: str, files: Mapping[str, Path]) -> None:
    other = chosen.setdefault(place, name)
    if other != name and files[other].read_bytes() != files[name].read_bytes():
        raise UsageError(
            f"two built files want to be {place} in the package",
            where="input package-paths",
            why=f"they are {other} and {name}",
            next="name the files of the package in package-paths: they keep their folders then",
        )


def _system_libraries(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The libraries that packaged files ask for and that are not in the package."""
    found = [elf.read(e.source) for e in entries if e.source is not None and e.source.is_file()]
    needed = {name for each in found if each is not None for name in each.needed}
    here = {posixpath.basename(entry.name) for entry in entries}
    here |= {each.soname for each in found if each is not None}
    return tuple(sorted(needed - here))
