"""The gate on recorded runs of real builds of llama.cpp (`python bench/quality/record.py`)."""

from __future__ import annotations

import dataclasses

import pytest
from tests.support.actions import ROOT

from ci_gen_actions.core.result import Verdict
from ci_gen_actions.model_quality.finding import State
from ci_gen_actions.model_quality.judge import compare
from ci_gen_actions.model_quality.measurement import Measurement, load
from ci_gen_actions.model_quality.options import Options
from ci_gen_actions.model_quality.run import tolerances

DATA = ROOT / "bench/quality/data"
SAME = ("avx2-again", "avx512", "openblas", "threads-2", "plain")
RECORDED = sorted(path.stem for path in DATA.glob("*.json") if path.stem != "avx2")
DEFAULTS = tolerances(Options(package="-", model="-"))


def recorded(name: str) -> Measurement:
    return load(DATA / f"{name}.json", name)


def shared(now: Measurement, before: Measurement) -> Measurement:
    """The baseline as it would be, had it measured what `now` did and no more."""
    digests = set(now.digests.values())
    return dataclasses.replace(
        before,
        answers=tuple(each for each in before.answers if each.digest in digests),
        perplexity=tuple(each for each in before.perplexity if each.digest in digests),
        divergence=(),
    )


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_build_model_or_template_has_its_verdict(name: str) -> None:
    now = recorded(name)
    found = compare(now, shared(now, recorded("avx2")), DEFAULTS)
    states = {
        f"{each.kind}:{each.name}": (each.state.value, each.change) for each in found.findings
    }
    assert State.ENV_MISMATCH not in [each.state for each in found.findings], states
    if name in SAME:
        assert found.verdict is not Verdict.FAIL, states
    else:
        assert found.verdict is Verdict.FAIL, states


def test_a_recorded_run_passes_against_itself() -> None:
    now = recorded("avx2")
    found = compare(now, shared(now, now), DEFAULTS)
    assert found.verdict is Verdict.PASS, found.findings
