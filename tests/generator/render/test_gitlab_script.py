"""The lines of a GitLab job, run by a shell: what skips it, and what it hands from call to call."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.pipelines import job

from ci_gen.pipeline.model import ActionCall, Cache, Job, SecretRef, StepRef, TokenRef
from ci_gen.render import github_values, gitlab_script, gitlab_values
from ci_gen.render.pins import pins


def shell(lines: list[str], **variables: str) -> str:
    done = subprocess.run(
        ["sh", "-euc", "\n".join(lines)],
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("code", "areas", "runs"),
    [
        ("true", ",model-a,model-b,", True),
        ("true", "", True),
        ("false", "", False),
        ("false", ",model-a,", True),
        ("false", ",model-x,model-b,", True),
        ("false", ",model-x,", False),
        ("false", ",model-ab,", False),
        ("", "", True),  # nothing was measured
    ],
)
def test_a_job_of_several_parts_runs_where_one_is_affected(
    code: str, areas: str, runs: bool
) -> None:
    line = gitlab_script.unaffected(job("j", areas=("model-a", "model-b")))
    said = shell([line, "echo ran"], CHANGES_CODE=code, CHANGES_AREAS=areas)
    assert said.endswith("ran\n") is runs
    assert ("ci-gen skips this job" in said) is not runs


@pytest.mark.parametrize(("code", "runs"), [("true", True), ("false", False), ("", True)])
def test_a_job_of_no_part_goes_by_the_code(code: str, runs: bool) -> None:
    line = gitlab_script.unaffected(job("j"))
    assert shell([line, "echo ran"], CHANGES_CODE=code).endswith("ran\n") is runs
    assert gitlab_script.unaffected(job("j", skip_when_unaffected=False)) == ""


def twice() -> Job:
    first = ActionCall(
        id="fetch",
        action="fetch-model",
        title="F",
        inputs={"source": "a $X", "sha256": "1", "token": TokenRef("T"), "config": "c.yaml"},
    )
    second = ActionCall(
        id="fetch-baseline",
        action="fetch-model",
        title="B",
        inputs={"source": "it's", "sha256": "1", "token": TokenRef("T")},
    )
    reader = ActionCall(
        id="q",
        action="act",
        title="Q",
        inputs={
            "model": StepRef("fetch", "fetch-model", "path"),
            "baseline": StepRef("fetch-baseline", "fetch-model", "path"),
        },
    )
    return replace(job("j"), calls=(first, second, reader))


def test_a_second_call_of_an_action_gets_what_differs_by_flags_and_no_secret() -> None:
    own, other, _ = gitlab_script.calls(twice())
    assert own["command"] == "fetch-model"
    assert other["command"] == 'fetch-model --source="$CI_GEN_FETCH_BASELINE_SOURCE" --config='
    variables = dict(gitlab_values.variables(twice(), pins()))
    assert variables["CI_GEN_FETCH_MODEL_SOURCE"] == '"a $$X"'
    assert variables["CI_GEN_FETCH_BASELINE_SOURCE"] == '"it\'s"'
    assert "CI_GEN_FETCH_BASELINE_SHA256" not in variables
    assert gitlab_script.exports(twice()) == ['export CI_GEN_FETCH_MODEL_TOKEN="${T:-}"']


def test_each_call_hands_on_what_it_told(tmp_path: Path) -> None:
    """Both write the same lines of the dotenv file: what is read between them is right."""
    own, other, _ = gitlab_script.calls(twice())
    told = tmp_path / "ci-gen.env"
    lines = [
        f"cd '{tmp_path}'",
        f"printf 'FETCH_MODEL_PATH=a b$c\\nFETCH_MODEL_SHA256=1\\n' > '{told}'",
        *own["after"],
        f"printf 'FETCH_MODEL_PATH=other\\n' > '{told}'",
        *other["after"],
        'printf "%s|%s" "$CI_GEN_ACT_MODEL" "$CI_GEN_ACT_BASELINE"',
    ]
    assert shell(lines, c="expanded") == "a b$c|other"


def test_the_default_branch_alone_writes_what_is_guarded() -> None:
    cached = job("j", caches=(Cache(name="q", path="p", key="k", guarded=True),))
    assert ("CI_GEN_CACHE_POLICY", "pull") in gitlab_values.variables(cached, pins())
    first, last = gitlab_values.rules(cached, "main")
    assert first["condition"] == '$CI_COMMIT_BRANCH == "main"'
    assert first["variables"] == [("CI_GEN_CACHE_POLICY", "pull-push")]
    assert (last["condition"], last["when"]) == ("", "on_success")


def test_a_token_to_read_with_is_kept_from_forks_and_one_to_write_with_from_pull_requests() -> None:
    reading = github_values.value(TokenRef("T"), pins())
    writing = github_values.value(SecretRef("T"), pins())
    assert "head.repo.full_name == github.repository" in reading
    assert reading.endswith("&& secrets.T || '' }}")
    assert "head.repo" not in writing
    assert writing == "${{ github.event_name != 'pull_request' && secrets.T || '' }}"


def test_what_waits_for_a_person_fails_no_pipeline_that_nobody_started() -> None:
    waiting = job("j", approval="production", forks=False)
    (*_, last) = gitlab_values.rules(waiting, "main")
    assert (last["when"], last["optional"]) == ("manual", True)
