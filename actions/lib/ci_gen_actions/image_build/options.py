"""What the `image-build` action takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.image_tags import RULES
from ..core.options import option, output

NAME = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
"""What may stand in the name of an image."""
PATH = r"(?:/[^\s?#]*)"
REFERENCE = r"[A-Za-z0-9][A-Za-z0-9._:/@-]*"
AUTO = ("auto", "always", "never")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `image-build`. Folders are relative to the checkout unless absolute."""

    service: str = option(
        doc="The name of the service; part of the image's name in the engine, in lower case.",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    )
    variant: str = option(
        doc="Which image of the service this is, such as `cpu`, `cuda` or `python`. Tags of "
        "others than `cpu` and `python` end with `-<variant>`.",
        default="cpu",
        pattern=NAME,
    )
    context: str = option(
        doc="The folder of the build context. With `package`: the folder that `docker/` is "
        "taken from.",
        default=".",
    )
    dockerfile: str = option(
        doc="The Dockerfile; `docker/<service>-<variant>.Dockerfile` where empty.", default=""
    )
    package: str = option(
        doc="A glob that one package, a .tar.gz, matches: the image is made from it. Its content "
        "is `package/` in the context, beside `docker/`. Empty: the Dockerfile compiles.",
        default="",
    )
    build_args: tuple[str, ...] = option(
        doc="Build arguments, `NAME=value`. COMMIT, VERSION, CREATED, SOURCE_URL and "
        "SOURCE_DATE_EPOCH are always given.",
        default=(),
        pattern=r"[A-Za-z_][A-Za-z0-9_]*=.*",
    )
    repository: str = option(
        doc="Where the image is pushed, without a tag: `ghcr.io/<owner>/<name>`. Capitals become "
        "small letters.",
        default="",
        pattern=r"[a-z0-9][A-Za-z0-9._:/-]*",
    )
    tags: tuple[str, ...] = option(
        doc="Which tags the image gets: `commit` (`sha-` and 12 digits), `branch`, `semver` "
        "(`1.2.3`, `1.2` and `1` from the tag `v1.2.3`), `latest` (on the default branch).",
        default=RULES,
        choices=RULES,
    )
    push: str = option(
        doc="Whether to push. `auto` does in CI, but for a pull or merge request.",
        default="auto",
        choices=AUTO,
    )
    username: str = option(
        doc="The user at the registry; what the engine's client knows where empty.", default=""
    )
    password: str = option(doc="The password or token at the registry.", default="", secret=True)
    platforms: tuple[str, ...] = option(
        doc="Platforms such as `linux/arm64`; the engine's own where empty. More than one needs "
        "buildx.",
        default=(),
        pattern=r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9]+)?",
    )
    builder: str = option(
        doc="What builds: `buildx`, `buildkit` (the engine's own, through a docker client or the "
        "engine's API), `classic` (the engine without BuildKit). `auto` takes the first of them "
        "that is there.",
        default="auto",
        choices=("auto", "buildx", "buildkit", "classic"),
    )
    registry_cache: bool = option(
        doc="Take layers from the registry, and leave them there where the image is pushed.",
        default=True,
    )
    test: bool = option(
        doc="Start the image before it is pushed: it must become healthy, run as non-root, and "
        "stop in time.",
        default=True,
    )
    port: int = option(
        doc="The port that the server listens on.", default=8080, minimum=1, maximum=65535
    )
    health: str = option(
        doc="The path that answers 200 once the server is ready.", default="/health", pattern=PATH
    )
    properties: str = option(
        doc="The path that answers the server's properties, its build among them; none where "
        "`none`.",
        default="/props",
        pattern=rf"none|{PATH}",
    )
    expected_build: str = option(
        doc="What the properties must name as the server's build; `llama-build` of the package's "
        "manifest where empty.",
        default="",
    )
    test_model: str = option(
        doc="A model file for the test, given to the server read-only; LLAMA_ARG_MODEL tells its "
        "path, which llama-server takes. The server starts without one where empty.",
        default="",
    )
    test_args: tuple[str, ...] = option(
        doc="Further arguments of the server in the test; `{model}` in them is the test model's "
        "path.",
        default=(),
    )
    start_timeout: int = option(
        doc="Seconds that the server may take to become healthy.", default=120, minimum=1
    )
    stop_timeout: int = option(
        doc="Seconds that the server may take to stop on SIGTERM.", default=10, minimum=1
    )
    gpus: bool = option(doc="Give the container the machine's GPUs in the test.", default=False)
    max_mib: int = option(
        doc="The most MiB that the image may have; no limit where 0.", default=0, minimum=0
    )
    max_growth_percent: int = option(
        doc="The most percent that the image may be larger than the previous one; no limit "
        "where 0.",
        default=0,
        minimum=0,
    )
    previous: str = option(
        doc="The image to compare with; the repository's `latest` of this variant where empty.",
        default="",
        pattern=REFERENCE,
    )
    timeout: int = option(
        doc="Seconds that the build and each push may take, each.", default=7200, minimum=1
    )
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.",
        default="image-build",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._+-]*",
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `image-build`; empty where the action did not come so far."""

    reference: str = output(
        doc="`<repository>@sha256:...`, once pushed and found in the registry as built."
    )
    digest: str = output(doc="The digest in the registry, `sha256:...`.")
    local_reference: str = output(doc="The image's name in the engine.")
    image_id: str = output(doc="The image's id in the engine, `sha256:...`.")
    tags: str = output(doc="The tags that were pushed, with a blank between them.")
    size: int = output(doc="The image's size in the engine, in bytes.", default=0)
    verdict: str = output(doc="PASS, FAIL or ERROR.")
