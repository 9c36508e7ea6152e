"""Which jobs are chosen, in which order, and what their actions are told."""

from __future__ import annotations

import pytest
from tests.support.pipelines import CUDA_ROWS, GPU, job, pipeline

from ci_gen.errors import UsageError
from ci_gen.local.jobs import chosen, environment, left_out, rows
from ci_gen.pipeline.model import (
    AFTER_MERGE,
    VARIANT,
    ActionCall,
    ForkRef,
    KeptRef,
    Matrix,
    MatrixRef,
    NeedsRef,
    OutputRef,
    RegistryPart,
    RegistryRef,
    ResultsRef,
    SecretRef,
    StepRef,
    TokenRef,
    ToolRef,
    Value,
)

PIPELINE = pipeline(
    job("changes", stage="changes"),
    job("quick-checks", stage="checks"),
    job("build-cpu-chat", stage="build", needs=["changes"]),
    job("build-cuda-chat", stage="build", needs=["changes"], runner=GPU),
    job("tests-chat", stage="test", needs=["build-cpu-chat", "quick-checks"]),
    job("bench-chat", stage="quality", needs=["build-cuda-chat"], runner=GPU),
    job("ci-ok", stage="result", needs=["tests-chat", "bench-chat"], gate=True),
)
ONE = job("one")


def names(*wanted: str) -> list[str]:
    return [each.id for each in chosen(PIPELINE, wanted)]


def test_without_names_all_that_need_no_gpu() -> None:
    assert names() == ["changes", "quick-checks", "build-cpu-chat", "tests-chat"]


def test_what_is_left_out_says_why() -> None:
    released = job("release", stage="release", events=AFTER_MERGE)
    after = job("page", stage="release", needs=["bench-chat"])
    assert left_out(pipeline(*PIPELINE.jobs(), released, after)) == {
        "build-cuda-chat": "needs a GPU",
        "bench-chat": "needs a GPU",
        "release": "runs after a merge; named, it runs and publishes nothing",
        "page": "needs bench-chat",
    }


def test_a_gate_that_measures_runs_here_and_the_one_that_sums_up_does_not() -> None:
    quality = job("quality-chat", stage="quality", needs=["build-cpu-chat"], gate=True)
    measured = pipeline(*PIPELINE.jobs(), quality)
    assert "quality-chat" in [each.id for each in chosen(measured, [])]
    with pytest.raises(UsageError):
        chosen(measured, ["ci-ok"])


def test_what_waits_for_a_person_runs_where_it_is_named() -> None:
    promoted = job("promote", stage="release", forks=False, approval="production")
    assert left_out(pipeline(*PIPELINE.jobs(), promoted))["promote"].startswith(
        "waits for a person"
    )


def test_a_token_is_this_user_s_and_a_model_lies_where_this_machine_keeps_them() -> None:
    inputs: dict[str, Value] = {
        "token": TokenRef("HF_TOKEN"),
        "password": SecretRef("PASSWORD"),
        "cache": KeptRef(".ci-gen-cache/models"),
        "model": StepRef("fetch", "fetch-model", "path"),
    }
    call = ActionCall(id="q", action="a", title="A", inputs=inputs)
    outputs = {("one", "fetch", "path"): "models/m.gguf", ("other", "fetch", "path"): "wrong"}
    found = environment(ONE, call, {}, outputs, {"HF_TOKEN": "hf_x", "PASSWORD": "p"})
    assert found == {"CI_GEN_A_TOKEN": "hf_x", "CI_GEN_A_MODEL": "models/m.gguf"}


def test_nothing_here_knows_a_registry_s_login_and_every_pin_is_known() -> None:
    inputs: dict[str, Value] = {
        "password": SecretRef("PASSWORD"),
        "repository": RegistryRef(RegistryPart.REPOSITORY, "chat"),
        "download": ToolRef("grype"),
    }
    found = environment(ONE, ActionCall(id="a", action="a", title="A", inputs=inputs), {}, {})
    assert list(found) == ["CI_GEN_A_DOWNLOAD"]
    assert found["CI_GEN_A_DOWNLOAD"].startswith("linux/amd64 ")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["changes"], ["changes"]),
        (["build-cpu-chat"], ["changes", "build-cpu-chat"]),
        (["tests-chat"], ["changes", "quick-checks", "build-cpu-chat", "tests-chat"]),
        (["bench-chat"], ["changes", "build-cuda-chat", "bench-chat"]),
        (["quick-checks", "changes", "changes"], ["changes", "quick-checks"]),
    ],
)
def test_a_named_job_comes_with_what_it_needs(wanted: list[str], expected: list[str]) -> None:
    assert names(*wanted) == expected


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("build-cpu-chta", 'Did you mean "build-cpu-chat"? Jobs: changes, quick-checks'),
        ("zzz", "Jobs: changes, quick-checks"),
        ("ci-ok", "Jobs: changes"),
    ],
)
def test_a_name_that_is_no_job(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f'There is no job "{name}" to run') as caught:
        names("changes", name)
    assert caught.value.hint.startswith(hint)
    assert "ci-ok" not in caught.value.hint.rpartition("Jobs")[2]


def test_rows() -> None:
    assert rows(job("a")) == [{}]
    assert rows(job("a", matrix=Matrix(rows=CUDA_ROWS))) == list(CUDA_ROWS)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        (f"dist/{VARIANT}.tar.gz", "dist/cuda-12.4.tar.gz"),
        (MatrixRef("toolkit"), "12.4"),
        (OutputRef("build", "package", "path"), "dist/x"),
        (OutputRef("build", "package", "absent"), None),
        (OutputRef("other", "package", "path"), None),
        (ForkRef(), "false"),
        (NeedsRef(), None),
        (ResultsRef(("a",), ("b",)), None),
        ("", None),
    ],
)
def test_inputs(value: Value, expected: str | None) -> None:
    """An empty input is not set: the action's own default holds."""
    call = ActionCall(id="x", action="build-python", title="", inputs={"output-folder": value})
    found = environment(ONE, call, CUDA_ROWS[0], {("build", "package", "path"): "dist/x"})
    assert found == ({} if expected is None else {"CI_GEN_BUILD_PYTHON_OUTPUT_FOLDER": expected})


def test_a_variant_where_there_is_no_matrix() -> None:
    call = ActionCall(id="x", action="build", title="", inputs={"package-name": f"a{VARIANT}"})
    assert environment(ONE, call, {}, {}) == {"CI_GEN_BUILD_PACKAGE_NAME": "a"}
