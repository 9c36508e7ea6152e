"""Configs for tests: texts, what they render, and every pair of option values in few configs."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ci_gen.config.choices import ActionsSource
from ci_gen.config.model import Config
from ci_gen.config.reader import read
from ci_gen.detect.model import Facts
from ci_gen.pipeline.model import Pipeline
from ci_gen.pipeline.plan import plan
from ci_gen.pipeline.settings import Settings, settle
from ci_gen.render.repository import files
from ci_gen.render.source import ActionSource

FILE = "ci-gen.yaml"
COMMIT = "a" * 40
SOURCE = ActionSource(repository="ci-gen/ci-gen", commit=COMMIT, version="0.1.0")
VENDORED = ActionSource(repository="", commit="", version="0.1.0", vendored=True)

_SHORT = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def yaml_text(value: str) -> str:
    """A double-quoted YAML scalar of any text, everything but plain ASCII escaped."""
    return '"' + "".join(_SHORT.get(c) or _character(c) for c in value) + '"'


def _character(c: str) -> str:
    return c if " " <= c <= "~" else f"\\U{ord(c):08x}"


def document_text(document: Any) -> str:
    """Plain data as YAML in flow style, so that a test says exactly what stands in a file."""
    if isinstance(document, Mapping):
        pairs = (f"{yaml_text(key)}: {document_text(item)}" for key, item in document.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(document, list | tuple):
        return "[" + ", ".join(document_text(item) for item in document) + "]"
    if isinstance(document, bool):
        return "true" if document else "false"
    if document is None:
        return "null"
    return yaml_text(document) if isinstance(document, str) else str(document)


def config_of(document: Mapping[str, Any]) -> Config:
    """The config of plain data; `version` is added. Raises ConfigError."""
    return read(document_text({"version": 1, **document}), Config, FILE)


def source_of(config: Config) -> ActionSource:
    """Where the config says that the actions come from, our own pin where it is silent."""
    if config.actions.source is ActionsSource.VENDOR:
        return VENDORED
    return replace(
        SOURCE,
        repository=config.actions.repository or SOURCE.repository,
        commit=config.actions.commit or SOURCE.commit,
    )


@dataclass(frozen=True)
class Outcome:
    """All that follows from a config and facts."""

    settings: Settings
    pipeline: Pipeline
    texts: dict[str, str]


def outcome(config: Config, facts: Facts, source: ActionSource = SOURCE) -> Outcome:
    """Settle, plan and render."""
    settings = settle(config, facts)
    pipeline = plan(settings)
    return Outcome(settings, pipeline, files(settings, pipeline, facts, source))


Values = Mapping[str, Sequence[Hashable]]
Row = dict[str, Hashable]
Pair = tuple[tuple[str, Hashable], tuple[str, Hashable]]
Forbidden = Callable[[str, Hashable, str, Hashable], bool]


def pairs(values: Values, forbidden: Forbidden) -> set[Pair]:
    """Every pair of values of two options that may stand in one config."""
    return {
        ((a, one), (b, other))
        for a, b in itertools.combinations(sorted(values), 2)
        for one in values[a]
        for other in values[b]
        if not _either(forbidden, a, one, b, other)
    }


def covered(row: Row) -> set[Pair]:
    """The pairs that one config holds."""
    return {((a, row[a]), (b, row[b])) for a, b in itertools.combinations(sorted(row), 2)}


def pairwise(values: Values, forbidden: Forbidden, at_least: int = 0) -> list[Row]:
    """Rows in which every allowed pair occurs, found greedily, the same ones each time.

    Further rows are drawn at random until there are `at_least` of them.
    """
    draw = random.Random(1)
    left = pairs(values, forbidden)
    rows: list[Row] = []
    for pair in sorted(left, key=repr):
        if pair not in left:
            continue
        row = dict(pair)
        for name in sorted(values.keys() - row.keys(), key=lambda _: draw.random()):
            row[name] = _best(name, row, values, left, forbidden, draw)
        left -= covered(row)
        rows.append(row)
    while len(rows) < at_least:
        row = {}
        for name in sorted(values, key=lambda _: draw.random()):
            row[name] = _best(name, row, values, set(), forbidden, draw)
        rows.append(row)
    return rows


def _best(
    name: str, row: Row, values: Values, left: set[Pair], forbidden: Forbidden, draw: random.Random
) -> Hashable:
    """The value that adds most pairs that are still missing; one of the best at random."""
    allowed = [
        value
        for value in values[name]
        if not any(_either(forbidden, name, value, other, row[other]) for other in row)
    ]
    scores = {
        value: sum(_pair(name, value, other, row[other]) in left for other in row)
        for value in allowed
    }
    most = max(scores.values())
    return draw.choice([value for value in allowed if scores[value] == most])


def _pair(a: str, one: Hashable, b: str, other: Hashable) -> Pair:
    return ((a, one), (b, other)) if a < b else ((b, other), (a, one))


def _either(forbidden: Forbidden, a: str, one: Hashable, b: str, other: Hashable) -> bool:
    return forbidden(a, one, b, other) or forbidden(b, other, a, one)
