"""The whole action where something fails: engine, disk, registry, server, or the run itself."""

from __future__ import annotations

import random
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.action_runs import act
from tests.support.engine import Registry, base_image, engine, registry
from tests.support.image_builds import Run, local_images, repository, started, tags
from tests.support.server_images import built, dockerfile

from ci_gen_actions.core.oci import Registry as Client
from ci_gen_actions.image_build import leftovers, pushing
from ci_gen_actions.image_build import local_images as local_images_module
from ci_gen_actions.image_build.local_images import forget_old

pytestmark = pytest.mark.e2e


@pytest.fixture
def service() -> Iterator[str]:
    """A service that nobody else builds; its images are gone afterwards."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    for tag in local_images(name):
        engine().images.remove(tag, force=True)


def run(workspace: Path, temporary: Path, service: str, **inputs: str) -> Run:
    given = {"dockerfile": "docker/tiny-cpu.Dockerfile", "service": service, **inputs}
    return started(workspace, temporary, {}, **given)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of `size` at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def objects_of(one: Run) -> list[str]:
    """What the engine holds of a run's trial."""
    owner = f"/{one.process.pid}/"
    api, filters = engine().api, {"label": leftovers.JOB}
    held = [*api.containers(all=True, filters=filters), *api.networks(filters=filters)]
    return [each["Id"] for each in held if owner in each["Labels"][leftovers.OWNER]]


def claims_nothing(one: Run) -> None:
    """Whatever a run left says that it did not pass."""
    assert one.evidence.get("verdict") != "PASS"
    assert not one.evidence.get("outputs", {}).get("reference")


# The machine ---------------------------------------------------------------------------------


def test_no_engine(tmp_path: Path, service: str) -> None:
    workspace = repository(tmp_path / "w", dockerfile())
    lost = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    one = started(workspace, tmp_path / "t", lost, service=service)
    assert one.end() == 3
    assert "there is no container engine" in one.log
    assert one.evidence["verdict"] == "ERROR"
    claims_nothing(one)


def test_the_disk_is_full_during_the_build(tmp_path: Path, service: str) -> None:
    # /dev/full answers a write as a full disk does
    text = f"FROM {base_image()}\nRUN dd if=/dev/zero of=/dev/full bs=4k count=1\n"
    with registry() as server:
        workspace = repository(tmp_path / "w", text)
        one = run(workspace, tmp_path / "t", service, repository=f"{server.host}/tiny")
        assert one.end() == 3, "no fault of the Dockerfile's"
        assert "free space on the engine's disk" in one.log
        claims_nothing(one)
        assert tags(server) == ()
        assert local_images(service) == set()


def test_the_disk_is_full_where_the_package_is_unpacked(tmp_path: Path, service: str) -> None:
    workspace = repository(
        tmp_path / "w", dockerfile(), payload=random.Random(1).randbytes(4 << 20)
    )
    subprocess.run(["tar", "czf", "p.tar.gz", "payload"], cwd=workspace, check=True)
    with small_disk(tmp_path / "t", "1m"):
        one = run(workspace, tmp_path / "t", service, package="p.tar.gz", push="never")
        assert one.end() == 3
        assert "No space left on device" in one.log
        claims_nothing(one)
        assert one.files == []


def test_the_registry_s_disk_is_full(
    tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the engine itself tries five times, and takes most of a minute for that
    monkeypatch.setattr(pushing, "PAUSES", ())
    payload = random.Random(2).randbytes(8 << 20)
    text = dockerfile("", "COPY payload /payload")
    workspace = repository(tmp_path / "w", text, payload=payload)
    with registry() as server, small_disk(server.data, "2m"):
        ran = act(
            "image-build",
            workspace,
            {"RUNNER_TEMP": str(tmp_path)},
            service=service,
            dockerfile="docker/tiny-cpu.Dockerfile",
            repository=f"{server.host}/tiny",
            push="always",
            properties="none",
            registry_cache=False,
        )
        assert ran.status == 3, ran.log
        assert ran.error is not None
        assert "could not be pushed" in str(ran.error)
        assert "after 1 try" in str(ran.error)
        assert "room" in str(ran.error)
        assert tags(server) == ()
        assert local_images(service) == set()


# The server ----------------------------------------------------------------------------------


def test_a_commit_that_breaks_the_start_is_stopped_before_the_push(
    tmp_path: Path, service: str
) -> None:
    with registry() as server:
        target = f"{server.host}/tiny"
        good = repository(tmp_path / "good", dockerfile())
        one = run(good, tmp_path / "t1", service, repository=target, tags="commit\nlatest")
        assert one.end() == 0, one.log
        before = tags(server)
        assert len(before) == 2
        seen = len(server.log)
        bad = repository(tmp_path / "bad", dockerfile("exit"), reason=b"another commit")
        two = run(bad, tmp_path / "t2", service, repository=target, tags="commit\nlatest")
        assert two.end() == 1, two.log
        assert "the server ended by itself with exit status 3" in two.log
        assert two.evidence["verdict"] == "FAIL"
        claims_nothing(two)
        assert tags(server) == before, "nothing was pushed"
        assert "/v2/tiny/blobs/uploads/" not in server.log[seen:]


# The run itself --------------------------------------------------------------------------------

SLOW = "FROM debian:bookworm\nRUN echo {mark} && sleep 600\n"
PHASES = ("build", "trial", "push")


@contextmanager
def stopped_at(phase: str, tmp_path: Path, service: str) -> Iterator[Run]:
    """A run that has come to a phase that does not end by itself."""
    base_image()
    mark = uuid.uuid4().hex
    text = {"build": SLOW.format(mark=mark), "trial": dockerfile("sick"), "push": dockerfile()}
    with registry() as server:
        workspace = repository(tmp_path / "w", text[phase])
        if phase == "push":
            server.pause()
        target = f"{server.host}/tiny"
        previous = "127.0.0.1:1/none:latest"
        one = run(workspace, tmp_path / "t", service, repository=target, previous=previous)
        seen = {
            "build": lambda: _runs(mark),
            "trial": lambda: objects_of(one)[1:],
            "push": lambda: "::group::Push" in one.log,
        }
        one.until(seen[phase])
        yield one
        server.resume()
        assert tags(server) == ()
        for image in engine().images.list(name=target):
            for name in image.tags:
                if name.startswith(target):
                    engine().images.remove(name, noprune=True)


def _runs(mark: str) -> bool:
    """Whether a build step that is told by its mark is under way, in whatever container."""
    argv = ["pgrep", "-f", f"echo {mark} && sleep"]
    return subprocess.run(argv, stdout=subprocess.PIPE, check=False).returncode == 0


@pytest.mark.parametrize("phase", PHASES)
def test_cancelled(phase: str, tmp_path: Path, service: str) -> None:
    with stopped_at(phase, tmp_path, service) as one:
        one.process.send_signal(signal.SIGTERM)
        assert one.end(60) == 130, one.log
        claims_nothing(one)
        assert one.files == []
        assert objects_of(one) == []
        assert local_images(service) == set()


@pytest.mark.parametrize("phase", PHASES)
def test_killed_and_cleaned_by_the_next(phase: str, tmp_path: Path, service: str) -> None:
    with stopped_at(phase, tmp_path, service) as one:
        one.process.kill()
        one.end()
        claims_nothing(one)
        left = local_images(service)
    next_workspace = repository(tmp_path / "next", dockerfile())
    two = run(next_workspace, tmp_path / "t", service, push="never")
    assert two.end() == 0, two.log
    assert two.files == []
    assert objects_of(one) == objects_of(two) == []
    kept = two.evidence["outputs"]["local-reference"]
    assert local_images(service) - left == {kept}


def test_names_of_killed_runs_go_a_day_later(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, pushed = f"ci-gen/{service}-cpu", f"127.0.0.1:1/{service}"
    with built(dockerfile("", f"ENV NAME={service}")) as image:
        for reference in (f"{name}:old", f"{pushed}:sha-1", f"other/{service}:1"):
            engine().api.tag(image, *reference.rsplit(":", 1))
        assert forget_old(engine(), f"{name}:new", pushed) == []
        monkeypatch.setattr(local_images_module, "KEPT_SECONDS", -3600.0)
        removed = forget_old(engine(), f"{name}:new", pushed)
        assert sorted(removed) == [f"{pushed}:sha-1", f"{name}:old"]
        assert f"other/{service}:1" in engine().images.get(image).tags
        engine().images.remove(f"other/{service}:1")


@contextmanager
def two_at_once(tmp_path: Path, service: str, rules: str) -> Iterator[tuple[Registry, list[Run]]]:
    """Two runs of different commits that push to one repository at the same time, ended."""
    with registry() as server:
        both = []
        for name in ("a", "b"):
            workspace = repository(tmp_path / name, dockerfile("", f"ENV COPY={name}"))
            inputs = {"repository": f"{server.host}/tiny", "tags": rules}
            both.append(run(workspace, tmp_path / f"t{name}", service, **inputs))
        for one in both:
            one.end()
            assert objects_of(one) == one.files == []
        yield server, both


def test_two_at_once(tmp_path: Path, service: str) -> None:
    with two_at_once(tmp_path, service, "commit") as (server, both):
        for one in both:
            assert one.end() == 0, one.log
            outputs = one.evidence["outputs"]
            found = Client(server.host).manifest("tiny", outputs["tags"])
            assert found is not None
            assert found.digest == outputs["digest"]
            assert engine().images.get(outputs["local-reference"]).id == outputs["image-id"]


def test_of_two_that_move_one_tag_none_claims_it_wrongly(tmp_path: Path, service: str) -> None:
    with two_at_once(tmp_path, service, "commit\nlatest") as (server, both):
        latest = Client(server.host).manifest("tiny", "latest")
        assert latest is not None
        passed = [one for one in both if one.end() == 0]
        assert latest.digest in {one.evidence["outputs"]["digest"] for one in passed}
        for one in both:
            if one not in passed:  # the other moved the tag before this one looked
                assert f"the registry has {latest.digest} as latest" in one.log
                claims_nothing(one)
