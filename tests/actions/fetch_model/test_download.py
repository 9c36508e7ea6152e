from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.model_server import Asked, ModelServer, Reply, Rule, first, serving

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.fetch_model.download import Fetched, fetch
from ci_gen_actions.fetch_model.http_client import HttpClient
from ci_gen_actions.fetch_model.http_origin import HttpOrigin
from ci_gen_actions.fetch_model.part import Part
from ci_gen_actions.fetch_model.workers import Limits

MIB = 1 << 20
DATA = random.Random(1).randbytes(9 * MIB + 12_345)
OTHER = random.Random(2).randbytes(len(DATA))
DIGEST = hashlib.sha256(DATA).hexdigest()


class Run:
    """One download after another into the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.limits = Limits(connections=4, deadline=0, stall=2.0, retries=3)
        self.rooms: list[int] = []

    def __call__(
        self, server: ModelServer, *, seconds: float = 60, trusted: bool = True
    ) -> Fetched:
        client = HttpClient({}, stall=self.limits.stall, allow_http=False)
        part = Part(self.folder)
        try:
            return fetch(
                HttpOrigin(client, server.url),
                part,
                replace(self.limits, deadline=time.monotonic() + seconds),
                trusted=trusted,
                room=self.rooms.append,
                progress=lambda _done, _size: None,
                say=self.said.append,
            )
        finally:
            part.close()

    @property
    def data(self) -> bytes:
        """What lies there."""
        return (self.folder / "part").read_bytes()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    # Waiting is tried in test_failures; here it would only cost time.
    monkeypatch.setattr("ci_gen_actions.fetch_model.failures._FIRST_PAUSE", 0.01)
    return Run(tmp_path / "part")


def by_start(special: Callable[[Asked], Reply | None]) -> Rule:
    return lambda asked: special(asked) or Reply()


def test_ranges_are_fetched_at_once(run: Run) -> None:
    with serving(DATA) as server:
        fetched = run(server)
    assert (fetched.sha256, fetched.size, fetched.downloaded) == (DIGEST, len(DATA), len(DATA))
    assert not fetched.resumed
    assert run.data == DATA
    assert len(server.asked) > 4
    assert all(asked.headers.get("If-Range") == '"one"' for asked in server.asked[1:])
    assert all(asked.headers["Accept-Encoding"] == "identity" for asked in server.asked)
    assert run.rooms == [len(DATA)]
    assert run.said == []


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB])
def test_files_of_every_size(run: Run, size: int) -> None:
    data = DATA[:size]
    with serving(data) as server:
        fetched = run(server)
    assert fetched.sha256 == hashlib.sha256(data).hexdigest()
    assert fetched.size == size
    assert run.data == data


def test_a_server_without_ranges(run: Run) -> None:
    with serving(DATA, lambda _: Reply(ranges=False)) as server:
        fetched = run(server)
    assert fetched.sha256 == DIGEST
    assert len(server.asked) == 1


def test_a_server_that_tells_no_size(run: Run) -> None:
    with serving(DATA, lambda _: Reply(ranges=False, chunked=True)) as server:
        fetched = run(server)
    assert (fetched.sha256, fetched.size) == (DIGEST, len(DATA))


def test_a_server_that_tells_no_size_and_breaks_off(run: Run) -> None:
    broken = Reply(ranges=False, chunked=True, cut=3 * MIB)
    whole = Reply(ranges=False, chunked=True)
    with serving(DATA, lambda asked: broken if asked.number < 2 else whole) as server:
        assert run(server).sha256 == DIGEST
    assert len(server.asked) == 3


def test_a_server_that_drops_ranges_on_the_way(run: Run) -> None:
    """As one of several machines behind a balancer: some answers are the whole file."""
    with serving(DATA, lambda asked: Reply(ranges=asked.number % 3 != 2)) as server:
        assert run(server).sha256 == DIGEST
    assert run.data == DATA


def test_a_server_that_drops_all_ranges_but_the_first(run: Run) -> None:
    with serving(DATA, lambda asked: Reply(ranges=asked.number == 0)) as server:
        assert run(server).sha256 == DIGEST
    assert run.data == DATA


def test_answers_that_end_early_are_taken_up_where_they_ended(run: Run) -> None:
    with serving(DATA, lambda asked: Reply(cut=700_000)) as server:
        fetched = run(server)
    assert fetched.sha256 == DIGEST
    assert fetched.downloaded == len(DATA)
    assert any("again in" in each for each in run.said)


def test_a_whole_answer_that_ends_early_is_begun_anew(run: Run) -> None:
    def rule(asked: Asked) -> Reply:
        return Reply(ranges=False, cut=None if asked.number >= 3 else 4 * MIB)

    with serving(DATA, rule) as server:
        assert run(server).sha256 == DIGEST
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(run: Run, status: int) -> None:
    busy = Reply(status=status)
    with serving(DATA, first(busy, busy)) as server:
        assert run(server).sha256 == DIGEST
    assert any(f"it answered {status}" in each for each in run.said)


def test_every_third_request_fails(run: Run) -> None:
    with serving(DATA, lambda asked: Reply(status=503 if asked.number % 3 else 200)) as server:
        assert run(server).sha256 == DIGEST


def test_too_many_requests_make_fewer_connections(run: Run) -> None:
    """A server that takes one connection at a time gets one at a time, sooner or later."""
    now = threading.Semaphore()

    def rule(_asked: Asked) -> Reply:
        if not now.acquire(blocking=False):
            return Reply(status=429)
        now.release()
        return Reply()

    with serving(DATA, rule) as server:
        assert run(server).sha256 == DIGEST


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
def test_a_refusal_is_final(run: Run, status: int) -> None:
    with serving(DATA, lambda _: Reply(status=status)) as server, pytest.raises(CannotDecide) as e:
        run(server)
    assert f"it answered {status}" in e.value.why
    assert len(server.asked) == 1


def test_a_server_that_stays_busy_is_given_up(run: Run) -> None:
    with serving(DATA, lambda _: Reply(status=503)) as server, pytest.raises(CannotDecide) as e:
        run(server)
    assert "tried 4 times in a row" in e.value.why
    assert len(server.asked) == 4


def test_a_later_range_that_always_fails_is_given_up_and_the_rest_kept(run: Run) -> None:
    def rule(asked: Asked) -> Reply:
        return Reply(status=500) if (asked.start or 0) >= 8 * MIB else Reply()

    with serving(DATA, rule) as server, pytest.raises(CannotDecide):
        run(server)
    with serving(DATA) as server:
        fetched = run(server)
    assert fetched.resumed
    assert fetched.sha256 == DIGEST
    assert fetched.downloaded < 2 * MIB


def test_retry_after_is_honoured(run: Run) -> None:
    asked_at: list[float] = []

    def rule(asked: Asked) -> Reply:
        asked_at.append(time.monotonic())
        return Reply(status=503, headers={"Retry-After": "1"}) if asked.number == 0 else Reply()

    with serving(DATA, rule) as server:
        assert run(server).sha256 == DIGEST
    assert asked_at[1] - asked_at[0] >= 1


def test_a_retry_after_beyond_the_deadline_ends_at_once(run: Run) -> None:
    later = Reply(status=503, headers={"Retry-After": "3600"})
    with serving(DATA, lambda _: later) as server, pytest.raises(CannotDecide) as caught:
        run(server)
    assert "asks to wait 3600 s" in caught.value.why
    assert "timeout" in caught.value.next


def test_a_server_that_stalls_is_asked_again(run: Run) -> None:
    run.limits = replace(run.limits, stall=0.5)
    with serving(DATA, first(Reply(cut=100_000, hang=60))) as server:
        assert run(server).sha256 == DIGEST
    assert any("silent" in each for each in run.said)


def test_a_server_that_trickles_is_asked_again(run: Run) -> None:
    run.limits = replace(run.limits, stall=0.5)
    slow = Reply(data=DATA, pace=30)
    with serving(DATA, first(Reply(), slow)) as server:
        assert run(server).sha256 == DIGEST


def test_the_time_is_up(run: Run) -> None:
    run.limits = replace(run.limits, stall=30)
    with serving(DATA, lambda _: Reply(cut=100_000, hang=60)) as server:
        with pytest.raises(CannotDecide, match="the time is up") as caught:
            run(server, seconds=1)
        assert "kept" in caught.value.next
        server.rule = lambda _: Reply()
        fetched = run(server)
    assert fetched.resumed
    assert fetched.sha256 == DIGEST
    assert fetched.downloaded < len(DATA)


def test_a_file_that_changes_on_the_way_is_begun_anew(run: Run) -> None:
    def rule(asked: Asked) -> Reply:
        return Reply() if asked.number < 3 else Reply(data=OTHER, etag='"two"')

    with serving(DATA, rule) as server:
        fetched = run(server)
    assert fetched.sha256 == hashlib.sha256(OTHER).hexdigest()
    assert run.data == OTHER
    assert any("changed on the server" in each for each in run.said)


def test_a_change_is_seen_though_the_server_ignores_if_range(run: Run) -> None:
    def rule(asked: Asked) -> Reply:
        if asked.number < 3:
            return Reply(honour_if_range=False)
        return Reply(data=OTHER, etag='"two"', honour_if_range=False)

    with serving(DATA, rule) as server:
        assert run(server).sha256 == hashlib.sha256(OTHER).hexdigest()


def test_a_file_that_always_changes_is_fetched_by_one_answer(run: Run) -> None:
    """Machines behind a balancer that call one file by different names."""
    with serving(DATA, lambda asked: Reply(etag=f'"{asked.number}"')) as server:
        fetched = run(server)
    assert fetched.sha256 == DIGEST


def test_a_file_that_became_shorter_is_begun_anew(run: Run) -> None:
    short = DATA[: 2 * MIB]
    with serving(DATA, lambda _: Reply(cut=500_000)) as server:
        run.limits = replace(run.limits, retries=0)
        with pytest.raises(CannotDecide):
            run(server)
    with serving(short, lambda _: Reply(etag=None)) as server:
        assert run(server).sha256 == hashlib.sha256(short).hexdigest()


def interrupted(run: Run, etag: str | None = '"one"') -> None:
    """Leave a part behind."""
    run.limits = replace(run.limits, retries=0)

    def rule(asked: Asked) -> Reply:
        return Reply(etag=etag, cut=None if (asked.start or 0) < 4 * MIB else 1000)

    with serving(DATA, rule) as server, pytest.raises(CannotDecide):
        run(server)
    run.limits = replace(run.limits, retries=3)


def test_a_run_goes_on_where_another_ended(run: Run) -> None:
    interrupted(run)
    with serving(DATA) as server:
        fetched = run(server)
    assert fetched.resumed
    assert fetched.sha256 == DIGEST
    assert 0 < fetched.downloaded < len(DATA)
    assert server.asked[0].headers["If-Range"] == '"one"'


def test_a_file_that_changed_between_runs_is_begun_anew(run: Run) -> None:
    interrupted(run)
    with serving(OTHER, lambda _: Reply(etag='"two"')) as server:
        fetched = run(server)
    assert not fetched.resumed
    assert fetched.sha256 == hashlib.sha256(OTHER).hexdigest()


def test_without_a_validator_only_a_digest_lets_a_run_go_on(run: Run) -> None:
    interrupted(run, etag=None)
    with serving(DATA, lambda _: Reply(etag=None)) as server:
        fetched = run(server, trusted=False)
    assert not fetched.resumed or fetched.downloaded == len(DATA)
    interrupted(Run(run.folder.with_name("other")), etag=None)
    other = Run(run.folder.with_name("other"))
    with serving(DATA, lambda _: Reply(etag=None)) as server:
        fetched = other(server)
    assert fetched.downloaded < len(DATA)
    assert fetched.sha256 == DIGEST


def test_a_weak_etag_is_never_sent_as_a_validator(run: Run) -> None:
    with serving(DATA, lambda _: Reply(etag='W/"one"')) as server:
        assert run(server).sha256 == DIGEST
    assert not any("If-Range" in asked.headers for asked in server.asked)


def test_another_range_than_the_one_asked_for_is_not_taken(run: Run) -> None:
    wrong = Reply(headers={"Content-Range": f"bytes 5-9/{len(DATA)}"})
    with serving(DATA, first(Reply(), wrong)) as server:
        assert run(server).sha256 == DIGEST


def test_a_compressed_answer_is_refused(run: Run) -> None:
    packed = Reply(headers={"Content-Encoding": "gzip"})
    with serving(DATA, lambda _: packed) as server, pytest.raises(CannotDecide) as caught:
        run(server)
    assert "compressed" in caught.value.why


def test_nothing_listens_there(run: Run) -> None:
    with serving(DATA) as server:
        pass
    with pytest.raises(CannotDecide) as caught:
        run(server)
    assert "refused" in caught.value.why


def test_no_room_ends_it_before_anything_is_fetched(run: Run) -> None:
    class Full(list[int]):
        def append(self, _needed: int) -> None:
            raise CannotDecide("there is no room for the model")

    run.rooms = Full()
    with serving(DATA) as server, pytest.raises(CannotDecide, match="no room"):
        run(server)
    assert server.sent <= MIB + (1 << 17)
