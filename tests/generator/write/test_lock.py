from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen._version import __version__
from ci_gen.errors import Undecided, VersionError
from ci_gen.write.fast import inputs_digest
from ci_gen.write.lock import Entry, Lock, dumps, loads, newer_than, sealed

sha = st.text("0123456789abcdef", min_size=4, max_size=4)
path = st.from_regex(r"\A[a-zé]{1,3}(/[a-z.]{1,3})?\Z")
value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
lock = st.builds(
    Lock,
    generator=sha,
    inputs=sha,
    actions=st.dictionaries(st.sampled_from(["commit", "repository"]), sha),
    config=st.dictionaries(path, sha, max_size=3),
    facts=st.dictionaries(st.text(max_size=3), value, max_size=3),
    files=st.dictionaries(path, st.builds(Entry, sha, sha, sha), max_size=5),
)


@given(lock)
def test_what_is_written_is_read_again(one: Lock) -> None:
    assert loads(dumps(one)) == one
    assert json.loads(dumps(one))["lock"] == 1


@given(lock)
def test_each_file_is_one_line(one: Lock) -> None:
    lines = dumps(one).splitlines()
    for name, entry in one.files.items():
        wanted = f" {json.dumps(name, ensure_ascii=False)}: " + json.dumps(entry.to_json())
        assert wanted in [line.rstrip(",") for line in lines]


@given(lock, lock)
def test_both_sides_of_a_conflict_are_read(one: Lock, two: Lock) -> None:
    text = f"<<<<<<< HEAD\n{dumps(one)}=======\n{dumps(two)}>>>>>>> topic\n"
    read = loads(text)
    assert read.sides[1] == two
    assert read.paths() == {*one.files, *two.files}
    for name in read.paths():
        assert set(read.entries(name)) == {
            side.files[name] for side in (one, two) if name in side.files
        }


@given(lock)
def test_a_seal_covers_every_input(one: Lock) -> None:
    data = json.loads(dumps(sealed(one)))
    assert data["inputs"] == inputs_digest(data)
    for key in ("actions", "ci_gen", "config", "facts", "generator"):
        assert inputs_digest({**data, key: "other"}) != data["inputs"]


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("0.2.0", "0.1.0"), ("0.10.0", "0.9.9"), ("1.0", "1.0rc1"), ("1.0.1", "1.0"),
        ("1.0rc2", "1.0rc1"), ("0.1", "unknown"),
    ],
)  # fmt: skip
def test_versions_are_ordered(newer: str, older: str) -> None:
    assert newer_than(newer, older)
    assert not newer_than(older, newer)
    assert not newer_than(newer, newer)


def test_one_zero_more_is_no_newer_version() -> None:
    assert not newer_than("1.0.0", "1.0")


@pytest.mark.parametrize(
    "change", [('"ci_gen": "0.1.0"', '"ci_gen": "99.0"'), ('"lock": 1', '"lock": 2')]
)
def test_a_lock_of_a_newer_version_is_refused(change: tuple[str, str]) -> None:
    text = dumps(Lock(ci_gen="0.1.0")).replace(*change)
    with pytest.raises(VersionError, match="was written by ci-gen") as caught:
        loads(text)
    assert caught.value.exit_status == 2
    assert "pip install 'ci-gen==" in caught.value.hint


def test_a_lock_of_an_older_version_is_read() -> None:
    assert loads(dumps(Lock(ci_gen="0.0.9"))).ci_gen == "0.0.9"
    assert newer_than(__version__, "0.0.9")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"lock": "x", "ci_gen": "0.1.0"}', "null"])
def test_a_damaged_lock_says_how_to_restore_it(text: str) -> None:
    with pytest.raises(Undecided, match="damaged") as caught:
        loads(text)
    assert "git checkout" in caught.value.hint
