"""The config as it takes effect: defaults and detected values in their places."""

from __future__ import annotations

from typing import Any

from ci_gen.config.schema import plain
from ci_gen.pipeline.settings import ServiceSettings, Settings


def effective(settings: Settings) -> dict[str, Any]:
    """Every key of ci-gen.yaml with its value, as plain data."""
    document: dict[str, Any] = plain(settings.config)
    document["name"] = settings.name
    document["default_branch"] = settings.default_branch
    document["services"] = [_service(service) for service in settings.services]
    return document


def _service(service: ServiceSettings) -> dict[str, Any]:
    document: dict[str, Any] = plain(service.declared)
    document["kind"] = service.kind.value
    document["cuda_option"] = service.cuda_option
    document["ctest"]["enabled"] = service.ctest
    document["pytest"].update(
        unit=list(service.unit),
        integration=list(service.integration),
        manager=service.manager.value,
        requirements=list(service.requirements),
        extras=list(service.extras),
        groups=list(service.groups),
    )
    return document
