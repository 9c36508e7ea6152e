"""The generated pipeline of examples/llama-service, run on both platforms: real llama.cpp, a real
image, pushed to a real registry, with its release record.

It is compiled for each platform. Where ccache is installed, the second compile takes the
first one's results, and a later run those of an earlier.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.support import act, events, gitlab_local
from tests.support.engine import USER, base_image, registry
from tests.support.engine import engine as container_engine
from tests.support.engines import FAILURE, SUCCESS, RunResult
from tests.support.repositories import PROJECT, Repository
from tests.support.scanners import stand_in_grype
from tests.support.services import REMOTES, ci_gen, wheelhouse

from ci_gen_actions.core.oci import Registry

pytestmark = pytest.mark.e2e

EXAMPLE = PROJECT / "examples/llama-service"
DRIFT = "ci-gen-drift"  # a workflow of its own on GitHub
# The repository is called demo, and so is its service.
BUILD, INTEGRATION, IMAGE = "build-cpu-demo", "integration-tests-demo", "image-demo"
SCANS = {"scan-source", "scan-image-demo"}
ALL = {"changes", "quick-checks", BUILD, INTEGRATION, IMAGE, *SCANS, "release", "ci-ok"}
PASSWORD = "not-a-secret"
SHIPPED, BROKEN = "shipped", "broken"
Runs = Callable[..., RunResult]


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where images come from and go to: `base` is an image by digest, `host` wants a login."""

    base: str
    host: str


@pytest.fixture(scope="session")
def shelf() -> Iterator[Shelf]:
    """An open registry with the base image, and one with a password, empty."""
    with registry() as bases, registry(PASSWORD) as private:
        image = container_engine().images.get(base_image())
        name = f"{bases.host}/debian"
        image.tag(name, "bookworm")
        container_engine().images.push(name, "bookworm")
        digest = Registry(bases.host).manifest("debian", "bookworm").digest
        yield Shelf(base=f"{name}:bookworm@{digest}", host=private.host)
        container_engine().images.remove(f"{name}:bookworm")


@pytest.fixture(scope="session")
def example(
    project: Repository, shelf: Shelf, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """The example's repository after `ci-gen init`, with its image switched on."""
    folder = tmp_path_factory.mktemp("example") / "demo"
    script = EXAMPLE / "materialise.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    repository = Repository(folder)
    for name, url in REMOTES.items():
        repository.git("remote", "add", name, url)
    ci_gen(project, repository, "init", "--yes", "--platform", "both")
    for key, value in settings(shelf).items():
        ci_gen(project, repository, "config", "set", key, value)
    ci_gen(project, repository, "generate")
    repository.commit(message="Add a pipeline")
    return repository


def settings(shelf: Shelf) -> dict[str, str]:
    """What the README of the example sets, for a registry and a base image of this machine."""
    return {
        "image.enabled": "true",
        "image.command": "bin/llama-service",
        "image.args": '["listen", "--host", "0.0.0.0", "--model", "/models/model.gguf"]',
        "image.test_model": "tests/models/alphabet.gguf",
        "image.test_args": '["--model", "{model}"]',
        "image.base": shelf.base,
        "image.username": "REGISTRY_USER",
        "image.password": "REGISTRY_PASSWORD",
        "image.engine": "socket",
        # Signing needs the platform's identity, and advisories the internet.
        "release.sign": "false",
        "security.dependencies": "false",
    }


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a runner with the packages that jobs install, and a warm ccache."""
    named = os.environ.get("CI_GEN_CACHE")
    cache = (Path(named) if named else Path.home() / ".cache/ci-gen") / "ccache-e2e"
    locks = sorted(PROJECT.glob("actions/requirements/*.txt"))
    wanted = [f"-r{path}" for path in (EXAMPLE / "tests/requirements.txt", *locks)]
    packages = wheelhouse(tmp_path_factory.mktemp("wheels"), *wanted)
    return {**packages, "CCACHE_REMOTE_STORAGE": f"file:{cache}"}


@pytest.fixture(scope="session")
def runs(
    example: Repository,
    project: Repository,
    shelf: Shelf,
    runner: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Runs:
    """The pipeline of a push, run once a platform and once for each state of the service."""
    done: dict[tuple[str, str], RunResult] = {}

    def run(platform: ModuleType, state: str = SHIPPED) -> RunResult:
        name = f"{platform.__name__.rpartition('.')[2]}-{state}"
        if (name, state) not in done:
            folder = tmp_path_factory.mktemp("run")
            repository = example.clone(folder / "demo")
            ci_gen(project, repository, "config", "set", "image.repository", home(shelf, name))
            ci_gen(project, repository, "generate")
            if state == BROKEN:
                break_start(repository)
            repository.commit(message=f"Ship {name}")
            for tools in ("act/tools", "gitlab/tools"):  # what a runner has
                stand_in_grype(folder / tools)
            done[name, state] = platform.run(
                repository,
                events.push(repository),
                project=project,
                folder=folder,
                env=runner,
                secrets={"REGISTRY_USER": USER, "REGISTRY_PASSWORD": PASSWORD},
                online=True,
            )
        return done[name, state]

    return run


def home(shelf: Shelf, name: str) -> str:
    """Where the image of one run goes."""
    return f"{shelf.host}/acme/{name}"


def break_start(repository: Repository) -> None:
    """A mistake that compiles and passes all tests but those that start the server."""
    path = repository.path / "src/http.cpp"
    text, mark = path.read_text("utf-8"), "service = loaded.get();"
    assert mark in text
    path.write_text(text.replace(mark, f"std::abort(); {mark}"), "utf-8")
    (repository.path / "tests/integration/test_http.py").unlink()


def store(shelf: Shelf) -> Registry:
    """The registry, logged in."""
    return Registry(shelf.host, username=USER, password=PASSWORD)


def evidence(result: RunResult, job: str) -> dict[str, Any]:
    """What the job left for the gate; a scanner's report may have the same name."""
    documents = (json.loads(path.read_text("utf-8")) for path in result.files(f"{job}.json"))
    found: dict[str, Any] = next(each for each in documents if each.get("stage") == job)
    return found


def test_the_pipeline_is_green(runs: Runs, engine: ModuleType) -> None:
    result = runs(engine)
    assert result.ran() - {DRIFT} == ALL, result.explain()
    assert set(result.jobs.values()) == {SUCCESS}, result.explain()
    assert {evidence(result, job)["verdict"] for job in ALL} == {"PASS"}


def test_llama_cpp_was_compiled_and_packed(runs: Runs, engine: ModuleType, tmp_path: Path) -> None:
    result = runs(engine)
    (package,) = {path.name: path for path in result.files("*-cpu.tar.gz")}.values()
    with tarfile.open(package) as archive:
        (member,) = [each for each in archive if each.name.endswith("bin/llama-service")]
        content = archive.extractfile(member)
        assert content
        program = tmp_path / "llama-service"
        program.write_bytes(content.read())
        program.chmod(member.mode)
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("llama-service 0.1.0 (llama.cpp ")


def test_its_suites_ran(runs: Runs, engine: ModuleType) -> None:
    result = runs(engine)
    unit = {path.stem.removeprefix("test_") for path in EXAMPLE.glob("tests/unit/test_*.cpp")}
    reports = {path.name: path.read_text("utf-8") for path in result.files("*.xml")}
    assert {name for name in unit if f'name="{name}"' in reports[f"{BUILD}.xml"]} == unit
    assert "test_the_published_tokens" in reports[f"{INTEGRATION}.xml"]
    assert "<skipped" not in reports[f"{INTEGRATION}.xml"]


def test_the_image_is_the_tested_package_and_serves(
    runs: Runs, engine: ModuleType, example: Repository
) -> None:
    result = runs(engine)
    image, build = evidence(result, IMAGE), evidence(result, BUILD)
    assert image["inputs"]["package"] == f"sha256:{build['outputs']['package-sha256']}"
    client = container_engine()
    container = client.containers.run(
        image["outputs"]["image-id"],
        ["listen", "--host", "0.0.0.0", "--model", "/m/alphabet.gguf", "--chat-template", "plain"],
        detach=True,
        read_only=True,
        volumes={
            str(example.path / "tests/models/alphabet.gguf"): {
                "bind": "/m/alphabet.gguf",
                "mode": "ro",
            }
        },
        ports={"8080/tcp": ("127.0.0.1", 0)},
    )
    try:
        assert healthy(container)
        port = container.ports["8080/tcp"][0]["HostPort"]
        request = json.dumps({"prompt": "abc", "max_tokens": 4}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/completion", request) as answer:
            assert json.load(answer)["text"] == "defg"
    finally:
        container.remove(force=True)


def healthy(container: Any) -> bool:
    """Whether the image's own check finds the service healthy within a minute."""
    for _ in range(120):
        container.reload()
        if container.attrs["State"]["Health"]["Status"] == "healthy":
            return True
        time.sleep(0.5)
    return False


def test_image_and_record_are_in_the_registry(
    runs: Runs, engine: ModuleType, shelf: Shelf, project: Repository, example: Repository
) -> None:
    result = runs(engine)
    reference = evidence(result, IMAGE)["outputs"]["reference"]
    name, digest = reference.removeprefix(f"{shelf.host}/").split("@")
    tags = set(store(shelf).tags(name))
    assert {"main", "latest"} < tags, tags
    for tag in ("main", "latest"):
        assert store(shelf).manifest(name, tag).digest == digest
    assert len(store(shelf).referrers(name, digest)) == 1
    (record,) = {path.name: path for path in result.files("demo-cpu.json")}.values()
    document = json.loads(record.read_text("utf-8"))
    assert document["verdict"] == "PASS"
    assert document["tests_passed"]["security"] is True
    assert digest in ci_gen(project, example, "release", "show", str(record))
    logged_in = {"CI_GEN_RELEASE_USERNAME": USER, "CI_GEN_RELEASE_PASSWORD": PASSWORD}
    ci_gen(project, example, "release", "verify", str(record), env=logged_in)


def test_a_server_that_does_not_start_is_stopped_before_the_push(
    runs: Runs, engine: ModuleType, shelf: Shelf
) -> None:
    result = runs(engine, BROKEN)
    assert result.jobs[BUILD] == result.jobs[INTEGRATION] == SUCCESS, result.explain()
    assert result.jobs[IMAGE] == result.jobs["ci-ok"] == FAILURE, result.explain()
    assert "release" not in result.ran()
    found = evidence(result, IMAGE)
    assert found["verdict"] == "FAIL"
    assert found["outputs"].get("reference", "") == ""
    (problem,) = found["findings"]["problems"]
    assert "the server ended by itself with exit status" in problem
    name = f"{engine.__name__.rpartition('.')[2]}-{BROKEN}"
    assert not [each for each in store(shelf).tags(f"acme/{name}") if not each.startswith("cache")]


def test_both_platforms_ran_the_same_jobs(runs: Runs) -> None:
    act.find(), gitlab_local.find()
    assert runs(act).ran() == runs(gitlab_local).ran() - {DRIFT}
