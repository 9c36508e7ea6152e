"""The Debian package that brings each command a job may need."""

from __future__ import annotations

from types import MappingProxyType

PACKAGES = MappingProxyType(
    {
        "c++": "g++",
        "ccache": "ccache",
        "cmake": "cmake",
        "docker": "docker.io",
        "git": "git",
        "ninja": "ninja-build",
        "python3": "python3-venv",
    }
)


def packages(tools: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pairs of command and package, sorted by command. Raises KeyError for an unknown command."""
    return [(tool, PACKAGES[tool]) for tool in sorted(tools)]
