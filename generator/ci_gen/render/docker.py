"""Dockerfiles, what they copy, and what their build contexts leave out."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ci_gen.config.choices import Generator, ImageSource
from ci_gen.config.model import Config
from ci_gen.errors import ConfigError, Problem, quoted
from ci_gen.pipeline.cluster import EMBEDDED
from ci_gen.pipeline.image_settings import DOCKER_FOLDER, ImageSettings
from ci_gen.pipeline.settings import CONFIG_FILE, ServiceSettings, Settings
from ci_gen.render import base_images
from ci_gen.render.base_images import Bases
from ci_gen.render.environment import render
from ci_gen.render.header import header
from ci_gen.render.pins import Pins

HEALTH_CHECK = f"{DOCKER_FOLDER}/healthcheck.sh"
INSTALL = f"{DOCKER_FOLDER}/install.sh"
MODEL = EMBEDDED
"""Where `image.embed_model` lies in the image."""

SYSTEM_PACKAGES = ("ca-certificates", "libgomp1", "libstdc++6", "tini")
"""What every image has: trust in public servers, the run-time libraries of g++, process 1."""

_TOOLS = ("ca-certificates", "ccache", "cmake", "g++", "git", "ninja-build")
_PYTHON_TOOLS = ("cmake", "g++", "git", "ninja-build")
_TESTS_ONLY = re.compile(r"(?:^|[^a-z])(?:dev|docs?|lint|tests?|tools?)(?:[^a-z]|$)")


def dockerfile(image: ImageSettings, variant: str) -> str:
    """The usual path of a variant's Dockerfile: cpu, cuda or python."""
    return f"{DOCKER_FOLDER}/{image.service.name}-{variant}.Dockerfile"


def files(settings: Settings, pins: Pins) -> dict[str, str]:
    """Path -> text of all that images are made with; nothing where there is no image.

    Raises ConfigError where `files:` puts a script where no build context has it.
    """
    image = settings.image
    if image is None:
        return {}
    _refuse_strays(settings.config)
    install = "install-python" if image.variant == "python" else "install"
    texts = {
        HEALTH_CHECK: _script(HEALTH_CHECK, "healthcheck", "asks whether the service is healthy"),
        INSTALL: _script(INSTALL, install, "fills the image while it is built"),
    }
    if image.variant == "python":
        bases = base_images.python(image, pins)
        texts.update(_image(settings, image, "python", bases))
    else:
        texts.update(_image(settings, image, "cpu", base_images.cpu(image, pins)))
    if image.cuda:
        # The defaults; the pipeline gives each variant its own as build arguments.
        bases = base_images.cuda(image, image.cuda[0], pins)
        texts.update(_image(settings, image, "cuda", bases))
    return texts


def _refuse_strays(config: Config) -> None:
    names = (config.files.get(path, path) for path in (HEALTH_CHECK, INSTALL))
    strays = [name for name in names if posixpath.dirname(name) != DOCKER_FOLDER]
    if strays:
        why = f"files moves {quoted(strays[0])} out of {DOCKER_FOLDER}/, where images take it from"
        hint = f"choose a name in the folder {DOCKER_FOLDER}"
        raise ConfigError([Problem(CONFIG_FILE, 0, 0, why, hint)])


def _script(path: str, template: str, what: str) -> str:
    return render(f"docker/{template}.sh.j2", {"header": header(path, what)})


def _image(settings: Settings, image: ImageSettings, variant: str, bases: Bases) -> dict[str, str]:
    """One Dockerfile, and beside it the list of what its build does not see."""
    path = dockerfile(image, variant)
    compiled = image.declared.source is ImageSource.COMPILE
    kind = "python" if variant == "python" else "compile" if compiled else "package"
    names = settings.config.files
    scripts = [names.get(HEALTH_CHECK, HEALTH_CHECK), names.get(INSTALL, INSTALL)]
    kept = [*scripts, *([image.declared.embed_model] if image.declared.embed_model else [])]
    values = {
        **_common(image, variant, bases),
        "header": header(path, f"the {variant} image of {image.service.name}"),
        "dockerfile": names.get(path, path),
        "scripts": [
            json.dumps([_word(own), f"./{posixpath.basename(usual)}"])
            for own, usual in zip(scripts, (HEALTH_CHECK, INSTALL), strict=True)
        ],
        "install": _json(_install(image)),
    }
    if kind == "compile":
        values |= _compile(image, variant)
    # The engine looks for it under the very name of the Dockerfile.
    ignore = f"{names.get(path, path)}.dockerignore"
    folder = posixpath.normpath(image.service.path)
    ignored = {
        "header": header(ignore, "what the image's build does not see"),
        "paths": [_pattern(each) for each in (kept if compiled else ["package", *kept])],
        "folder": "" if folder == "." else f"{_pattern(folder)}/",
    }
    return {
        path: render(f"docker/{kind}.Dockerfile.j2", values),
        ignore: render(f"docker/{'compile' if compiled else 'package'}.dockerignore.j2", ignored),
    }


def _common(image: ImageSettings, variant: str, bases: Bases) -> dict[str, Any]:
    """What every Dockerfile says of the running service."""
    own = image.declared
    python = variant == "python"
    prefix = {"cpu": "", "cuda": "cuda_", "python": "python_"}[variant]
    program = image.command if python else f"/app/{image.command}"
    variables = [
        "HOME=/tmp",
        *("HOST=0.0.0.0", f"PORT={own.port}"),
        *("LLAMA_ARG_HOST=0.0.0.0", f"LLAMA_ARG_PORT={own.port}"),
    ]
    if python:
        variables += ["PATH=/opt/venv/bin:$PATH", "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"]
    if own.embed_model:
        variables += [f"LLAMA_ARG_MODEL={MODEL}", f"MODEL={MODEL}"]
    return {
        "what": f"The service {image.service.name}",
        "base": bases.run,
        "build_base": bases.build,
        "base_key": f"{prefix}base",
        "build_base_key": f"{prefix}build_base",
        "packages": sorted({*SYSTEM_PACKAGES, *own.packages}),
        "tools": _PYTHON_TOOLS if python else _TOOLS,
        "model": [f"COPY {json.dumps([_word(own.embed_model), MODEL])}"] if own.embed_model else [],
        "variables": variables,
        "port": own.port,
        "health": own.health,
        "start_seconds": own.start_seconds,
        "entrypoint": _json(["/usr/bin/tini", "--", program]),
        "arguments": _json(own.args),
        "title": image.service.name,
    }


def _install(image: ImageSettings) -> list[str]:
    """The command that fills the image."""
    service, script = image.service, ["bash", "install.sh"]
    if image.variant == "python":
        wanted = [path for path in service.requirements if not _TESTS_ONLY.search(path.lower())]
        return [*script, image.command, *_within(service, wanted)]
    paths = service.declared.package_paths
    if image.declared.source is ImageSource.COMPILE:
        return [*script, "build", image.command, *paths]
    return [*script, "files" if paths else "package", image.command]


def _within(service: ServiceSettings, paths: Iterable[str]) -> list[str]:
    """Paths of the repository as the service's own folder sees them."""
    return [posixpath.relpath(path, service.python_path) for path in paths]


def _compile(image: ImageSettings, variant: str) -> dict[str, Any]:
    """What a compile inside the image needs besides: the action `build` does the same."""
    service = image.service
    declared = service.declared
    source = posixpath.normpath(f"/src/{service.path}")
    make = declared.generator is Generator.MAKE
    languages = ("C", "CXX", "CUDA") if variant == "cuda" else ("C", "CXX")
    given = {re.sub(r"[:=].*", "", each.removeprefix("-D")) for each in declared.cmake_args}
    argv = ["cmake", "-S", source, "-B", "/build", "-G", "Unix Makefiles" if make else "Ninja"]
    argv += [f"-DCMAKE_BUILD_TYPE={declared.build_type.value}"]
    argv += ["-DCMAKE_BUILD_RPATH_USE_ORIGIN=ON", "-DCMAKE_BUILD_RPATH=$ORIGIN;$ORIGIN/../lib"]
    argv += [f"-DCMAKE_{each}_COMPILER_LAUNCHER=ccache" for each in languages]
    native = "GGML_NATIVE" if service.cuda_option in ("auto", "GGML_CUDA") else "LLAMA_NATIVE"
    if service.llama and native not in given:
        argv.append(f"-D{native}=OFF")
    if variant == "cuda":
        argv += _cuda_arguments(service, given)
    argv += declared.cmake_args
    shell: list[str] = []
    arguments: list[tuple[str, str]] = []
    if variant == "cuda":
        tail = '"-DCMAKE_CUDA_ARCHITECTURES=$CUDA_ARCHITECTURES"'
        shell = ["bash", "-euc", f'exec "$@" {tail}', "cmake"]
        first = base_images.cuda_architectures(image.cuda[0])
        arguments.append(("CUDA_ARCHITECTURES", first))
    targets = "".join(f" '{target}'" for target in declared.targets)
    return {
        "cache": f"{service.name}-{variant}",
        "build_arguments": arguments,
        "configure": _json_lines([*shell, *argv], indent=4),
        "targets": f" \\\n      --target{targets}" if targets else "",
        "tools": sorted({*_TOOLS, *(["make"] if make else [])}),
    }


def _cuda_arguments(service: ServiceSettings, given: set[str]) -> list[str]:
    option = "GGML_CUDA" if service.cuda_option == "auto" else service.cuda_option
    argv = [f"-D{option}=ON"]
    # libcuda comes with the driver, and no driver is there while an image is built.
    if "CMAKE_EXE_LINKER_FLAGS" not in given:
        argv.append("-DCMAKE_EXE_LINKER_FLAGS=-Wl,--allow-shlib-undefined")
    return argv


def _json(words: Sequence[str]) -> str:
    """A command that no shell reads: a text in it can be nothing but itself."""
    return f"[{', '.join(map(_json_word, words))}]"


def _json_lines(words: Sequence[str], indent: int) -> str:
    """The same with one word a line."""
    gap = ", \\\n" + " " * (indent + 1)
    return "[" + gap.join(map(_json_word, words)) + "]"


def _json_word(word: str) -> str:
    # hadolint takes a quote behind an escaped backslash for an escaped quote.
    return json.dumps(word).replace("\\\\", "\\u005c")


def _word(path: str) -> str:
    """A path for COPY, which expands variables, quotes and globs in it."""
    escaped = re.sub(r"""(["'$\\])""", r"\\\1", path)
    return escaped.replace("[", "[[]")


def _pattern(path: str) -> str:
    """A path as a pattern of .dockerignore that matches it alone."""
    return re.sub(r"([*?\[\\])", r"\\\1", path)
