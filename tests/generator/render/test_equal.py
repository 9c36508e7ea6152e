"""GitHub and GitLab do the same: both outputs are parsed anew and compared for every event."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from tests.generator.render.cases import CONFIGS, FACTS, everything
from tests.support import planned
from tests.support.events import FORK, MANUAL, PULL_REQUEST, PUSH, TAG, Event
from tests.support.planned import IDLE, RUNS, WAITS, Planned

HEAD, BASE = "b" * 40, "c" * 40
EVENTS = {
    "push to main": Event(kind=PUSH, head=HEAD, base=BASE),
    "push to another branch": Event(kind=PUSH, head=HEAD, base=BASE, ref="topic"),
    "pull request": Event(kind=PULL_REQUEST, head=HEAD, base=BASE, ref="topic"),
    "pull request of a fork": Event(kind=FORK, head=HEAD, base=BASE, ref="topic"),
    "release tag": Event(kind=TAG, head=HEAD, ref="v1.2.0"),
    "other tag": Event(kind=TAG, head=HEAD, ref="nightly"),
    "tag with a slash": Event(kind=TAG, head=HEAD, ref="v1/2"),
    "by hand": Event(kind=MANUAL, head=HEAD, ref="main"),
    "by hand on a branch": Event(kind=MANUAL, head=HEAD, ref="topic"),
}


@pytest.fixture(params=[f"{c} / {f}" for c in CONFIGS for f in FACTS])
def texts(request: pytest.FixtureRequest) -> dict[str, str]:
    config, _, seen = request.param.partition(" / ")
    return everything(config, seen)


@pytest.mark.parametrize("code", [True, False], ids=["code", "docs-only"])
@pytest.mark.parametrize("name", EVENTS)
def test_the_same_events_run_the_same_jobs(texts: Mapping[str, str], name: str, code: bool) -> None:
    on_github = planned.github(texts, EVENTS[name], code=code)
    on_gitlab = planned.gitlab(texts, EVENTS[name], code=code)
    assert states(on_github) == states(on_gitlab)


MODELS = [",model-chat,", ",model-large,", ",model-chat,model-small,"]


@pytest.mark.parametrize("areas", MODELS)
@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("seen", FACTS)
def test_a_change_of_a_model_alone_runs_the_same_jobs(name: str, areas: str, seen: str) -> None:
    texts = everything("models", seen)
    event = EVENTS[name]
    on_github = planned.github(texts, event, code=False, areas=areas)
    on_gitlab = planned.gitlab(texts, event, code=False, areas=areas)
    assert states(on_github) == states(on_gitlab)


ALWAYS = {"changes", "quick-checks", "scan-source", "ci-ok", "ci-gen-drift"}


@pytest.mark.parametrize(
    ("event", "areas", "jobs"),
    [
        ("pull request", "", set()),
        ("push to main", "", set()),
        ("pull request", ",model-chat,", {"build-cpu-llama-service", "model-quality-chat"}),
        ("push to main", ",model-chat,", {"build-cpu-llama-service", "model-quality-chat"}),
        ("pull request", ",model-large,", {"build-cuda-llama-service", "model-quality-large"}),
        (
            "push to main",
            ",model-large,",
            {
                *("build-cuda-llama-service", "model-quality-large"),
                *("model-release-large", "model-promote-large"),
            },
        ),
        ("pull request of a fork", ",model-chat,", {"build-cpu-llama-service"}),
        ("pull request of a fork", ",model-large,", set()),
    ],
)
def test_a_change_of_a_model_alone_runs_what_it_can_affect(
    event: str, areas: str, jobs: set[str]
) -> None:
    found = planned.github(everything("models", "cmake"), EVENTS[event], code=False, areas=areas)
    assert set(states(found)) - ALWAYS == jobs
    waiting = {name for name, job in found.items() if job.state == WAITS}
    assert waiting == jobs & {"model-promote-large"}


def test_every_kind_of_state_is_met() -> None:
    """The comparison above would also hold of two pipelines that never do anything."""
    texts = everything("forks with approval", "cmake")
    seen = {
        name: set(states(planned.github(texts, event, code=True)).values())
        for name, event in EVENTS.items()
    }
    assert seen["push to main"] == {RUNS}
    assert seen["push to another branch"] == set()
    assert seen["other tag"] == set()
    assert seen["pull request of a fork"] == {RUNS, WAITS}
    assert IDLE not in states(planned.gitlab(texts, EVENTS["release tag"], code=False)).values()


@pytest.mark.parametrize("failing", ["quick-checks", "build-cpu-llama-service", "changes"])
def test_a_failure_stops_the_same_jobs(texts: Mapping[str, str], failing: str) -> None:
    event = EVENTS["pull request"]
    on_github = planned.github(texts, event, code=True, failing=[failing])
    on_gitlab = planned.gitlab(texts, event, code=True, failing=[failing])
    assert states(on_github) == states(on_gitlab)
    assert on_github == {} or on_github["ci-ok"].state == RUNS


def test_jobs_wait_for_the_same_jobs_and_do_the_same(texts: Mapping[str, str]) -> None:
    event = EVENTS["push to main"]
    on_github = planned.github(texts, event, code=True)
    on_gitlab = planned.gitlab(texts, event, code=True)
    if not on_github:  # its default branch has another name
        event = Event(kind=PUSH, head=HEAD, base=BASE, ref="trunk", default_branch="trunk")
        on_github = planned.github(texts, event, code=True)
        on_gitlab = planned.gitlab(texts, event, code=True)
    assert on_github
    for job, github_job in on_github.items():
        gitlab_job = on_gitlab[job]
        assert github_job.needs == gitlab_job.needs, job
        assert github_job.runner == gitlab_job.runner, job
        assert github_job.gives == gitlab_job.gives, job
        assert github_job.minutes == gitlab_job.minutes, job
        assert github_job.rows == gitlab_job.rows, job
        assert calls(github_job, on_github) == calls(gitlab_job, on_github), job


def test_the_stages_follow_the_needs(texts: Mapping[str, str]) -> None:
    order, stage_of = planned.stages(texts)
    event = Event(kind=PULL_REQUEST, head=HEAD, base=BASE)
    for job in planned.gitlab(texts, event, code=True).values():
        for need in job.needs:
            assert order.index(stage_of[need]) <= order.index(stage_of[job.id])


def test_the_pinned_image_is_for_hosted_runners_alone(texts: Mapping[str, str]) -> None:
    """GitLab gives the default image to every job that does not refuse it."""
    jobs = planned.gitlab(texts, EVENTS["push to main"], code=True)
    for job, image in planned.images(texts).items():
        hosted = not re.match("(build|image)-cuda|model-quality-large", job)
        assert bool(re.search(r"@sha256:[0-9a-f]{64}$", image)) is hosted, job
        assert job not in jobs or (jobs[job].runner == "hosted") is hosted


def states(jobs: Mapping[str, Planned]) -> dict[str, str]:
    """The state of each job, those that do nothing left out: a platform may not even show them."""
    return {name: job.state for name, job in jobs.items() if job.state != IDLE}


def calls(job: Planned, jobs: Mapping[str, Planned]) -> list[tuple[str, dict[str, str]]]:
    """Actions and inputs, without those that only one platform can know."""
    own = {"needs", "code", "areas", "fork"} if job.id == "ci-ok" else set()
    # On GitLab a shell passes them on; test_received looks at what arrives.
    own |= {"repository", "username", "password", "build-args", "token"}
    own |= {"model", "model-sha256", "baseline-model"}
    own |= {"version"} if job.id.startswith("model-") else set()
    rows = {"architectures", "toolkit"} if "cuda" in job.id else set()
    return [
        (
            action,
            {
                name: spelled(text) if job.id != "ci-ok" else job_ids(text, jobs)
                for name, text in inputs.items()
                if name not in own | rows
            },
        )
        for action, inputs in job.calls
    ]


def job_ids(text: str, jobs: Mapping[str, Planned]) -> str:
    """The job ids of a list that may name a job by each evidence that it leaves."""
    known = sorted(jobs, key=len, reverse=True)
    found = []
    for line in text.splitlines():
        name, colon, parts = line.partition(":")
        for call, job in _CALLS.items():
            name = re.sub(f"^{call}-", f"{job}-", name)
        named = next((job for job in known if name.startswith(job)), name)
        found.append(f"{named}{colon}{parts}")
    return "\n".join(dict.fromkeys(found))


# What a call leaves by a name of its own, and the job that it is a call of.
_CALLS = {
    "sbom": "image",
    "fetch-published": "model-release",
    "fetch-promoted": "model-promote",
    "fetch-baseline": "model-quality",
    "fetch": "model-quality",
}


def spelled(text: str) -> str:
    """An input in one spelling: references to the matrix's row and escaped dollars."""
    text = re.sub(r"\$\{\{ matrix\.variant \}\}|\$CI_GEN_VARIANT", "<variant>", text)
    return text.replace("$$", "$")
