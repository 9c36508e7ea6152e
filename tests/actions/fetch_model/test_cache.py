from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.fetch_model import eviction, locks
from ci_gen_actions.fetch_model.cache import Cache, Entry, place_of
from ci_gen_actions.fetch_model.eviction import make_room

KIB = 1 << 10


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def kept(cache: Cache, data: bytes, *, used: float = 0) -> Entry:
    """A file that was fetched and verified, last used so many seconds ago."""
    part = cache.root / "part"
    part.write_bytes(data)
    entry = cache.adopt(part, hashlib.sha256(data).hexdigest())
    then = time.time() - used
    os.utime(entry.folder / "used", (then, then))
    return entry


def test_what_was_verified_is_trusted(cache: Cache) -> None:
    entry = kept(cache, b"model")
    assert entry.trusted
    assert entry.size == 5
    assert entry.file.stat().st_mode & 0o777 == 0o444


def test_what_has_no_marker_is_not(cache: Cache) -> None:
    entry = cache.entry(hashlib.sha256(b"model").hexdigest())
    entry.folder.mkdir()
    entry.file.write_bytes(b"model")
    assert not entry.trusted
    assert entry.verify()
    assert entry.trusted


def test_a_file_that_was_written_to_is_not_trusted_and_removed(cache: Cache) -> None:
    entry = kept(cache, b"model")
    entry.file.chmod(0o644)
    entry.file.write_bytes(b"m0del")
    assert not entry.trusted
    assert not entry.verify()
    assert not entry.file.exists()


def test_another_file_of_the_same_size_and_time_is_not_trusted(cache: Cache) -> None:
    entry = kept(cache, b"model")
    stat = entry.file.stat()
    other = entry.folder / "other"
    other.write_bytes(b"m0del")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(entry.file)
    assert not entry.trusted


def test_a_cache_that_was_copied_is_read_once(cache: Cache, tmp_path: Path) -> None:
    """As a platform's cache brings it to another machine: other inodes."""
    import shutil

    digest = kept(cache, b"model").digest
    shutil.copytree(cache.root, tmp_path / "copy", copy_function=shutil.copy2)
    entry = Cache(tmp_path / "copy").entry(digest)
    assert not entry.trusted
    assert entry.verify()
    assert entry.trusted


@pytest.mark.parametrize("marker", [b"", b"{}", b"[]", b"\xff", b'{"sha256": 1}'])
def test_a_marker_that_makes_no_sense(cache: Cache, marker: bytes) -> None:
    entry = kept(cache, b"model")
    (entry.folder / "verified.json").write_bytes(marker)
    assert not entry.trusted


def test_the_least_recently_used_go_first(cache: Cache) -> None:
    old, older, new = (
        kept(cache, bytes([number]) * KIB, used=used) for number, used in enumerate((20, 30, 10))
    )
    said: list[str] = []
    make_room(cache, KIB, 3 * KIB, said.append)
    assert [each.file.exists() for each in (old, older, new)] == [True, False, True]
    make_room(cache, KIB, 2 * KIB, said.append)
    assert [each.file.exists() for each in (old, older, new)] == [False, False, True]
    assert [older.digest[:12] in said[0], old.digest[:12] in said[1]] == [True, True]


def test_nothing_goes_without_a_limit(cache: Cache) -> None:
    entry = kept(cache, b"x" * KIB, used=1e6)
    make_room(cache, KIB, 0, pytest.fail)
    assert entry.file.exists()


def test_what_is_in_use_stays(cache: Cache, tmp_path: Path) -> None:
    linked, leased, locked = (kept(cache, bytes([number]) * KIB, used=99) for number in range(3))
    os.link(linked.file, tmp_path / "in a job")
    leased.lease(60)
    said: list[str] = []
    with locks.held(cache.lock(locked.digest), shared=True):
        make_room(cache, KIB, KIB, said.append)
    assert all(each.file.exists() for each in (linked, leased, locked))
    assert "the rest is in use" in said[-1]
    (tmp_path / "in a job").unlink()
    (leased.folder / "lease").write_text(f"{time.time() - 1:.0f}\n")
    make_room(cache, KIB, KIB, said.append)
    assert not any(each.file.exists() for each in (linked, leased, locked))


def test_a_lease_is_never_shortened(cache: Cache) -> None:
    entry = kept(cache, b"model")
    entry.lease(1000)
    entry.lease(1)
    assert entry.in_use(time.time() + 900)
    assert not entry.in_use(time.time() + 1100)


def test_a_full_disk_lets_files_go(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [kept(cache, bytes([number]) * KIB, used=10 - number) for number in range(3)]

    def free(_folder: Path) -> int:
        there = sum(each.file.exists() for each in entries)
        return eviction._SPARE + (3 - there) * KIB

    monkeypatch.setattr(eviction, "free", free)
    make_room(cache, 2 * KIB, 0, lambda _: None)
    assert [each.file.exists() for each in entries] == [False, False, True]
    with pytest.raises(CannotDecide, match="no room") as caught:
        make_room(cache, 4 * KIB, 0, lambda _: None)
    assert "4.0 KiB are to come" in caught.value.why


def test_parts_that_nobody_went_on_with_go(cache: Cache) -> None:
    for key, age in (("old", eviction.ABANDONED_SECONDS + 60), ("new", 60.0), ("held", 1e9)):
        folder = cache.incoming(key)
        folder.mkdir()
        (folder / "part").write_bytes(b"x")
        then = time.time() - age
        os.utime(folder / "part", (then, then))
    with locks.held(cache.lock("held")):
        make_room(cache, 0, 0, lambda _: None)
    assert {each.name for each in (cache.root / "incoming").iterdir()} == {"new", "held"}


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotDecide, match="cannot be written") as caught:
        Cache(tmp_path / "file" / "cache")
    assert "input cache" in caught.value.next


def test_where_the_cache_is(tmp_path: Path) -> None:
    assert place_of("c", tmp_path, {}) == tmp_path / "c"
    assert place_of("/c/../d", tmp_path, {}) == Path("/d")
    assert place_of("", tmp_path, {"CI_GEN_CACHE": "/x"}) == Path("/x/models")
    assert place_of("", tmp_path, {"HOME": "/h"}) == Path("/h/.cache/ci-gen/models")
    with pytest.raises(UsageError, match="no folder for models"):
        place_of("", tmp_path, {})


def test_a_lock_is_waited_for_and_the_wait_is_told(cache: Cache) -> None:
    told: list[float] = []
    path = cache.lock("x")
    late = locks.held(path, deadline=time.monotonic() + 0.2, waiting=told.append)
    with (
        locks.held(path),
        pytest.raises(CannotDecide, match="another job still fetches"),
        late,
    ):
        pytest.fail("two have it")
    assert len(told) == 1
    with locks.held(path, deadline=time.monotonic()), locks.at_once(path) as mine:
        assert not mine
    with locks.at_once(path) as mine:
        assert mine


def test_readers_share_a_lock(cache: Cache) -> None:
    path = cache.lock("x")
    shared = locks.held(path, shared=True)
    with shared, locks.held(path, shared=True), locks.at_once(path) as mine:
        assert not mine
