from __future__ import annotations

import json

import pytest

from ci_gen_actions.scan_source.locks import Lock, Pin, batches, read


def names(lock: Lock) -> list[tuple[str, str, int]]:
    return [(each.name, each.version, each.line) for each in lock.pins]


def test_requirements_with_hashes_markers_and_extras() -> None:
    text = (
        "# a comment\n"
        "--index-url https://example.org/simple\n"
        "Ruamel.YAML==0.18.6 \\\n"
        "    --hash=sha256:8b27e6a217e786c6fbe5634d8f3f11bc63e0f80f6a5890f28863d9c45aac311b \\\n"
        "    --hash=sha256:57b53ba33def16c4f3d807c0ccbc00f8a6081827e81ba2491691b76882d0c636\n"
        "    # via -r requirements.in\n"
        "coverage[toml]==7.1 ; python_version < '3.11'\n"
        "six == 1.16.0  # why\n"
        "local===1.0+cpu\n"
        "-r other.txt\n"
        "\n"
    )
    lock = read("requirements.txt", text)
    assert names(lock) == [
        ("ruamel-yaml", "0.18.6", 3),
        ("coverage", "7.1", 7),
        ("six", "1.16.0", 8),
        ("local", "1.0+cpu", 9),
    ]
    assert (lock.unpinned, lock.problem) == (0, "")


def test_requirements_without_an_exact_version_are_counted() -> None:
    text = "a>=1\nb\nc==1.*\nd @ https://example.org/d.whl\n-e .\ne==1,<2\n"
    assert read("requirements.txt", text) == Lock(file="requirements.txt", unpinned=6)


UV = """\
version = 1

[[package]]
name = "parrot"
version = "0.1.0"
source = { editable = "." }

[[package]]
name = "requests"
version = "2.31.0"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://example.org", hash = "sha256:00" }
"""
POETRY = """\
[[package]]
name = "Requests"
version = "2.31.0"

[[package]]
name = "own"
version = "1.0"

[package.source]
type = "git"
"""
PYLOCK = """\
lock-version = "1.0"

[[packages]]
name = "requests"
version = "2.31.0"

[[packages]]
name = "own"
version = "1"
vcs = { type = "git" }
"""
PIPFILE = {
    "default": {"requests": {"version": "==2.31.0"}, "own": {"git": "x"}},
    "develop": {"pytest": {"version": "==8.0"}},
}


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [("a/uv.lock", UV, 9), ("poetry.lock", POETRY, 2), ("pylock.dev.toml", PYLOCK, 4)],
)
def test_locks_in_toml(file: str, text: str, line: int) -> None:
    pytest.importorskip("tomli")
    lock = read(file, text)
    assert names(lock) == [("requests", "2.31.0", line)]
    assert lock.unpinned == 1


def test_a_lock_of_pipenv() -> None:
    lock = read("Pipfile.lock", json.dumps(PIPFILE, indent=4))
    assert names(lock) == [("requests", "2.31.0", 3), ("pytest", "8.0", 11)]
    assert lock.unpinned == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"default": 3}', '{"default": {"a": 1}}'])
def test_a_lock_that_is_none_is_told(text: str) -> None:
    assert read("Pipfile.lock", text).problem


def test_no_batch_names_a_package_twice() -> None:
    pins = [
        Pin(name=name, version=version, file="a", line=1)
        for name, version in (("a", "1"), ("b", "1"), ("a", "2"), ("a", "1"), ("a", "3"))
    ]
    assert list(batches(pins)) == [{"a": "1", "b": "1"}, {"a": "2"}, {"a": "3"}]
    assert list(batches([])) == []
