"""Names that the pipeline is made of: detected ones are held to what the config is held to.

A repository may name a folder or a branch as it likes. What cannot be a path, a name or a
branch in ci-gen.yaml is refused here, too, so that no renderer ever meets it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ci_gen.config.model import Config, Pytest, Service
from ci_gen.config.option import keys
from ci_gen.detect.model import ProjectKind
from ci_gen.errors import quoted

if TYPE_CHECKING:
    from ci_gen.pipeline.settings import ServiceSettings, Settings

Found = tuple[str, type[Any], str, Iterable[str], str]


def problems(settings: Settings) -> Iterator[tuple[str, str]]:
    """Everything that cannot be named so: what is wrong, and what to do about it."""
    for what, section, key, texts, hint in _found(settings):
        limits = keys(section)[key].limits
        for text in texts:
            if len(text) > 1000 or not re.fullmatch(limits.pattern, text):
                message = f"{what} {quoted(text)} was detected and cannot be used"
                yield message, f"it must be {limits.hint}; {hint}"
    yield from _packages_alike(settings)


def _found(settings: Settings) -> Iterator[Found]:
    yield "the name", Config, "name", [settings.name], "set name"
    yield "the branch", Config, "default_branch", [settings.default_branch], "set default_branch"
    for one in settings.services:
        rename = "rename it, or name the services to build under services:"
        yield "the service", Service, "name", [one.name], rename
        yield "the folder", Service, "path", {one.path: None, one.python_path: None}, rename
        for key, texts in (
            ("unit", one.unit),
            ("integration", one.integration),
            ("requirements", one.requirements),
            ("extras", one.extras),
            ("groups", one.groups),
        ):
            other = f"rename it, or set pytest.{key} of service {quoted(one.name)}"
            yield f"the entry of pytest.{key}", Pytest, key, texts, other


def _packages_alike(settings: Settings) -> Iterator[tuple[str, str]]:
    """Service and variant are joined in names of packages and evidence: none may stand twice."""
    names = Counter(
        f"{service.name}-{variant}"
        for service in settings.services
        for variant in _variants(settings, service)
    )
    for name, count in names.items():
        if count > 1:
            message = f"{count} builds would leave a package of the name {quoted(name)}"
            yield message, "give a service or a CUDA variant another name"


def _variants(settings: Settings, service: ServiceSettings) -> list[str]:
    if service.kind is ProjectKind.PYTHON:
        return ["python"]
    cuda = settings.config.cuda
    wanted = cuda.enabled and service.declared.cuda
    return ["cpu", *(variant.name for variant in cuda.variants if wanted)]
