"""The locked requirements: complete, by hash, and from nowhere in particular."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "requirements"
EXAMPLE = ROOT / "examples" / "llama-service"
ACTIONS = ROOT / "actions" / "requirements"
LOCKS = [
    *sorted(path for path in FOLDER.glob("*.in")),
    *sorted(path for path in ACTIONS.glob("*.in")),
    EXAMPLE / "tests" / "requirements.in",
]
APART = {"llama-cpp-python"}
"""Locks of environments beside an action's own: the tests start them and load nothing of them."""
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==(\S+)")


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def wanted(source: Path) -> set[str]:
    names: set[str] = set()
    for line in source.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            names |= wanted(source.parent / line[3:].strip())
        elif line.strip() and not line.startswith("#"):
            names.add(name_of(line))
    return names


@pytest.mark.parametrize("source", LOCKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_requirement_is_locked_by_hash(source: Path) -> None:
    text = source.with_suffix(".txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    pinned = {}
    for block in blocks:
        found = PIN.match(block)
        assert found, block
        pinned[name_of(found[1])] = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)
    assert wanted(source) <= pinned.keys()
    assert all(pinned.values())
    assert "://" not in text
    assert "index-url" not in text


def test_what_the_package_depends_on_is_what_the_generator_is_locked_for() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.search(r"^dependencies = \[(.*?)\]", text, re.DOTALL | re.MULTILINE)
    assert declared
    names = {name_of(each) for each in re.findall(r'"([^"]+)"', declared[1])}
    assert names <= wanted(FOLDER / "generator.in")


@pytest.mark.parametrize(
    "lock",
    [FOLDER / "generator.txt", *(p for p in sorted(ACTIONS.glob("*.txt")) if p.stem not in APART)],
    ids=lambda path: path.stem,
)
def test_what_we_ship_is_developed_with_the_versions_it_runs_with(lock: Path) -> None:
    def pins(path: Path) -> set[str]:
        text = path.read_text(encoding="utf-8")
        return {found[0] for line in text.splitlines() if (found := PIN.match(line))}

    assert pins(lock)
    assert pins(lock) <= pins(FOLDER / "dev.txt")


def test_the_engine_from_npm_is_locked_without_addresses() -> None:
    folder = FOLDER / "e2e"
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    wanted_version = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    engine = packages["node_modules/gitlab-ci-local"]
    assert engine["version"] == wanted_version["dependencies"]["gitlab-ci-local"]
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert not [name for name, each in packages.items() if "resolved" in each]
