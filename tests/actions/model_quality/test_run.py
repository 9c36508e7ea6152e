"""The action around the engines: what it reads, decides, writes and says.

The engines themselves are tried in test_engines.py and e2e; here measurements take their place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.actions.model_quality.test_judge import BASE, NOISE, flipped, text
from tests.actions.model_quality.test_telling import joined
from tests.support.action_runs import Ran, act
from tests.support.actions import ROOT
from tests.support.readme_examples import examples

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.options import variable
from ci_gen_actions.core.reading import read
from ci_gen_actions.model_quality import measurement as m
from ci_gen_actions.model_quality import run as module
from ci_gen_actions.model_quality.measure import Measured
from ci_gen_actions.model_quality.options import Options
from ci_gen_actions.model_quality.plan import Plan, check

PAIRS = [{"id": str(number), "q": f"{number}?", "a": number} for number in range(400)]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/llama.tar.gz").write_bytes(b"package")
    (tmp_path / "model.gguf").write_bytes(b"model")
    (tmp_path / "wiki.txt").write_text("a text")
    (tmp_path / "qa.json").write_text(json.dumps(PAIRS))
    return tmp_path


@pytest.fixture
def measures(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Plan]]:
    def put(now: m.Measurement, before: m.Measurement | None = None) -> list[Plan]:
        plans: list[Plan] = []

        def measure(plan: Plan, options: Options, ci: Any) -> Measured:
            plans.append(plan)
            return Measured(current=now, baseline=before, tools={"llama.cpp": "b1"})

        monkeypatch.setattr(module, "measure", measure)
        return plans

    return put


def ran(workspace: Path, **options: Any) -> Ran:
    given = {"package": "dist/*.tar.gz", "model": "model.gguf", "texts": ("wiki.txt",)}
    return act("model-quality", workspace, **{**given, **options})


SAME = joined(text(BASE), flipped(0, 0)[0])
WORSE = joined(text(BASE + NOISE + 0.05), flipped(0, 0)[0])
NOISY = joined(text(BASE + 150 * NOISE), flipped(0, 0)[0])


def test_a_first_run_is_new_and_its_measurement_is_the_next_ones_baseline(
    workspace: Path, measures: Any
) -> None:
    plans = measures(SAME)
    first = ran(workspace, baseline="kept.json", questions=("qa.json",), measurement="kept.json")
    assert (first.verdict, first.status) == ("PASS", 0)
    assert "there is no stored measurement kept.json yet" in first.log
    assert [each.name for each in plans[0].texts] == ["wiki"]
    assert [each.name for each in plans[0].questions] == ["qa"]
    assert first.findings["baseline"] is False
    assert m.load(workspace / "kept.json", "x") == SAME
    again = ran(workspace, baseline="kept.json", measurement="again.json")
    assert {each["state"] for each in again.findings["sets"]} == {"PASS"}
    measures(WORSE)
    worse = ran(workspace, baseline="kept.json")
    assert (worse.verdict, worse.status) == ("FAIL", 1)
    assert "::error" in worse.log
    assert worse.result is not None
    assert worse.result.evidence["inputs"]["baseline"].startswith("sha256:")


def test_a_baseline_may_be_required(workspace: Path, measures: Any) -> None:
    measures(SAME)
    found = ran(workspace, baseline="none.json", require_baseline=True)
    assert (found.verdict, found.status) == ("NO_DATA", 3)


@pytest.mark.parametrize(("wanted", "status"), [("warn", 0), ("block", 3)])
def test_inconclusive_warns_or_blocks(
    workspace: Path, measures: Any, wanted: str, status: int
) -> None:
    measures(NOISY, SAME)
    found = ran(workspace, baseline_model="model.gguf", on_inconclusive=wanted)
    assert found.verdict == "INCONCLUSIVE"
    assert found.result is not None
    assert found.result.status == status
    assert ("nothing is proven" in found.log) is (wanted == "warn")
    assert found.findings["on-inconclusive"] == wanted


def test_an_arm_in_the_same_job_is_the_baseline(workspace: Path, measures: Any) -> None:
    plans = measures(WORSE, SAME)
    (workspace / "old.gguf").write_bytes(b"old")
    found = ran(workspace, baseline_model="old.gguf")
    assert found.verdict == "FAIL"
    baseline = plans[0].baseline
    assert baseline is not None
    assert (baseline.package.name, baseline.model.name) == ("llama.tar.gz", "old.gguf")


def test_what_is_written(workspace: Path, measures: Any) -> None:
    measures(WORSE, SAME)
    found = ran(workspace, baseline_package="dist/llama.tar.gz", service="llama")
    outputs = found.outputs
    assert outputs.perplexity == f"{WORSE.perplexity[0].ppl:.4f}"
    assert outputs.accuracy == "0.5000"
    assert "<h1>Model quality of llama" in (workspace / outputs.report).read_text()
    report = json.loads((workspace / outputs.performance_report).read_text())
    assert report["verdict"] == "FAIL"
    assert m.load(workspace / outputs.measurement, "x") == WORSE
    assert found.result is not None
    assert found.result.evidence["tools"] == {"llama.cpp": "b1"}
    assert found.result.summary.startswith("### Model quality of llama: FAIL")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"baseline": "a", "baseline_model": "model.gguf"}, "there are two baselines"),
        ({"texts": ()}, "there is nothing to measure"),
        ({"baseline_chat_template": "t"}, "for a baseline that is not measured here"),
        ({"tasks": ("hellaswag=x",), "engine": "llama-cpp-python"}, "does not know the tasks"),
        ({"batch": 8, "ubatch": 16}, "the physical batch (16) is larger"),
        ({"texts": ("none.txt",)}, "there is no file none.txt"),
        ({"questions": ("wiki.txt",)}, "wiki.txt:1:1"),
        ({"texts": ("wiki.txt", "a/wiki.md")}, "two evaluation sets would be called wiki"),
        ({"tasks": ("hellaswag=wiki.txt", "winogrande=wiki.txt")}, "would be called wiki"),
        ({"tasks": ("hellaswag=none",)}, "there is no file none"),
        ({"chat_template": "none.jinja"}, "there is no file none.jinja"),
    ],
)
def test_inputs_that_do_not_fit_measure_nothing(
    workspace: Path, measures: Any, options: dict[str, Any], says: str
) -> None:
    plans = measures(SAME)
    (workspace / "a").mkdir()
    (workspace / "a/wiki.md").write_text("x")
    found = ran(workspace, **options)
    assert isinstance(found.error, UsageError)
    assert says in str(found.error)
    assert plans == []


@pytest.mark.parametrize("name", ["package", "model", "baseline_package", "baseline_model"])
def test_what_another_step_makes_and_is_not_there_is_undecided(
    workspace: Path, measures: Any, name: str
) -> None:
    measures(SAME)
    found = ran(workspace, **{name: "none/*.gz"})
    assert isinstance(found.error, CannotDecide)
    assert f"input {name.replace('_', '-')}" in str(found.error)


def test_several_packages_are_no_package(workspace: Path, measures: Any) -> None:
    measures(SAME)
    (workspace / "dist/other.tar.gz").write_bytes(b"x")
    found = ran(workspace)
    assert isinstance(found.error, UsageError)
    assert "names 2 files" in str(found.error)


def test_a_broken_stored_baseline_is_refused_before_anything_is_measured(
    workspace: Path, measures: Any
) -> None:
    plans = measures(SAME)
    (workspace / "kept.json").write_text("{}")
    found = ran(workspace, baseline="kept.json")
    assert isinstance(found.error, CannotDecide)
    assert plans == []


def test_the_readmes_example_and_our_own_workflow_are_options_that_fit() -> None:
    (example,) = examples(ROOT / "actions" / "model-quality" / "README.md")
    ((_, inputs),) = example.own_steps()
    environ = {variable("model-quality", name): value for name, value in inputs.items()}
    check(read(Options, "model-quality", environ))
