"""What will be done, decided without effects: the builder and its arguments, push and tags."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from ..core.dialect import Event
from ..core.errors import CannotDecide, UsageError
from ..core.image_tags import image_tags, suffix
from ..core.oci_reference import parse_reference
from .dockerfile import needs_buildkit
from .facts import Client, Engine, Source
from .options import Options

BUILDX, BUILDKIT, CLASSIC = "buildx", "buildkit", "classic"
CACHE_TAG = "buildcache"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The builder. `client` is the docker client that it is started with, None for the API."""

    builder: str
    why: str
    client: Client | None = None


@dataclass(frozen=True, kw_only=True)
class Push:
    """Whether the image is pushed, why (not), and the tags that it gets."""

    wanted: bool
    why: str
    tags: tuple[str, ...] = ()


def choose(options: Options, clients: Sequence[Client], engine: Engine, source: Source) -> Choice:
    """The best builder that is there. Raises CannotDecide where none can build this."""
    several = len(options.platforms) > 1
    plugged = next((each for each in clients if each.buildx), None)
    if plugged and options.builder in ("auto", BUILDX):
        _check_driver(plugged, engine, several)
        why = f"{plugged.path} has the plug-in, {plugged.buildx} with driver {plugged.driver}"
        return Choice(builder=BUILDX, why=why, client=plugged)
    if options.builder == BUILDX or several:
        raise CannotDecide(
            "there is no buildx" + (", which several platforms need" if several else ""),
            where="input platforms" if several else "input builder",
            why=_clients_text(clients),
            next="install the plug-in docker-buildx on the runner, "
            "or use docker/setup-buildx-action before this step",
        )
    if engine.has_buildkit and options.builder in ("auto", BUILDKIT):
        old = next((each for each in clients if each.has_buildkit), None)
        if old:
            why = f"there is no buildx; {old.path} speaks to the BuildKit of engine"
            return Choice(builder=BUILDKIT, why=f"{why} {engine.version}", client=old)
        why = f"there is no buildx and {_clients_text(clients)}; the API of engine"
        return Choice(builder=BUILDKIT, why=f"{why} {engine.version} reaches its BuildKit")
    if options.builder == BUILDKIT:
        raise CannotDecide(
            f"the engine {engine.version} has no BuildKit",
            where="input builder",
            why="Docker has it since 18.09, on Linux",
            next="use a newer engine, or the builder `classic`",
        )
    asked = "it was asked for" if options.builder == CLASSIC else "the engine has no BuildKit"
    return _classic(source, asked)


def _classic(source: Source, why: str) -> Choice:
    unreadable = needs_buildkit(source.text)
    if unreadable:
        raise CannotDecide(
            "the classic builder cannot build this Dockerfile",
            where=f"{source.dockerfile}:{unreadable.line}",
            why=f"`{unreadable.text[:100]}` needs BuildKit, and {why}",
            next="use an engine with BuildKit (Docker 18.09 or newer), or drop the option",
        )
    return Choice(builder=CLASSIC, why=why)


def _check_driver(client: Client, engine: Engine, several: bool) -> None:
    if several and client.driver == "docker" and not engine.containerd_store:
        raise CannotDecide(
            "buildx's builder in use is the engine itself, which builds one platform",
            where="input platforms",
            why="its driver is `docker`, and the engine's images are not kept by containerd",
            next="`docker buildx create --use` or docker/setup-buildx-action makes one that can",
        )


def _clients_text(clients: Sequence[Client]) -> str:
    if not clients:
        return "no docker client is on PATH"
    shown = (f"{each.path} ({'.'.join(map(str, each.version))})" for each in clients)
    return f"no client has the plug-in: {', '.join(shown)}"


def push(options: Options, event: Event, platform: str, commit: str) -> Push:
    """Whether to push, and the tags. Raises UsageError where a push lacks something."""
    if options.push == "never":
        return Push(wanted=False, why="the input push says never")
    if options.push == "auto" and platform == "terminal":
        return Push(wanted=False, why="this is no CI; the input push can say always")
    if options.push == "auto" and event.unmerged:
        return Push(wanted=False, why="the change is not merged")
    if not options.repository:
        raise UsageError(
            "there is no repository to push to",
            where="input repository",
            next="give `<registry>/<name>`, or set push to never",
        )
    check_repository(options.repository)
    if bool(options.username) != bool(options.password):
        lacking = "password" if options.username else "username"
        raise UsageError(
            f"the input {lacking} is empty",
            where=f"input {lacking}",
            why="a login needs both",
            next="see that the secret is set and that this run may read it",
        )
    tags = image_tags(options.tags, event, commit, variant=options.variant)
    if not tags:
        raise UsageError(
            "no rule gives a tag to this run",
            where="input tags",
            why=f"the rules are: {', '.join(options.tags)}",
            next="add the rule `commit`",
        )
    return Push(wanted=True, why="it is asked for", tags=tags)


def in_small_letters(options: Options) -> Options:
    """The options with the repository's name as registries want it.

    Platforms make it of the owner's and the project's names, which may have capitals.
    """
    return replace(options, repository=options.repository.lower())


def check_repository(repository: str) -> None:
    """Raises UsageError for what is no repository, or has a tag or digest already."""
    found = parse_reference(repository)
    if found.tag or found.digest:
        raise UsageError(
            f"{repository} has a tag or digest",
            where="input repository",
            next="leave it out: the input tags says which ones the image gets",
        )


def local_name(options: Options) -> str:
    """The image's name in the engine, without its tag."""
    service = re.sub(r"[^a-z0-9]+", "-", options.service.lower()).strip("-")
    return f"ci-gen/{service}-{options.variant}"


def previous(options: Options) -> str:
    """The image that this one is compared with, "" where there is no repository."""
    if options.previous or not options.repository:
        return options.previous
    return f"{options.repository}:latest{suffix(options.variant)}"


def cache_reference(options: Options) -> str:
    """Where the cache is kept in the registry."""
    return f"{options.repository}:{cache_tag(options)}"


def cache_tag(options: Options) -> str:
    """The tag of the cache."""
    return f"{CACHE_TAG}{suffix(options.variant)}"


def build_args(options: Options, source: Source) -> dict[str, str]:
    """All build arguments; those of the input win, and what is unknown is not given."""
    created = datetime.fromtimestamp(source.time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    always = {
        "COMMIT": source.commit,
        "VERSION": source.version,
        "CREATED": created,
        "SOURCE_URL": source.source_url,
        "SOURCE_DATE_EPOCH": str(source.time),
    }
    known = {name: text for name, text in always.items() if text}
    return {**known, **dict(each.split("=", 1) for each in options.build_args)}


def buildx_argv(
    options: Options,
    choice: Choice,
    source: Source,
    *,
    tag: str,
    platforms: Sequence[str],
    pushed: Sequence[str] = (),
    metadata: Path | None = None,
    write_cache: bool = False,
) -> tuple[str, ...]:
    """`docker buildx build`: into the engine under `tag`, or to the registry as `pushed`."""
    words = [*_client(choice), "buildx", "build", "--progress", "plain"]
    words += ["--file", str(source.dockerfile)]
    # Attestations would make an index of every image; the pipeline signs its own.
    words += ["--provenance=false", "--sbom=false"]
    words += ["--platform", ",".join(platforms)] if platforms else []
    words += _arguments(build_args(options, source))
    words += buildx_cache(options, choice, write=write_cache)
    if pushed:
        words += [word for each in pushed for word in ("--tag", f"{options.repository}:{each}")]
        words += ["--push"]
    else:
        words += ["--tag", tag, "--load"]
    words += ["--metadata-file", str(metadata)] if metadata else []
    return (*words, str(source.folder))


def buildx_cache(options: Options, choice: Choice, *, write: bool) -> list[str]:
    """The cache's arguments; the driver `docker` can write none but an inline one."""
    if not (options.registry_cache and options.repository):
        return []
    reference = f"type=registry,ref={cache_reference(options)}"
    words = ["--cache-from", reference]
    if not write:
        return words
    inline = choice.client is not None and choice.client.driver == "docker"
    return [*words, "--cache-to", "type=inline" if inline else f"{reference},mode=max"]


def buildkit_argv(
    options: Options, choice: Choice, source: Source, *, tag: str, write_cache: bool = False
) -> tuple[str, ...]:
    """`docker build` with BuildKit, through a client that has it built in."""
    words = [*_client(choice), "build", "--progress", "plain", "--file", str(source.dockerfile)]
    words += ["--platform", options.platforms[0]] if options.platforms else []
    inline = {"BUILDKIT_INLINE_CACHE": "1"} if write_cache else {}
    words += _arguments({**build_args(options, source), **inline})
    if options.registry_cache and options.repository:
        words += ["--cache-from", cache_reference(options)]
    return (*words, "--tag", tag, str(source.folder))


def cache_argv(
    options: Options, choice: Choice, source: Source, *, tag: str
) -> tuple[str, ...] | None:
    """The build of an image with the cache in it, None where there is no need or no way.

    Such an image differs with each build, and so it is another one than what is shipped. All of
    its layers are those of the image, and cost neither time nor room.
    """
    if not (options.registry_cache and options.repository) or choice.client is None:
        return None
    if choice.builder == BUILDKIT:
        return buildkit_argv(options, choice, source, tag=tag, write_cache=True)
    if choice.client.driver != "docker":
        return None
    return buildx_argv(
        options, choice, source, tag=tag, platforms=options.platforms, write_cache=True
    )


def api_parameters(options: Options, choice: Choice, source: Source, *, tag: str) -> dict[str, str]:
    """The query of the engine's POST /build (API 1.39 and newer), without `dockerfile`.

    There is no cache in the registry: an inline one would name the request, and so make another
    image of every build; and the classic builder looks for layers nowhere else than in the
    images that it is given.
    """
    query = {"t": tag, "rm": "1", "forcerm": "1"}
    query["buildargs"] = json.dumps(build_args(options, source), sort_keys=True)
    query["version"] = "2" if choice.builder == BUILDKIT else "1"
    if options.platforms:
        query["platform"] = options.platforms[0]
    return query


def _client(choice: Choice) -> list[str]:
    return [choice.client.path if choice.client else "docker"]


def _arguments(values: dict[str, str]) -> list[str]:
    return [word for name in sorted(values) for word in ("--build-arg", f"{name}={values[name]}")]
