"""The replies to a set of questions become graded answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..core.errors import CannotDecide
from .graders import QUICK, Grade, choose, grade
from .measurement import Answer, AnswerSet, clipped
from .question import Question, QuestionSet, Reply
from .slow_graders import Job, graded_apart

NOTE_CHARACTERS = 4000


def grade_all(
    asked: QuestionSet, replies: Mapping[str, Reply], *, timeout: float, workspace: Path
) -> AnswerSet:
    """The graded answers, in the order of the questions.

    `replies` go by the questions' ids, one for each. `timeout` is in seconds, for each answer
    that a regular expression, a schema or a custom function grades; one that takes longer makes
    the answer wrong. Raises CannotDecide where a reply is missing or holds what no engine may
    say, UsageError where a custom grader fails.
    """
    missing = [each.id for each in asked.questions if each.id not in replies]
    if missing:
        raise CannotDecide(
            f"{len(missing)} of {len(asked.questions)} questions have no reply",
            where=asked.path,
            why=f"the first is {missing[0]!r}",
            next="look at the engine's output above",
        )
    slow = [
        Job(question=each, reply=replies[each.id].text)
        for each in asked.questions
        if each.grader.kind not in QUICK and not replies[each.id].problem
    ]
    apart = graded_apart(slow, timeout=timeout, workspace=workspace, shown=asked.path)
    answers = tuple(_answer(each, replies[each.id], apart.get(each.id)) for each in asked.questions)
    _refuse_silence(asked, replies)
    return AnswerSet(name=asked.name, digest=asked.digest, answers=answers, chance=asked.chance)


def _answer(question: Question, reply: Reply, apart: Grade | None) -> Answer:
    found = apart or _quickly(question, reply)
    return Answer(
        id=question.id,
        correct=found.correct,
        score=min(max(found.score, 0.0), 1.0),
        text=clipped(_said(question, reply)),
        note=clipped(found.note, NOTE_CHARACTERS),
    )


def _quickly(question: Question, reply: Reply) -> Grade:
    if reply.problem:
        return Grade(correct=False, score=0.0, note=reply.problem)
    if question.grader.kind != "choice":
        return grade(question.grader, reply.text)
    _check_scores(question, reply)
    return choose(question.grader, question.choices, reply.choices)


def _check_scores(question: Question, reply: Reply) -> None:
    if len(reply.choices) != len(question.choices):
        why = f"{len(question.choices)} choices have {len(reply.choices)} scores"
    elif not all(math.isfinite(each.logprob) and each.logprob <= 1e-3 for each in reply.choices):
        why = "a log-likelihood is not a finite number of at most 0"
    else:
        return
    raise CannotDecide(
        f"the choices of question {question.id!r} were not scored",
        why=why,
        next="look at the engine's output above",
    )


def _said(question: Question, reply: Reply) -> str:
    """What the model said; for choices, the one that it finds likeliest and their scores."""
    if question.grader.kind != "choice" or not reply.choices:
        return reply.text
    told: Sequence[str] = [
        f"{score.logprob:.4f} {choice!r}"
        for choice, score in zip(question.choices, reply.choices, strict=True)
    ]
    return "; ".join(told)


def _refuse_silence(asked: QuestionSet, replies: Mapping[str, Reply]) -> None:
    """Raise CannotDecide where no question at all got an answer: nothing was measured."""
    found = [replies[each.id] for each in asked.questions]
    if any(not each.problem and (each.text or each.choices) for each in found):
        return
    raise CannotDecide(
        "not one question was answered",
        where=asked.path,
        why=found[0].problem or "every reply is empty",
        next="look at the engine's output above; see that the context is large enough, and that "
        "the chat template fits the model",
    )
