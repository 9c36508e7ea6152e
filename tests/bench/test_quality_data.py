"""The evaluation data and the recordings: current, whole, and telling what they are kept for."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from tests.support.repositories import PROJECT

from ci_gen_actions.core.files import sha256
from ci_gen_actions.model_quality import question_file
from ci_gen_actions.model_quality.judge import compare
from ci_gen_actions.model_quality.measurement import Measurement, load
from ci_gen_actions.model_quality.options import Options
from ci_gen_actions.model_quality.run import tolerances

FIXTURES = PROJECT / "tests/fixtures/quality"
DATA = PROJECT / "bench/quality/data"
SAME_WORTH = ("avx512", "openblas", "threads-2")
"""Arms that differ from `avx2` in how it is computed alone."""


def recorded(name: str) -> Measurement:
    return load(DATA / f"{name}.json", name)


def verdict(name: str) -> str:
    options: Any = Options(package="p", model="m")
    return compare(recorded(name), recorded("avx2"), tolerances(options)).verdict.value


def test_the_questions_are_those_that_the_facts_give() -> None:
    made = runpy.run_path(str(PROJECT / "bench/quality/questions.py"))["text"]()
    assert (FIXTURES / "questions.jsonl").read_text("utf-8") == made


def test_the_baseline_is_right_in_between_30_and_90_percent_of_400_questions() -> None:
    (asked,) = recorded("avx2").answers
    assert len(asked.answers) >= 400
    assert 0.3 <= asked.accuracy <= 0.9


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_every_recording_is_of_the_data_that_lies_here(path: Path) -> None:
    found = load(path, path.name)
    for answers in found.answers:
        asked = question_file.load(FIXTURES / f"{answers.name}.jsonl", answers.name, PROJECT)
        assert answers.digest == asked.digest
        assert [each.id for each in answers.answers] == [each.id for each in asked.questions]
    for text in found.perplexity:
        assert text.digest == f"sha256:{sha256(FIXTURES / f'{text.name}.txt')}"


@pytest.mark.parametrize("name", SAME_WORTH)
def test_another_way_to_compute_passes(name: str) -> None:
    assert verdict(name) == "PASS"


def test_much_lower_precision_fails() -> None:
    assert verdict("q2-k") == "FAIL"


@pytest.mark.parametrize("name", ["last-turn-only", "no-generation-prompt", "wrong-role"])
def test_a_small_change_of_the_chat_template_fails(name: str) -> None:
    assert verdict(f"template-{name}") == "FAIL"
