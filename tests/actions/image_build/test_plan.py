"""The builder and its arguments, push and tags: inputs to exact words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ci_gen_actions.core.dialect import Event
from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.image_build import plan
from ci_gen_actions.image_build.facts import Client, Engine, Source
from ci_gen_actions.image_build.options import Options

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MAIN = Event(branch="main", default_branch="main")
ENGINE = Engine(version="27.1", api=(1, 46), platform="linux/amd64")
NEW_ENGINE = Engine(version="29.1", api=(1, 52), platform="linux/amd64", containerd_store=True)
OLD_ENGINE = Engine(version="18.06", api=(1, 38), platform="linux/amd64")
SEVERAL = {"platforms": ("linux/amd64", "linux/arm64")}
BUILDX = Client(path="/bin/docker", version=(27, 1), buildx="v0.16", driver="docker-container")
ON_ENGINE = Client(path="/bin/docker", version=(27, 1), buildx="v0.16", driver="docker")
BARE = Client(path="/opt/docker", version=(28, 2))
OLD = Client(path="/usr/bin/docker", version=(20, 10))
SOURCE = Source(
    folder=Path("/c"),
    dockerfile=Path("/c/docker/Dockerfile"),
    text="FROM a\nRUN --mount=type=cache,target=/x true\n",
    commit=COMMIT,
    time=1700000000,
    version="1.2.3",
    source_url="https://example/r",
)
ARGUMENTS = [
    *("--build-arg", f"COMMIT={COMMIT}"),
    *("--build-arg", "CREATED=2023-11-14T22:13:20Z"),
    *("--build-arg", "SOURCE_DATE_EPOCH=1700000000"),
    *("--build-arg", "SOURCE_URL=https://example/r"),
    *("--build-arg", "VERSION=1.2.3"),
]
IN, OUT = "type=registry,ref=r.io/o/s:buildcache", "type=registry,ref=r.io/o/s:buildcache,mode=max"
HEAD = ["build", "--progress", "plain", "--file", "/c/docker/Dockerfile"]
X_HEAD = ["/bin/docker", "buildx", *HEAD, "--provenance=false", "--sbom=false"]
ENDING = ["--tag", "t:1", "--load", "/c"]


def options(**given: Any) -> Options:
    return Options(**{"service": "s", "repository": "r.io/o/s", **given})


@pytest.mark.parametrize(
    ("given", "clients", "engine", "builder", "client", "said"),
    [
        ({}, (BARE, BUILDX), ENGINE, "buildx", BUILDX, "driver docker-container"),
        (SEVERAL, (ON_ENGINE,), NEW_ENGINE, "buildx", ON_ENGINE, "driver docker"),
        ({}, (BARE, OLD), ENGINE, "buildkit", OLD, "/usr/bin/docker speaks to the BuildKit"),
        ({}, (BARE,), ENGINE, "buildkit", None, "no client has the plug-in: /opt/docker (28.2)"),
        ({}, (), ENGINE, "buildkit", None, "no docker client is on PATH"),
        ({"builder": "buildkit"}, (BUILDX,), ENGINE, "buildkit", None, "API of engine 27.1"),
        ({"platforms": ("linux/arm64",)}, (OLD,), ENGINE, "buildkit", OLD, ""),
    ],
)
def test_the_builder_and_why(
    given: dict[str, Any],
    clients: tuple[Client, ...],
    engine: Engine,
    builder: str,
    client: Client | None,
    said: str,
) -> None:
    chosen = plan.choose(options(**given), clients, engine, SOURCE)
    assert (chosen.builder, chosen.client) == (builder, client)
    assert said in chosen.why


def test_an_owner_with_capitals_has_a_repository_without() -> None:
    given = plan.in_small_letters(options(repository="ghcr.io/Some-Team/App/Server"))
    assert given.repository == "ghcr.io/some-team/app/server"
    plan.check_repository(given.repository)
    assert plan.in_small_letters(options()) == options()


def test_the_classic_builder_is_the_last_resort() -> None:
    plain = Source(folder=Path("/c"), dockerfile=Path("/c/D"), text="FROM a\nRUN true\n")
    chosen = plan.choose(options(), (OLD,), OLD_ENGINE, plain)
    assert (chosen.builder, chosen.client) == ("classic", None)
    assert "the engine has no BuildKit" in chosen.why
    with pytest.raises(CannotDecide, match="cannot build this Dockerfile") as caught:
        plan.choose(options(), (OLD,), OLD_ENGINE, SOURCE)
    assert caught.value.where == "/c/docker/Dockerfile:2"


@pytest.mark.parametrize(
    ("given", "clients", "engine", "said"),
    [
        ({"builder": "buildx"}, (BARE,), ENGINE, "there is no buildx"),
        (SEVERAL, (OLD,), ENGINE, "several platforms need"),
        (SEVERAL, (ON_ENGINE,), ENGINE, "one platform"),
        ({"builder": "buildkit"}, (OLD,), OLD_ENGINE, "has no BuildKit"),
    ],
)
def test_a_builder_that_is_not_there(
    given: dict[str, Any], clients: tuple[Client, ...], engine: Engine, said: str
) -> None:
    with pytest.raises(CannotDecide, match=said):
        plan.choose(options(**given), clients, engine, SOURCE)


@pytest.mark.parametrize(
    ("given", "client", "more", "words"),
    [
        ({}, BUILDX, {}, [*ARGUMENTS, "--cache-from", IN, *ENDING]),
        (
            {},
            BUILDX,
            {"write_cache": True},
            [*ARGUMENTS, "--cache-from", IN, "--cache-to", OUT, *ENDING],
        ),
        (
            {},
            ON_ENGINE,
            {"write_cache": True},
            [*ARGUMENTS, "--cache-from", IN, "--cache-to", "type=inline", *ENDING],
        ),
        ({"registry_cache": False}, BUILDX, {"write_cache": True}, [*ARGUMENTS, *ENDING]),
        ({"repository": ""}, BUILDX, {"write_cache": True}, [*ARGUMENTS, *ENDING]),
        (
            {"registry_cache": False},
            BUILDX,
            {
                "platforms": ("linux/amd64", "linux/arm64"),
                "pushed": ("a", "b"),
                "metadata": Path("/m"),
            },
            [
                *("--platform", "linux/amd64,linux/arm64", *ARGUMENTS),
                *("--tag", "r.io/o/s:a", "--tag", "r.io/o/s:b", "--push"),
                *("--metadata-file", "/m", "/c"),
            ],
        ),
        (
            {"registry_cache": False, "build_args": ("VERSION=9", "A=b c=d")},
            BUILDX,
            {},
            [
                *("--build-arg", "A=b c=d"),
                *ARGUMENTS[:-1],
                *("VERSION=9", *ENDING),
            ],
        ),
    ],
)
def test_the_words_of_buildx(
    given: dict[str, Any], client: Client, more: dict[str, Any], words: list[str]
) -> None:
    choice = plan.Choice(builder="buildx", why="", client=client)
    arguments = {"tag": "t:1", "platforms": (), **more}
    argv = plan.buildx_argv(options(**given), choice, SOURCE, **arguments)
    assert list(argv) == [*X_HEAD, *words]


@pytest.mark.parametrize(
    ("given", "write", "words"),
    [
        ({}, False, [*ARGUMENTS, "--cache-from", "r.io/o/s:buildcache"]),
        (
            {"variant": "cuda", "platforms": ("linux/arm64",)},
            False,
            [
                *("--platform", "linux/arm64", *ARGUMENTS),
                *("--cache-from", "r.io/o/s:buildcache-cuda"),
            ],
        ),
        (
            {},
            True,
            [
                *("--build-arg", "BUILDKIT_INLINE_CACHE=1", *ARGUMENTS),
                *("--cache-from", "r.io/o/s:buildcache"),
            ],
        ),
        ({"registry_cache": False}, False, ARGUMENTS),
    ],
)
def test_the_words_of_docker_build(given: dict[str, Any], write: bool, words: list[str]) -> None:
    choice = plan.Choice(builder="buildkit", why="", client=OLD)
    argv = plan.buildkit_argv(options(**given), choice, SOURCE, tag="t:1", write_cache=write)
    assert list(argv) == ["/usr/bin/docker", *HEAD, *words, "--tag", "t:1", "/c"]


@pytest.mark.parametrize(
    ("given", "builder", "client", "cached"),
    [
        ({}, "buildkit", OLD, True),
        ({}, "buildkit", None, False),
        ({}, "buildx", BUILDX, False),
        ({}, "buildx", ON_ENGINE, True),
        ({"registry_cache": False}, "buildkit", OLD, False),
        ({"repository": ""}, "buildkit", OLD, False),
    ],
)
def test_an_image_for_the_cache_alone_where_the_builder_keeps_none(
    given: dict[str, Any], builder: str, client: Client | None, cached: bool
) -> None:
    choice = plan.Choice(builder=builder, why="", client=client)
    assert (plan.cache_argv(options(**given), choice, SOURCE, tag="t") is not None) == cached


def test_the_query_of_the_engines_api() -> None:
    choice = plan.Choice(builder="buildkit", why="")
    query = plan.api_parameters(options(platforms=("linux/arm64",)), choice, SOURCE, tag="t:1")
    assert json.loads(query.pop("buildargs"))["COMMIT"] == COMMIT
    assert query == {
        "t": "t:1",
        "rm": "1",
        "forcerm": "1",
        "version": "2",
        "platform": "linux/arm64",
    }
    classic = plan.Choice(builder="classic", why="")
    assert plan.api_parameters(options(), classic, SOURCE, tag="t")["version"] == "1"


# Push --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("push", "event", "platform", "wanted"),
    [
        ("auto", MAIN, "github", True),
        ("auto", MAIN, "gitlab", True),
        ("auto", MAIN, "terminal", False),
        ("auto", Event(unmerged=True), "github", False),
        ("always", Event(unmerged=True), "github", True),
        ("always", MAIN, "terminal", True),
        ("never", MAIN, "github", False),
    ],
)
def test_whether_to_push(push: str, event: Event, platform: str, wanted: bool) -> None:
    found = plan.push(options(push=push), event, platform, COMMIT)
    assert found.wanted == wanted
    assert bool(found.tags) == wanted
    assert found.why


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"repository": ""}, "there is no repository"),
        ({"repository": "r.io/o/s:1"}, "has a tag or digest"),
        ({"repository": "r.io/O/s"}, "names no image"),
        ({"username": "u"}, "the input password is empty"),
        ({"password": "p"}, "the input username is empty"),
        ({"tags": ("semver",)}, "no rule gives a tag"),
    ],
)
def test_a_push_that_lacks_something(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan.push(options(**given), MAIN, "github", COMMIT)


def test_names() -> None:
    assert (
        plan.local_name(options(service="My..Server.", variant="cuda")) == "ci-gen/my-server-cuda"
    )
    assert plan.previous(options(variant="cuda")) == "r.io/o/s:latest-cuda"
    assert plan.previous(options(previous="x/y:1")) == "x/y:1"
    assert plan.previous(options(repository="")) == ""
