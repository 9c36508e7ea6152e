"""HellaSwag, Winogrande and multiple choice, task by task, as `llama-perplexity` printed them.

HellaSwag and multiple choice print the share of right answers so far, Winogrande its choice and
the right one too; so which tasks are right can be told. The order is that of the program, whose
choice of tasks is random with a seed that never changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from .measurement import Answer, AnswerSet
from .streams import NUMBER, Streams, announced, failed, finite, refuse_complaints

_SWAG = re.compile(rf"^(\d+)\t({NUMBER})%\t\[ *{NUMBER}%, +{NUMBER}%\]\n", re.MULTILINE)
_SWAG_COUNT = re.compile(r"selecting (\d+) (?:randomized|the first) tasks\.\n")
_CHOICE = re.compile(rf"^(\d+)\t({NUMBER})\n", re.MULTILINE)
_CHOICE_COUNT = re.compile(r"calculating TruthfulQA score over (\d+) tasks\.\n")
_CHOICE_FINAL = re.compile(rf"Final result: ({NUMBER}) \+/- {NUMBER}\n")
_CHANCE = re.compile(rf"Random chance: ({NUMBER}) \+/- {NUMBER}\n")
_GRANDE = re.compile(rf"^(\d+)\t({NUMBER})\t *({NUMBER})  +({NUMBER})  (\d)  (\d)\n", re.MULTILINE)
_GRANDE_LOADED = re.compile(r"loaded (\d+) tasks from prompt\.\n")
_GRANDE_CHOSEN = re.compile(r"selecting (\d+) random tasks\n")
_GRANDE_FINAL = re.compile(rf"Final Winogrande score\((\d+) tasks\): ({NUMBER}) \+/- {NUMBER}\n")
_GRANDE_LEAST = 100
"""From so many tasks on Winogrande has a final line."""


def task(kind: str, out: bytes, err: bytes, *, name: str, digest: str) -> AnswerSet:
    """The answers of one run; `kind` is one of options.TASKS.

    Raises CannotDecide where it did not finish.
    """
    readers = {"hellaswag": _hellaswag, "winogrande": _winogrande, "multiple-choice": _choices}
    streams = Streams.of(out, err)
    refuse_complaints(streams, f"{kind} score")
    right, chance = readers[kind](streams)
    answers = tuple(
        Answer(id=str(number), correct=each, score=float(each))
        for number, each in enumerate(right, 1)
    )
    return AnswerSet(name=name, digest=digest, answers=answers, chance=chance)


def _hellaswag(streams: Streams) -> tuple[list[bool], float]:
    what = "hellaswag score"
    count = int(announced(_SWAG_COUNT, streams, what)[1])
    return _from_shares(_SWAG.findall(streams.out), count, streams, what), 0.25


def _choices(streams: Streams) -> tuple[list[bool], float]:
    what = "multiple-choice score"
    count = int(announced(_CHOICE_COUNT, streams, what)[1])
    final, chance = _CHOICE_FINAL.search(streams.err), _CHANCE.search(streams.err)
    if not final or not chance:
        raise failed(streams, what, "the line with the final result is missing")
    right = _from_shares(_CHOICE.findall(streams.out), count, streams, what)
    _agrees(sum(right) / count, finite(final[1], streams, what), streams, what)
    return right, finite(chance[1], streams, what) / 100


def _winogrande(streams: Streams) -> tuple[list[bool], float]:
    what = "winogrande score"
    loaded = announced(_GRANDE_LOADED, streams, what)
    chosen = _GRANDE_CHOSEN.search(streams.err)
    count = int(chosen[1] if chosen else loaded[1])
    rows = _GRANDE.findall(streams.out)
    _check_numbers([row[0] for row in rows], count, streams, what)
    for row in rows:
        for number in row[1:4]:
            finite(number, streams, what)
    right = [choice == answer for *_, choice, answer in rows]
    for number, (row, so_far) in enumerate(zip(rows, accumulate(right), strict=True), 1):
        _agrees(so_far / number, float(row[1]), streams, what)
    final = _GRANDE_FINAL.search(streams.err)
    if count >= _GRANDE_LEAST and (not final or int(final[1]) != count):
        raise failed(streams, what, "the line with the final score is missing")
    return right, 0.5


def _from_shares(
    rows: Sequence[tuple[str, str]], count: int, streams: Streams, what: str
) -> list[bool]:
    """Which tasks are right, from the percentage of right ones so far in each row."""
    _check_numbers([number for number, _ in rows], count, streams, what)
    right: list[bool] = []
    before = 0
    for number, (_, text) in enumerate(rows, 1):
        exact = number * finite(text, streams, what) / 100
        so_far = round(exact)
        # eight decimals of a percentage: the error is half of the last one, `number` times
        if abs(exact - so_far) > 1e-9 * number + 1e-6 or so_far - before not in (0, 1):
            raise failed(streams, what, f"the share in row {number} does not follow from the rows")
        right.append(so_far > before)
        before = so_far
    return right


def _check_numbers(numbers: Sequence[str], count: int, streams: Streams, what: str) -> None:
    if count < 1 or [int(each) for each in numbers] != list(range(1, count + 1)):
        why = f"it announced {count} tasks and printed {len(numbers)} in order"
        raise failed(streams, what, why)


def _agrees(share: float, percent: float, streams: Streams, what: str) -> None:
    if abs(100 * share - percent) > 0.001:
        raise failed(streams, what, "its rows and the score that it printed disagree")
