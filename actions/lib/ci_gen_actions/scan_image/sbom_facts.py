"""What an SBOM says: how much it lists, of which image and distribution. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import UsageError
from ..scanning.image_identity import IMAGE_ID

_SYSTEM = ("deb", "rpm", "apk", "alpm")
"""The types of package URLs whose vulnerabilities a scanner looks up by distribution."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is listed: packages in all, those of the distribution, and the image's id."""

    packages: int
    system_packages: int
    image_id: str = ""


def contents(data: bytes, shown: str) -> Contents:
    """Read an SBOM. Raises UsageError for what is none."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise _no_sbom(shown, "it is no JSON") from None
    if not isinstance(document, dict):
        raise _no_sbom(shown, "it is no JSON object")
    if str(document.get("spdxVersion", "")).startswith("SPDX-2"):
        return _spdx(document)
    if document.get("bomFormat") == "CycloneDX":
        return _cyclonedx(document)
    raise _no_sbom(shown, "it is neither SPDX 2 nor CycloneDX")


def _no_sbom(shown: str, why: str) -> UsageError:
    return UsageError(
        "this is no SBOM", where=shown, why=why, next="name the output of the action sbom"
    )


def _dicts(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (
        each for each in (value if isinstance(value, list) else []) if isinstance(each, dict)
    )


def _spdx(document: Mapping[str, Any]) -> Contents:
    packages = [
        each
        for each in _dicts(document.get("packages"))
        if each.get("primaryPackagePurpose") != "CONTAINER"
    ]
    purls = [
        str(reference.get("referenceLocator", ""))
        for each in packages
        for reference in _dicts(each.get("externalRefs"))
        if reference.get("referenceType") == "purl"
    ]
    created = document.get("creationInfo")
    comment = str(created.get("comment", "")) if isinstance(created, dict) else ""
    found = re.search(rf"{re.escape(IMAGE_ID)}=(sha256:[0-9a-f]{{64}})", comment)
    return Contents(
        packages=len(packages), system_packages=_system(purls), image_id=found[1] if found else ""
    )


def _cyclonedx(document: Mapping[str, Any]) -> Contents:
    packages = [
        each for each in _dicts(document.get("components")) if each.get("type") in _PACKAGES
    ]
    purls = [str(each.get("purl", "")) for each in packages]
    metadata = document.get("metadata")
    properties = metadata.get("properties") if isinstance(metadata, dict) else None
    ids = [each.get("value") for each in _dicts(properties) if each.get("name") == IMAGE_ID]
    return Contents(
        packages=len(packages),
        system_packages=_system(purls),
        image_id=str(ids[0]) if ids else "",
    )


_PACKAGES = ("library", "application", "framework")
"""The types of CycloneDX components that are packages; others are files, systems, devices."""


def _system(purls: list[str]) -> int:
    return sum(1 for each in purls if each.startswith(tuple(f"pkg:{kind}/" for kind in _SYSTEM)))
