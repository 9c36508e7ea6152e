"""What is told of a build, a push and the registry; the rules without an engine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.options import texts
from ci_gen_actions.image_build import plan
from ci_gen_actions.image_build.building import NotBuilt, failed
from ci_gen_actions.image_build.facts import Built, Client, Engine, Source
from ci_gen_actions.image_build.local_images import is_old, new_tag
from ci_gen_actions.image_build.login import Login
from ci_gen_actions.image_build.measure import Comparison, Measure
from ci_gen_actions.image_build.options import Options
from ci_gen_actions.image_build.pushing import Progress, Pusher, may_pass
from ci_gen_actions.image_build.report import Story, result
from ci_gen_actions.image_build.trial import Trial
from ci_gen_actions.image_build.verifying import Seen, problems

DIGEST, IMAGE, OTHER = (f"sha256:{each * 64}" for each in "abc")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("#5 ERROR: executor failed running [/bin/sh -c false]: exit code: 1\n", NotBuilt),
        ("COPY failed: file not found in build context", NotBuilt),
        ("", NotBuilt),
        ("write /x: no space left on device", CannotDecide),
        ('failed to do request: Head "https://r.io/v2/": dial tcp: lookup r.io', CannotDecide),
        ("Cannot connect to the Docker daemon at unix:///x", CannotDecide),
        ("pull access denied for a/b, repository does not exist", CannotDecide),
    ],
)
def test_whose_fault_a_failed_build_is(said: str, kind: type[Exception]) -> None:
    assert isinstance(failed(said, "docker ended with exit status 1"), kind)


@pytest.mark.parametrize(
    ("message", "again"),
    [
        ('Get "http://r.io/v2/": dial tcp 127.0.0.1:1: connect: connection refused', True),
        ("received unexpected HTTP status: 503 Service Unavailable", True),
        ("toomanyrequests: retry-after: 1s", True),
        ("EOF", True),
        ("An image does not exist locally with the tag: r.io/o/s", True),
        ("unauthorized: authentication required", False),
        ("denied: permission_denied: write_package", False),
        ("no basic auth credentials", False),
        ("name invalid: Invalid repository name", False),
        ("x509: certificate signed by unknown authority", False),
        ("http: server gave HTTP response to HTTPS client", False),
    ],
)
def test_which_pushes_are_tried_again(message: str, again: bool) -> None:
    assert may_pass(message) == again


def test_how_far_a_push_is() -> None:
    progress = Progress()
    for event in (
        {"status": "The push refers to repository [r.io/s]"},
        {"status": "Preparing", "id": "a"},
        {"status": "Preparing", "id": "b"},
        {"status": "Pushing", "id": "a", "progressDetail": {"current": 1024, "total": 4096}},
        {"status": "Layer already exists", "id": "b"},
    ):
        progress.take(event)
    assert progress.words == "1.0 KiB of 4.0 KiB, 1 of 2 layers"
    progress.take({"status": "Pushed", "id": "a"})
    assert progress.words == "4.0 KiB of 4.0 KiB, 2 of 2 layers"


class SilentEngine:
    """An engine with containerd's image store: its push tells no digest, the image's names do.

    What Docker 26.1 answered, but for the digests.
    """

    def __init__(self, *names: str) -> None:
        self.api = self
        self.names = names

    def tag(self, *_: Any, **__: Any) -> None:
        self.tagged = True

    def remove_image(self, *_: Any, **__: Any) -> None:
        self.tagged = False

    def push(self, *_: Any, **__: Any) -> Iterator[dict[str, Any]]:
        yield {"status": "The push refers to repository [r.io/s]"}
        yield {"status": "Pushed", "progressDetail": {}, "id": "8cf6b0c8a4a1"}

    def inspect_image(self, name: str) -> dict[str, Any]:
        assert (name, self.tagged) == ("r.io/s:main", True)
        return {"Id": DIGEST, "RepoDigests": list(self.names)}


def pusher(client: Any) -> Pusher:
    ci = GitHub({}, log=io.BytesIO(), out=io.BytesIO())
    login = Login(host="r.io")
    return Pusher(
        client=client, ci=ci, repository="r.io/s", login=login, timeout=9, sleep=lambda _: None
    )


def test_an_engine_whose_push_tells_no_digest() -> None:
    engine = SilentEngine(f"r.io/other@{OTHER}", f"r.io/s@{DIGEST}")
    assert pusher(engine).push(DIGEST, ("main",)) == DIGEST
    assert not engine.tagged
    with pytest.raises(CannotDecide, match="did not tell the digest"):
        pusher(SilentEngine()).push(DIGEST, ("main",))
    with pytest.raises(CannotDecide, match="did not tell the digest"):
        pusher(SilentEngine(f"r.io/s@{DIGEST}", f"r.io/s@{OTHER}")).push(DIGEST, ("main",))


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Seen(tag="t", digest=DIGEST, config=IMAGE), ""),
        (Seen(tag="t", digest=DIGEST), ""),
        (Seen(tag="t", digest=""), "has no tag t"),
        (Seen(tag="t", digest=OTHER), f"has {OTHER} as t, the engine pushed {DIGEST}"),
        (Seen(tag="t", digest=DIGEST, config=OTHER), f"is the image {OTHER}, built was {IMAGE}"),
    ],
)
def test_what_the_registry_must_have(seen: Seen, said: str) -> None:
    found = list(problems([seen], DIGEST, IMAGE))
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_an_engine_whose_image_id_is_the_manifests_digest() -> None:
    assert not list(problems([Seen(tag="t", digest=DIGEST, config=OTHER)], DIGEST, DIGEST))
    assert not list(problems([Seen(tag="t", digest=DIGEST, config=OTHER)], DIGEST, ""))


@pytest.mark.parametrize(
    ("tagged", "old"),
    [
        ("2026-01-01T00:00:00.5Z", True),
        ("2026-01-02T13:00:00+01:00", False),
        ("0001-01-01T00:00:00Z", False),
        ("", False),
    ],
)
def test_which_images_lose_their_name(tagged: str, old: bool) -> None:
    noon_of_the_third = 1767441600.0 - 12 * 3600
    assert is_old({"Metadata": {"LastTagTime": tagged}}, (), noon_of_the_third) == old


def test_a_name_tells_its_own_time_where_the_engine_tells_the_commits() -> None:
    """With containerd's image store, an image that was just built was named at its commit."""
    commits = {"Metadata": {"LastTagTime": "2024-01-01T00:00:00Z"}}
    name = f"ci-gen/s-cpu:{new_tag('0123456789abcdef', 1767441600.5)}"
    assert name.startswith("ci-gen/s-cpu:0123456789ab-")
    assert not is_old(commits, ("r.io/s:main", name), 1767441600.0 + 3600)
    assert is_old(commits, ("r.io/s:main", name), 1767441600.0 + 25 * 3600)
    assert new_tag("", 1767441600.5).startswith("local-")


# The report --------------------------------------------------------------------------------


def story(**more: Any) -> Story:
    source = Source(
        folder=Path("/c"),
        dockerfile=Path("/c/D"),
        text="FROM a\n",
        commit="f" * 40,
        dirty=True,
        package="dist/s.tar.gz",
        package_sha256="d" * 64,
    )
    client = Client(path="/bin/docker", version=(27, 1), buildx="v0.16", driver="docker")
    given: dict[str, Any] = {
        "source": source,
        "engine": Engine(version="27.1", api=(1, 46), platform="linux/amd64"),
        "choice": plan.Choice(builder="buildx", why="it | is there", client=client),
        "push": plan.Push(wanted=True, why="it is asked for", tags=("sha-ff", "main")),
        "bases": {"a:1": DIGEST, "b": ""},
        "built": Built(image_id=IMAGE, seconds=1.5, steps=3, cached=2),
        "trial": Trial(passed=True, problems=(), findings={"build": "b1"}, seconds=2.0),
        "measure": Measure(size=4096, layers=(), comparison=Comparison(state="NEW"), problems=()),
        **more,
    }
    return Story(**given)


def told(given: Story) -> tuple[dict[str, str], Any, str]:
    found = result(Options(service="s", repository="r.io/o/s"), given)
    return texts(found.outputs), found.evidence, found.summary


def test_what_was_pushed_and_found() -> None:
    given = story(digest=DIGEST, kept="ci-gen/s-cpu:x", verified_by="registry")
    outputs, evidence, summary = told(given)
    assert outputs == {
        "reference": f"r.io/o/s@{DIGEST}",
        "digest": DIGEST,
        "local-reference": "ci-gen/s-cpu:x",
        "image-id": IMAGE,
        "tags": "sha-ff main",
        "size": "4096",
        "verdict": "PASS",
    }
    inputs = evidence["inputs"]
    assert inputs["package"] == f"sha256:{'d' * 64}"
    assert inputs["source"] == f"{'f' * 40}-dirty"
    assert inputs["base:a:1"] == DIGEST
    assert "base:b" not in inputs
    assert evidence["findings"]["cache"] == {"steps": 3, "cached": 2}
    assert evidence["findings"]["trial"]["build"] == "b1"
    assert evidence["tools"] == {"docker": "27.1", "docker-client": "27.1", "buildx": "v0.16"}
    assert "2 of 3 steps" in summary
    assert "`r.io/o/s:main`" in summary
    assert "it \\| is there" in summary


def test_a_problem_takes_the_reference_away() -> None:
    outputs, evidence, summary = told(story(digest=DIGEST, problems=["the <b>tag</b> moved"]))
    assert (outputs["verdict"], outputs["reference"], outputs["digest"]) == ("FAIL", "", "")
    assert outputs["tags"] == ""
    assert "digest" not in evidence["findings"]
    assert "the \\<b\\>tag\\</b\\> moved" in summary
    assert "no: the image did not pass" in summary


def test_what_was_not_pushed_says_why() -> None:
    push = plan.Push(wanted=False, why="the change is not merged")
    choice = plan.Choice(builder="classic", why="x")
    given = story(push=push, choice=choice, trial=None, measure=None, built=None)
    outputs, evidence, summary = told(given)
    assert (outputs["verdict"], outputs["reference"], outputs["size"]) == ("PASS", "", "0")
    assert evidence["tools"] == {"docker": "27.1"}
    assert "no: the change is not merged" in summary
