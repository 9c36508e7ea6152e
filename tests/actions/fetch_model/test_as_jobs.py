"""The action as jobs have it: killed, several at once, on a disk that is full."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.fetch_runs import ended, start
from tests.support.model_server import Reply, serving

MIB = 1 << 20
DATA = random.Random(3).randbytes(24 * MIB + 77)
DIGEST = hashlib.sha256(DATA).hexdigest()

pytestmark = pytest.mark.e2e


def test_eight_jobs_at_once_make_one_download(tmp_path: Path) -> None:
    with serving(DATA) as server:
        flags = ("--source", server.url, "--sha256", DIGEST, "--no-check")
        jobs = [start(tmp_path / f"job{n}", tmp_path / "cache", *flags) for n in range(8)]
        found = [ended(job) for job in jobs]
        sent = server.sent
    assert [status for status, _, _ in found] == [0] * 8, found
    assert sent == len(DATA)
    told = [outputs for _, outputs, _ in found]
    assert sum(outputs["cached"] == "false" for outputs in told) == 1
    assert sum(int(outputs["downloaded"]) for outputs in told) == len(DATA)
    for number, outputs in enumerate(told):
        path = tmp_path / f"job{number}" / outputs["path"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGEST
    assert path.stat().st_nlink == 9


def noted(cache: Path) -> bool:
    """Whether some of a file that is being fetched is there."""
    journals = cache.glob("incoming/*/journal")
    return any(b"[" in each.read_bytes() for each in journals)


def test_a_stopped_run_says_so_and_the_next_goes_on(tmp_path: Path) -> None:
    with serving(DATA, lambda asked: Reply(pace=0.1)) as server:
        flags = ("--source", server.url, "--sha256", DIGEST, "--no-check")
        process = start(tmp_path / "job", tmp_path / "cache", *flags)
        while not noted(tmp_path / "cache"):
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        status, outputs, log = ended(process)
        assert (status, outputs) == (130, None), log
        server.rule = lambda _: Reply()
        before = server.sent
        status, outputs, log = ended(start(tmp_path / "job", tmp_path / "cache", *flags))
        assert status == 0, log
    assert "are there from an earlier run" in log
    assert server.sent - before < len(DATA)


def test_killed_at_fifty_moments_it_goes_on_each_time(tmp_path: Path) -> None:
    """Each killed run is taken up by the next; what is finished is looked at and taken away."""
    chance = random.Random(5)
    lost = finished = 0
    with serving(DATA) as server:
        flags = ("--source", server.url, "--sha256", DIGEST, "--no-check")
        for number in range(50):
            pace = (0.0, 0.0002)[number % 2]
            server.rule = lambda _, pace=pace: Reply(pace=pace)  # type: ignore[misc]
            process = start(tmp_path / "job", tmp_path / "cache", *flags)
            try:
                status, outputs, log = ended(process, 0.3 + 1.5 * chance.random())
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                lost += 1
                continue
            assert status == 0, log
            path = tmp_path / "job" / outputs["path"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGEST
            finished += 1
            for each in (*(tmp_path / "cache/sha256").glob("*/*"), path):
                each.unlink()
        server.rule = lambda _: Reply()
        status, outputs, log = ended(start(tmp_path / "job", tmp_path / "cache", *flags))
    assert status == 0, log
    path = tmp_path / "job" / outputs["path"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGEST
    print(f"killed {lost} times, finished {finished} times; {server.sent / len(DATA):.1f} x sent")
    assert lost >= 25


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(command, check=False).returncode:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_has_no_room(tmp_path: Path, small_disk: Path) -> None:
    with serving(DATA) as server:
        flags = ("--source", server.url, "--sha256", DIGEST, "--no-check")
        status, _, log = ended(start(tmp_path / "job", small_disk, *flags))
    assert status == 3
    assert "there is no room for the model" in log
    assert "24.0 MiB are to come" in log


def test_a_disk_that_fills_up_on_the_way(tmp_path: Path, small_disk: Path) -> None:
    """Without a size nobody can look ahead; then somebody makes room, and it goes on."""
    with serving(DATA, lambda _: Reply(ranges=False, chunked=True)) as server:
        flags = ("--source", server.url, "--sha256", DIGEST, "--no-check")
        status, _, log = ended(start(tmp_path / "job", small_disk, *flags))
        assert status == 3
        assert "the disk is full" in log
        assert "Traceback" not in log
        subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
        status, _, log = ended(start(tmp_path / "job", small_disk, *flags))
    assert status == 0, log
