"""The image that a service is shipped in."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.choices import EngineAccess, ImagePlatform, ImageSource
from ci_gen.config.limits import (
    ARGUMENT,
    DEBIAN_PACKAGE,
    IMAGE,
    IMAGE_NAME,
    PROGRAM,
    REPOSITORY_PATH,
    SECRET_NAME,
    SLUG,
    URL_PATH,
)
from ci_gen.config.option import Limits, option


@dataclass(frozen=True, kw_only=True)
class Image:
    """The container image of one service."""

    enabled: bool = option(
        default=False,
        doc="Build an image of a service, test it, and push it from the default branch, tags and "
        "runs started by hand; a pull request's is built and tested alone.",
    )
    service: str | None = option(
        default=None,
        limits=SLUG,
        doc="The service in the image; the first one where absent.",
    )
    source: ImageSource = option(
        default=ImageSource.PACKAGE,
        doc="package: made from the very package that passed the tests; compile: compiled once "
        "more, inside the image's build.",
    )
    command: str | None = option(
        default=None,
        limits=PROGRAM,
        example="bin/llama-server",
        doc="The program that the image starts: a path in the package, or the name of a program "
        "that a Python service installs. Detected for a CMake service.",
    )
    args: tuple[str, ...] = option(
        default=(),
        limits=ARGUMENT,
        example=["--ctx-size", "4096"],
        doc="Arguments of the program, one an item; those of `docker run` take their place.",
    )
    port: int = option(
        default=8080,
        limits=Limits(minimum=1024, maximum=65535),
        doc="The port that it serves; below 1024 a user without rights cannot.",
    )
    health: str = option(
        default="/health",
        limits=URL_PATH,
        doc="The path that answers 200 once the service can serve.",
    )
    properties: str | None = option(
        default=None,
        limits=Limits(pattern=URL_PATH.pattern, hint=URL_PATH.hint, empty=True),
        example="/props",
        doc="The path whose answer names the build, as that of llama-server does; not asked where "
        "empty. `/props` for a CMake service and empty for a Python one where it is not set.",
    )
    start_seconds: int = option(
        default=120,
        limits=Limits(minimum=1, maximum=3600),
        doc="How long it may take to become healthy.",
    )
    stop_seconds: int = option(
        default=10,
        limits=Limits(minimum=1, maximum=600),
        doc="How long it may take to end after SIGTERM.",
    )
    repository: str | None = option(
        default=None,
        limits=IMAGE_NAME,
        example="registry.example.com/team/server",
        doc="Where the image is pushed to. Where absent: ghcr.io/<owner>/<repository>/<service> on "
        "GitHub, $CI_REGISTRY_IMAGE/<service> on GitLab.",
    )
    username: str = option(
        default="",
        limits=SECRET_NAME,
        example="REGISTRY_USER",
        doc="The secret (GitHub) or variable (GitLab) that holds the registry's user name; the "
        "platform's own login where empty.",
    )
    password: str = option(
        default="",
        limits=SECRET_NAME,
        example="REGISTRY_PASSWORD",
        doc="The secret or variable that holds the registry's password; the platform's own token "
        "where empty.",
    )
    platforms: tuple[ImagePlatform, ...] = option(
        default=(ImagePlatform.LINUX_AMD64,),
        limits=Limits(min_items=1),
        doc="The processors that it is built for. More than one needs source: compile.",
    )
    base: str | None = option(
        default=None, limits=IMAGE, doc="What the CPU image runs on; ci-gen's pin where absent."
    )
    build_base: str | None = option(
        default=None,
        limits=IMAGE,
        doc="What the CPU image is compiled on, with source: compile; ci-gen's pin where absent.",
    )
    cuda_base: str | None = option(
        default=None, limits=IMAGE, doc="What the CUDA image runs on; ci-gen's pin where absent."
    )
    cuda_build_base: str | None = option(
        default=None,
        limits=IMAGE,
        doc="What the CUDA image is compiled on, with source: compile; ci-gen's pin where absent.",
    )
    python_base: str | None = option(
        default=None,
        limits=IMAGE,
        doc="What a Python service's image is made of; ci-gen's pin where absent.",
    )
    packages: tuple[str, ...] = option(
        default=(),
        limits=DEBIAN_PACKAGE,
        example=["libgomp1"],
        doc="Further Debian packages that the program needs when it runs.",
    )
    embed_model: str = option(
        default="",
        limits=REPOSITORY_PATH,
        example="docker/model.gguf",
        doc="A model file of the repository to put into the image; below docker/ with source: "
        "package. An image without one is smaller and serves any.",
    )
    test_model: str = option(
        default="",
        limits=REPOSITORY_PATH,
        example="tests/models/tiny.gguf",
        doc="A small model of the repository that the image is tested with before it is pushed.",
    )
    test_args: tuple[str, ...] = option(
        default=(),
        limits=ARGUMENT,
        doc="Further arguments of the program in that test; {model} is the test model's path.",
    )
    max_mib: int = option(
        default=0,
        limits=Limits(minimum=0, maximum=1 << 20),
        doc="The largest size of the image, in MiB; no limit where 0.",
    )
    max_growth_percent: int = option(
        default=0,
        limits=Limits(minimum=0, maximum=1000),
        doc="How much larger than the image before it may be, in percent; no limit where 0.",
    )
    engine: EngineAccess = option(
        default=EngineAccess.DIND,
        doc="GitLab: dind starts an engine beside the job, which needs a privileged runner; socket "
        "takes the runner's own, which whoever writes a job then controls.",
    )
    cache: bool = option(default=True, doc="Keep the layers of a build in the registry.")
