"""The SBOM as syft writes it, made to depend on the image alone. Pure.

syft stamps the time of day and a random id on each document: both become values of the image
(its creation, an id made of its id), so that an image scanned twice has one digest. The image's
id is added, and a component for what was compiled. All else stays as syft wrote it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ..core.errors import CannotDecide
from ..scanning.image_identity import IMAGE_ID

_NAMESPACE = uuid.UUID("6f1f3b1e-5d0c-5b55-9d0a-3d1c7a0f6a11")
"""Ours alone: ids made in it collide with nobody's."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """The image: its id (`sha256:...`), its creation in RFC 3339 (whole seconds), its labels."""

    id: str
    created: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Component:
    """Something compiled that the image holds, as the manifest of its package tells of it."""

    name: str
    version: str
    purl: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """A finished SBOM: its text, and how many packages syft itself found."""

    text: str
    packages: int


def finished(data: bytes, image: Image, components: tuple[Component, ...], syft: str) -> Document:
    """The SBOM to keep. Raises CannotDecide where syft's output is no SBOM."""
    try:
        document = json.loads(data)
        if document.get("bomFormat") == "CycloneDX":
            packages = _cyclonedx(document, image, components, syft)
        else:
            packages = _spdx(document, image, components, syft)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CannotDecide(
            "syft's output cannot be read",
            why=f"{type(error).__name__}: {error}",
            next="report it, with syft's version and the image",
        ) from error
    return Document(text=json.dumps(document, separators=(",", ":")) + "\n", packages=packages)


def _identity(image: Image, form: str, syft: str) -> str:
    return uuid.uuid5(_NAMESPACE, f"{form} {image.id} syft-{syft}").urn


def _spdx(
    document: dict[str, Any], image: Image, components: tuple[Component, ...], syft: str
) -> int:
    document["documentNamespace"] = _identity(image, "spdx", syft)
    document["creationInfo"]["created"] = image.created
    document["creationInfo"]["comment"] = f"{IMAGE_ID}={image.id}"
    packages: list[dict[str, Any]] = document.setdefault("packages", [])
    roots = [each for each in packages if each.get("primaryPackagePurpose") == "CONTAINER"]
    found = len(packages) - len(roots)
    for component in components:
        spdx_id = "SPDXRef-Package-ci-gen-" + re.sub(r"[^A-Za-z0-9.-]", "-", component.name)
        purl = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl"}
        packages.append(
            {
                "name": component.name,
                "SPDXID": spdx_id,
                "versionInfo": component.version,
                "supplier": "NOASSERTION",
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": False,
                "licenseConcluded": "NOASSERTION",
                "licenseDeclared": "NOASSERTION",
                "copyrightText": "NOASSERTION",
                "comment": component.comment,
                "externalRefs": [{**purl, "referenceLocator": component.purl}],
            }
        )
        document["relationships"] += [
            {
                "spdxElementId": root["SPDXID"],
                "relatedSpdxElement": spdx_id,
                "relationshipType": "CONTAINS",
            }
            for root in roots
        ]
    document["packages"] = sorted(packages, key=lambda each: str(each["SPDXID"]))
    document["relationships"] = sorted(document["relationships"], key=_sorting)
    return found


def _cyclonedx(
    document: dict[str, Any], image: Image, components: tuple[Component, ...], syft: str
) -> int:
    document["serialNumber"] = _identity(image, "cyclonedx", syft)
    document["metadata"]["timestamp"] = image.created
    properties = document["metadata"].setdefault("properties", [])
    properties.append({"name": IMAGE_ID, "value": image.id})
    listed: list[dict[str, Any]] = document.setdefault("components", [])
    found = sum(1 for each in listed if each.get("type") in ("library", "application"))
    for component in components:
        listed.append(
            {
                "bom-ref": f"ci-gen:{component.name}",
                "type": "application",
                "name": component.name,
                "version": component.version,
                "description": component.comment,
                "purl": component.purl,
            }
        )
    document["components"] = sorted(listed, key=_sorting)
    return found


def _sorting(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)


def labelled(labels: Mapping[str, str]) -> tuple[Component, ...]:
    """What the image's labels say of the service, for an image without a package's manifest."""
    name = labels.get("org.opencontainers.image.title", "")
    commit = labels.get("org.opencontainers.image.revision", "")
    if not name or not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        return ()
    comment = "The service, of this commit, as the labels of the image say."
    purl = f"pkg:generic/{quote(name)}@{commit}"
    return (Component(name=name, version=commit, purl=purl, comment=comment),)


def compiled(manifest: bytes, shown: str) -> tuple[Component, ...]:
    """What a package's manifest says was compiled; nothing where it is no such manifest."""
    try:
        values = json.loads(manifest)
        service, commit = values["service"], values["commit"]
    except (ValueError, KeyError, TypeError):
        return ()
    if not (isinstance(service, str) and service and isinstance(commit, str)):
        return ()
    dirty = ", with changes that were not committed" if values.get("dirty") else ""
    source = f"as the manifest {shown} in the image says; syft does not see compiled code"
    backend = values.get("backend")
    found = [
        Component(
            name=service,
            version=commit or "unknown",
            purl=f"pkg:generic/{quote(service)}" + (f"@{quote(commit)}" if commit else ""),
            comment=f"Compiled service{f' ({backend})' if backend else ''} of this commit{dirty}, "
            f"{source}.",
        )
    ]
    build = values.get("llama-build")
    if isinstance(build, (str, int)) and str(build):
        found.append(
            Component(
                name="llama.cpp",
                version=str(build),
                purl=f"pkg:github/ggml-org/llama.cpp@{str(build).split('-')[0]}",
                comment=f"The llama.cpp that the service was built with, {source}.",
            )
        )
    return tuple(found)
