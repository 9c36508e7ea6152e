"""The generated pipeline of examples/llama-service, run on both platforms: real llama.cpp, a real
image, pushed to a real registry, with its release record.

It is compiled for each platform. Where ccache is installed, the second compile takes the
first one's results, and a later run those of an earlier.
"""

from __future__ import annotations

import hashlib
import json
import os
import runpy
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
QUALITY, PUBLISH = "model-quality-alphabet", "model-release-alphabet"
SCANS = {"scan-source", "scan-image-demo"}
FIRST = {"changes", "quick-checks", "scan-source"}
ALL = {*FIRST, BUILD, INTEGRATION, IMAGE, *SCANS, QUALITY, "release", PUBLISH, "ci-ok"}
PASSWORD = "not-a-secret"
SHIPPED, BROKEN, OTHER_MODEL = "shipped", "broken", "other-model"
LOCKS = ("image-build", "sbom", "scan-image", "scan-source", "fetch-model", "model-quality")
Runs = Callable[..., RunResult]


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where images come from and go to: `base` is an image by digest, `host` wants a login.

    `models` is the folder of the model registries, `caches` that of the platforms' caches.
    """

    base: str
    host: str
    models: Path
    caches: Path


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """An open registry with the base image, and one with a password, empty."""
    with registry() as bases, registry(PASSWORD) as private:
        image = container_engine().images.get(base_image())
        name = f"{bases.host}/debian"
        image.tag(name, "bookworm")
        container_engine().images.push(name, "bookworm")
        digest = Registry(bases.host).manifest("debian", "bookworm").digest
        kept = tmp_path_factory.mktemp("kept")
        yield Shelf(
            base=f"{name}:bookworm@{digest}",
            host=private.host,
            models=kept / "models",
            caches=kept / "caches",
        )
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
        "models": MODELS,
        "model_registry.location": str(shelf.models),
        # Signing needs the platform's identity, and advisories the internet.
        "release.sign": "false",
        "security.dependencies": "false",
    }


MODELS = """\
[{name: alphabet, source: 'file:models/alphabet.gguf', release: {publish: true}, quality: {
texts: [evals/validation.txt], questions: [evals/questions.jsonl], context: 64, max_tokens: 6}}]
""".replace("\n", " ")


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a runner with the packages that jobs install, and a warm ccache."""
    named = os.environ.get("CI_GEN_CACHE")
    cache = (Path(named) if named else Path.home() / ".cache/ci-gen") / "ccache-e2e"
    locks = [PROJECT / f"actions/requirements/{name}.txt" for name in LOCKS]
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
            if state == OTHER_MODEL:
                run(platform)  # what the default branch measures is what a change is compared with
            folder = tmp_path_factory.mktemp("run")
            repository = example.clone(folder / "demo")
            place = home(shelf, name.replace(OTHER_MODEL, SHIPPED))
            models = shelf.models / name.replace(OTHER_MODEL, SHIPPED)
            ci_gen(project, repository, "config", "set", "image.repository", place)
            ci_gen(project, repository, "config", "set", "model_registry.location", str(models))
            ci_gen(project, repository, "generate")
            if state == BROKEN:
                break_start(repository)
            base = repository.commit(message=f"Ship {name}")
            event = events.push(repository)
            if state == OTHER_MODEL:
                event = events.pull_request(base, damage_model(repository))
            for tools in ("act/tools", "gitlab/tools"):  # what a runner has
                stand_in_grype(folder / tools)
            done[name, state] = platform.run(
                repository,
                event,
                project=project,
                folder=folder,
                env=runner,
                secrets={"REGISTRY_USER": USER, "REGISTRY_PASSWORD": PASSWORD},
                online=True,
                caches=shelf.caches / name.replace(OTHER_MODEL, SHIPPED),
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


def damage_model(repository: Repository) -> str:
    """A model that loads as well as the other, and after "a" comes "c"; the commit."""
    script = repository.path / "tests/integration/alphabet_model.py"
    text, right = script.read_text("utf-8"), "{token + 1: token for token in letters[:-1]}"
    assert right in text
    wrong = repository.path.parent / "other_model.py"
    wrong.write_text(text.replace(right, "{token + 2: token for token in letters[:-2]}"), "utf-8")
    repository.branch("feature")
    runpy.run_path(str(wrong))["write"](repository.path / "models/alphabet.gguf")
    return repository.commit(message="Another model")


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


def test_the_model_is_measured_and_published(
    runs: Runs, engine: ModuleType, shelf: Shelf, project: Repository, example: Repository
) -> None:
    result = runs(engine)
    quality, build = evidence(result, QUALITY), evidence(result, BUILD)
    assert quality["inputs"]["package"] == f"sha256:{build['outputs']['package-sha256']}"
    model = hashlib.sha256((example.path / "models/alphabet.gguf").read_bytes()).hexdigest()
    assert quality["inputs"]["model"] == f"sha256:{model}"
    assert quality["outputs"]["accuracy"] == "1.0000"
    registry = shelf.models / f"{engine.__name__.rpartition('.')[2]}-{SHIPPED}"
    told = json.loads((registry / "alphabet/latest/metadata.json").read_text("utf-8"))
    assert told["checksum"] == f"sha256:{model}"
    assert told["tests_passed"]["quality"] is True
    assert told["performance"]["perplexity"] == pytest.approx(
        float(quality["outputs"]["perplexity"]), rel=1e-3
    )
    ci_gen(project, example, "model", "verify", "--registry", str(registry))
    (record,) = {path.name: path for path in result.files("demo-cpu.json")}.values()
    document = json.loads(record.read_text("utf-8"))
    assert document["tests_passed"]["quality"] is True
    assert document["identity"]["model"] == f"sha256:{model}"


def test_a_model_that_answers_wrong_is_stopped_before_the_merge(
    runs: Runs, engine: ModuleType, shelf: Shelf
) -> None:
    result = runs(engine, OTHER_MODEL)
    # Only what a model can affect: no other test, no image.
    assert result.ran() - {DRIFT} == {*FIRST, BUILD, QUALITY, "ci-ok"}, result.explain()
    assert result.jobs[QUALITY] == result.jobs["ci-ok"] == FAILURE, result.explain()
    found = evidence(result, QUALITY)
    assert found["verdict"] == "FAIL"
    assert found["outputs"]["accuracy"] == "0.0000"
    assert evidence(result, "ci-ok")["outputs"]["failed"] == QUALITY
    registry = shelf.models / f"{engine.__name__.rpartition('.')[2]}-{SHIPPED}"
    assert len([each for each in (registry / "alphabet").iterdir() if each.name[:1] == "v"]) == 1


def test_both_platforms_ran_the_same_jobs(runs: Runs) -> None:
    act.find(), gitlab_local.find()
    assert runs(act).ran() == runs(gitlab_local).ran() - {DRIFT}
