"""Small models, evidence about them, and versions made of both."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.support.gguf_files import split, tiny

from ci_gen_actions.model_registry import draft
from ci_gen_actions.model_registry.operations import Stamp
from ci_gen_actions.model_registry.registry import Draft
from ci_gen_actions.release.evidence_files import Found, parse

AT = "2026-11-27T10:00:00Z"
STAMP = Stamp(at=AT, by="tester")


def model(folder: Path, name: str = "tiny", padding: int = 0) -> Path:
    """A sound model file; another `name` or `padding` makes another one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.gguf"
    path.write_bytes(tiny(name=name) + bytes(padding))
    return path


def parts(folder: Path, count: int = 3) -> list[Path]:
    """A sound model in several files."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for place, data in enumerate(split(count), 1):
        path = folder / f"big-{place:05}-of-{count:05}.gguf"
        path.write_bytes(data)
        found.append(path)
    return found


def digest(path: Path) -> str:
    """The digest of a file."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def evidence(stage: str, action: str, model: str = "", **more: Any) -> dict[str, Any]:
    """An evidence file's value, about a model where its digest is given."""
    return {
        "schema": 1,
        "stage": stage,
        "action": action,
        "job": "",
        "service": "",
        "commit": "c0ffee",
        "verdict": "PASS",
        "started": AT,
        "seconds": 1.0,
        "inputs": {"model": model} if model else {},
        "outputs": {},
        "findings": {},
        "tools": {},
        **more,
    }


def found(*values: dict[str, Any]) -> tuple[Found, ...]:
    """Evidence as it is read from files."""
    return tuple(parse(json.dumps(each).encode(), each["stage"]) for each in values)


def version(
    paths: Path | list[Path],
    number: str = "1.0",
    name: str = "tiny-chat",
    at: str = AT,
    told: tuple[Found, ...] = (),
    **more: Any,
) -> Draft:
    """A version that can be published."""
    files = paths if isinstance(paths, list) else [paths]
    given = draft.Given(name=name, version=number, at=at, by="tester", **more)
    return draft.draft(files, told, given)
