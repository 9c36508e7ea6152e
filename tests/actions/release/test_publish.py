"""The action against real registries: records, tags, logins, failures in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import engine
from tests.support.actions import LAUNCHER, Ended, github_environment, run_action
from tests.support.released import evidence, of_image, run_of, sha, write

from ci_gen_actions.core.oci import EMPTY, MANIFEST, Registry, digest_of
from ci_gen_actions.core.oci_reference import parse_reference
from ci_gen_actions.release import artifact

pytestmark = pytest.mark.e2e

PASSWORD = "a secret: with a colon"
LATER = "2026-07-02T10:00:00Z"


@pytest.fixture
def served() -> Iterator[engine.Registry]:
    with engine.registry() as one:
        yield one


def pushed(registry: Registry, repository: str = "team/api", text: str = "cpu") -> str:
    """Push something that stands for an image; its digest."""
    config = registry.push_blob(repository, b"{}")
    layer = registry.push_blob(repository, text.encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": EMPTY, "digest": config, "size": 2},
        "layers": [{"mediaType": "text/plain", "digest": layer, "size": len(text)}],
    }
    return registry.push_manifest(repository, "", json.dumps(manifest).encode(), MANIFEST)


def values(host: str, digest: str, variant: str = "cpu") -> list[dict[str, Any]]:
    """The evidence of a run that pushed this image."""
    return run_of(of_image(variant, digest=digest, repository=f"{host}/team/api"))


def environment(tmp_path: Path, ref: str = "refs/heads/main", **more: str) -> dict[str, str]:
    """A run for a push to the default branch, or for another ref."""
    event = tmp_path / "event.json"
    event.parent.mkdir(parents=True, exist_ok=True)
    event.write_text('{"repository": {"default_branch": "main"}}')
    return github_environment(
        tmp_path / "github",
        tmp_path / "workspace",
        GITHUB_EVENT_NAME="push",
        GITHUB_EVENT_PATH=str(event),
        GITHUB_REF=ref,
        **more,
    )


def release(tmp_path: Path, given: list[dict[str, Any]], *arguments: str, **environ: str) -> Ended:
    workspace = tmp_path / "workspace"
    write(workspace / "evidence", given)
    return run_action("release", workspace, environment(tmp_path, **environ), arguments)


def at(registry: Registry, tag: str) -> str:
    """The digest that the tag names, "" where there is none."""
    found = registry.describe("team/api", tag)
    return found.digest if found else ""


def test_a_release_of_the_default_branch(tmp_path: Path, served: engine.Registry) -> None:
    registry = Registry(served.host)
    digest = pushed(registry)
    ended = release(tmp_path, values(served.host, digest))
    assert ended.code == 0, ended.stderr
    assert ended.outputs["reference"] == f"{served.host}/team/api@{digest}"
    assert ended.outputs["tags"] == "main latest"
    assert at(registry, "main") == at(registry, "latest") == digest
    (held,) = artifact.held(registry, "team/api", digest)
    assert held.digest == ended.outputs["record-digest"]
    assert held.data == (tmp_path / "workspace/release/api-cpu.json").read_bytes()
    (listed,) = registry.referrers("team/api", digest)
    assert listed.artifact_type == "application/vnd.ci-gen.release.v1+json"
    assert listed.annotations["io.github.ci-gen.release.verdict"] == "PASS"
    folder = tmp_path / "workspace/release"
    assert (folder / "subjects.sha256").read_text() == f"{digest[7:]}  {served.host}/team/api\n"
    image, record, sbom = (folder / "subjects.tsv").read_text().rstrip("\n").split("\t")
    assert image == f"{served.host}/team/api@{digest}"
    assert artifact.of(registry, parse_reference(record)) == (held,)
    assert sbom == ""


def test_the_sbom_is_listed_by_its_digest(tmp_path: Path, served: engine.Registry) -> None:
    given = values(served.host, pushed(Registry(served.host)))
    dist = tmp_path / "workspace" / "dist"
    dist.mkdir(parents=True)
    (dist / "other.spdx.json").write_text("another")
    (dist / "api.spdx.json").write_text("sbom cpu-api")
    ended = release(tmp_path, given)
    assert ended.code == 0, ended.stderr
    listed = (tmp_path / "workspace/release/subjects.tsv").read_text()
    assert listed.rstrip("\n").split("\t")[2] == "dist/api.spdx.json"


def test_running_again_changes_nothing(tmp_path: Path, served: engine.Registry) -> None:
    registry = Registry(served.host)
    given = values(served.host, pushed(registry))
    first = release(tmp_path, given)
    tags = registry.tags("team/api")
    second = release(tmp_path, given)
    assert first.outputs == second.outputs
    assert registry.tags("team/api") == tags


def test_versions(tmp_path: Path, served: engine.Registry) -> None:
    registry = Registry(served.host)
    digest = pushed(registry)
    for tag in ("1.3.0", "2.0.0-cuda"):
        registry.tag("team/api", pushed(registry, text="another"), tag)
    ended = release(tmp_path, values(served.host, digest), ref="refs/tags/v1.2.3")
    assert ended.outputs["tags"] == "1.2.3 1.2"  # 1 stays with 1.3.0
    (held,) = artifact.held(registry, "team/api", digest)
    assert held.record["version"] == "1.2.3"
    cuda = pushed(registry, text="cuda")
    given = values(served.host, cuda, "cuda")
    ended = release(tmp_path / "cuda", given, ref="refs/tags/v1.2.3")
    assert ended.outputs["tags"] == "1.2.3-cuda 1.2-cuda 1-cuda"
    assert at(registry, "1.2.3") == digest


def test_what_is_no_pass_moves_no_tag(tmp_path: Path, served: engine.Registry) -> None:
    registry = Registry(served.host)
    digest = pushed(registry)
    given = values(served.host, digest)
    given[3]["verdict"] = "FAIL"
    ended = release(tmp_path, given)
    assert ended.code == 1
    assert at(registry, "latest") == at(registry, "main") == ""
    (held,) = artifact.held(registry, "team/api", digest)
    assert held.record["verdict"] == "FAIL"
    assert (tmp_path / "workspace/release/subjects.tsv").read_text() == ""


def test_a_slow_run_does_not_take_back_what_a_later_one_released(
    tmp_path: Path, served: engine.Registry
) -> None:
    registry = Registry(served.host)
    old, new = pushed(registry, text="old"), pushed(registry, text="new")
    later = [{**each, "started": LATER, "commit": "d" * 40} for each in values(served.host, new)]
    assert release(tmp_path / "new", later).code == 0
    ended = release(tmp_path / "old", values(served.host, old))
    assert ended.code == 0, ended.stderr
    assert "the tag latest stays: it names a newer release" in ended.stderr
    assert ended.outputs["tags"] == ""
    assert at(registry, "latest") == new


def test_skipped_evidence_comes_from_the_release_that_the_tag_names(
    tmp_path: Path, served: engine.Registry
) -> None:
    registry = Registry(served.host)
    first = values(served.host, pushed(registry, text="first"))
    tested = evidence("load-test", "pytest", inputs={"package": sha("package cpu-api")})
    assert release(tmp_path / "first", [*first, tested]).code == 0
    second = [
        {**each, "started": LATER, "commit": "d" * 40}
        for each in values(served.host, pushed(registry, text="second"))
    ]
    ended = release(tmp_path / "second", second, "--require", "load-test")
    assert ended.code == 0, ended.stderr
    assert "load-test is reused from commit c0ffee" in ended.stderr
    without = release(tmp_path / "without", second, "--require", "load-test", "--previous", "none")
    assert without.outputs["verdict"] == "NO_DATA"


def test_two_images_at_once_and_two_runs_at_once(tmp_path: Path, served: engine.Registry) -> None:
    registry = Registry(served.host)
    cpu, cuda = (pushed(registry, text=text) for text in ("cpu", "cuda"))
    both = [
        *values(served.host, cpu),
        *of_image("cuda", digest=cuda, repository=f"{served.host}/team/api"),
    ]
    ended: list[Ended] = []
    threads = [
        threading.Thread(target=lambda place=place: ended.append(release(place, both)))  # type: ignore[misc]
        for place in (tmp_path / "one", tmp_path / "two")
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.code for each in ended] == [0, 0], ended
    assert ended[0].outputs == ended[1].outputs
    assert len(ended[0].outputs["digest"].split()) == 2
    assert (at(registry, "latest"), at(registry, "latest-cuda")) == (cpu, cuda)
    for digest in (cpu, cuda):
        assert len(artifact.held(registry, "team/api", digest)) == 1


def test_a_record_that_speaks_of_another_image_is_none_of_this_one(
    tmp_path: Path, served: engine.Registry
) -> None:
    registry = Registry(served.host)
    tried, other = (pushed(registry, text=text) for text in ("tried", "other"))
    assert release(tmp_path, values(served.host, tried)).code == 0
    (held,) = artifact.held(registry, "team/api", tried)
    image = registry.describe("team/api", other)
    assert image is not None
    copied = artifact.manifest(held.record, held.data, image)
    registry.push_manifest("team/api", "", copied, MANIFEST)
    assert len(registry.referrers("team/api", other)) == 1
    assert artifact.held(registry, "team/api", other) == ()


def test_an_image_that_is_not_there(tmp_path: Path, served: engine.Registry) -> None:
    ended = release(tmp_path, values(served.host, sha("nowhere")))
    assert ended.code == 3
    assert "the image is not in the registry" in ended.stderr


def test_an_image_that_was_not_pushed(tmp_path: Path) -> None:
    ended = release(tmp_path, run_of(of_image(pushed=False)))
    assert ended.code == 3
    assert "is in no registry" in ended.stderr


def test_an_image_that_was_not_good_enough_to_be_pushed(tmp_path: Path) -> None:
    given = run_of(of_image(pushed=False))
    given[1]["verdict"] = "FAIL"
    ended = release(tmp_path, given)
    assert ended.code == 1, ended.stderr
    assert ended.outputs["verdict"] == "FAIL"
    assert "release/api-cpu.json stays here" in ended.stderr


def test_a_login(tmp_path: Path) -> None:
    with engine.registry(password=PASSWORD) as served:
        registry = Registry(served.host, username="ci", password=PASSWORD)
        given = values(served.host, pushed(registry))
        user = ("--username", "ci")
        right = release(tmp_path, given, *user, CI_GEN_RELEASE_PASSWORD=PASSWORD)
        assert right.code == 0, right.stderr
        wrong = release(tmp_path, given, *user, CI_GEN_RELEASE_PASSWORD="another one")
        nobody = release(tmp_path, given)
    assert (wrong.code, nobody.code) == (3, 3)
    assert "refused access" in wrong.stderr
    assert "give a user name and a password" in nobody.stderr
    kept = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert PASSWORD not in right.stderr.replace(f"::add-mask::{PASSWORD}", "") + right.summary
    assert "another one" not in wrong.stderr.replace("::add-mask::another one", "") + kept


def test_a_registry_that_is_down(tmp_path: Path, served: engine.Registry) -> None:
    given = values(served.host, pushed(Registry(served.host)))
    served.stop()
    ended = release(tmp_path, given)
    assert ended.code == 3
    assert f"the registry {served.host} could not be reached" in ended.stderr
    served.start()
    assert release(tmp_path, given).code == 0


def started(tmp_path: Path, given: list[dict[str, Any]]) -> subprocess.Popen[bytes]:
    """The action as a process, its log in a file."""
    workspace = tmp_path / "workspace"
    write(workspace / "evidence", given)
    environ = environment(tmp_path)
    log = (tmp_path / "log").open("wb")
    return subprocess.Popen(
        [sys.executable, "-I", str(LAUNCHER), "release"],
        cwd=workspace,
        env=environ,
        stdout=log,
        stderr=log,
    )


def requests(served: engine.Registry) -> int:
    """How many requests the registry has answered."""
    return served.log.count("response completed")


def test_killed_after_any_request_and_run_again(tmp_path: Path, served: engine.Registry) -> None:
    registry = Registry(served.host)
    whole = pushed(registry, text="whole")
    before = requests(served)
    assert release(tmp_path / "whole", values(served.host, whole)).code == 0
    count = requests(served) - before
    assert count > 10
    for step in range(1, count, 3):
        digest = pushed(registry, text=f"image {step}")
        given = [
            {**each, "started": f"2026-07-02T10:00:{step:02}Z"}
            for each in values(served.host, digest)
        ]
        before = requests(served)
        child = started(tmp_path / str(step), given)
        while child.poll() is None and requests(served) - before < step:
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        child.wait()
        # What is half done is consistent: a tag never names an image without its record.
        if digest in (at(registry, "main"), at(registry, "latest")):
            assert artifact.held(registry, "team/api", digest)
        if at(registry, "latest") == digest:
            assert at(registry, "main") == digest
        again = release(tmp_path / f"{step}-again", given)
        assert again.code == 0, again.stderr
        assert at(registry, "main") == at(registry, "latest") == digest
        assert len(artifact.held(registry, "team/api", digest)) == 1


def test_interrupted_while_the_registry_hangs(tmp_path: Path, served: engine.Registry) -> None:
    registry = Registry(served.host)
    digest = pushed(registry)
    served.pause()
    child = started(tmp_path, values(served.host, digest))
    record = tmp_path / "workspace/release/api-cpu.json"
    while not record.exists() and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 130
    served.resume()
    assert at(registry, "latest") == ""
    assert b"was stopped by SIGINT" in (tmp_path / "log").read_bytes()


def test_a_registry_that_goes_away_in_the_middle(tmp_path: Path, served: engine.Registry) -> None:
    registry = Registry(served.host)
    digest = pushed(registry)
    before = requests(served)
    child = started(tmp_path, values(served.host, digest))
    while child.poll() is None and requests(served) - before < 4:
        time.sleep(0.001)
    served.stop(kill=True)
    status = child.wait(60)
    served.start()
    assert status in (0, 3)  # 0 where it had been quicker
    assert (tmp_path / "workspace/release/api-cpu.json").exists()
    assert release(tmp_path, values(served.host, digest)).code == 0
    assert at(registry, "latest") == digest


def test_the_digest_of_the_evidence_is_that_of_the_files(
    tmp_path: Path, served: engine.Registry
) -> None:
    given = values(served.host, pushed(Registry(served.host)))
    assert release(tmp_path, given).code == 0
    record = json.loads((tmp_path / "workspace/release/api-cpu.json").read_text())
    files = (tmp_path / "workspace/evidence").rglob("*.json")
    digests = {path.stem: digest_of(path.read_bytes()) for path in files}
    for each in record["evidence"]:
        assert each["sha256"] == digests[each["stage"]]
