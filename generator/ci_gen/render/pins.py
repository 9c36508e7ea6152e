"""The one file of pins: every third-party action, image and tool in anything generated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Pins:
    """Third-party actions as `name@sha # version`, images as `name:tag@digest`.

    Tools are programs that an action downloads: one line a platform, in the form that the
    input `download` of such an action takes, `<platform> <version> <url> sha256:<hex>`.
    """

    actions: dict[str, tuple[str, str]]
    images: dict[str, str]
    tools: dict[str, tuple[str, ...]]

    def action(self, name: str) -> str:
        """What follows `uses:` for an action or a folder of it, such as actions/cache/save."""
        repository = "/".join(name.split("/")[:2])
        sha, version = self.actions[repository]
        return f"{name}@{sha} # {version}"

    def image(self, name: str) -> str:
        """The pinned image of that short name."""
        return self.images[name]

    def tool(self, name: str) -> tuple[str, ...]:
        """The lines of the tool of that name."""
        return self.tools[name]


@cache
def pins() -> Pins:
    """The pins that came with this ci-gen."""
    path = Path(__file__).parent.parent / "pins.json"
    document: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return Pins(
        actions={name: (pin["sha"], pin["version"]) for name, pin in document["actions"].items()},
        images={name: f"{pin['name']}@{pin['digest']}" for name, pin in document["images"].items()},
        tools={name: _lines(pin) for name, pin in document["tools"].items()},
    )


def _lines(pin: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{platform} {pin['version']} {file['url']} sha256:{file['sha256']}"
        for platform, file in pin.items()
        if platform != "version"
    )
