from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.scanning.findings import Finding, Severity
from ci_gen_actions.scanning.ignore_list import Entry, load, parse

GOOD = b"""\
# what we accept
ignore:
  - id: CVE-2026-1
    package: openssl
    reason: not reachable
    expires: 2026-12-31

  - id: DL3008
    path: docker/**
    reason: "pinned by the snapshot"
    expires: 2027-01-01
"""


def finding(**more: object) -> Finding:
    values = {"id": "GHSA-1", "severity": Severity.HIGH, "aliases": ("CVE-2026-1",), **more}
    return Finding(**values)  # type: ignore[arg-type]


def test_entries_know_their_lines() -> None:
    assert parse(GOOD, "list.yaml") == (
        Entry(
            id="CVE-2026-1",
            package="openssl",
            reason="not reachable",
            expires=datetime.date(2026, 12, 31),
            line=3,
        ),
        Entry(
            id="DL3008",
            path="docker/**",
            reason="pinned by the snapshot",
            expires=datetime.date(2027, 1, 1),
            line=8,
        ),
    )


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"ignore:\n", b"ignore: []\n"])
def test_an_empty_list_accepts_nothing(text: bytes) -> None:
    assert parse(text, "list.yaml") == ()


def test_without_a_file_nothing_is_accepted(tmp_path: Path) -> None:
    assert load(tmp_path / "none.yaml", "none.yaml") == ()


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (b"- id: x\n", 1, "must hold the key `ignore`"),
        (b"ignore:\n  id: x\n", 1, "`ignore` must be a list"),
        (b"ignored: []\n", 1, "no key `ignored`"),
        (b"ignore:\n  - CVE-1\n", 2, "an entry must be a list of"),
        (b"ignore:\n  - id: x\n    reason: y\n", 2, "lacks expires"),
        (b"ignore:\n  - {id: x, reason: y, expires: 2026-12-31, until: z}\n", 2, "no key `until`"),
        (b"ignore:\n  - id: x\n    reason: y\n    expires: soon\n", 4, "'soon'"),
        (b"ignore:\n  - id: x\n    reason: y\n    expires: 2026-13-01\n", 4, "'2026-13-01'"),
        (b"ignore:\n  - id: x\n    reason: y\n    expires: 20261231\n", 4, "'20261231'"),
        (b"ignore:\n  - id: x\n    reason:\n    expires: 2026-12-31\n", 3, "`reason` is empty"),
        (b"ignore:\n  - id: [x]\n    reason: y\n    expires: 2026-12-31\n", 2, "must be one text"),
        (b"ignore:\n  - id: x\n    id: y\n", 3, "stands here twice"),
        (b"ignore:\n  - id: x\n   reason: y\n", 3, "this is no YAML"),
        (b"ignore: []\n\xff", 1, "not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: bytes, line: int, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "list.yaml")
    assert (caught.value.file, caught.value.line) == ("list.yaml", line)
    assert why in caught.value.why
    assert f"line {line}" in caught.value.why


def test_every_wrong_entry_is_told_at_once() -> None:
    text = b"ignore:\n  - id: x\n  - reason: y\n"
    with pytest.raises(UsageError) as caught:
        parse(text, "list.yaml")
    assert "line 2" in caught.value.why
    assert "line 3" in caught.value.why


def test_an_entry_matches_aliases_packages_and_paths() -> None:
    def entry(**more: str) -> Entry:
        values = {"id": "cve-2026-1", "reason": "", "expires": datetime.date.max, **more}
        return Entry(**values)  # type: ignore[arg-type]

    assert entry().matches(finding())
    assert not entry(id="CVE-2026-11").matches(finding())
    assert entry(package="OpenSSL").matches(finding(package="openssl"))
    assert not entry(package="openssl").matches(finding(package="openssl-dev"))
    assert entry(path="docker/**").matches(finding(file="docker/a/Dockerfile"))
    assert not entry(path="docker/**").matches(finding(file="Dockerfile"))


def test_the_last_day_still_holds() -> None:
    entry = Entry(id="x", reason="y", expires=datetime.date(2026, 12, 31))
    assert entry.holds(datetime.date(2026, 12, 31))
    assert not entry.holds(datetime.date(2027, 1, 1))
