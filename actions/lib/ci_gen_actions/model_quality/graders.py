"""Whether an answer is right, by rules that are quick whatever the answer. Pure.

Regular expressions, JSON Schemas and custom functions may take for ever or crash: they are in
`slow_graders.py`, in a process of its own.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .question import ChoiceScore, Grader

QUICK = ("exact", "contains", "number", "choice")

# a comma groups thousands, an exponent may follow; digits inside of a word are no number
_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d)\.?)(?:[eE][-+]?\d{1,3})?"
)
_PUNCTUATION = "".join(each for each in string.punctuation if each not in "+-%$#")
_STRIPPED = f"{_PUNCTUATION} “”‘’«»…"


@dataclass(frozen=True, kw_only=True)
class Grade:
    """Right or not, the score from 0 to 1, and what the grader saw."""

    correct: bool
    score: float
    note: str = ""


def grade(grader: Grader, reply: str) -> Grade:
    """The grade of a text by one of the graders `exact`, `contains` and `number`."""
    rules = {"exact": _exact, "contains": _contains, "number": _number}
    return rules[grader.kind](grader.expected, grader.settings, reply)


def choose(grader: Grader, choices: Sequence[str], scores: Sequence[ChoiceScore]) -> Grade:
    """The grade of the grader `choice`: whether the likeliest choice is the right one.

    `scores` are in the order of `choices`. The log-likelihood is taken as it is (`none`), a
    token (`tokens`), or a character (`characters`: acc_norm of lm-evaluation-harness, which
    divides by the length of the choice's text). Of equals the first wins. The score is the
    probability of the right choice among all, of the values so normalised.
    """
    values = [
        _normalised(score, choice, str(grader.settings["normalise"]))
        for score, choice in zip(scores, choices, strict=True)
    ]
    best = max(range(len(values)), key=lambda index: (values[index], -index))
    right = choices.index(grader.expected[0])
    weights = [math.exp(value - values[best]) for value in values]
    note = "" if best == right else f"chose {choices[best]!r}, right is {choices[right]!r}"
    return Grade(correct=best == right, score=weights[right] / math.fsum(weights), note=note[:4000])


def _normalised(score: ChoiceScore, choice: str, how: str) -> float:
    length = {"none": 1, "tokens": max(score.tokens, 1), "characters": max(len(choice), 1)}[how]
    return score.logprob / length


def _graded(correct: bool, note: str = "") -> Grade:
    return Grade(correct=correct, score=float(correct), note=note[:4000])


def _exact(expected: Sequence[str], settings: Mapping[str, Any], reply: str) -> Grade:
    wanted = {_folded(each, settings) for each in expected}
    return _graded(_folded(reply, settings) in wanted)


def _folded(text: str, settings: Mapping[str, Any]) -> str:
    """Unicode's compatible forms and runs of blanks are one; case and ends where that is set."""
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    if not settings["case"]:
        text = text.casefold()
    if settings.get("punctuation", False):
        return text
    return text.strip(_STRIPPED) or text


def _contains(expected: Sequence[str], settings: Mapping[str, Any], reply: str) -> Grade:
    said = _folded(reply, {**settings, "punctuation": True})
    found = [
        _stands_in(_folded(each, settings), said, bool(settings["words"])) for each in expected
    ]
    right = all(found) if settings["all"] else any(found)
    missing = [each for each, here in zip(expected, found, strict=True) if not here]
    return _graded(right, "" if right else f"lacks {', '.join(missing[:5])}")


def _stands_in(wanted: str, said: str, words: bool) -> bool:
    """Whether `wanted` stands in `said`; as words, with no letter or digit right beside it."""
    at = said.find(wanted)
    while at >= 0:
        before, after = said[at - 1 : at], said[at + len(wanted) : at + len(wanted) + 1]
        touches = (before.isalnum() and wanted[:1].isalnum()) or (
            after.isalnum() and wanted[-1:].isalnum()
        )
        if not words or not touches:
            return True
        at = said.find(wanted, at + 1)
    return False


def _number(expected: Sequence[str], settings: Mapping[str, Any], reply: str) -> Grade:
    found = numbers(reply)
    if not found:
        return _graded(False, "there is no number")
    said = found[0] if settings["which"] == "first" else found[-1]
    near = any(
        math.isclose(
            said,
            float(each.replace(",", "")),
            rel_tol=float(settings["relative"]),
            abs_tol=float(settings["absolute"]) or 1e-12,
        )
        for each in expected
    )
    return _graded(near, "" if near else f"the number is {said:g}")


def numbers(text: str) -> list[float]:
    """The numbers in a text, in their order: 1,234.5 and -1e-3 are one each."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    found = (match.group().replace(",", "") for match in _NUMBER.finditer(plain))
    values = [float(each) for each in found if any(letter.isdigit() for letter in each)]
    return [each for each in values if math.isfinite(each)]
