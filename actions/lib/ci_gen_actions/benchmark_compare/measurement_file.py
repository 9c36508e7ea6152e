"""The file of a measurement in rounds, both builds in it: what actions/benchmark writes.

Its schema is docs/schemas/benchmark.schema.json. In each round every arm ran one process, in the
order that the round tells; a discarded round (a GPU that was throttled, say) says why, and does
not count.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from .series import HIGHER, LOWER, Benchmark, Process

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SCHEMA = 1
BYTES = 256 << 20
BASELINE, CURRENT, CONTROL = "baseline", "current", "control"
ARMS = (BASELINE, CURRENT, CONTROL)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One build. `package` is its digest, `build` what the program says of itself."""

    build: str = ""
    commit: str = ""
    package: str = ""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round: the order of its arms, and what each measured of each benchmark (by its id).

    `discarded` is why it does not count, "" where it does. `machine` is the state of the machine
    around the round, in the terms of what wrote it.
    """

    order: tuple[str, ...]
    samples: Mapping[str, Mapping[str, tuple[float, ...]]]
    started: str = ""
    discarded: str = ""
    machine: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The whole file. `looks` are the numbers of pairs at which the measuring looked, empty where
    it did not. The arm `control`, where there is one, is the baseline's build once more.
    """

    benchmarks: Mapping[str, Benchmark]
    arms: Mapping[str, Arm]
    rounds: tuple[Round, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    looks: tuple[int, ...] = ()
    source: str = ""

    @property
    def counted(self) -> tuple[Round, ...]:
        """The rounds that were not discarded."""
        return tuple(each for each in self.rounds if not each.discarded)


class _Wrong(Exception):  # noqa: N818 - carried to the one error that tells it
    pass


def load(path: Path, shown: str) -> Measurement:
    """The measurement at `path`, named `shown` to people. Raises UsageError."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES + 1)
    except OSError as error:
        raise _refused(shown, f"it cannot be read: {error.strerror}") from error
    if len(data) > BYTES:
        raise _refused(shown, f"it is larger than {BYTES >> 20} MiB")
    return parse(data, shown)


def parse(data: bytes, shown: str) -> Measurement:
    """The measurement that the bytes hold. Raises UsageError, naming the place that is wrong."""
    try:
        value = json.loads(data, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise _refused(shown, f"it is no JSON: {error}") from None
    try:
        return _measurement(value, shown)
    except _Wrong as wrong:
        raise _refused(shown, str(wrong)) from None


def to_json(measurement: Measurement) -> str:
    """The text that `parse` reads."""
    value = {
        "schema": SCHEMA,
        "looks": list(measurement.looks),
        "arms": {name: _fields(arm) for name, arm in measurement.arms.items()},
        "environment": dict(measurement.environment),
        "benchmarks": {
            key: {**_fields(each), "parameters": dict(each.parameters)}
            for key, each in measurement.benchmarks.items()
        },
        "rounds": [
            {**_fields(each), "order": list(each.order), "samples": _plain(each.samples)}
            for each in measurement.rounds
        ],
    }
    return json.dumps(value, separators=(",", ":"), allow_nan=False) + "\n"


def processes(measurement: Measurement, arm: str, key: str) -> list[Process | None]:
    """What an arm measured of a benchmark in each counted round, None where it did not."""
    facts = measurement.arms.get(arm, Arm())
    found: list[Process | None] = []
    for each in measurement.counted:
        samples = each.samples.get(arm, {}).get(key)
        found.append(
            None
            if not samples
            else Process(
                samples=samples,
                build=facts.build or facts.commit or facts.package,
                environment=measurement.environment,
                source=measurement.source,
            )
        )
    return found


def _fields(value: DataclassInstance) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _plain(samples: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Any]:
    return {arm: {key: list(each) for key, each in of.items()} for arm, of in samples.items()}


def _measurement(value: Any, shown: str) -> Measurement:
    top = _object(value, "the file")
    schema = top.get("schema")
    if schema != SCHEMA or isinstance(schema, bool):
        raise _Wrong(f"schema is {str(schema)[:40]}, and this ci-gen knows {SCHEMA}")
    benchmarks = {
        key: _benchmark(each, f"benchmarks.{key[:80]}")
        for key, each in _object(top.get("benchmarks"), "benchmarks").items()
    }
    arms = {
        name: Arm(**_texts(_object(each, f"arms.{name[:80]}"), f"arms.{name[:80]}", Arm))
        for name, each in _object(top.get("arms"), "arms").items()
    }
    unknown = sorted(set(arms) - set(ARMS))
    if unknown or not {BASELINE, CURRENT} <= set(arms):
        raise _Wrong(
            f"arms must be baseline, current and at most control, not {sorted(arms)}"[:200]
        )
    rounds = _list(top.get("rounds"), "rounds")
    return Measurement(
        benchmarks=benchmarks,
        arms=arms,
        rounds=tuple(
            _round(each, f"rounds[{number}]", benchmarks) for number, each in enumerate(rounds)
        ),
        environment=_strings(top.get("environment", {}), "environment"),
        looks=_looks(top.get("looks", [])),
        source=shown,
    )


def _benchmark(value: Any, place: str) -> Benchmark:
    given = _object(value, place)
    better = given.get("better", LOWER)
    if better not in (LOWER, HIGHER):
        raise _Wrong(f"{place}.better must be lower or higher")
    control = given.get("control", False)
    if not isinstance(control, bool):
        raise _Wrong(f"{place}.control must be true or false")
    return Benchmark(
        name=_text(given.get("name"), f"{place}.name"),
        metric=_text(given.get("metric"), f"{place}.metric"),
        unit=_text(given.get("unit"), f"{place}.unit"),
        better=better,
        parameters=_strings(given.get("parameters", {}), f"{place}.parameters"),
        control=control,
    )


def _round(value: Any, place: str, benchmarks: Mapping[str, Benchmark]) -> Round:
    given = _object(value, place)
    order = tuple(_text(each, f"{place}.order") for each in _list(given.get("order"), place))
    samples: dict[str, dict[str, tuple[float, ...]]] = {}
    for arm, measured in _object(given.get("samples", {}), f"{place}.samples").items():
        if arm not in ARMS:
            raise _Wrong(f"{place}.samples has the unknown arm {arm[:80]!r}")
        samples[arm] = {}
        for key, each in _object(measured, f"{place}.samples.{arm}").items():
            if key not in benchmarks:
                raise _Wrong(f"{place}.samples.{arm} has the unknown benchmark {key[:80]!r}")
            samples[arm][key] = _numbers(each, f"{place}.samples.{arm}.{key[:80]}")
    return Round(
        order=order,
        samples=samples,
        started=_text(given.get("started", ""), f"{place}.started", empty=True),
        discarded=_text(given.get("discarded", ""), f"{place}.discarded", empty=True),
        machine=_object(given.get("machine", {}), f"{place}.machine"),
    )


def _numbers(value: Any, place: str) -> tuple[float, ...]:
    found = []
    for each in _list(value, place):
        known = isinstance(each, (int, float)) and not isinstance(each, bool)
        if not known or not 0 < each < 1e30 or not math.isfinite(each):
            raise _Wrong(f"{place} holds {str(each)[:40]}, which is no positive number")
        found.append(float(each))
    return tuple(found)


def _looks(value: Any) -> tuple[int, ...]:
    found = [each for each in _list(value, "looks") if isinstance(each, int) and each > 1]
    if found != sorted(set(found)) or len(found) != len(value):
        raise _Wrong("looks must be rising whole numbers above 1")
    return tuple(found)


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"{place} is no object")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Wrong(f"{place} is no list")
    return value


def _text(value: Any, place: str, *, empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or empty) or len(value) > 4096:
        raise _Wrong(f"{place} is no text of at most 4096 characters")
    return value


def _strings(value: Any, place: str) -> dict[str, str]:
    return {
        key: _text(each, f"{place}.{key[:80]}", empty=True)
        for key, each in _object(value, place).items()
    }


def _texts(value: dict[str, Any], place: str, kind: type) -> dict[str, str]:
    known = set(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    strange = sorted(set(value) - known)
    if strange:
        raise _Wrong(f"{place} has the unknown key {strange[0][:80]!r}")
    return _strings(value, place)


def _refused(shown: str, why: str) -> UsageError:
    return UsageError(
        "a measurement cannot be used",
        where=shown,
        why=why,
        next="give a file that the action benchmark wrote; docs/benchmarks.md describes it",
    )
