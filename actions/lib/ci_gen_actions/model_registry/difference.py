"""What differs between two versions of models: what is known of them, headers, tensors. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..gguf_file import Array, Gguf, LongText
from .declared import as_json
from .headers import tensors
from .metadata import Metadata

# What differs between any two versions, or follows from what is shown besides.
_LEFT_OUT = ("schema", "version", "created_at", "files", "evidence", "download_url")
_SHOWN_LENGTH = 80


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that is not the same: in `part` ("facts", "header", "tensors", "files")."""

    part: str
    name: str
    before: str
    after: str


def difference(
    before: Metadata,
    after: Metadata,
    old: Sequence[Gguf],
    new: Sequence[Gguf],
) -> tuple[Change, ...]:
    """Every difference, by part and name; "" stands for what is not there."""
    facts = _changed("facts", _flat(before), _flat(after))
    files = _changed("files", _files(before), _files(after))
    header = _changed("header", _header(old), _header(new))
    shapes = _changed("tensors", _tensors(old), _tensors(new))
    return (*facts, *files, *header, *shapes)


def told(changes: Sequence[Change]) -> str:
    """The differences for people; many tensors that changed alike are counted."""
    if not changes:
        return "no difference: the same model, the same figures"
    lines = []
    for part in ("facts", "files", "header"):
        own = [each for each in changes if each.part == part]
        lines += [part] * bool(own)
        lines += [f"  {each.name}: {each.before or '-'} -> {each.after or '-'}" for each in own]
    own = [each for each in changes if each.part == "tensors"]
    lines += ["tensors"] * bool(own)
    alike = Counter((_kind(each.before), _kind(each.after)) for each in own)
    for (first, second), count in sorted(alike.items()):
        names = [
            each.name for each in own if (_kind(each.before), _kind(each.after)) == (first, second)
        ]
        some = ", ".join(names[:3]) + (", ..." if count > len(names[:3]) else "")
        lines.append(f"  {count:>4}  {first or '-'} -> {second or '-'}  ({some})")
    return "\n".join(lines)


def _kind(text: str) -> str:
    """A tensor's type alone, where its shape need not be told."""
    return text.partition(" ")[0]


def _changed(part: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[Change]:
    for name in sorted({*old, *new}):
        first, second = old.get(name, ""), new.get(name, "")
        if first != second:
            yield Change(part=part, name=name, before=first, after=second)


def _flat(told_of: Metadata) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in as_json(told_of).items():
        if name in _LEFT_OUT:
            continue
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": _text(each) for inner, each in value.items()}
        else:
            found[name] = _text(value)
    return found


def _files(told_of: Metadata) -> dict[str, str]:
    return {each.name: f"{each.sha256[:12]}, {each.size:,} bytes" for each in told_of.files}


def _header(files: Sequence[Gguf]) -> dict[str, str]:
    return {key: _value(value) for each in files for key, value in each.metadata.items()}


def _tensors(files: Sequence[Gguf]) -> dict[str, str]:
    return {
        name: f"{kind} {'x'.join(map(str, shape))}"
        for name, (kind, shape) in tensors(files).items()
    }


def _value(value: Any) -> str:
    if isinstance(value, Array):
        head = ", ".join(_text(each) for each in value.head[:4])
        return f"{value.count:,} of {value.kind}: {head}"
    if isinstance(value, LongText):
        return f"a text of {value.length:,} bytes"
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    shown = str(value)
    if len(shown) <= _SHOWN_LENGTH:
        return shown
    import hashlib

    # Two long texts that begin alike must not look the same.
    mark = hashlib.sha256(shown.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return f"{shown[:_SHOWN_LENGTH]}... ({len(shown):,} characters, {mark})"
