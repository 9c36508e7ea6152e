from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.result import Verdict
from ci_gen_actions.model_quality import measurement as m
from ci_gen_actions.model_quality.finding import Comparison, Finding, State
from ci_gen_actions.model_quality.judge import Tolerances, compare

SHA, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
SUBJECT = m.Subject(model=SHA, package=SHA, backend="CPU")
CONDITIONS = m.Conditions(engine="llama.cpp", seed=1, context=512, batch=512, ubatch=512)
TOLERANCES = Tolerances(perplexity=math.log(1.01), accuracy=0.05, divergence=0.01)


def measured(**sets: Any) -> m.Measurement:
    return m.Measurement(subject=SUBJECT, conditions=CONDITIONS, **sets)


def text(nll: Any, **changes: Any) -> m.Measurement:
    chunks = tuple(m.Chunk(nll=float(each), tokens=255) for each in nll)
    whole = m.Perplexity(name="wiki", digest=SHA, context=512, chunks=chunks)
    return measured(perplexity=(dataclasses.replace(whole, **changes),))


def answers(right: str, digest: str = SHA, chance: float = 0.0) -> m.Measurement:
    """One answer a letter: `+` right, `-` wrong."""
    given = tuple(
        m.Answer(id=str(number), correct=each == "+", score=float(each == "+"))
        for number, each in enumerate(right)
    )
    return measured(answers=(m.AnswerSet(name="qa", digest=digest, answers=given, chance=chance),))


def flipped(lost: int, gained: int, total: int = 400) -> tuple[m.Measurement, m.Measurement]:
    half = total // 2
    before = "+" * half + "-" * (total - half)
    now = "-" * lost + "+" * (half - lost) + "+" * gained + "-" * (total - half - gained)
    return answers(now), answers(before)


def only(found: Comparison) -> Finding:
    (finding,) = found.findings
    return finding


rng = np.random.default_rng(3)
BASE = rng.normal(3.0, 0.5, 60)
NOISE = rng.normal(0.0, 0.001, 60)


def test_a_build_that_changes_nothing_passes_and_tells_the_bounds() -> None:
    found = only(compare(text(BASE + NOISE), text(BASE), TOLERANCES))
    assert found.state is State.PASS
    assert found.low is not None
    assert found.high is not None
    assert found.change is not None
    assert found.low < found.change < found.high < TOLERANCES.perplexity
    assert found.change == pytest.approx(float(np.mean(NOISE)))
    assert found.why == "60 chunks"


def test_the_same_build_passes_although_nothing_varies() -> None:
    found = only(compare(text(BASE), text(BASE), TOLERANCES))
    assert (found.state, found.change, found.high) == (State.PASS, 0.0, 0.0)


def test_a_rise_of_the_perplexity_is_a_regression() -> None:
    found = compare(text(BASE + NOISE + 0.02), text(BASE), TOLERANCES)
    assert only(found).state is State.REGRESSION
    assert found.verdict is Verdict.FAIL


def test_a_sure_rise_that_is_small_passes() -> None:
    found = only(compare(text(BASE + NOISE / 10 + 0.003), text(BASE), TOLERANCES))
    assert found.state is State.PASS
    assert found.low is not None
    assert found.low > 0


def test_a_fall_of_the_perplexity_is_an_improvement() -> None:
    found = compare(text(BASE + NOISE - 0.02), text(BASE), TOLERANCES)
    assert only(found).state is State.IMPROVEMENT
    assert found.verdict is Verdict.PASS


def test_too_much_noise_is_inconclusive_and_tells_what_could_be_shown() -> None:
    found = only(compare(text(BASE + 60 * NOISE), text(BASE), TOLERANCES))
    assert found.state is State.INCONCLUSIVE
    assert found.detectable is not None
    assert found.detectable > TOLERANCES.perplexity


def test_few_chunks_are_inconclusive() -> None:
    found = only(compare(text(BASE[:4]), text(BASE[:4]), TOLERANCES))
    assert found.state is State.INCONCLUSIVE
    assert "4 chunks are too few" in found.why


@pytest.mark.parametrize(
    ("lost", "gained", "state"),
    [
        (0, 0, State.PASS),
        (3, 3, State.PASS),
        (6, 6, State.PASS),
        (6, 0, State.PASS),
        (9, 0, State.PASS),  # surely worse, but by less than half of what is tolerated
        (10, 0, State.REGRESSION),
        (20, 5, State.REGRESSION),
        (14, 8, State.PASS),
        (18, 9, State.INCONCLUSIVE),
        (0, 12, State.IMPROVEMENT),
    ],
)
def test_flips(lost: int, gained: int, state: State) -> None:
    found = only(compare(*flipped(lost, gained), TOLERANCES))
    assert found.state is state
    assert (len(found.lost), len(found.gained)) == (lost, gained)


def test_few_questions_are_inconclusive_even_without_a_flip() -> None:
    found = only(compare(*flipped(0, 0, total=60), TOLERANCES))
    assert found.state is State.INCONCLUSIVE
    assert found.high is not None
    assert found.high > 0.05


def test_a_set_without_room_for_a_drop_is_inconclusive() -> None:
    hopeless = answers("+" * 4 + "-" * 396)
    found = only(compare(hopeless, hopeless, TOLERANCES))
    assert found.state is State.INCONCLUSIVE
    assert "no room for a drop" in found.why
    guessing = answers("+" * 110 + "-" * 290, chance=0.25)
    assert only(compare(guessing, guessing, TOLERANCES)).state is State.INCONCLUSIVE


def far(
    mean: float,
    own: float | None = None,
    backend: str = "CPU",
    tolerances: Tolerances = TOLERANCES,
) -> Comparison:
    def made(value: float, spread: float) -> m.Divergence:
        each = tuple(float(value + spread * step) for step in (-1, 1) * 20)
        return m.Divergence(
            name="wiki",
            digest=SHA,
            context=512,
            base_package=SHA,
            base_model=SHA,
            tokens=40 * 255,
            mean=value,
            chunks=each,
        )

    now = measured(divergence=(made(mean, 0.0005),))
    now = dataclasses.replace(now, subject=dataclasses.replace(SUBJECT, backend=backend))
    before = measured(divergence=() if own is None else (made(own, 0.0),))
    return compare(now, before, tolerances)


def test_a_divergence_is_judged_beyond_what_the_backend_differs_by_from_itself() -> None:
    assert only(far(0.0002)).state is State.PASS
    assert only(far(0.022)).state is State.REGRESSION
    assert only(far(0.022, own=0.021)).state is State.PASS
    assert only(far(0.022, own=0.021)).base == 0.021
    assert only(far(0.0067)).state is State.PASS
    assert only(far(0.0067, backend="Vulkan")).state is State.PASS  # CPU is the other side
    floors = dataclasses.replace(TOLERANCES, floors={"CPU": 0.001})
    assert only(far(0.0067, tolerances=floors)).state is State.REGRESSION


def test_a_divergence_without_chunks_has_the_error_that_was_printed() -> None:
    divergence = m.Divergence(
        name="w", digest=SHA, context=8, base_package=SHA, base_model=SHA, tokens=9000, mean=0.05,
        se=0.001,
    )  # fmt: skip
    found = only(compare(measured(divergence=(divergence,)), measured(), TOLERANCES))
    assert found.state is State.REGRESSION
    assert found.why == "9000 tokens"


def test_a_divergence_from_another_model_is_no_comparison() -> None:
    divergence = m.Divergence(
        name="w", digest=SHA, context=8, base_package=SHA, base_model=OTHER, tokens=9000, mean=0.0
    )
    found = only(compare(measured(divergence=(divergence,)), measured(), TOLERANCES))
    assert found.state is State.ENV_MISMATCH


def test_without_a_baseline_all_is_new() -> None:
    found = compare(text(BASE), None, TOLERANCES)
    assert (only(found).state, found.verdict) == (State.NEW, Verdict.PASS)
    required = dataclasses.replace(TOLERANCES, required=True)
    assert compare(text(BASE), None, required).verdict is Verdict.NO_DATA


def test_a_new_set_beside_a_known_one_is_new() -> None:
    both = dataclasses.replace(text(BASE), answers=answers("+-" * 200).answers)
    found = compare(both, text(BASE), TOLERANCES)
    assert [each.state for each in found.findings] == [State.PASS, State.NEW]
    assert found.verdict is Verdict.PASS


def test_a_baseline_of_which_nothing_is_left_proves_nothing() -> None:
    found = compare(answers("+-" * 200), text(BASE), TOLERANCES)
    assert [each.state for each in found.findings] == [State.NEW, State.REMOVED]
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"seed": 2}, "seed is 2, and was 1"),
        ({"engine": "llama-cpp-python"}, "engine is llama-cpp-python"),
        ({"max_tokens": 3}, "max tokens is 3, and was 0"),
        ({"arguments": ("--no-repack",)}, "arguments is --no-repack, and was empty"),
    ],
)
def test_other_conditions_are_never_compared(changed: dict[str, Any], says: str) -> None:
    conditions = dataclasses.replace(CONDITIONS, **changed)
    now = dataclasses.replace(text(BASE + 1), conditions=conditions)
    found = compare(now, text(BASE), TOLERANCES)
    assert only(found).state is State.ENV_MISMATCH
    assert says in only(found).why
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("now", "before", "says"),
    [
        (text(BASE, digest=OTHER), text(BASE), "the text changed"),
        (text(BASE, context=256), text(BASE), "chunks have 256 tokens"),
        (text(BASE[:50]), text(BASE), "the tokenizers differ"),
        (text(BASE, text_tokens=9), text(BASE, text_tokens=8), "the tokenizers differ"),
        (answers("+-", OTHER), answers("+-"), "the questions or their grading changed"),
        (answers("+-+"), answers("+-"), "the ids of the questions differ"),
    ],
)
def test_other_evaluation_sets_are_never_compared(
    now: m.Measurement, before: m.Measurement, says: str
) -> None:
    found = compare(now, before, TOLERANCES)
    assert only(found).state is State.ENV_MISMATCH
    assert says in only(found).why
    assert found.verdict is Verdict.INCONCLUSIVE


def test_another_vocabulary_stops_perplexity_and_not_answers() -> None:
    def of(size: int) -> m.Measurement:
        both = dataclasses.replace(text(BASE), answers=answers("+-" * 200).answers)
        return dataclasses.replace(both, subject=dataclasses.replace(SUBJECT, vocabulary=size))

    found = compare(of(1000), of(2000), TOLERANCES)
    assert [each.state for each in found.findings] == [State.ENV_MISMATCH, State.PASS]


def test_what_is_under_test_may_differ() -> None:
    other = m.Subject(
        model=OTHER, package=OTHER, backend="CPU", threads=9, template=OTHER, build="b2"
    )
    now = dataclasses.replace(text(BASE + NOISE), subject=other)
    assert only(compare(now, text(BASE), TOLERANCES)).state is State.PASS


def test_alpha_is_shared_by_all_that_is_compared() -> None:
    both = dataclasses.replace(text(BASE), answers=answers("+-" * 200).answers)
    assert compare(both, both, TOLERANCES).share == pytest.approx(0.005)


def test_the_worst_wins() -> None:
    now = dataclasses.replace(text(BASE), answers=flipped(40, 0)[0].answers)
    before = dataclasses.replace(text(BASE), answers=flipped(40, 0)[1].answers)
    found = compare(now, before, TOLERANCES)
    assert [each.state for each in found.findings] == [State.PASS, State.REGRESSION]
    assert found.verdict is Verdict.FAIL


@given(st.integers(0, 60), st.integers(0, 60), st.integers(120, 600))
def test_more_losses_never_look_better(lost: int, gained: int, total: int) -> None:
    order = [State.IMPROVEMENT, State.PASS, State.INCONCLUSIVE, State.REGRESSION]
    states = [
        only(compare(*flipped(each, gained, total), TOLERANCES)).state
        for each in (lost, min(lost + 5, total // 2))
    ]
    # significance comes in steps: beyond half of the tolerance a drop may pass from
    # INCONCLUSIVE to REGRESSION, and never back
    assert order.index(states[0]) <= order.index(states[1])


def test_false_alarms_of_a_build_that_only_churns() -> None:
    """80 pipelines of one text and one set of 400 questions, flips both ways alike."""
    alarms, source = 0, np.random.default_rng(11)
    for _ in range(80):
        lost, gained = source.binomial(400, 0.015, 2)
        now, before = flipped(int(lost), int(gained))
        noisy = BASE + source.normal(0, 0.004, len(BASE))
        both = [
            dataclasses.replace(text(nll), answers=side.answers)
            for nll, side in ((noisy, now), (BASE, before))
        ]
        alarms += compare(both[0], both[1], TOLERANCES).verdict is Verdict.FAIL
    assert alarms <= 1
