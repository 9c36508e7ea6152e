"""From settings to jobs: which there are, what they wait for, what they leave behind."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.configs import config_of
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.detect.model import Facts
from ci_gen.pipeline.model import VARIANT, ForkRef, Job, NeedsRef, OutputRef, Pipeline, ResultsRef
from ci_gen.pipeline.plan import AGGREGATE, plan
from ci_gen.pipeline.settings import settle

CMAKE = facts(cmake_project(), submodules=("vendor/llama.cpp",))
PYTHON = facts(python_project())
SEVERAL = facts(cmake_project(), cmake_project("embed", "embed"), python_project(path="py"))
CUDA = {"enabled": True, "variants": [{"name": "c12", "toolkit": "12.8"}, {"name": "c13"}]}


def planned(document: dict[str, Any] | None = None, found: Facts = CMAKE) -> Pipeline:
    return plan(settle(config_of(document or {}), found))


def needs(pipeline: Pipeline) -> dict[str, list[str]]:
    return {job.id: [need.job for need in job.needs] for job in pipeline.jobs()}


FIRST = ["changes", "quick-checks"]


@pytest.mark.parametrize(
    ("document", "found", "expected"),
    [
        (
            {},
            CMAKE,
            {
                "build-cpu-llama-service": FIRST,
                "integration-tests-llama-service": ["changes", "build-cpu-llama-service"],
            },
        ),
        (
            {"cuda": CUDA},
            CMAKE,
            {
                "build-cpu-llama-service": FIRST,
                "build-cuda-llama-service": FIRST,
                "integration-tests-llama-service": ["changes", "build-cpu-llama-service"],
            },
        ),
        (
            {},
            PYTHON,
            {
                "unit-tests-answers": FIRST,
                "build-python-answers": FIRST,
                "integration-tests-answers": ["changes", "build-python-answers"],
            },
        ),
        (
            {"cuda": CUDA, "services": [{"name": "a", "cuda": False, "kind": "cmake"}]},
            facts(python_project()),
            {"build-cpu-a": FIRST},
        ),
        (
            {"cuda": CUDA},
            SEVERAL,
            {
                "unit-tests-answers": FIRST,
                "build-cpu-llama-service": FIRST,
                "build-cpu-embed": FIRST,
                "build-cuda-llama-service": FIRST,
                "build-cuda-embed": FIRST,
                "build-python-answers": FIRST,
                "integration-tests-llama-service": ["changes", "build-cpu-llama-service"],
                "integration-tests-embed": ["changes", "build-cpu-embed"],
                "integration-tests-answers": ["changes", "build-python-answers"],
            },
        ),
        (
            {"services": [{"name": "a", "pytest": {"integration": [], "unit": ["t"]}}]},
            CMAKE,
            {"unit-tests-a": FIRST, "build-cpu-a": FIRST},
        ),
    ],
)
def test_jobs_and_what_they_wait_for(
    document: dict[str, Any], found: Facts, expected: dict[str, list[str]]
) -> None:
    pipeline = planned(document, found)
    jobs = {"changes": [], "quick-checks": [], **expected}
    assert needs(pipeline) == {**jobs, AGGREGATE: list(jobs)}
    assert list(needs(pipeline)) == [*jobs, AGGREGATE]


def test_every_need_is_a_job_before_and_every_artifact_is_left_by_it() -> None:
    pipeline = planned({"cuda": CUDA}, SEVERAL)
    seen: dict[str, Job] = {}
    for job in pipeline.jobs():
        for need in job.needs:
            assert {a.name for a in seen[need.job].artifacts} >= set(need.artifacts)
        seen[job.id] = job
        assert job.stage in {stage.id for stage in pipeline.stages}
    names = [artifact.name for job in pipeline.jobs() for artifact in job.artifacts]
    assert len(names) == len(set(names))


def test_every_job_leaves_evidence_under_the_name_that_its_action_was_given() -> None:
    for job in planned({"cuda": CUDA}, SEVERAL).jobs():
        (evidence,) = (a for a in job.artifacts if a.name.startswith("evidence-"))
        (call,) = job.calls
        assert evidence.paths == (f"evidence/{call.inputs['evidence-name']}.json",)
        assert evidence.always
        assert (VARIANT in evidence.name) == (job.matrix is not None)


def test_the_gate_knows_every_job() -> None:
    pipeline = planned({"cuda": CUDA}, SEVERAL)
    gate = pipeline.job(AGGREGATE)
    inputs = gate.calls[0].inputs
    others = [job for job in pipeline.jobs() if job is not gate]
    assert gate.always
    assert gate.gate
    assert inputs["needs"] == NeedsRef()
    assert inputs["fork"] == ForkRef()
    assert inputs["code"] == OutputRef("changes", "changes", "code")
    expected, skipped, forks = (
        inputs[name] for name in ("expected", "skip-unaffected", "skip-forks")
    )
    assert isinstance(expected, ResultsRef)
    assert isinstance(skipped, ResultsRef)
    assert isinstance(forks, ResultsRef)
    assert list(expected.jobs) == [job.id for job in others]
    assert skipped.jobs == expected.jobs[2:]
    assert forks.jobs == ("build-cuda-llama-service", "build-cuda-embed")
    assert "build-cuda-embed-c12" in expected.evidence
    assert "build-cuda-embed-c13" in expected.evidence
    assert len(expected.evidence) == len(others) + 2
    with pytest.raises(KeyError):
        pipeline.job("nothing")


def test_only_cuda_jobs_reach_a_gpu_and_no_fork_does() -> None:
    for job in planned({"cuda": CUDA}, SEVERAL).jobs():
        assert job.runner.gpu == job.id.startswith("build-cuda-")
        assert job.forks == (not job.runner.gpu)
        assert job.runner.hosted != job.runner.gpu


def test_a_person_can_let_a_fork_in() -> None:
    document = {
        "cuda": CUDA,
        "forks": {"gpu": "approve", "environment": "gpu-forks"},
        "environments": [{"name": "gpu-forks", "tier": "testing"}],
    }
    job = planned(document).job("build-cuda-llama-service")
    assert (job.forks, job.approval) == (True, "gpu-forks")
    (environment,) = planned(document).environments
    assert (environment.name, environment.tier) == ("gpu-forks", "testing")


def test_the_matrix_has_a_row_for_each_variant() -> None:
    job = planned({"cuda": CUDA}).job("build-cuda-llama-service")
    assert job.matrix is not None
    assert [dict(row) for row in job.matrix.rows] == [
        {"variant": "c12", "architectures": "native", "toolkit": "12.8"},
        {"variant": "c13", "architectures": "native", "toolkit": ""},
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_ctest_leaves_a_report(enabled: bool) -> None:
    document = {"services": [{"name": "a", "ctest": {"enabled": enabled}}], "cuda": CUDA}
    for name in ("build-cpu-a", "build-cuda-a"):
        job = planned(document).job(name)
        assert bool(job.junit) == enabled
        assert any(a.name.startswith("reports-") for a in job.artifacts) == enabled
        assert job.calls[0].inputs["ctest"] == str(enabled).lower()


def test_options_reach_their_jobs() -> None:
    document = {
        "compiler_cache": False,
        "retention": {"packages": 1, "reports": 2, "evidence": 3},
        "timeouts": {"check": 1, "build": 2, "cuda": 3, "test": 4},
        "triggers": {"pull_request": False, "tags": [], "manual": False},
        "cuda": CUDA,
    }
    pipeline = planned(document, SEVERAL)
    assert not any(job.caches for job in pipeline.jobs())
    assert {job.timeout_minutes for job in pipeline.jobs()} == {1, 2, 3, 4}
    days = {a.name.split("-")[0]: a.retention_days for j in pipeline.jobs() for a in j.artifacts}
    assert days == {"package": 1, "reports": 2, "evidence": 3}
    assert pipeline.triggers.tags == ()
    assert not pipeline.triggers.manual
    cached = planned({"cuda": CUDA}, SEVERAL)
    assert {job.id for job in cached.jobs() if job.caches} == {
        f"build-{half}-{name}" for half in ("cpu", "cuda") for name in ("llama-service", "embed")
    }


def test_submodules_are_fetched_by_builds_alone() -> None:
    for job in planned({"cuda": CUDA}).jobs():
        assert job.submodules == job.id.startswith("build-")


def test_integration_tests_of_a_cmake_service_get_its_package() -> None:
    call = planned().job("integration-tests-llama-service").calls[0]
    assert call.inputs["package"] == "dist/llama-service-cpu/*.tar.gz"
    assert planned({}, PYTHON).job("integration-tests-answers").calls[0].inputs["package"] == ""


def test_paths_are_relative_to_the_python_project_and_no_option() -> None:
    document = {
        "services": [
            {
                "name": "a",
                "path": "py",
                "kind": "cmake",
                "pytest": {"unit": ["py/tests", "py/-x", "other"], "requirements": ["py/-r.txt"]},
            }
        ]
    }
    inputs = planned(document).job("unit-tests-a").calls[0].inputs
    assert inputs["source"] == "py"
    assert inputs["paths"] == "tests\n./-x\n../other"
    assert inputs["requirements"] == "./-r.txt"


def test_expected_minutes_are_positive_and_titles_speak() -> None:
    pipeline = planned({"cuda": CUDA}, SEVERAL)
    for stage in pipeline.stages:
        assert stage.title
        assert stage.why.endswith(".")
    for job in pipeline.jobs():
        assert job.expected_minutes > 0
        assert job.title
        assert job.why.endswith(".")
