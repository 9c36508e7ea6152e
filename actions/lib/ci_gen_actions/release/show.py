"""The record as people read it: Markdown for a run's summary, a table for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..core.inert import code, listed, plain, table
from .record import Record

MIB = 1024 * 1024
_FLAGS = {True: "passed", False: "failed", None: "not measured"}


def summary(record: Record, *, artifact: str = "", tags: Sequence[str] = ()) -> str:
    """What ships, as Markdown."""
    name = f"{plain(record['service'])} {plain(record['variant'])}"
    rows = [(plain(what), code(text)) for what, text in facts(record, artifact=artifact, tags=tags)]
    text = f"### Release of {name}: {record['verdict']}\n\n{table(('What', 'Value'), rows)}"
    if record["missing"]:
        text += f"\nRequired, and missing:\n\n{listed(list(record['missing']))}"
    cells = [tuple(code(cell) for cell in row) for row in stages(record)]
    return f"{text}\n{table(_STAGES, cells)}\n"


def refusal(problems: Sequence[str]) -> str:
    """The contradictions for which there is no record, as Markdown."""
    return f"### Release: refused\n\nThe evidence contradicts itself:\n\n{listed(list(problems))}"


def text(record: Record, *, artifact: str = "", tags: Sequence[str] = ()) -> str:
    """What ships, for a terminal."""
    rows = [*facts(record, artifact=artifact, tags=tags)]
    rows += [("missing", each) for each in record["missing"]]
    head = f"{_shown(record['service'])} {record['variant']}: {record['verdict']}\n\n"
    return f"{head}{_columns(rows)}\n{_columns([tuple(_STAGES), *stages(record)])}"


def facts(
    record: Record, *, artifact: str = "", tags: Sequence[str] = ()
) -> tuple[tuple[str, str], ...]:
    """What a release is, in pairs."""
    image, parts = record["image"], record["identity"]
    flags = record["tests_passed"]
    passed = ", ".join(f"{kind} {_FLAGS[flags[kind]]}" for kind in sorted(flags))
    found = (
        ("identity", parts["digest"]),
        ("image", image["reference"] or image["id"]),
        ("digest", image["digest"] or "not pushed"),
        ("platforms", " ".join(image["platforms"])),
        ("size", f"{image['size'] / MIB:.1f} MiB" if image["size"] else ""),
        ("version", record["version"]),
        ("commit", record["commit"]),
        ("created", record["created"]),
        *((f"package of {each['stage']}", each["sha256"]) for each in record["packages"]),
        ("model", parts["model"] or ""),
        ("chat template", parts["chat_template"] or ""),
        ("SBOM", image["sbom"] or "none"),
        ("config", record["config"] or ""),
        ("tests", passed),
        ("record", artifact),
        ("tags", " ".join(tags)),
    )
    return tuple((what, str(text)) for what, text in found if text)


def stages(record: Record) -> tuple[tuple[str, str, str], ...]:
    """The evidence, one row each."""
    return tuple(
        (
            each["stage"],
            each["verdict"],
            f"reused from commit {each['reused_from']['commit'][:12]}"
            if each["reused_from"]
            else each["started"],
        )
        for each in record["evidence"]
    )


_STAGES = ("Evidence", "Verdict", "Started")


def _columns(rows: Iterable[tuple[str, ...]]) -> str:
    shown = [tuple(_shown(cell) for cell in row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*shown, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    )
    return "".join(f"{line}\n" for line in lines)


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
