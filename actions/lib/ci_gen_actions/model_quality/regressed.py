"""The questions that were answered right before and are answered wrong now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .finding import Comparison, Kind
from .measurement import Answer, Measurement
from .question import Question, QuestionSet

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Regressed:
    """One such question, with both answers. `expected` and `asked` are "" for a task's number."""

    set_name: str
    id: str
    asked: str
    expected: str
    before: Answer
    now: Answer

    @property
    def fall(self) -> float:
        """How far the score fell, from 0 to 1."""
        return self.before.score - self.now.score


def worst(
    found: Comparison,
    current: Measurement,
    baseline: Measurement | None,
    asked: Sequence[QuestionSet],
) -> tuple[Regressed, ...]:
    """Every question that was lost, those whose score fell most first."""
    if baseline is None:
        return ()
    questions = {each.name: {one.id: one for one in each.questions} for each in asked}
    every = [each for name in _lost(found) for each in _of(name, current, baseline, questions)]
    return tuple(sorted(every, key=lambda each: (-each.fall, each.set_name)))


def _lost(found: Comparison) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in found.findings:
        if each.kind is Kind.ANSWERS and each.lost:
            yield each.name, each.lost


def _of(
    named: tuple[str, tuple[str, ...]],
    current: Measurement,
    baseline: Measurement,
    questions: Mapping[str, Mapping[str, Question]],
) -> Iterator[Regressed]:
    name, lost = named
    now, before = (
        {answer.id: answer for each in side.answers if each.name == name for answer in each.answers}
        for side in (current, baseline)
    )
    for identifier in lost:
        question = questions.get(name, {}).get(identifier)
        yield Regressed(
            set_name=name,
            id=identifier,
            asked=question.shown if question else "",
            expected=" | ".join(question.grader.expected) if question else "",
            before=before[identifier],
            now=now[identifier],
        )
