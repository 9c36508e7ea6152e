"""The whole action with a real engine and real registries: build, cache, push, digest, login."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import tarfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import Ran, act, commit
from tests.support.actions import github_environment, read_evidence, run_composite
from tests.support.engine import USER, Registry, base_image, engine, registry
from tests.support.engine_tls import certificates, engine_over_tls
from tests.support.image_builds import repository, started
from tests.support.readme_examples import ROOT, examples
from tests.support.server_images import HEALTHCHECK, program

from ci_gen_actions.core import oci
from ci_gen_actions.image_build import pushing, verifying
from ci_gen_actions.image_build.connection import clients
from ci_gen_actions.image_build.connection import engine as engine_facts

pytestmark = pytest.mark.e2e

PASSWORD = "pass-word-0815"
ON_MAIN = {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "push"}
DOCKERFILE = f"""\
FROM scratch
ARG COMMIT
LABEL org.opencontainers.image.revision=$COMMIT
COPY package/bin/server /server
COPY docker/note /note
USER 10001:10001
{HEALTHCHECK}
ENTRYPOINT ["/server"]
"""


class Place:
    """A checkout with a package and a Dockerfile, and a service that nobody else builds."""

    def __init__(self, folder: Path) -> None:
        self.service = f"t{uuid.uuid4().hex[:8]}"
        self.folder = folder / "checkout"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        (self.folder / "docker").mkdir(parents=True)
        (self.folder / "docker" / "note").write_text(self.service)
        self.dockerfile(DOCKERFILE)
        self.package({"bin/server": program(), "manifest.json": b'{"llama-build": 1234}'})
        commit(self.folder)

    def dockerfile(self, text: str) -> None:
        path = self.folder / "docker" / f"{self.service}-cpu.Dockerfile"
        path.write_text(text, encoding="utf-8")

    def package(self, files: dict[str, bytes], link: tuple[str, str] | None = None) -> None:
        (self.folder / "dist").mkdir(exist_ok=True)
        with tarfile.open(self.folder / "dist" / "p.tar.gz", "w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(data), 0o755
                archive.addfile(member, io.BytesIO(data))
            if link:
                member = tarfile.TarInfo(link[0])
                member.type, member.linkname = tarfile.SYMTYPE, link[1]
                archive.addfile(member)

    def run(self, environ: dict[str, str] | None = None, **options: Any) -> Ran:
        given = {"package": "dist/*.tar.gz", "push": "always", "test": False, **options}
        around = {**ON_MAIN, "RUNNER_TEMP": str(self.temporary), **(environ or {})}
        return act("image-build", self.folder, around, service=self.service, **given)

    @property
    def local(self) -> set[str]:
        """The names of images that the runs left in the engine."""
        found = engine().images.list(name=f"ci-gen/{self.service}-cpu")
        return {tag for image in found for tag in image.tags}

    @property
    def left(self) -> list[str]:
        """What the runs left in their folder for temporary files."""
        return sorted(path.name for path in self.temporary.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    engine()
    one = Place(tmp_path)
    yield one
    for tag in one.local:
        engine().images.remove(tag, force=True)


def without_clients(folder: Path) -> dict[str, str]:
    """A PATH that has git and no docker client."""
    folder.mkdir()
    for name in ("git", "env", "sh"):
        found = next(
            path / name
            for path in map(Path, os.environ["PATH"].split(os.pathsep))
            if (path / name).exists()
        )
        (folder / name).symlink_to(found)
    return {"PATH": str(folder)}


def described(one: Registry, name: str, password: str = "") -> oci.Registry:
    return oci.Registry(one.host, username=USER if password else "", password=password)


@pytest.mark.parametrize("way", ["client", "api", "classic"])
def test_each_builder_builds_from_the_package_and_what_is_pushed_is_what_was_built(
    way: str, place: Place, tmp_path: Path
) -> None:
    environ = without_clients(tmp_path / "bin") if way != "client" else {}
    builder = "classic" if way == "classic" else "buildkit"
    with registry() as one:
        name = f"{one.host}/team/{place.service}"
        ran = place.run(environ, repository=name, builder=builder, test=way == "api")
        assert ran.verdict == "PASS", ran.log
        again = place.run(environ, repository=name, builder=builder)
        found = described(one, name).manifest(f"team/{place.service}", ran.outputs.tags.split()[0])
        tags = described(one, name).tags(f"team/{place.service}")
    assert f"builder: {builder}, since" in ran.log
    assert found is not None
    assert ran.outputs.reference == f"{name}@{found.digest}"
    assert ran.outputs.image_id in (found.value["config"]["digest"], found.digest)
    kept = ["buildcache"] if way == "client" else []
    assert sorted([*kept, *ran.outputs.tags.split()]) == list(tags)
    assert tags[-1].startswith("sha-")
    assert ran.findings["verified-by"] == "registry"
    assert again.findings["cache"]["steps"] > 0
    assert again.findings["cache"]["cached"] == again.findings["cache"]["steps"]
    assert again.outputs.image_id == ran.outputs.image_id
    assert place.local == {ran.outputs.local_reference, again.outputs.local_reference}
    image = engine().images.get(ran.outputs.local_reference)
    assert image.id == ran.outputs.image_id
    assert image.labels["org.opencontainers.image.revision"].startswith(tags[-1][4:])
    assert place.left == []
    assert ran.result is not None
    assert {"dockerfile", "package", "source"} <= ran.result.evidence["inputs"].keys()


def test_several_platforms_are_pushed_as_one_index(place: Place) -> None:
    there = any(each.buildx for each in clients(os.environ))
    if not there or not engine_facts(engine()).containerd_store:
        pytest.skip("no buildx here, or no engine that holds images of several platforms")
    with registry() as one:
        name = f"{one.host}/{place.service}"
        ran = place.run(repository=name, platforms=("linux/amd64", "linux/arm64"), test=True)
        assert ran.verdict == "PASS", f"{ran.error}\n{ran.log}"
        found = described(one, "").manifest(place.service, "main")
    assert found is not None
    assert found.digest == ran.outputs.digest
    platforms = [each["platform"]["architecture"] for each in found.value["manifests"]]
    assert sorted(platforms) == ["amd64", "arm64"]
    assert place.local == {ran.outputs.local_reference}


def test_a_pull_request_is_built_and_not_pushed(place: Place) -> None:
    with registry() as one:
        event = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/1/merge"}
        ran = place.run(event, repository=f"{one.host}/{place.service}", push="auto")
        assert described(one, "").tags(place.service) == ()
    assert (ran.verdict, ran.outputs.reference, ran.outputs.digest) == ("PASS", "", "")
    assert ran.outputs.image_id
    assert "not merged" in ran.log


@pytest.mark.parametrize("way", ["client", "api"])
def test_the_password_opens_the_registry_and_is_seen_nowhere(
    way: str, place: Place, tmp_path: Path
) -> None:
    environ = without_clients(tmp_path / "bin") if way == "api" else {}
    with registry(PASSWORD) as one:
        name = f"{one.host}/{place.service.upper()}"
        ran = place.run(environ, repository=name, username=USER, password=PASSWORD)
        assert ran.verdict == "PASS", f"{ran.error}\n{ran.log}"
        assert described(one, "", PASSWORD).manifest(place.service, "main") is not None
    assert ran.result is not None
    told = ran.log.replace(f"::add-mask::{PASSWORD}", "") + str(ran.result)
    assert PASSWORD not in told
    assert place.left == []


@pytest.mark.parametrize("way", ["client", "api"])
def test_a_wrong_password_is_told_with_registry_and_user(
    way: str, place: Place, tmp_path: Path
) -> None:
    environ = without_clients(tmp_path / "bin") if way == "api" else {}
    with registry(PASSWORD) as one:
        name = f"{one.host}/{place.service}"
        ran = place.run(environ, repository=name, username=USER, password="wr0ng-one")
        assert ran.status == 3
        assert f"the registry {one.host} refused the user {USER}" in str(ran.error)
        assert "wr0ng-one" not in str(ran.error)
        assert "wr0ng-one" not in ran.log.replace("::add-mask::wr0ng-one", "")
        nobody = place.run(environ, repository=name, registry_cache=False)
        assert nobody.status == 3
        assert f"the registry {one.host} refused" in str(nobody.error)
        assert "after 1 try" in str(nobody.error)
    assert place.left == []
    assert place.local == set()


def test_the_users_configuration_and_helpers_are_left_alone(place: Place, tmp_path: Path) -> None:
    helper, calls = tmp_path / "docker-credential-recorder", tmp_path / "calls"
    helper.write_text(f'#!/bin/sh\necho "$1" >> {calls}\ncat > /dev/null\nexit 1\n')
    helper.chmod(0o755)
    config = tmp_path / "config" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"credsStore": "recorder", "currentContext": "elsewhere"}))
    before = config.read_bytes()
    environ = {
        "DOCKER_CONFIG": str(config.parent),
        "PATH": os.pathsep.join([str(tmp_path), os.environ["PATH"]]),
    }
    with registry(PASSWORD) as one:
        name = f"{one.host}/{place.service}"
        ran = place.run(environ, repository=name, username=USER, password=PASSWORD)
    assert ran.verdict == "PASS", f"{ran.error}\n{ran.log}"
    assert config.read_bytes() == before
    assert [path.name for path in config.parent.iterdir()] == ["config.json"]
    assert "store" not in (calls.read_text().split() if calls.exists() else [])


# A registry that fails ---------------------------------------------------------------------


def in_the_middle(one: Registry, then: Callable[[], None]) -> threading.Thread:
    """Do something as soon as the registry gets the first bytes of a layer."""

    def watch() -> None:
        last = time.monotonic() + 120
        while "blobs/uploads" not in one.log and time.monotonic() < last:
            time.sleep(0.01)
        then()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_a_registry_that_dies_during_the_push_and_comes_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "PAUSES", (0.5,) * 60)
    place.package({"bin/server": program(), "weights": os.urandom(40 << 20)})
    place.dockerfile(DOCKERFILE + "COPY package/weights /weights\n")
    with registry() as one:

        def dies() -> None:
            one.stop(kill=True)
            time.sleep(1)
            one.start()

        thread = in_the_middle(one, dies)
        ran = place.run(repository=f"{one.host}/{place.service}", registry_cache=False)
        thread.join()
        assert ran.verdict == "PASS", f"{ran.error}\n{ran.log}"
        found = described(one, "").manifest(place.service, "main")
    assert found is not None
    assert ran.outputs.digest == found.digest
    assert ran.outputs.image_id in (found.value["config"]["digest"], found.digest)


def test_a_registry_that_stays_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "PAUSES", (0.1, 0.1))
    with registry() as one:
        one.stop()
        ran = place.run(repository=f"{one.host}/{place.service}", registry_cache=False)
    assert ran.status == 3
    assert "could not be pushed" in str(ran.error)
    assert f"registry {one.host}, after 3 tries" in str(ran.error)
    assert ran.log.count("::warning::pushing ") == 2
    assert place.local == set()
    assert place.left == []


def test_what_is_not_in_the_registry_as_built_has_no_reference(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else moves the tag right after our push."""
    with registry() as one:
        client = described(one, "")
        other = {"schemaVersion": 2, "mediaType": oci.MANIFEST, "layers": []}
        config = {"mediaType": "application/json", "digest": oci.digest_of(b"{}"), "size": 2}
        look = verifying.look

        def moved(*given: Any) -> Any:
            client.push_blob(place.service, b"{}")
            data = json.dumps({**other, "config": config}).encode()
            client.push_manifest(place.service, "main", data, oci.MANIFEST)
            return look(*given)

        monkeypatch.setattr(verifying, "look", moved)
        ran = place.run(repository=f"{one.host}/{place.service}")
    assert ran.verdict == "FAIL"
    assert (ran.outputs.reference, ran.outputs.digest, ran.outputs.tags) == ("", "", "")
    assert "as main, the engine pushed" in ran.log
    assert place.local == set()


# What cannot be built ----------------------------------------------------------------------


def test_an_instruction_that_fails_is_the_dockerfiles_fault(place: Place) -> None:
    place.dockerfile(f"FROM {base_image()}\nRUN exit 9\n")
    ran = place.run(push="never")
    assert (ran.verdict, ran.status) == ("FAIL", 1)
    assert "the image could not be built" in ran.log
    assert place.local == set()


@pytest.mark.parametrize("way", ["client", "api", "classic"])
def test_a_base_image_out_of_reach_is_not(way: str, place: Place, tmp_path: Path) -> None:
    environ = without_clients(tmp_path / "bin") if way != "client" else {}
    place.dockerfile("FROM 127.0.0.1:1/nobody/nothing:1\nCOPY package/ /\n")
    builder = "classic" if way == "classic" else "buildkit"
    ran = place.run(environ, push="never", builder=builder)
    assert ran.status == 3, ran.log
    assert "could not be built here" in str(ran.error)


def test_the_classic_builder_refuses_what_it_cannot_read(place: Place) -> None:
    place.dockerfile("FROM scratch\n\nRUN --mount=type=cache,target=/c true\n")
    ran = place.run(push="never", builder="classic")
    assert ran.status == 3
    assert f"{place.service}-cpu.Dockerfile:3" in str(ran.error)
    assert "needs BuildKit" in str(ran.error)


def test_a_package_cannot_leave_its_folder(place: Place) -> None:
    place.package({"a": b"1"}, link=("out", "/etc"))
    ran = place.run(push="never")
    assert ran.status == 3
    assert "outside of the folder" in str(ran.error)
    assert place.left == []


def test_inputs_that_fit_nothing(place: Place) -> None:
    for options, said in (
        ({"package": "nothing/*.tar.gz"}, "0 files match"),
        ({"dockerfile": "no.Dockerfile"}, "there is no Dockerfile no.Dockerfile"),
        ({"context": "nowhere"}, "there is no folder"),
        ({"repository": ""}, "there is no repository"),
        ({"repository": "r.example/a:b"}, "has a tag"),
        ({"repository": "r.example/a", "username": "u"}, "the input password is empty"),
    ):
        ran = place.run(**options)
        assert (ran.status, said in str(ran.error)) == (2, True), f"{ran.error}\n{ran.log}"
    assert place.left == []


def test_the_readmes_example_runs(tmp_path: Path) -> None:
    base_image()
    (example,) = examples(ROOT / "actions" / "image-build" / "README.md")
    ((manifest, inputs),) = example.own_steps()
    checkout = tmp_path / "checkout"
    inputs["service"] = f"t{uuid.uuid4().hex[:8]}"
    fixture = ROOT / inputs["context"]
    for path in (each for each in fixture.rglob("*") if each.is_file()):
        copy = checkout / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    commit(checkout)
    environ = github_environment(tmp_path / "step", checkout)
    ended = run_composite(manifest, inputs, checkout, environ)
    assert ended.code == 0, ended.stderr
    assert ended.outputs["verdict"] == "PASS"
    local = ended.outputs["local-reference"]
    assert engine().images.get(local).id == ended.outputs["image-id"]
    engine().images.remove(local, force=True)
    evidence = read_evidence(checkout, "image-build")
    assert evidence["findings"]["trial"]["passed"] is True
    assert evidence["tools"]["docker"]


# The engine over TLS, and a run that is stopped ---------------------------------------------


@pytest.mark.parametrize("way", ["client", "api"])
def test_an_engine_behind_tls_as_with_docker_in_docker(
    way: str, place: Place, tmp_path: Path
) -> None:
    certificates(tmp_path / "certs")
    environ = without_clients(tmp_path / "bin") if way == "api" else {}
    with registry() as one, engine_over_tls(tmp_path / "certs") as port:
        environ |= {
            "DOCKER_HOST": f"tcp://localhost:{port}",
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(tmp_path / "certs"),
        }
        ran = place.run(environ, repository=f"{one.host}/{place.service}")
        assert ran.verdict == "PASS", f"{ran.error}\n{ran.log}"
        stranger = place.run({**environ, "DOCKER_TLS_VERIFY": "", "DOCKER_CERT_PATH": "/nix"})
        assert stranger.status == 3
    assert "there is no container engine here" in str(stranger.error)


@pytest.mark.parametrize("builder", ["buildkit", "classic"])
def test_a_stopped_build_without_a_client_leaves_nothing(builder: str, tmp_path: Path) -> None:
    base = base_image()
    seconds = f"300.{uuid.uuid4().int % 10**9}"
    text = f"FROM {base}\nRUN sleep {seconds}\n"
    workspace = repository(tmp_path / "checkout", text)
    environ = without_clients(tmp_path / "bin")
    one = started(workspace, tmp_path / "t", environ, push="never", builder=builder)
    one.until(lambda: running(seconds))
    one.process.send_signal(signal.SIGTERM)
    assert one.end() == 130
    last = time.monotonic() + 60
    while running(seconds) and time.monotonic() < last:
        time.sleep(0.1)
    assert not running(seconds)
    assert one.files == []
    assert "verdict" not in one.evidence


def running(seconds: str) -> bool:
    """Whether a container sleeps for so long."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes() == f"sleep\0{seconds}\0".encode():
                return True
    return False
