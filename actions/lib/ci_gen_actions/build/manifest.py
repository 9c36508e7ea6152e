"""The manifest: from what, with what and how a package was built, and what is in it.

It holds no path of this machine and no time of day: equal builds have equal manifests.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ..core.archive import Entry
from ..core.files import sha256
from .facts import Command, Folders, Sources
from .options import Options

SCHEMA = 1

_LANGUAGES = ("C", "CXX", "CUDA")


def portable(text: str, folders: Folders) -> str:
    """Flags without this machine's folders and without what hides them."""
    text = re.sub(r"(-Xcompiler=)?-ffile-prefix-map=\S+\s*", "", text)
    for path, name in ((folders.build, "<build>"), (folders.source, "<source>")):
        text = text.replace(str(path), name)
    return text.strip()


def portable_arguments(command: Command, folders: Folders) -> tuple[str, ...]:
    """The configuration's arguments that shape what is built, each once."""
    arguments = (portable(each, folders) for each in command.argv[7:] if _matters(each))
    return tuple(dict.fromkeys(arguments))


def manifest(
    options: Options,
    sources: Sources,
    folders: Folders,
    command: Command,
    cache: Mapping[str, str],
    tools: Mapping[str, str],
) -> dict[str, Any]:
    """All but the files. `cache` is CMakeCache.txt's, `tools` are versions by tool."""
    kind = cache.get("CMAKE_BUILD_TYPE", options.build_type)
    flags = {}
    for language in compilers(cache):
        name = f"CMAKE_{language.upper()}_FLAGS"
        both = f"{cache.get(name, '')} {cache.get(f'{name}_{kind.upper()}', '')}"
        flags[language] = portable(both, folders)
    return {
        "schema": SCHEMA,
        "service": options.service,
        "backend": options.backend,
        "commit": sources.head.commit,
        "dirty": sources.head.dirty,
        "build-type": kind,
        "targets": list(options.targets),
        "arguments": list(portable_arguments(command, folders)),
        "flags": flags,
        "tools": dict(tools),
    }


def _matters(argument: str) -> bool:
    """Whether an argument can change what is built: a compiler cache must not."""
    name = argument.partition("=")[0]
    return argument.startswith("-") and not name.endswith(("_LAUNCHER", "_CCACHE"))


def compilers(cache: Mapping[str, str]) -> dict[str, str]:
    """The compilers that CMake chose: language in lower case to path."""
    names = {language: cache.get(f"CMAKE_{language}_COMPILER", "") for language in _LANGUAGES}
    return {language.lower(): path for language, path in names.items() if path}


def file_digests(entries: tuple[Entry, ...]) -> dict[str, str]:
    """Each member's digest: `sha256:...` of its bytes, or `link:` and where it leads."""
    digests: dict[str, str] = {}
    for entry in entries:
        if entry.data is not None:
            digests[entry.name] = f"sha256:{hashlib.sha256(entry.data).hexdigest()}"
        elif entry.source is not None and entry.source.is_symlink():
            digests[entry.name] = f"link:{entry.source.readlink()}"
        elif entry.source is not None:
            digests[entry.name] = f"sha256:{sha256(entry.source)}"
    return digests


def to_json(values: Mapping[str, Any]) -> str:
    """The manifest's text: sorted keys, one a line."""
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
