"""Config and facts -> which jobs there are, what each waits for, what it leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.configs import config_of
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.detect.model import Facts
from ci_gen.pipeline.model import (
    VARIANT,
    NeedsRef,
    OutputRef,
    Pipeline,
    RegistryPart,
    RegistryRef,
    ResultsRef,
    SecretRef,
)
from ci_gen.pipeline.plan import plan
from ci_gen.pipeline.settings import settle

CMAKE = facts(cmake_project(name="c"))
PYTHON = facts(python_project(name="p"))
BOTH = facts(cmake_project(name="c"), python_project(name="p", path="service"))
BARE = facts(replace(cmake_project(name="c"), pytest=(), ctest=None))
CUDA = {"enabled": True, "variants": [{"name": "x"}, {"name": "y"}]}
CHECKS = ["changes", "quick-checks"]
SCAN = "scan-source"
IMAGE = {"enabled": True}


def planned(document: dict[str, Any], seen: Facts) -> Pipeline:
    return plan(settle(config_of(document), seen))


TABLE = [
    ({}, BARE, ["build-cpu-c"]),
    ({}, CMAKE, ["build-cpu-c", "integration-tests-c"]),
    ({"cuda": CUDA}, CMAKE, ["build-cpu-c", "build-cuda-c", "integration-tests-c"]),
    ({}, PYTHON, ["unit-tests-p", "build-python-p", "integration-tests-p"]),
    ({"cuda": CUDA}, PYTHON, ["unit-tests-p", "build-python-p", "integration-tests-p"]),
    (
        {"cuda": CUDA},
        BOTH,
        [
            "unit-tests-p",
            "build-cpu-c",
            "build-cuda-c",
            "build-python-p",
            "integration-tests-c",
            "integration-tests-p",
        ],
    ),
    (
        {"cuda": CUDA, "services": [{"name": "a", "cuda": False}, {"name": "b"}]},
        BARE,
        ["build-cpu-a", "build-cpu-b", "build-cuda-b"],
    ),
    ({"cuda": CUDA, "services": [{"name": "a", "cuda": False}]}, BARE, ["build-cpu-a"]),
    (
        {"services": [{"name": "a", "pytest": {"unit": ["t"], "integration": []}}]},
        CMAKE,
        ["unit-tests-a", "build-cpu-a"],
    ),
]
# With an image: what runs before the scans, and after them.
IMAGES = [
    ({"image": IMAGE}, BARE, ["build-cpu-c", "image-c"], ["scan-image-c", "release"]),
    (
        {"image": IMAGE, "cuda": CUDA},
        CMAKE,
        ["build-cpu-c", "build-cuda-c", "integration-tests-c", "image-c", "image-cuda-c"],
        ["scan-image-c", "scan-image-cuda-c", "release"],
    ),
    (
        {"image": {**IMAGE, "command": "p"}, "release": {"enabled": False}},
        PYTHON,
        ["unit-tests-p", "build-python-p", "integration-tests-p", "image-p"],
        ["scan-image-p"],
    ),
]


@pytest.mark.parametrize(("document", "seen", "jobs"), TABLE)
def test_which_jobs_there_are(document: dict[str, Any], seen: Facts, jobs: list[str]) -> None:
    pipeline = planned(document, seen)
    assert [job.id for job in pipeline.jobs()] == [*CHECKS, *jobs, SCAN, "ci-ok"]
    assert pipeline.aggregate == "ci-ok"


@pytest.mark.parametrize(("document", "seen", "jobs"), TABLE)
def test_what_each_waits_for(document: dict[str, Any], seen: Facts, jobs: list[str]) -> None:
    pipeline = planned(document, seen)
    for job in pipeline.jobs():
        needs = [need.job for need in job.needs]
        if job.id in CHECKS:
            assert needs == []
        elif job.stage == "integration":
            name = job.id.removeprefix("integration-tests-")
            assert needs[0] == "changes"
            assert needs[1] in (f"build-cpu-{name}", f"build-python-{name}")
        elif job.id == "ci-ok":
            assert needs == [*CHECKS, *jobs, SCAN]
        else:
            assert needs == CHECKS


@pytest.mark.parametrize(("document", "seen", "jobs"), TABLE)
def test_names_are_unique_and_every_artifact_that_is_taken_along_exists(
    document: dict[str, Any], seen: Facts, jobs: list[str]
) -> None:
    pipeline = planned(document, seen)
    artifacts = [artifact.name for job in pipeline.jobs() for artifact in job.artifacts]
    assert len(artifacts) == len(set(artifacts))
    for job in pipeline.jobs():
        suffix = f"-{VARIANT}" if job.matrix else ""
        assert job.artifacts[0].name == f"evidence-{job.id}{suffix}"
        assert job.artifacts[0].paths == (f"evidence/{job.id}{suffix}.json",)
        for need in job.needs:
            left = [artifact.name for artifact in pipeline.job(need.job).artifacts]
            assert set(need.artifacts) <= set(left)
        assert all(path in job.artifacts[-1].paths for path in job.junit)


@pytest.mark.parametrize(("document", "seen", "jobs"), TABLE)
def test_the_gate_knows_every_job(document: dict[str, Any], seen: Facts, jobs: list[str]) -> None:
    pipeline = planned(document, seen)
    gate = pipeline.job("ci-ok")
    assert (gate.gate, gate.always, gate.skip_when_unaffected) == (True, True, False)
    (call,) = gate.calls
    expected = call.inputs["expected"]
    assert isinstance(expected, ResultsRef)
    assert list(expected.jobs) == [*CHECKS, *jobs, SCAN]
    rows = [f"{job}-{row}" for job in jobs if "cuda" in job for row in "xy"]
    assert set(expected.evidence) == {*CHECKS, SCAN, *rows, *(j for j in jobs if "cuda" not in j)}
    unaffected = call.inputs["skip-unaffected"]
    assert isinstance(unaffected, ResultsRef)
    assert list(unaffected.jobs) == jobs
    forks = call.inputs["skip-forks"]
    assert isinstance(forks, ResultsRef)
    assert list(forks.jobs) == [job for job in jobs if "cuda" in job]
    assert call.inputs["needs"] == NeedsRef()
    assert call.inputs["code"] == OutputRef("changes", "changes", "code")


def test_nothing_but_the_checks_and_the_gate_runs_when_no_code_changed() -> None:
    always = {
        job.id for job in planned({"cuda": CUDA}, BOTH).jobs() if not job.skip_when_unaffected
    }
    assert always == {*CHECKS, SCAN, "ci-ok"}


@pytest.mark.parametrize(("document", "seen", "before", "after"), IMAGES)
def test_the_jobs_of_an_image(
    document: dict[str, Any], seen: Facts, before: list[str], after: list[str]
) -> None:
    pipeline = planned(document, seen)
    ids = [job.id for job in pipeline.jobs()]
    assert ids == [*CHECKS, *before, SCAN, *after, "ci-ok"]
    made = [artifact.name for job in pipeline.jobs() for artifact in job.artifacts]
    assert len(made) == len(set(made))
    for job in pipeline.jobs():
        for need in job.needs:
            left = {artifact.name for artifact in pipeline.job(need.job).artifacts}
            assert set(need.artifacts) <= left
        if job.id == "release":
            assert [need.job for need in job.needs] == ids[: ids.index("release")]
    call = pipeline.job("ci-ok").calls[0]
    waits = ResultsRef(jobs=("release",), evidence=("release",))
    nothing = ResultsRef(jobs=(), evidence=())
    assert call.inputs["skip-unmerged"] == (waits if "release" in ids else nothing)
    expected = call.inputs["expected"]
    assert isinstance(expected, ResultsRef)
    contents = [name for name in expected.evidence if name.startswith("sbom-")]
    assert len(contents) == 1 + 2 * ("image-cuda-c" in ids)


def test_an_image_is_made_of_the_package_that_passed_the_tests() -> None:
    pipeline = planned({"image": IMAGE}, CMAKE)
    image = pipeline.job("image-c")
    assert [(need.job, need.artifacts) for need in image.needs] == [
        ("changes", ()),
        ("build-cpu-c", ("package-c-cpu",)),
        ("integration-tests-c", ()),
    ]
    build, contents = image.calls
    assert build.inputs["package"] == "dist/c-cpu/*.tar.gz"
    assert build.inputs["tags"] == "commit"
    assert contents.inputs["image-evidence"] == "evidence/image-c.json"
    compiled = planned({"image": {**IMAGE, "source": "compile"}}, CMAKE).job("image-c")
    assert compiled.needs[1].artifacts == ()
    assert compiled.calls[0].inputs["package"] == ""


@pytest.mark.parametrize(
    ("declared", "compiled", "python"),
    [
        ({}, "/props", "none"),
        ({"properties": ""}, "none", "none"),
        ({"properties": "/b"}, "/b", "/b"),
    ],
)
def test_the_build_is_asked_of_a_server_that_tells_it(
    declared: dict[str, str], compiled: str, python: str
) -> None:
    of_cmake = planned({"image": {**IMAGE, **declared}}, CMAKE).job("image-c")
    assert of_cmake.calls[0].inputs["properties"] == compiled
    given = {**IMAGE, "command": "uvicorn", **declared}
    of_python = planned({"image": given}, PYTHON).job("image-p")
    assert of_python.calls[0].inputs["properties"] == python


def test_a_fork_reaches_no_gpu_and_no_release() -> None:
    jobs = planned({"image": IMAGE, "cuda": CUDA}, CMAKE).jobs()
    never = {job.id for job in jobs if not job.forks}
    assert never == {"build-cuda-c", "image-cuda-c", "scan-image-cuda-c", "release"}


def test_the_release_demands_all_evidence_and_what_the_config_names() -> None:
    more = {"release": {"require": ["quality"]}}
    release = planned({"image": IMAGE, "cuda": CUDA, **more}, BARE).job("release")
    assert str(release.calls[0].inputs["require"]).split("\n") == [
        *CHECKS,
        *("build-cpu-c", "build-cuda-c-x", "build-cuda-c-y"),
        *("image-c", "sbom-c", "image-cuda-c-x", "sbom-cuda-c-x"),
        *("image-cuda-c-y", "sbom-cuda-c-y", SCAN),
        *("scan-image-c", "scan-image-cuda-c-x", "scan-image-cuda-c-y", "quality"),
    ]


def test_where_an_image_goes() -> None:
    own = planned({"image": IMAGE}, BARE).job("image-c").calls[0].inputs
    assert own["repository"] == RegistryRef(RegistryPart.REPOSITORY, "c")
    assert own["password"] == RegistryRef(RegistryPart.PASSWORD, "c")
    named = {"repository": "r.example/x", "username": "U", "password": "P"}
    other = planned({"image": {**IMAGE, **named}}, BARE).job("image-c").calls[0].inputs
    assert (other["repository"], other["username"]) == ("r.example/x", SecretRef("U"))
    assert other["password"] == SecretRef("P")


def test_security_can_be_left_out() -> None:
    pipeline = planned({"image": IMAGE, "security": {"enabled": False}}, BARE)
    assert [job.id for job in pipeline.jobs()] == [
        *CHECKS,
        *("build-cpu-c", "image-c", "release", "ci-ok"),
    ]


def test_what_the_pipeline_itself_is_told() -> None:
    document = {
        "name": "n",
        "default_branch": "trunk",
        "triggers": {"pull_request": False, "tags": ["r*"], "manual": False},
        "environments": [{"name": "e", "tier": "staging"}, {"name": "f"}],
    }
    pipeline = planned(document, CMAKE)
    assert (pipeline.name, pipeline.default_branch) == ("n", "trunk")
    triggers = pipeline.triggers
    assert (triggers.pull_request, triggers.tags, triggers.manual) == (False, ("r*",), False)
    assert [(e.name, e.tier) for e in pipeline.environments] == [("e", "staging"), ("f", "other")]


def test_a_job_is_found_by_its_id() -> None:
    pipeline = planned({}, CMAKE)
    assert pipeline.job("changes").id == "changes"
    with pytest.raises(KeyError):
        pipeline.job("nowhere")


def test_every_stage_and_job_says_why_it_is_there() -> None:
    pipeline = planned({"cuda": CUDA}, BOTH)
    for stage in pipeline.stages:
        assert stage.why.endswith(".")
        assert all(job.stage == stage.id and job.why.endswith(".") for job in stage.jobs)
