"""What a Dockerfile says about itself: its base images, and whether BuildKit alone can read it.

Only what the plan and the evidence need is read; the engine reads the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FROM = re.compile(
    r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*$", re.IGNORECASE
)
_ARG = re.compile(r"ARG\s+(?P<name>[A-Za-z_]\w*)(?:=(?P<value>.*))?$", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<bare>\w+))")
_BUILDKIT = re.compile(
    r"RUN\s+(?:--\S+\s+)*--(?:mount|network|security)=|(?:COPY|ADD)\s+(?:--\S+\s+)*--(?:link|chmod)"
    r"|RUN\s+<<-?[\"']?\w",
    re.IGNORECASE,
)
_SCRATCH = "scratch"


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction with its continued lines joined, and the line it begins at, from 1."""

    text: str
    line: int


def instructions(text: str) -> tuple[Instruction, ...]:
    """The instructions of a Dockerfile, without comments."""
    found: list[Instruction] = []
    parts: list[str] = []
    begun = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        begun = begun if parts else number
        parts.append(stripped.removesuffix("\\").strip())
        if not stripped.endswith("\\"):
            found.append(Instruction(text=" ".join(parts), line=begun))
            parts = []
    if parts:
        found.append(Instruction(text=" ".join(parts), line=begun))
    return tuple(found)


def bases(text: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """The images of the FROM lines that are no stages, each once, with `given` build arguments."""
    values: dict[str, str] = {}
    stages: set[str] = set()
    found: dict[str, None] = {}
    for each in instructions(text):
        argument, source = _ARG.match(each.text), _FROM.match(each.text)
        if argument and not stages and not found:
            name = argument["name"]
            default = (argument["value"] or "").strip().strip("\"'")
            values[name] = given.get(name, _filled(default, values))
        if source:
            image = _filled(source["image"], values)
            if image.lower() not in stages and image != _SCRATCH:
                found[image] = None
            stages.add((source["stage"] or "").lower())
    return tuple(found)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with its variables: of FROM lines, which see the ARGs before the first FROM."""
    return _VARIABLE.sub(
        lambda each: values.get(each["braced"] or each["bare"]) or each["default"] or "", text
    )


def needs_buildkit(text: str) -> Instruction | None:
    """The first instruction that the classic builder cannot read, None where it can read all."""
    return next((each for each in instructions(text) if _BUILDKIT.match(each.text)), None)
