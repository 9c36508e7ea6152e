"""Signatures and attestations: what the templates must know of them on each platform."""

from __future__ import annotations

from typing import Any

from ci_gen.pipeline.model import Signing
from ci_gen.render import github_values, gitlab_values
from ci_gen.render.pins import Pins

COSIGN = "cosign"


def on_github(signing: Signing, pins: Pins) -> dict[str, Any]:
    """The values of templates/github/steps/sign.yml.j2."""
    return {
        **_common(signing, pins),
        "registry": _host(signing) or github_values.REGISTRY,
        "username": github_values.value(signing.username, pins),
        "password": github_values.value(signing.password, pins),
    }


def on_gitlab(signing: Signing, pins: Pins) -> dict[str, Any]:
    """The values of templates/gitlab/job/sign.yml.j2."""
    return {
        **_common(signing, pins),
        "registry": _host(signing) or "$CI_REGISTRY",
        "username": gitlab_values.exported(signing.username),
        "password": gitlab_values.exported(signing.password),
        "files": [_file(line) for line in pins.tool(COSIGN)],
    }


def _common(signing: Signing, pins: Pins) -> dict[str, Any]:
    return {
        "subjects": signing.subjects,
        "checksums": signing.checksums,
        "packages": signing.packages,
        "version": f"v{_file(pins.tool(COSIGN)[0])['version']}",
    }


def _file(line: str) -> dict[str, str]:
    """One file of a pinned tool; `machine` is its platform in the words of `uname -m`."""
    platform, version, url, digest = line.split(" ")
    machine = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}[platform]
    sha256 = digest.removeprefix("sha256:")
    return {"machine": machine, "version": version, "url": url, "sha256": sha256}


def _host(signing: Signing) -> str:
    """The registry of a repository that was named, "" for the platform's own."""
    if not signing.repository:
        return ""
    first, slash, _ = signing.repository.partition("/")
    # As the container engines read it: without a dot or a port it is a folder of Docker Hub.
    return first if slash and (set(".:") & set(first) or first == "localhost") else "docker.io"
