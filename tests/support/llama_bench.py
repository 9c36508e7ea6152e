"""Outputs of llama-bench, made from records in each of its formats, and pairs of processes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "fixtures" / "llama"

Record = dict[str, Any]


def real_records() -> list[Record]:
    """The records of a real run of two tests: pp64 and tg16."""
    found: list[Record] = json.loads((FIXTURES / "lb.json").read_text("utf-8"))
    return found


def record(seconds: Sequence[float], **changed: Any) -> Record:
    """A record like a real one, of a prompt test whose repetitions took `seconds`."""
    samples = [round(each * 1e9) for each in seconds]
    mean = sum(samples) // len(samples)
    times = {"avg_ns": mean, "samples_ns": samples, "samples_ts": [1.0] * len(samples)}
    return {**real_records()[0], **times, **changed}


def as_json(records: Sequence[Record]) -> bytes:
    """What `-o json` prints."""
    return ("[\n" + ",\n".join(json.dumps(each, indent=2) for each in records) + "\n]\n").encode()


def as_json_lines(records: Sequence[Record]) -> bytes:
    """What `-o jsonl` prints."""
    return "".join(f"{json.dumps(each)}\n" for each in records).encode()


def as_csv(records: Sequence[Record]) -> bytes:
    """What `-o csv` prints: every value between quotes, no samples."""
    lines = [",".join(_without_samples(records[0]))]
    for each in records:
        values = _without_samples(each).values()
        lines.append(",".join('"' + value.replace('"', '""') + '"' for value in values))
    return ("\n".join(lines) + "\n").encode()


def as_sql(records: Sequence[Record]) -> bytes:
    """What `-o sql` prints: every value between quotes that are not escaped, no samples."""
    names = list(_without_samples(records[0]))
    columns = ",\n".join(f"  {name} TEXT" for name in names)
    text = f"CREATE TABLE IF NOT EXISTS llama_bench (\n{columns}\n);\n\n"
    for each in records:
        values = ", ".join(f"'{value}'" for value in _without_samples(each).values())
        text += f"INSERT INTO llama_bench ({', '.join(names)}) VALUES ({values});\n"
    return text.encode()


def _without_samples(record: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(int(value)) if isinstance(value, bool) else str(value)
        for name, value in record.items()
        if not name.startswith("samples_")
    }
