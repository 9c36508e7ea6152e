"""What the `build-python` action takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `build-python`. Folders are relative to the checkout unless absolute."""

    service: str = option(
        doc="The name of the service; part of the names of folders and of the package.",
        pattern=NAME,
    )
    source: str = option(doc="The folder of the Python project.", default=".")
    manager: str = option(
        doc="What the project is managed with. uv builds its wheel itself, all others leave "
        "that to `build`. `auto` reads it from the lock files and pyproject.toml.",
        default="auto",
        choices=("auto", "uv", "poetry", "pdm", "pipenv", "pip"),
    )
    requirements: tuple[str, ...] = option(
        doc="Requirements files of the service, relative to `source`. They must "
        "exist; their digests become evidence.",
        default=(),
        pattern=r"[^-].*",
    )
    output_folder: str = option(
        doc="Where the package and its manifest are written.", default="dist"
    )
    package_name: str = option(
        doc="The name of the manifest and of a source archive, without suffix; "
        "`<service>-python` where empty. A wheel has the name that the standard gives it.",
        default="",
        pattern=NAME,
    )
    timeout: int = option(
        doc="Seconds that each step may take; then the verdict is ERROR.", default=1800, minimum=1
    )
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.", default="build-python", pattern=NAME
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `build-python`; empty where the action did not come so far."""

    package: str = output(doc="The path of the wheel or source archive.", default="")
    package_sha256: str = output(doc="Its SHA-256, 64 hex digits.", default="")
    manifest: str = output(doc="The path of the package's manifest.json.", default="")
    verdict: str = output(doc="PASS, FAIL or ERROR.", default="")
