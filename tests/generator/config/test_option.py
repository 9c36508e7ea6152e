"""Declaring keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from ci_gen.config.option import Kind, Limits, keys, option


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inner:
    number: float = option(default=1.5, doc="A number.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outer:
    name: str = option(doc="Required.", example="a")
    many: tuple[Inner, ...] = option(factory=tuple, doc="Sections.")
    texts: Mapping[str, str] = option(factory=dict, doc="A mapping.")
    maybe: bool | None = option(default=None, doc="Perhaps.")
    empty: str = option(default="", doc="Empty.", limits=Limits(pattern="a"))


def test_keys_say_what_was_declared() -> None:
    found = keys(Outer)
    assert list(found) == ["name", "many", "texts", "maybe", "empty"]
    assert found["name"].required
    assert found["name"].example == "a"
    assert found["many"].shape.kind is Kind.LIST
    assert found["many"].shape.item is not None
    assert found["many"].shape.item.cls is Inner
    assert found["texts"].shape.kind is Kind.MAPPING
    assert found["maybe"].nullable
    assert found["maybe"].default is None
    assert not found["name"].limits.empty
    assert found["empty"].limits == Limits(pattern="a", empty=True)
    assert keys(Inner)["number"].shape.kind is Kind.NUMBER


@pytest.mark.parametrize("hint", [bytes, "str | int", "list[str]", "set[str]", "object"])
def test_a_type_that_no_file_can_hold_is_a_bug_at_once(hint: object) -> None:
    section = dataclasses.make_dataclass("Section", [("key", hint, option(default=None, doc="x"))])
    with pytest.raises(TypeError):
        keys(section)
