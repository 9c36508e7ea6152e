"""From two measurements to what they prove. Pure; docs/quality.md has the formulas.

Every comparison is paired: chunk with the same chunk, question with the same question. An
evaluation set is a REGRESSION where the change is surely for the worse (at its share of alpha)
and at least half of the tolerance; it passes where the change is surely below the tolerance;
else it is INCONCLUSIVE.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..statistics import chunks, proportions
from ..statistics.proportions import Flips
from . import agreement
from .finding import Comparison, Finding, Kind, State
from .measurement import AnswerSet, Divergence, Measurement, Perplexity

PASS_ERROR = 0.01
"""The chance to pass a change that is as large as the tolerance."""
FEWEST_CHUNKS = 5
FLOORS: Mapping[str, float] = {"CPU": 0.01, "BLAS": 0.01}
"""What builds for one backend may differ by, in nats a token: with a model of few parameters and
4 bits, AVX-512 and OpenBLAS differed from AVX2 by 0.005 to 0.01 (`python bench/quality`)."""
FLOOR = 0.001
"""Likewise for a backend that is not in FLOORS: f16 on CUDA differs from itself by 0.00055 in the
README of llama.cpp's perplexity tool."""


@dataclass(frozen=True, kw_only=True)
class Tolerances:
    """What must be caught: ln of the perplexity's ratio, the share of answers, nats a token.

    `alpha` is the share of false alarms over all evaluation sets; `floors` are of backends, in
    nats; `required` says that there must be a baseline.
    """

    perplexity: float
    accuracy: float
    divergence: float
    alpha: float = 0.01
    floors: Mapping[str, float] = field(default_factory=dict)
    required: bool = False


def compare(
    current: Measurement, baseline: Measurement | None, tolerances: Tolerances
) -> Comparison:
    """What the current measurement proves against the baseline; None is no baseline yet."""
    if baseline is None:
        return Comparison(
            findings=tuple(_new(current)),
            alpha=tolerances.alpha,
            share=tolerances.alpha,
            required=tolerances.required,
            baseline=False,
        )
    reasons = agreement.differing_conditions(current, baseline)
    pairs = list(_pairs(current, baseline, reasons))
    share = tolerances.alpha / max(1, sum(not each.why for each in pairs))
    judge = _Judge(current=current, baseline=baseline, tolerances=tolerances, share=share)
    return Comparison(
        findings=(*(judge.finding(each) for each in pairs), *_removed(current, baseline)),
        alpha=tolerances.alpha,
        share=share,
        reasons=reasons,
        required=tolerances.required,
    )


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """An evaluation set of both, or why there is nothing to compare (`state` says which kind)."""

    kind: Kind
    now: Perplexity | Divergence | AnswerSet
    before: Perplexity | Divergence | AnswerSet | None = None
    why: str = ""
    state: State = State.ENV_MISMATCH


def _pairs(
    current: Measurement, baseline: Measurement, reasons: tuple[str, ...]
) -> Iterator[_Pair]:
    conditions = "; ".join(reasons)
    words = agreement.differing_vocabularies(current, baseline)
    texts = {each.name: each for each in baseline.perplexity}
    for text in current.perplexity:
        before = texts.get(text.name)
        why = conditions or words or (agreement.differing_texts(text, before) if before else "")
        yield _pair(Kind.PERPLEXITY, text, before, why)
    own = {each.name: each for each in baseline.divergence}
    for each in current.divergence:
        why = conditions or words or agreement.differing_bases(each, baseline)
        yield _Pair(kind=Kind.DIVERGENCE, now=each, before=own.get(each.name), why=why)
    asked = {each.name: each for each in baseline.answers}
    for answers in current.answers:
        earlier = asked.get(answers.name)
        why = conditions or (agreement.differing_questions(answers, earlier) if earlier else "")
        yield _pair(Kind.ANSWERS, answers, earlier, why)


def _pair(
    kind: Kind, now: Perplexity | AnswerSet, before: Perplexity | AnswerSet | None, why: str
) -> _Pair:
    if before is None:
        why = "the baseline was measured without this set"
        return _Pair(kind=kind, now=now, why=why, state=State.NEW)
    return _Pair(kind=kind, now=now, before=before, why=why)


def _new(current: Measurement) -> Iterator[Finding]:
    why = "there is no baseline yet"
    for text in current.perplexity:
        yield _told(Kind.PERPLEXITY, text, State.NEW, why)
    for answers in current.answers:
        yield _told(Kind.ANSWERS, answers, State.NEW, why)


def _removed(current: Measurement, baseline: Measurement) -> Iterator[Finding]:
    why = "only the baseline has this set"
    for kind, ours, theirs in (
        (Kind.PERPLEXITY, current.perplexity, baseline.perplexity),
        (Kind.ANSWERS, current.answers, baseline.answers),
    ):
        names = {each.name for each in ours}
        for each in theirs:
            if each.name not in names:
                yield Finding(kind=kind, name=each.name, state=State.REMOVED, why=why)


def _told(kind: Kind, now: Perplexity | Divergence | AnswerSet, state: State, why: str) -> Finding:
    """A finding without a comparison."""
    if isinstance(now, Perplexity):
        value, size = now.ppl, len(now.chunks)
    elif isinstance(now, Divergence):
        value, size = now.mean, len(now.chunks)
    else:
        value, size = now.accuracy, len(now.answers)
    return Finding(kind=kind, name=now.name, state=state, why=why, value=value, size=size)


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """One comparison's settings; `share` is the error that one evaluation set may make."""

    current: Measurement
    baseline: Measurement
    tolerances: Tolerances
    share: float

    def finding(self, pair: _Pair) -> Finding:
        """What one evaluation set proves."""
        now, before = pair.now, pair.before
        if pair.why:
            return _told(pair.kind, now, pair.state, pair.why)
        if isinstance(now, Perplexity) and isinstance(before, Perplexity):
            return self._perplexity(now, before)
        if isinstance(now, AnswerSet) and isinstance(before, AnswerSet):
            return self._answers(now, before)
        assert isinstance(now, Divergence)  # noqa: S101 - there are three kinds
        return self._divergence(now, before if isinstance(before, Divergence) else None)

    def _perplexity(self, now: Perplexity, before: Perplexity) -> Finding:
        differences = [
            ours.nll - theirs.nll for ours, theirs in zip(now.chunks, before.chunks, strict=True)
        ]
        found = chunks.mean(differences, [each.tokens for each in now.chunks])
        return self._of_mean(
            Kind.PERPLEXITY, now, found, self.tolerances.perplexity, now.ppl, before.ppl
        )

    def _divergence(self, now: Divergence, own: Divergence | None) -> Finding:
        floor = self.floor(own)
        if now.chunks:
            found = chunks.mean([each - floor for each in now.chunks])
        else:
            tokens = float(now.tokens)
            found = chunks.Mean(
                value=now.mean - floor,
                error=now.se or 0.0,
                count=now.tokens,
                effective=tokens,
                autocorrelation=0.0,
            )
        return self._of_mean(
            Kind.DIVERGENCE, now, found, self.tolerances.divergence, now.mean, floor
        )

    def floor(self, own: Divergence | None) -> float:
        """What the backends differ by from themselves, in nats a token.

        The largest of what was measured (`own`), and of what is known of either backend.
        """
        floors = {**FLOORS, **self.tolerances.floors}
        backends = (self.current.subject.backend, self.baseline.subject.backend)
        known = max(floors.get(each, FLOOR) for each in backends)
        return max(known, own.mean if own else 0.0)

    def _of_mean(
        self,
        kind: Kind,
        now: Perplexity | Divergence,
        found: chunks.Mean,
        tolerance: float,
        value: float,
        base: float,
    ) -> Finding:
        margin, alarm = found.margin(PASS_ERROR), found.margin(self.share)
        state = _state(
            found.value,
            high=found.value + margin,
            worse=found.value - alarm > 0,
            better=found.value + alarm < 0 and kind is Kind.PERPLEXITY,
            tolerance=tolerance,
        )
        why = f"{found.count} {'chunks' if now.chunks else 'tokens'}"
        if found.autocorrelation > 0:
            why += f", worth {found.effective:.0f} independent ones"
        if found.count < FEWEST_CHUNKS:
            state = State.INCONCLUSIVE
            why = f"{found.count} chunks are too few: {FEWEST_CHUNKS} at least"
        return Finding(
            kind=kind,
            name=now.name,
            state=state,
            why=why,
            value=value,
            base=base,
            change=found.value,
            low=found.value - margin,
            high=found.value + margin,
            tolerance=tolerance,
            detectable=found.detectable(alpha=self.share, least=tolerance / 2),
            size=found.count,
        )

    def _answers(self, now: AnswerSet, before: AnswerSet) -> Finding:
        pairs = list(zip(before.answers, now.answers, strict=True))
        lost = tuple(new.id for old, new in pairs if old.correct and not new.correct)
        gained = tuple(new.id for old, new in pairs if new.correct and not old.correct)
        flips = Flips(lost=len(lost), gained=len(gained), total=len(pairs))
        tolerance = self.tolerances.accuracy
        low, high = proportions.interval(flips, PASS_ERROR)
        chance = proportions.mcnemar(flips)
        state = _state(
            flips.drop,
            high=high,
            worse=chance <= self.share,
            better=proportions.mcnemar(flips.turned) <= self.share,
            tolerance=tolerance,
        )
        why = f"{len(lost)} lost and {len(gained)} gained of {len(pairs)}"
        room = before.accuracy - before.chance
        if room < tolerance and state is not State.REGRESSION:
            state = State.INCONCLUSIVE
            why = (
                f"the baseline itself is right in {100 * before.accuracy:.1f} %, and guessing in "
                f"{100 * before.chance:.1f} %: there is no room for a drop that could be seen"
            )
        return Finding(
            kind=Kind.ANSWERS,
            name=now.name,
            state=state,
            why=why,
            value=now.accuracy,
            base=before.accuracy,
            change=flips.drop,
            low=low,
            high=high,
            tolerance=tolerance,
            detectable=proportions.detectable(flips, alpha=self.share, least=tolerance / 2),
            size=len(pairs),
            lost=lost,
            gained=gained,
            chance=chance,
        )


def _state(change: float, *, high: float, worse: bool, better: bool, tolerance: float) -> State:
    # half a unit in the last place must not decide: 10 of 400 is 2.5 points
    half = tolerance / 2 - 1e-12
    if worse and change >= half:
        return State.REGRESSION
    if not high < tolerance or math.isnan(high):
        return State.INCONCLUSIVE
    return State.IMPROVEMENT if better and change <= -half else State.PASS
