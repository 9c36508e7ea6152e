"""Measures every arm of a plan, one evaluation set after the other, both arms next to each other.

Nothing of what is started outlives this: programs run in groups of their own, and all files lie
in one folder that is gone at the end.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from ..core.dialect import Dialect
from ..core.errors import UsageError
from ..core.evidence import started_text
from ..core.scratch import private_folder
from .arm import Arm, Bench, Engine
from .arm_facts import prepared
from .clock import Clock
from .engine_programs import ProgramEngine
from .grading import grade_all
from .measurement import AnswerSet, Divergence, Measurement, Perplexity
from .options import Options
from .plan import Plan, Text
from .programs import environment, threads
from .question import QuestionSet, Reply

PREFIX = "ci-gen-quality-"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the arms gave. `baseline` is None where the plan has none to measure.

    Where the divergence was measured, `current.divergence` is from the baseline's
    probabilities, and `baseline.divergence` from its own: what the backend differs by from
    itself. `tools` maps the programs to what they say of their version.
    """

    current: Measurement
    baseline: Measurement | None = None
    tools: dict[str, str]


def measure(plan: Plan, options: Options, ci: Dialect) -> Measured:
    """Measure every arm of the plan.

    Raises CannotDecide where one gives no result or the time is over, UsageError for sizes that
    llama.cpp does not compute with.
    """
    check_sizes(options)
    with ExitStack() as stack:
        scratch = stack.enter_context(private_folder(ci.environ, PREFIX))
        bench = Bench(
            options=options,
            threads=threads(options.threads),
            scratch=scratch,
            environ=environment(ci.environ),
            clock=Clock(seconds=options.timeout),
            ci=ci,
        )
        engine = _engine(bench)
        sides = {"the baseline": plan.baseline, "the current build": plan.current}
        arms = [
            stack.enter_context(prepared(side, options.context, shown, scratch, ci))
            for shown, side in sides.items()
            if side
        ]
        return _measured(plan, bench, engine, arms)


def _engine(bench: Bench) -> Engine:
    if bench.options.engine == "llama.cpp":
        return ProgramEngine(bench)
    from .engine_binding import BindingEngine

    return BindingEngine(bench)


def check_sizes(options: Options) -> None:
    """Raises UsageError for a batch that llama-perplexity aborts on."""
    if options.texts and options.batch > options.context and options.batch % options.context:
        raise UsageError(
            f"a batch of {options.batch} tokens holds no whole number of chunks of "
            f"{options.context}",
            where="inputs batch and context",
            why="a batch holds a part of one chunk, or several whole ones",
            next="make batch a multiple of context, or smaller",
        )


def _measured(plan: Plan, bench: Bench, engine: Engine, arms: list[Arm]) -> Measured:
    """What the arms give; the last is the current one."""
    gathered = [_Gathered.of(arm, bench, engine) for arm in arms]
    for text in plan.texts:
        _text(text, bench, engine, gathered)
    for each in gathered:
        for task in plan.tasks:
            each.answers.append(engine.task(each.arm, task))
        if plan.questions:
            template, replies = engine.replies(each.arm, plan.questions)
            each.template = template
            for asked, given in zip(plan.questions, replies, strict=True):
                each.answers.append(_graded(asked, given, bench))
    *before, last = [each.measurement(bench) for each in gathered]
    return Measured(
        current=last, baseline=before[0] if before else None, tools=dict(engine.tools())
    )


def _text(text: Text, bench: Bench, engine: Engine, gathered: list[_Gathered]) -> None:
    """Both arms on one text; the baseline comes first, for its probabilities."""
    first = gathered[0]
    base = None
    if len(gathered) > 1 and bench.options.divergence:
        base = bench.scratch / "base.kld"
    try:
        for each in gathered:
            kept = base if each is first else None
            each.perplexity.append(engine.perplexity(each.arm, text, kept))
            if base:
                each.divergence.append(engine.divergence(each.arm, text, base, first.arm))
    finally:
        if base:
            base.unlink(missing_ok=True)


def _graded(asked: QuestionSet, given: Sequence[Reply], bench: Bench) -> AnswerSet:
    return grade_all(
        asked,
        {question.id: reply for question, reply in zip(asked.questions, given, strict=True)},
        timeout=bench.options.grader_timeout,
        workspace=bench.ci.workspace.resolve(),
    )


class _Gathered:
    """What one arm gave so far."""

    def __init__(self, arm: Arm, measurement: Measurement) -> None:
        self.arm = arm
        self.template = ""
        self.perplexity: list[Perplexity] = []
        self.divergence: list[Divergence] = []
        self.answers: list[AnswerSet] = []
        self._start = time.monotonic()
        self._begun = measurement

    @classmethod
    def of(cls, arm: Arm, bench: Bench, engine: Engine) -> _Gathered:
        begun = Measurement(
            subject=engine.subject(arm),
            conditions=bench.conditions,
            measured=started_text(time.time()),
        )
        return cls(arm, begun)

    def measurement(self, bench: Bench) -> Measurement:
        """All of it."""
        return replace(
            self._begun,
            subject=replace(self._begun.subject, template=self.template),
            perplexity=tuple(self.perplexity),
            divergence=tuple(self.divergence),
            answers=tuple(self.answers),
            seconds=round(time.monotonic() - self._start, 3),
        )
