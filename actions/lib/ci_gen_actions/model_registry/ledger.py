"""versions.jsonl: one line for each version that was published, and for each that was removed.

Lines are only ever added. The digest that a line gives of metadata.json, which in turn has the
digest of every file, is what a version is checked against. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..core.oci_reference import is_digest
from . import names
from .metadata import Metadata

NAME = "versions.jsonl"
SHOWN = f".ci-gen/{NAME}"
"""The file in a folder, as it is named to people."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is told of a version without opening it.

    `checksum` names the model, `metadata` is the digest of metadata.json, `size` that of all
    files in bytes; `digest` is that of the manifest in an OCI registry, None in a folder.
    """

    version: str
    checksum: str
    metadata: str
    size: int
    quantization: str | None
    created_at: str
    created_by: str | None
    digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All lines of a ledger: what was published, and what of that was removed again.

    `unread` are the numbers of lines that are none, as a machine that died leaves one.
    """

    rows: Mapping[str, Row] = field(default_factory=dict)
    removed: Mapping[str, Row] = field(default_factory=dict)
    unread: tuple[int, ...] = ()


def row_of(metadata: Metadata, digest: str, size: int, manifest: str | None = None) -> Row:
    """The row of a version. `digest` is that of metadata.json, `size` its bytes."""
    return Row(
        version=metadata.version,
        checksum=metadata.checksum,
        metadata=digest,
        size=size + sum(each.size for each in metadata.files),
        quantization=metadata.quantization,
        created_at=metadata.created_at,
        created_by=metadata.created_by,
        digest=manifest,
    )


def line(row: Row) -> str:
    """The line that records a published version."""
    return json.dumps(asdict(row), ensure_ascii=False, separators=(",", ":")) + "\n"


def removal(version: str, at: str) -> str:
    """The line that records that a version was removed at a time (RFC 3339)."""
    return json.dumps({"version": version, "removed": at}, separators=(",", ":")) + "\n"


def parse(data: bytes) -> Ledger:
    """Read a ledger; a line that is none is counted and passed over."""
    rows: dict[str, Row] = {}
    removed: dict[str, Row] = {}
    unread = []
    for number, text in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        if not text:
            continue
        value = _value(text)
        version = value.get("version") if value else None
        if not value or not isinstance(version, str):
            unread.append(number)
        elif isinstance(value.get("removed"), str):
            if version in rows:
                removed[version] = rows.pop(version)
        else:
            row = _row(value)
            if row is None:
                unread.append(number)
            else:
                rows[version] = row
                removed.pop(version, None)
    return Ledger(rows=rows, removed=removed, unread=tuple(unread))


def ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows by version, the oldest version first."""
    return tuple(sorted(rows, key=lambda each: names.order(each.version)))


def _value(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


_TEXT = ("version", "checksum", "metadata", "created_at")
_UNKNOWN = ("quantization", "created_by", "digest")
_SHA256 = re.compile("sha256:[0-9a-f]{64}")


def _row(value: Mapping[str, Any]) -> Row | None:
    """The row of a line, None where it is not one."""
    kept = {each: value.get(each) for each in (*_TEXT, *_UNKNOWN)}
    size = value.get("size")
    texts = [kept[each] for each in _TEXT] + [
        each for each in map(kept.get, _UNKNOWN) if each is not None
    ]
    if {*map(type, texts)} != {str} or type(size) is not int:
        return None
    if not names.is_version(value["version"]) or not _SHA256.fullmatch(value["metadata"]):
        return None
    if value.get("digest") is not None and not is_digest(value["digest"]):
        return None
    return Row(size=size, **kept)  # type: ignore[arg-type]
