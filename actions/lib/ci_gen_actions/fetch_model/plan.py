"""What the inputs ask for, before anything is asked of anybody. Pure but for the config's file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from .options import Options
from .sources import Source, Stored, Web, parse

_KEYS = ("source", "sha256", "version")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The source, the digests that its files must have, and the version that the config names."""

    source: Source
    digests: tuple[str, ...]
    version: str


def plan(options: Options, workspace: Path) -> Plan:
    """What is asked for. Raises UsageError."""
    declared = _declared(options, workspace)
    text = options.source or declared["source"]
    if not text:
        raise UsageError(
            "no model is named",
            where=f"input source, and model.source of {options.config}"
            if options.config
            else "input source",
            next="give the input source, such as "
            "hf://organisation/repository/model-Q4_K_M.gguf@<commit>",
        )
    source = parse(text, allow_http=options.allow_http)
    digests = options.sha256
    # A digest beside another source is that source's.
    if not digests and declared["sha256"] and text == declared["source"]:
        digests = (declared["sha256"],)
    _check(source, digests)
    return Plan(source=source, digests=digests, version=declared["version"].removeprefix("v"))


def _check(source: Source, digests: tuple[str, ...]) -> None:
    if isinstance(source, Web | Stored) and not digests:
        raise UsageError(
            "the SHA-256 of the model is missing",
            where="input sha256",
            why="nothing else says whether what comes from that address is the model",
            next="take it from the page of the model, or from a copy that you trust: "
            "sha256sum model.gguf",
        )


def _declared(options: Options, workspace: Path) -> dict[str, str]:
    nothing = dict.fromkeys(_KEYS, "")
    if not options.config:
        return nothing
    path = workspace / options.config
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{options.config} cannot be read",
            where="input config",
            why=getattr(error, "strerror", None) or str(error),
        ) from None
    values = _section(text, options.config)
    found = dict(nothing)
    for key in _KEYS:
        value = values.get(key)
        if value is None:
            continue
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise UsageError(f"model.{key} is no text", where=options.config)
        found[key] = str(value)
    return found


def _section(text: str, name: str) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        # "base" leaves each scalar the text that it was: a version 1.10 is not the number 1.1.
        document = YAML(typ="base", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise UsageError(
            f"{name} is no YAML",
            where=f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name,
            why=str(getattr(error, "problem", None) or error)[:300],
        ) from None
    section = document.get("model") if isinstance(document, dict) else None
    if not isinstance(section, dict):
        raise UsageError(f"{name} has no section model", where="input config")
    return section


def version_of(planned: Plan, found: str, sha256: str) -> str:
    """The version: the config's, the registry's, or one that only this model has."""
    return planned.version or found or f"0-{sha256[:12]}"
