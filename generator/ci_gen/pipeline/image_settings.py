"""What goes into the image: its service, the program that it starts, and what cannot be.

The config wins; where it is silent, what is known of the service speaks.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_gen.config.choices import ImageSource
from ci_gen.config.model import Config, Image
from ci_gen.config.sections.cuda import CudaVariant
from ci_gen.detect.model import LlamaOrigin, ProjectKind
from ci_gen.errors import quoted

if TYPE_CHECKING:
    from ci_gen.pipeline.settings import ServiceSettings

LLAMA_SERVER = "llama-server"
DOCKER_FOLDER = "docker"


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """The image of one service; `declared` holds its other keys.

    `variant` is that of the image which every pipeline builds, cpu or python; `cuda` are the
    variants that get an image of their own besides. `guessed` says that nothing told the command.
    """

    declared: Image
    service: ServiceSettings
    command: str
    variant: str
    cuda: tuple[CudaVariant, ...] = ()
    guessed: bool = False


def image_of(config: Config, services: Sequence[ServiceSettings]) -> ImageSettings | None:
    """The settings of the image, None where none is wanted. The config has been checked."""
    image = config.image
    if not image.enabled or not services:
        return None
    named = {service.name: service for service in services}
    service = named[image.service] if image.service else services[0]
    python = service.kind is ProjectKind.PYTHON
    wanted = config.cuda.enabled and service.declared.cuda and not python
    program = _program(service)
    usual = "" if python else f"bin/{program or service.name}"
    return ImageSettings(
        declared=image,
        service=service,
        command=image.command or usual,
        variant="python" if python else "cpu",
        cuda=config.cuda.variants if wanted else (),
        guessed=not (image.command or python or program),
    )


def _program(service: ServiceSettings) -> str:
    """The program of a CMake service: its server or its only target; "" where nothing tells."""
    declared = service.declared
    packed = [posixpath.basename(path) for path in declared.package_paths]
    servers = [name for name in (*declared.targets, *packed) if name.endswith("server")]
    if service.llama == LlamaOrigin.SELF.value and not declared.targets:
        servers.append(LLAMA_SERVER)
    only = declared.targets if len(declared.targets) == 1 else ()
    return next(iter((*servers, *only)), "")


def problems(config: Config, services: Sequence[ServiceSettings]) -> Iterator[tuple[str, str]]:
    """What the config leaves undecided or asks in vain: what is wrong, and what to do."""
    image = config.image
    if not image.enabled or not services:
        return
    names = [service.name for service in services]
    if image.service is not None and image.service not in names:
        known = ", ".join(names)
        yield f"image.service {quoted(image.service)} is no service", f"name one of: {known}"
        return
    service = services[names.index(image.service)] if image.service else services[0]
    if service.kind is ProjectKind.PYTHON:
        yield from _python(image, service)
    yield from _contradictions(image)


def _python(image: Image, service: ServiceSettings) -> Iterator[tuple[str, str]]:
    if not image.command:
        yield (
            f"image.command is not set, and nothing tells what starts the Python service "
            f"{quoted(service.name)}",
            "name a program that it installs, such as uvicorn, and its arguments in image.args",
        )
    if image.source is ImageSource.COMPILE:
        yield (
            f"image.source is compile, but the service {quoted(service.name)} is a Python one",
            "leave image.source out: its image is made from its package",
        )


def _contradictions(image: Image) -> Iterator[tuple[str, str]]:
    package = image.source is ImageSource.PACKAGE
    if package and len(image.platforms) > 1:
        yield (
            "image.platforms names several, but a package is for one processor alone",
            "set image.source to compile, or name one platform",
        )
    inside = posixpath.normpath(image.embed_model).startswith(f"{DOCKER_FOLDER}/")
    if package and image.embed_model and not inside:
        yield (
            f"image.embed_model {quoted(image.embed_model)} is out of the build's reach",
            f"an image made from a package sees the folder {DOCKER_FOLDER}/ alone: put the model "
            "there, or set image.source to compile",
        )
    if bool(image.username) != bool(image.password):
        one, other = ("username", "password") if image.username else ("password", "username")
        yield f"image.{one} is set, but image.{other} is not", "set both, or neither"
