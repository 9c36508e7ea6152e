"""What each stage makes of the settings: calls, inputs, artifacts, runners."""

from __future__ import annotations

from dataclasses import fields, replace
from importlib import import_module
from typing import Any

import pytest
from tests.support.configs import config_of
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.detect.model import Facts
from ci_gen.pipeline.model import VARIANT, ActionCall, Job, MatrixRef, Pipeline
from ci_gen.pipeline.plan import plan
from ci_gen.pipeline.settings import settle

CMAKE = facts()
PYTHON = facts(python_project(path="service"))
CUDA = {
    "enabled": True,
    "variants": [
        {"name": "a", "toolkit": "12.8", "architectures": ["80", "90a-real"]},
        {"name": "b"},
    ],
}


def planned(document: dict[str, Any], seen: Facts = CMAKE) -> Pipeline:
    return plan(settle(config_of(document), seen))


def job(job_id: str, document: dict[str, Any] | None = None, seen: Facts = CMAKE) -> Job:
    return planned(document or {}, seen).job(job_id)


def inputs(job: Job) -> dict[str, object]:
    (call,) = job.calls
    return dict(call.inputs)


IMAGE = f"image:1@sha256:{'1' * 64}"
GPU_IMAGE = f"image:2@sha256:{'2' * 64}"
SERVICE = {
    "name": "s",
    "path": ".",
    "build_type": "Debug",
    "generator": "ninja",
    "cmake_args": ["-DA=1 2", "-DB='x'"],
    "targets": ["one", "two"],
    "package_paths": ["bin/*"],
    "ctest": {"include": "^unit", "exclude": "slow", "timeout_seconds": 9},
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("service", "s"),
        ("source", "."),
        ("backend", "cpu"),
        ("cmake-args", "-DA=1 2\n-DB='x'"),
        ("targets", "one\ntwo"),
        ("build-type", "Debug"),
        ("generator", "ninja"),
        ("ctest", "true"),
        ("ctest-include", "^unit"),
        ("ctest-exclude", "slow"),
        ("ctest-timeout", "9"),
        ("compiler-cache", "auto"),
        ("output-folder", "dist/s-cpu"),
        ("package-name", "s-cpu"),
        ("package-paths", "bin/*"),
        ("junit", "reports/build-cpu-s.xml"),
        ("evidence-name", "build-cpu-s"),
    ],
)
def test_every_key_of_a_service_reaches_the_build(name: str, value: str) -> None:
    assert inputs(job("build-cpu-s", {"services": [SERVICE]}))[name] == value


def test_without_ctest_there_is_no_report() -> None:
    found = job("build-cpu-s", {"services": [{**SERVICE, "ctest": {"enabled": False}}]})
    assert (inputs(found)["ctest"], inputs(found)["junit"], found.junit) == ("false", "", ())
    assert [artifact.name for artifact in found.artifacts] == [
        "evidence-build-cpu-s",
        "package-s-cpu",
    ]
    cuda = {"services": [{**SERVICE, "ctest": {"enabled": False}}], "cuda": CUDA}
    assert job("build-cuda-s", cuda).junit == ()


def test_without_a_compiler_cache() -> None:
    found = job("build-cpu-llama-service", {"compiler_cache": False})
    assert (inputs(found)["compiler-cache"], found.caches) == ("none", ())


def test_the_cuda_build() -> None:
    found = job("build-cuda-llama-service", {"cuda": CUDA})
    assert found.matrix is not None
    assert [dict(row) for row in found.matrix.rows] == [
        {"variant": "a", "architectures": "80;90a-real", "toolkit": "12.8"},
        {"variant": "b", "architectures": "native", "toolkit": ""},
    ]
    given = inputs(found)
    assert given["backend"] == "cuda"
    assert given["architectures"] == MatrixRef("architectures")
    assert given["toolkit"] == MatrixRef("toolkit")
    assert given["cuda-option"] == "GGML_CUDA"
    assert given["evidence-name"] == f"build-cuda-llama-service-{VARIANT}"
    assert given["smoke-model"] == ""
    assert not found.large_files
    assert given["package-name"] == f"llama-service-{VARIANT}"
    assert (found.runner.gpu, found.runner.hosted, found.forks) == (True, False, False)
    # Each row has names of its own, or the rows would overwrite each other's files.
    assert all(VARIANT in artifact.name for artifact in found.artifacts)
    assert all(VARIANT in path for artifact in found.artifacts for path in artifact.paths)
    assert all(VARIANT in cache.key for cache in found.caches)


def test_a_smoke_model_comes_with_the_checkout() -> None:
    smoke = {**CUDA, "smoke_model": "tests/tiny.gguf"}
    found = job("build-cuda-llama-service", {"cuda": smoke})
    assert found.calls[0].inputs["smoke-model"] == "tests/tiny.gguf"
    assert found.large_files


@pytest.mark.parametrize(
    ("document", "forks", "approval"),
    [
        ({}, False, ""),
        (
            {"forks": {"gpu": "approve", "environment": "e"}, "environments": [{"name": "e"}]},
            True,
            "e",
        ),
        ({"forks": {"environment": "e"}, "environments": [{"name": "e"}]}, False, ""),
    ],
)
def test_a_fork_reaches_a_gpu_only_with_approval(
    document: dict[str, Any], forks: bool, approval: str
) -> None:
    pipeline = planned({**document, "cuda": CUDA})
    for one in pipeline.jobs():
        expected = (forks, approval) if one.runner.gpu else (True, "")
        assert (one.forks, one.approval) == expected, one.id
    (skipped,) = [call.inputs["skip-forks"] for call in pipeline.job("ci-ok").calls]
    gpus = () if forks else ("build-cuda-llama-service",)
    assert skipped.jobs == gpus  # type: ignore[union-attr]


def test_the_python_jobs() -> None:
    found = job("build-python-answers", {}, PYTHON)
    assert inputs(found) == {
        "service": "answers",
        "source": "service",
        "manager": "pip",
        "requirements": "../requirements.txt",
        "output-folder": "dist/answers-python",
        "package-name": "answers-python",
        "evidence-name": "build-python-answers",
    }
    tests = inputs(job("unit-tests-answers", {}, PYTHON))
    assert tests["source"] == "service"
    assert tests["paths"] == "../tests/unit"
    assert tests["requirements"] == "../requirements.txt"
    assert tests["extras"] == "test"
    assert tests["package"] == ""
    assert tests["junit"] == "reports/unit-tests-answers.xml"


def test_integration_tests_of_a_compiled_service_get_its_package() -> None:
    found = job("integration-tests-llama-service")
    assert inputs(found)["package"] == "dist/llama-service-cpu/*.tar.gz"
    build = job("build-cpu-llama-service")
    assert [(need.job, need.artifacts) for need in found.needs] == [
        ("changes", ()),
        (build.id, ("package-llama-service-cpu",)),
    ]


@pytest.mark.parametrize(
    ("unit", "integration", "paths", "args"),
    [
        (["tests"], ["tests/integration"], "tests", "--ignore=tests/integration\n-x"),
        (["."], ["a", "b"], ".", "--ignore=a\n--ignore=b\n-x"),
        (["tests/unit"], ["tests/unit2"], "tests/unit", "-x"),
        (["a/-b"], [], "a/-b", "-x"),
    ],
)
def test_the_unit_suite_leaves_out_what_lies_deeper(
    unit: list[str], integration: list[str], paths: str, args: str
) -> None:
    suites = {"unit": unit, "integration": integration, "args": ["-x"]}
    service = {"name": "s", "kind": "python", "pytest": suites}
    given = inputs(job("unit-tests-s", {"services": [service]}))
    assert (given["paths"], given["args"]) == (paths, args)


def test_no_path_looks_like_an_option() -> None:
    service = {"name": "s", "kind": "python", "path": "x", "pytest": {"unit": ["x/-b", "x/c"]}}
    assert inputs(job("unit-tests-s", {"services": [service]}))["paths"] == "./-b\nc"


def test_what_quick_checks_and_the_path_filter_are_told() -> None:
    document = {
        "quick_checks": {"max_file_kib": 7, "exclude": ["a/**", "b"]},
        "paths": {"ignore": ["*.txt", "x/**"]},
    }
    assert inputs(job("quick-checks", document)) == {
        "max-file-kib": "7",
        "exclude": "a/**\nb",
        "evidence-name": "quick-checks",
    }
    assert inputs(job("changes", document))["ignore"] == "*.txt\nx/**"


def test_runners_times_and_retention_are_those_of_the_config() -> None:
    document = {
        "cuda": CUDA,
        "runners": {
            "hosted": {"labels": ["big"], "tags": ["t"], "image": IMAGE},
            "gpu": {"labels": ["g"], "tags": ["gt"], "image": GPU_IMAGE},
        },
        "timeouts": {
            "check": 1,
            "build": 2,
            "cuda": 3,
            "test": 4,
            "image": 8,
            "scan": 9,
            "release": 10,
        },
        "image": {"enabled": True},
        "retention": {"packages": 5, "reports": 6, "evidence": 7},
    }
    pipeline = planned(document, facts(cmake_project(), python_project(path="service")))
    times = {"check": 1, "gate": 1, "build-cpu": 2, "build-python": 2, "build-cuda": 3,
             "unit": 4, "integration": 4, "image": 8, "scan": 9, "release": 10}  # fmt: skip
    days = {"package": 5, "sbom": 5, "reports": 6, "evidence": 7, "release": 7}
    for one in pipeline.jobs():
        assert one.timeout_minutes == (3 if one.id.startswith("image-cuda") else times[one.stage])
        hosted, gpu = (("big",), ("t",), IMAGE), (("g",), ("gt",), GPU_IMAGE)
        runner = one.runner
        assert (runner.labels, runner.tags, runner.image) == (gpu if runner.gpu else hosted)
        for artifact in one.artifacts:
            kind = artifact.name.partition("-")[0]
            assert artifact.retention_days == days[kind]
            assert artifact.always == (kind not in ("package", "sbom", "release"))


def test_submodules_are_checked_out_where_something_is_built() -> None:
    pipeline = planned({"cuda": CUDA}, replace(CMAKE, submodules=("x",)))
    assert {one.stage for one in pipeline.jobs() if one.submodules} == {"build-cpu", "build-cuda"}


def calls(document: dict[str, Any]) -> list[ActionCall]:
    seen = facts(cmake_project(), python_project(path="service"))
    return [call for one in planned(document, seen).jobs() for call in one.calls]


@pytest.mark.parametrize(
    "call", calls({"cuda": CUDA, "image": {"enabled": True}}), ids=lambda call: call.action
)
def test_every_input_is_an_option_of_the_action(call: ActionCall) -> None:
    """A misspelled input would be ignored without a word on both platforms."""
    module = import_module(f"ci_gen_actions.{call.action.replace('-', '_')}.options")
    known = {field.name.replace("_", "-") for field in fields(module.Options)}
    assert set(call.inputs) <= known | {"evidence-name"}
