"""Makes the questions of this measurement from `facts.py`: the same bytes each time.

    python bench/quality/questions.py

writes tests/fixtures/quality/questions.jsonl: prompts that are completed as they are, with four
choices each, and conversations, which pass through the chat template.
"""

from __future__ import annotations

import json
import random
import re
import runpy
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FILE = HERE.parents[1] / "tests/fixtures/quality/questions.jsonl"
SEED = 20

FACTS = runpy.run_path(str(HERE / "facts.py"))

COMPLETIONS = (
    ("CAPITALS", "The capital of {} is"),
    ("CONTINENTS", "{} is a country in"),
    ("PAST", "Today I {0}. Yesterday I"),
    ("PLURALS", "One {}, two"),
    ("OPPOSITES", "The opposite of {} is"),
    ("SYMBOLS", "The chemical symbol of {} is"),
    ("KINDS", "{} is a kind of"),
    ("YOUNG", "A young {} is called a"),
    ("WORKPLACES", "A {} works in a"),
    ("USES", "To {} you use a"),
    ("STATES", "The capital city of the US state of {} is"),
    ("BOOKS", "The author of {} is"),
    ("NEXT", "After {} comes"),
    ("COLOURS", "The color of {} is"),
)
"""Tables with what is asked of each of their lines."""

CHAT = (
    ("CAPITALS", "What is the capital of {}?", 40),
    ("OPPOSITES", "What is the opposite of the word {}?", 30),
    ("PLURALS", "What is the plural of {}?", 20),
)
"""Likewise for conversations, with how many lines of the table are asked."""


SAYS = {"type": "regex", "flags": "is"}


def completions() -> Iterator[dict[str, Any]]:
    """The prompts with four choices, then sums."""
    chance = random.Random(SEED)
    for table, asked in COMPLETIONS:
        lines = FACTS["pairs"](FACTS[table])
        for key, value in lines:
            text = asked.format(key)
            yield _choice(f"{table}/{key}", text[0].upper() + text[1:], value, lines, chance)
    for one in range(2, 8):
        for other in range(2, 10):
            right = one + other
            wrong = chance.sample([n for n in range(4, 18) if n != right], 3)
            choices = [str(n) for n in (right, *wrong)]
            chance.shuffle(choices)
            yield {
                "id": f"SUMS/{one}+{other}",
                "raw_prompt": f"2 + 1 = 3\n5 + 3 = 8\n{one} + {other} =",
                "choices": [f" {each}" for each in choices],
                "answer": choices.index(str(right)),
                "grader": "choice",
            }


def chat() -> Iterator[dict[str, Any]]:
    """Conversations that a short answer is generated for.

    What was said before, by the system or in an earlier turn, is the only way to know the answer
    of the last ones.
    """
    for table, asked, count in CHAT:
        for key, value in FACTS["pairs"](FACTS[table])[:count]:
            yield {
                "id": f"CHAT/{table}/{key}",
                "question": asked.format(key),
                "answer": _said(value),
            }
    for number, (statement, asked, answer) in enumerate(FACTS["told"](), 1):
        yield {
            "id": f"CHAT/SYSTEM/{number}",
            "system": f"You are a helpful assistant. {statement}",
            "question": asked,
            "answer": _said(answer),
        }
        yield {
            "id": f"CHAT/EARLIER/{number}",
            "messages": [
                {"role": "user", "content": statement},
                {"role": "assistant", "content": "Thank you, I will remember that."},
                {"role": "user", "content": asked},
            ],
            "answer": _said(answer),
        }


def _said(word: str) -> str:
    """A pattern for what has the word in it and does not begin with the name of a role.

    Such a name is what the model says first where the template forgot to say it.
    """
    return rf"\A(?!\s*(?:assistant|user|system)\b).*\b{re.escape(word)}\b"


def _choice(
    name: str, prompt: str, value: str, lines: list[tuple[str, str]], chance: random.Random
) -> dict[str, Any]:
    others = sorted({other for _, other in lines} - {value})
    choices = [value, *chance.sample(others, min(3, len(others)))]
    chance.shuffle(choices)
    return {
        "id": name,
        "raw_prompt": prompt,
        "choices": [f" {each}" for each in choices],
        "answer": choices.index(value),
        "grader": "choice",
    }


def written(items: Iterable[dict[str, Any]], head: dict[str, Any]) -> str:
    """JSON Lines, the first of which holds for all."""
    lines = [{"defaults": head}, *items]
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)


def text() -> str:
    """What the file holds."""
    return written((*completions(), *chat()), {"max_tokens": 16, "grader": SAYS})


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(FILE, text().count("\n") - 1)
