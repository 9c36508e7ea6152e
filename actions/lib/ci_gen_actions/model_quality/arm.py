"""One arm while it is measured, and what an engine must be able to do with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..core.dialect import Dialect
from .clock import Clock
from .measurement import AnswerSet, Conditions, Divergence, Perplexity, Subject
from .options import Options
from .plan import Side, Task, Text
from .programs import Package
from .question import QuestionSet, Reply


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A package with a model; `shown` is `the current build` or `the baseline`.

    `model_name` is what the model calls itself, `vocabulary` how many tokens it knows.
    """

    side: Side
    package: Package
    model_digest: str
    model_name: str
    vocabulary: int
    shown: str


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all arms of a run share: the inputs, a folder to write in, the time, the log."""

    options: Options
    threads: int
    scratch: Path
    environ: Mapping[str, str]
    clock: Clock
    ci: Dialect

    @property
    def conditions(self) -> Conditions:
        """What must be alike for two arms to be comparable."""
        options = self.options
        return Conditions(
            engine=options.engine,
            seed=options.seed,
            context=options.context,
            batch=options.batch,
            ubatch=options.ubatch,
            max_tokens=options.max_tokens,
            arguments=options.args,
        )


class Engine(Protocol):
    """Runs a model. Every method raises CannotDecide where there is no result."""

    def subject(self, arm: Arm) -> Subject:
        """What the arm is, the chat template left out."""

    def perplexity(self, arm: Arm, text: Text, base: Path | None) -> Perplexity:
        """The perplexity of a text; the token probabilities go to the file `base`, where given."""

    def divergence(self, arm: Arm, text: Text, base: Path, of: Arm) -> Divergence:
        """How far the arm is from the probabilities in `base`, which are those of the arm `of`."""

    def replies(self, arm: Arm, sets: Sequence[QuestionSet]) -> tuple[str, list[tuple[Reply, ...]]]:
        """The digest of the chat template that was used, and the replies to each set."""

    def task(self, arm: Arm, task: Task) -> AnswerSet:
        """The answers to one of the engine's own tasks."""

    def tools(self) -> Mapping[str, str]:
        """What measured, and what it says of its version."""


def digest_of(texts: Iterable[str]) -> str:
    """`sha256:...` of texts, "" for none that says anything."""
    joined = "".join(texts)
    return f"sha256:{hashlib.sha256(joined.encode()).hexdigest()}" if joined else ""
