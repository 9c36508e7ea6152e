"""Files of llama-bench as benchmarks and processes."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from . import llama_fields, llama_texts
from .series import Benchmark, Process, Reading

BYTES = 256 << 20
"""The largest file that is read."""
REMARKS = 20
"""How many records that are left out a file's remarks tell of."""
WITHOUT_SAMPLES = (
    "it carries no samples, only their mean, which one disturbance moves; use -o jsonl"
)


def read(path: Path, shown: str) -> Reading:
    """What the file at `path` holds; `shown` is its name to people.

    Raises UsageError for a file that cannot be read or is none of llama-bench's.
    """
    try:
        with path.open("rb") as file:
            data = file.read(BYTES + 1)
    except OSError as error:
        raise _refused(shown, f"it cannot be read: {error.strerror}") from error
    if len(data) > BYTES:
        raise _refused(shown, f"it is larger than {BYTES >> 20} MiB")
    return parse(data, shown)


def parse(data: bytes, shown: str) -> Reading:
    """What a file with these bytes holds. Raises UsageError for one that is none of llama-bench's.

    A file of a run that failed is no error: it holds nothing, and a remark says so.
    """
    text = data.decode("utf-8", "replace")
    try:
        records, remarks = llama_texts.records(text)
    except ValueError as error:
        raise _refused(shown, str(error)) from None
    found: list[tuple[Benchmark, Process]] = []
    known: dict[object, _Origin] = {}
    left_out = 0
    for number, record in enumerate(records, start=1):
        try:
            origin = _origin(record, known)
            found.append((origin.benchmark, _process(record, origin, shown)))
        except ValueError as error:
            left_out += 1
            if left_out <= REMARKS:
                remarks.append(f"record {number} is left out: {error}")
    if left_out > REMARKS:
        remarks.append(f"and {left_out - REMARKS} more records")
    if llama_texts.is_one_process(text):
        found = _joined(found)
    if any(process.averaged for _, process in found):
        remarks.append(WITHOUT_SAMPLES)
    return Reading(source=shown, processes=tuple(found), remarks=tuple(remarks))


def _joined(found: list[tuple[Benchmark, Process]]) -> list[tuple[Benchmark, Process]]:
    """The same test, asked for twice of one process, is more samples of that process."""
    joined: dict[object, tuple[Benchmark, Process]] = {}
    for each, process in found:
        before = joined.get(each.key)
        samples = (*before[1].samples, *process.samples) if before else process.samples
        joined[each.key] = (each, replace(process, samples=samples))
    return list(joined.values())


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """What many records share: the benchmark, the build and the machine."""

    benchmark: Benchmark
    build: str
    environment: Mapping[str, str]


def _origin(record: Mapping[str, Any], known: dict[object, _Origin]) -> _Origin:
    """What a record is of, the same object for each one. Raises ValueError."""
    told = tuple(each for each in record.items() if each[0] not in llama_fields.MEASURED)
    try:
        if told in known:
            return known[told]
    except TypeError:
        told = ()  # a list where a text belongs, which no other record has
    origin = _Origin(
        benchmark=benchmark(record),
        build=llama_fields.build(record),
        environment=llama_fields.environment(record),
    )
    if told:
        known[told] = origin
    return origin


def benchmark(record: Mapping[str, Any]) -> Benchmark:
    """The benchmark that a record is of. Raises ValueError where the record does not tell."""
    parameters = llama_fields.parameters(record)
    name = llama_fields.name(parameters)
    if not name or not all(
        re.fullmatch(r"\d*", parameters.get(each, "")) for each in llama_fields.SIZES
    ):
        raise ValueError("neither n_prompt nor n_gen says what was measured")
    return Benchmark(name=name, metric="time", unit="ns", parameters=parameters)


def _process(record: Mapping[str, Any], origin: _Origin, shown: str) -> Process:
    samples = record.get("samples_ns")
    averaged = samples is None
    values = [record.get("avg_ns")] if samples is None else samples
    if not isinstance(values, list) or not values:
        raise ValueError("samples_ns is no list of times")
    return Process(
        samples=tuple(_positive(each) for each in values),
        averaged=averaged,
        build=origin.build,
        environment=origin.environment,
        time=_time(record.get("test_time")),
        source=shown,
    )


def _positive(value: Any) -> float:
    """A time in ns. Raises ValueError for anything that no clock gives."""
    try:
        number = math.nan if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (0 < number < 1e18):
        raise ValueError("a time is missing or not a positive number")
    return number


def _time(value: Any) -> float:
    """RFC 3339 in UTC as seconds since 1970, 0 where it is not that."""
    text = str(value)
    if len(text) != len("2026-12-31T23:59:59Z") or not text.endswith("Z"):
        return 0.0
    try:
        moment = datetime.datetime.fromisoformat(text[:-1])
    except ValueError:
        return 0.0
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def _refused(shown: str, why: str) -> UsageError:
    return UsageError(
        "a benchmark file cannot be used",
        where=shown,
        why=why,
        next="give the output of llama-bench -o json, jsonl, sql or csv",
    )
