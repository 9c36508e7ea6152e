"""What configuration and compilers see in their environment. Pure."""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from pathlib import Path

from .facts import Folders, Machine, Sources

CACHE_SIZE = "2G"
"""ccache's limit: a few CPU and CUDA variants fit, and the platforms' caches keep it."""

STATS_LOG = ".ci-gen-ccache.log"
"""Where in the build folder ccache notes the results of this build alone."""

TEMPORARY = ".ci-gen-tmp"
"""Where in the build folder compilers have their temporary files."""

_PASSWORD = re.compile(r"://[^/@\s]*?:([^/@\s]+)@|\|bearer-token=([^|\s]+)")
_NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9_@%+:,./~-]")


def environment(
    machine: Machine,
    sources: Sources,
    folders: Folders,
    environ: Mapping[str, str],
    *,
    cached: bool,
    forbid: bool,
) -> dict[str, str]:
    """What configuration and build get to see beside the caller's environment.

    `cached` says whether compilers run through ccache; `forbid` keeps a ccache that poses as
    the compiler on PATH from caching.
    """
    # LC_ALL: the messages of compilers are read afterwards, and some translate them
    values = {"SOURCE_DATE_EPOCH": str(sources.time), "LC_ALL": "C.UTF-8"}
    # compilers that are killed leave files in it; in the build folder the next run finds them
    values["TMPDIR"] = str(folders.build / TEMPORARY)
    if cached:
        values |= _ccache(folders, environ)
    elif forbid:
        values["CCACHE_DISABLE"] = "1"
    maps = prefix_maps(machine, folders)
    for name in ("CFLAGS", "CXXFLAGS") if maps else ():
        values[name] = " ".join(filter(None, (*maps, environ.get(name, ""))))
    return values


def _ccache(folders: Folders, environ: Mapping[str, str]) -> dict[str, str]:
    values = {
        # paths below it become relative, so that other checkouts share the results
        "CCACHE_BASEDIR": str(_common(folders)),
        "CCACHE_NOHASHDIR": "1",
        # time stamps of compilers differ between runners that have the very same one
        "CCACHE_COMPILERCHECK": "content",
        "CCACHE_STATSLOG": str(folders.build / STATS_LOG),
        "CCACHE_MAXSIZE": environ.get("CCACHE_MAXSIZE") or CACHE_SIZE,
    }
    if folders.cache is not None:
        values["CCACHE_DIR"] = str(folders.cache)
    return values


def _common(folders: Folders) -> Path:
    """The workspace where sources and build folder are below it, else the sources."""
    both = (folders.source, folders.build)
    inside = all(folders.workspace in (path, *path.parents) for path in both)
    return folders.workspace if inside else folders.source


def prefix_maps(machine: Machine, folders: Folders) -> tuple[str, ...]:
    """Compiler flags that keep this checkout's place out of the binaries.

    They stand before the user's own flags, of which a map of the same folder wins.
    None where the compiler lacks them, or where a path would need quoting, which CMake's
    flags cannot carry to every generator.
    """
    build, source = str(folders.build), str(folders.source)
    if not machine.maps_prefixes or any(_NEEDS_QUOTES.search(path) for path in (build, source)):
        return ()
    # ccache hands absolute paths on as relative ones: both must end as the same text
    relative = os.path.relpath(source, build)
    maps = [(source, "."), (build, "build"), (f"{build}/", ""), (relative, ".")]
    # compilers take the last map that fits, so the inner folder comes last
    return tuple(f"-ffile-prefix-map={path}={name}" for path, name in maps)


def cuda_prefix_maps(machine: Machine, folders: Folders, *, cached: bool) -> tuple[str, ...]:
    """The same for nvcc, whose preprocessor is the host compiler.

    Behind ccache the relative one must do: ccache counts each word that nvcc hands on, so that
    an absolute path in one would keep other checkouts from sharing the results.
    """
    maps = prefix_maps(machine, folders)
    return tuple(f"-Xcompiler={each}" for each in (maps[-1:] if cached else maps))


def remote_cache(remote: str) -> dict[str, str]:
    """What only the compilers get to see: ccache's remote storage, under its old name, too.

    Before 4.7 ccache called it secondary storage ("Configuration options" in its manual).
    """
    names = ("CCACHE_REMOTE_STORAGE", "CCACHE_SECONDARY_STORAGE")
    return dict.fromkeys(names, remote) if remote else {}


def passwords(remote: str) -> tuple[str, ...]:
    """The secrets within the addresses of a remote storage."""
    return tuple(text for found in _PASSWORD.findall(remote) for text in found if text)
