from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping

import pytest
from tests.support.http_stand_in import Answer, Asked, stand_in

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.fetch_model.found import Found
from ci_gen_actions.fetch_model.http_client import HttpClient
from ci_gen_actions.fetch_model.hub import locate
from ci_gen_actions.fetch_model.retrying import Tries
from ci_gen_actions.fetch_model.sources import Hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = hashlib.sha256(b"model").hexdigest()
LFS = {"X-Repo-Commit": COMMIT, "X-Linked-ETag": f'"{DIGEST}"', "X-Linked-Size": "5"}
STORAGE = {"Location": "https://storage.example.org/x?signature=s"}


def located(host: str, source: Hub, token: str = "", **environ: str) -> Found:
    tries = Tries(retries=1, deadline=time.monotonic() + 30, say=lambda _: None)
    client = HttpClient({}, stall=5, allow_http=False)
    given = {"HF_ENDPOINT": f"http://{host}/", **environ}
    return locate(source, client, given, token, tries, allow_http=False)


def test_digest_size_and_commit_come_from_the_hub() -> None:
    with stand_in(lambda _: Answer(status=302, headers={**LFS, **STORAGE})) as hub:
        found = located(hub.host, Hub("org/repo", "a/m.gguf", "main"), HF_TOKEN="hf_x")
    (file,) = found.files
    assert (file.name, file.sha256, file.size) == ("m.gguf", DIGEST, 5)
    assert file.origin is not None
    assert file.origin.shown == f"http://{hub.host}/org/repo/resolve/{COMMIT}/a/m.gguf"
    assert found.source == f"hf://org/repo/a/m.gguf@{COMMIT}"
    assert found.movable == found.source
    (asked,) = hub.asked  # the storage was not asked
    assert (asked.method, asked.path) == ("HEAD", "/org/repo/resolve/main/a/m.gguf")
    assert asked.headers["Authorization"] == "Bearer hf_x"


def test_the_input_wins_over_the_environment() -> None:
    with stand_in(lambda _: Answer(headers=LFS)) as hub:
        found = located(hub.host, Hub("org/repo", "m.gguf", COMMIT), "mine", HF_TOKEN="other")
    assert hub.asked[0].headers["Authorization"] == "Bearer mine"
    assert found.movable == ""


def test_all_files_of_a_split_model_are_of_one_commit() -> None:
    with stand_in(lambda _: Answer(headers=LFS)) as hub:
        found = located(hub.host, Hub("org/repo", "q/m-00001-of-00003.gguf", "v1/x"))
    assert [each.name for each in found.files] == [f"m-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    revisions = [each.path.split("/")[4] for each in hub.asked]
    assert revisions == ["v1%2Fx", COMMIT, COMMIT]


def test_a_renamed_repository_is_followed_within_the_hub() -> None:
    def answer(asked: Asked) -> Answer:
        if "/old/" in asked.path:
            return Answer(status=307, headers={"Location": asked.path.replace("/old/", "/new/")})
        return Answer(status=302, headers={**LFS, **STORAGE})

    with stand_in(answer) as hub:
        found = located(hub.host, Hub("org/old", "m.gguf", "main"))
    assert found.files[0].sha256 == DIGEST


def test_a_file_that_is_not_in_large_file_storage_has_no_digest() -> None:
    headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{"0" * 40}"'}
    with stand_in(lambda _: Answer(headers=headers)) as hub:
        found = located(hub.host, Hub("org/repo", "m.gguf", "main"))
    assert found.files[0].sha256 == ""


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (401, {"X-Error-Code": "RepoNotFound"}, "a private one needs a token"),
        (403, {"X-Error-Code": "GatedRepo"}, "accept the repository's terms"),
        (404, {"X-Error-Code": "EntryNotFound"}, "the file's name is right"),
        (404, {"X-Error-Code": "RevisionNotFound"}, "branch, tag or commit"),
        (404, {}, "the address is right"),
    ],
)
def test_what_the_hub_says_is_told(status: int, headers: Mapping[str, str], told: str) -> None:
    refusal = Answer(status=status, headers=headers)
    with stand_in(lambda _: refusal) as hub, pytest.raises(CannotDecide) as caught:
        located(hub.host, Hub("org/repo", "m.gguf", "main"))
    assert told in caught.value.next
    assert str(status) in caught.value.why
    assert len(hub.asked) == 1


def test_a_busy_hub_is_asked_again() -> None:
    with stand_in(lambda _: Answer(status=503, headers={"Retry-After": "0"})) as hub:
        with pytest.raises(CannotDecide):
            located(hub.host, Hub("org/repo", "m.gguf", "main"))
        assert len(hub.asked) == 2
        hub.answer = lambda _: Answer(
            status=503 if len(hub.asked) == 3 else 200, headers={**LFS, "Retry-After": "0"}
        )
        assert located(hub.host, Hub("org/repo", "m.gguf", "main")).files[0].sha256 == DIGEST
