"""Moves of pointers: which took place, and where a rollback leads."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.model_registry import history
from ci_gen_actions.model_registry.history import PROMOTE, ROLLBACK, Move


@dataclass
class Pointer:
    """A pointer that is moved as a registry does it."""

    now: str = ""
    moves: list[Move] = field(default_factory=list)

    def promote(self, version: str, *, killed: bool = False) -> None:
        self._move(PROMOTE, version, killed)

    def rollback(self, *, killed: bool = False) -> str:
        target = history.previous(self.moves, "latest", self.now)
        if target:
            self._move(ROLLBACK, target, killed)
        return target

    def _move(self, kind: str, version: str, killed: bool) -> None:
        if version == self.now:
            return
        self.moves.append(
            Move(pointer="latest", kind=kind, version=version, before=self.now, at="now")
        )
        if not killed:
            self.now = version


def test_rollbacks_go_back_step_by_step() -> None:
    pointer = Pointer()
    for version in "123":
        pointer.promote(version)
    assert [pointer.rollback(), pointer.rollback(), pointer.rollback()] == ["2", "1", ""]
    assert pointer.now == "1"


def test_a_promotion_after_a_rollback() -> None:
    pointer = Pointer()
    for version in "123":
        pointer.promote(version)
    pointer.rollback()
    pointer.promote("4")
    assert pointer.rollback() == "2"
    assert pointer.rollback() == "1"


def test_a_move_whose_writer_was_killed_never_happened() -> None:
    pointer = Pointer()
    pointer.promote("1")
    pointer.promote("2", killed=True)
    assert [each.version for each in history.happened(pointer.moves, "latest", pointer.now)] == [
        "1"
    ]
    pointer.promote("3")
    assert [each.version for each in history.happened(pointer.moves, "latest", pointer.now)] == [
        *("1", "3"),
    ]
    assert pointer.rollback() == "1"


def test_lines_that_are_none_are_passed_over() -> None:
    move = Move(pointer="latest", kind=PROMOTE, version="1", before="", at="now", evidence=("e",))
    data = b'{"pointer": "la\n[]\n\n' + history.line(move).encode() + b'{"pointer": 1}\n'
    assert history.parse(data) == (move,)


_STEPS = st.lists(st.tuples(st.sampled_from(["1", "2", "3", "back"]), st.booleans()), max_size=30)


@given(_STEPS)
def test_a_stack_of_promotions(steps: list[tuple[str, bool]]) -> None:
    """Whatever is killed in between, a rollback leads to what the last live promotion replaced."""
    pointer, stack = Pointer(), list[str]()
    for version, killed in steps:
        before = pointer.now
        if version == "back":
            expected = stack[-1] if stack else ""
            assert pointer.rollback(killed=killed) == expected
            if stack and not killed:
                stack.pop()
        else:
            pointer.promote(version, killed=killed)
            if not killed and version != before and before:
                stack.append(before)
