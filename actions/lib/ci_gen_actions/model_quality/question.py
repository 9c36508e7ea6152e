"""A question, how its answer is graded, and what an engine replied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GRADERS = ("exact", "contains", "regex", "number", "json-schema", "choice", "custom")
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a conversation, put into the chat template."""

    role: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Grader:
    """What makes an answer right: one of GRADERS, the answers it expects, its settings.

    `settings` are plain JSON values, as the question file has them (see `graders.py`).
    """

    kind: str
    expected: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question: `messages` for the chat template, or `prompt`, which is completed as it is.

    Exactly one of both is not empty. With the grader `choice` nothing is generated: the engine
    scores each text of `choices` as the continuation. `max_tokens` is 0 where the option of the
    action holds. `line` and `column` are where it begins in its file, 1-based.
    """

    id: str
    messages: tuple[Message, ...] = ()
    prompt: str = ""
    grader: Grader
    choices: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    max_tokens: int = 0
    line: int = 0
    column: int = 0

    @property
    def shown(self) -> str:
        """What was asked, for people: the last turn, or the prompt."""
        return self.messages[-1].content if self.messages else self.prompt


@dataclass(frozen=True, kw_only=True)
class QuestionSet:
    """The questions of one file, in its order. `hooks` maps custom graders' files to digests."""

    name: str
    path: str
    questions: tuple[Question, ...]
    hooks: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The digest of the questions and of all that bears on grading them.

        Of what is meant, not of the file's bytes: spaces and comments of JSON move nothing.
        """
        meant = [
            {
                "id": each.id,
                "messages": [[turn.role, turn.content] for turn in each.messages],
                "prompt": each.prompt,
                "grader": [each.grader.kind, each.grader.expected, each.grader.settings],
                "choices": each.choices,
                "stop": each.stop,
                "max_tokens": each.max_tokens,
            }
            for each in self.questions
        ]
        text = json.dumps([meant, dict(self.hooks)], sort_keys=True, ensure_ascii=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    @property
    def chance(self) -> float:
        """The share of right answers that guessing would give, from 0 to 1."""
        chances = [1 / len(each.choices) if each.choices else 0.0 for each in self.questions]
        return sum(chances) / len(chances) if chances else 0.0


@dataclass(frozen=True, kw_only=True)
class ChoiceScore:
    """The log-likelihood in nats of one choice as the continuation, and its count of tokens."""

    logprob: float
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What an engine replied to one question: a text, or a score for each of its choices.

    `problem` says why there is none, such as a context that was too short.
    """

    text: str = ""
    choices: tuple[ChoiceScore, ...] = ()
    problem: str = ""
