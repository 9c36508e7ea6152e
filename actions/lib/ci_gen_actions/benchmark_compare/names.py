"""What benchmarks are called: short, and no two alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from .series import Benchmark

Key = tuple[str, tuple[tuple[str, str], ...]]
LONGEST = 160


def shown(benchmarks: Sequence[Benchmark]) -> dict[Key, str]:
    """A name for each benchmark: its own, with the parameters by which namesakes differ."""
    namesakes: dict[str, dict[Key, Benchmark]] = defaultdict(dict)
    for each in benchmarks:
        namesakes[_plain_name(each)].setdefault(each.key, each)
    found: dict[Key, str] = {}
    for name, group in namesakes.items():
        differing = _differing([each.parameters for each in group.values()])
        for key, each in group.items():
            told = [f"{field}={each.parameters.get(field, '-')}" for field in differing]
            found[key] = _printable(f"{name} ({', '.join(told)})" if told else name)[:LONGEST]
    return _distinct(found)


def matches(name: str, pattern: str) -> bool:
    """Whether `name` fits a pattern in which `*` and `?` alone are wildcards."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts pp64 before pp512."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((int(part[:18]), "") if part.isdecimal() else (-1, part) for part in parts)


def _printable(name: str) -> str:
    """The name on one line: what moves a cursor or turns the text around is spelt out."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)


def _plain_name(benchmark: Benchmark) -> str:
    usual = benchmark.metric in ("time", "")
    return benchmark.name if usual else f"{benchmark.name} {benchmark.metric}"


def _differing(parameters: Sequence[Mapping[str, str]]) -> list[str]:
    fields = dict.fromkeys(field for each in parameters for field in each)
    return [field for field in fields if len({each.get(field) for each in parameters}) > 1]


def _distinct(found: dict[Key, str]) -> dict[Key, str]:
    """Names that were cut to the same text get numbers."""
    seen: dict[str, int] = {}
    for key, name in found.items():
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            found[key] = f"{name} #{seen[name]}"
    return found
