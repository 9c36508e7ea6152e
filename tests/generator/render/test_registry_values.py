"""Logins, rights and values of matrix rows: what each platform is told, and what it is not."""

from __future__ import annotations

import subprocess

import pytest
import yaml
from tests.generator.render.cases import everything
from tests.support.configs import config_of, outcome
from tests.support.facts import cmake_project, facts
from tests.support.pipelines import job

from ci_gen.pipeline.model import (
    AFTER_MERGE,
    ActionCall,
    Matrix,
    MatrixRef,
    RegistryPart,
    RegistryRef,
    SecretRef,
    ToolRef,
)
from ci_gen.render import github_values, gitlab_script, gitlab_values
from ci_gen.render.pins import pins

OWN = RegistryRef(RegistryPart.PASSWORD, "server")
FOREIGN = RegistryRef(RegistryPart.PASSWORD, "server", "registry.example.com/team/server")
GHCR = RegistryRef(RegistryPart.PASSWORD, "server", "ghcr.io/acme/server")
LOOKALIKE = RegistryRef(RegistryPart.PASSWORD, "server", "ghcr.io.example.com/server")


@pytest.mark.parametrize(
    ("login", "on_github", "on_gitlab"),
    [
        (OWN, "${{ secrets.GITHUB_TOKEN }}", "$CI_REGISTRY_PASSWORD"),
        (GHCR, "${{ secrets.GITHUB_TOKEN }}", ""),
        (FOREIGN, "", ""),
        (LOOKALIKE, "", ""),
    ],
)
def test_a_platform_s_token_goes_to_its_own_registry_alone(
    login: RegistryRef, on_github: str, on_gitlab: str
) -> None:
    assert github_values.value(login, pins()) == on_github
    assert gitlab_values.exported(login) == on_gitlab


def test_a_secret_of_the_owner_s_stays_out_of_pull_requests() -> None:
    given = github_values.value(SecretRef("REGISTRY_PASSWORD"), pins())
    condition = "github.event_name != 'pull_request'"
    assert given == f"${{{{ {condition} && secrets.REGISTRY_PASSWORD || '' }}}}"
    assert gitlab_values.exported(SecretRef("REGISTRY_PASSWORD")) == "${REGISTRY_PASSWORD:-}"


def test_rights_follow_from_what_a_job_does() -> None:
    jobs = yaml.safe_load(everything("image", "cmake")[".github/workflows/ci.yml"])["jobs"]
    more = {name: sorted(set(entry["permissions"]) - {"contents"}) for name, entry in jobs.items()}
    assert {name: rights for name, rights in more.items() if rights} == {
        "image-llama-service": ["packages"],
        "release": ["attestations", "id-token", "packages"],
    }
    other = yaml.safe_load(everything("own registry", "cmake")[".github/workflows/ci.yml"])
    assert all(set(entry["permissions"]) == {"contents"} for entry in other["jobs"].values())


def test_who_records_a_model_may_write_a_branch() -> None:
    jobs = yaml.safe_load(everything("models", "cmake")[".github/workflows/ci.yml"])["jobs"]
    writing = {name for name, job in jobs.items() if job["permissions"].get("contents") == "write"}
    assert writing == {
        "model-release-large",
        "model-promote-large",
        "model-release-small",
    }


def test_what_waits_for_a_merge_never_runs_for_a_proposal() -> None:
    waiting = job("release", events=AFTER_MERGE, forks=False)
    assert github_values.condition(waiting).endswith("&& github.event_name != 'pull_request'")
    first, last = gitlab_values.rules(waiting, "main")
    assert (first["condition"], first["when"]) == (gitlab_values.MERGE_REQUEST, "never")
    assert last["when"] == "on_success"


def test_a_shell_gets_the_value_of_the_present_row_as_it_stands() -> None:
    rows = ({"variant": "a", "x": "1 '$HOME'\n2;\"3\""}, {"variant": "b", "x": "4"})
    call = ActionCall(id="i", action="act", title="T", inputs={"values": MatrixRef("x")})
    one = job("j", matrix=Matrix(rows=rows, unnamed=frozenset({"x"})))
    (line,) = gitlab_script.exports(type(one)(**{**vars(one), "calls": (call,)}))
    for row in rows:
        script = f'CI_GEN_VARIANT={row["variant"]}\n{line}\nprintf %s "$CI_GEN_ACT_VALUES"'
        done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True)
        assert done.stdout == row["x"]


def test_a_pinned_tool_has_a_line_for_each_platform() -> None:
    lines = github_values.value(ToolRef("grype"), pins()).split("\n")
    assert [line.split(" ")[0] for line in lines] == ["linux/amd64", "linux/arm64"]
    assert all(" sha256:" in line for line in lines)


@pytest.mark.parametrize("engine", ["dind", "socket"])
def test_the_engine_beside_a_job_is_pinned_and_speaks_tls(engine: str) -> None:
    config = config_of({"image": {"enabled": True, "engine": engine}})
    texts = outcome(config, facts(cmake_project())).texts
    kind = yaml.safe_load(texts[".gitlab/ci-gen/base.yml"])[".ci-gen-engine"]
    if engine == "socket":
        assert not {"services", "variables"} & set(kind)
        return
    (service,) = kind["services"]
    assert service["name"] == pins().image("docker-dind")
    assert kind["variables"]["DOCKER_HOST"] == "tcp://docker:2376"
    assert kind["variables"]["DOCKER_TLS_VERIFY"] == "1"


def test_nothing_is_signed_where_nobody_asked() -> None:
    texts = everything("own registry", "cmake")
    assert "cosign" not in "".join(texts[path] for path in texts if path.endswith(".yml"))
    signed = everything("image", "cmake")
    assert "id_tokens" in signed[".gitlab/ci-gen/release.yml"]
    assert "actions/attest@" in signed[".github/workflows/ci.yml"]
