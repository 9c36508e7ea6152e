"""The file of further requests: what is refused, and what is judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.actions.smoke_test.served import JSON, KEY, Ended, tried
from tests.support.http_stand_in import Answer, Asked

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.smoke_test.expect import steps
from ci_gen_actions.smoke_test.further import parse

BODY = {"a": [{"b.c": "text"}, 2.5, True, None], "n": 3}


def asked_for(workspace: Path, *requests: Any, answer: Answer | None = None, **given: Any) -> Ended:
    """A run with these requests alone; `/x` is answered with BODY."""
    (workspace / "r.json").write_text(json.dumps({"version": 1, "requests": requests}))
    told = answer or Answer(headers=JSON, body=json.dumps(BODY).encode())

    def spoil(asked: Asked, one: Answer) -> Answer:
        return told if asked.path.startswith("/x") else one

    return tried(workspace, spoil, requests="r.json", checks=("none",), **given)


def one(**expect: Any) -> dict[str, Any]:
    return {"name": "one", "path": "/x", "expect": expect}


@pytest.mark.parametrize(
    "expect",
    [
        {},
        {"status": [200, 204], "content_type": "application/json"},
        {"contains": ["text", "2.5"], "lacks": "other"},
        {"json": [{"path": 'a[0]["b.c"]', "equals": "text", "contains": "ex", "min_length": 4}]},
        {"json": [{"path": "a[1]", "type": "number", "min": 2, "max": 2.5}]},
        {"json": [{"path": "a[2]", "equals": True, "type": "boolean"}, {"path": "a[3]"}]},
        {"json": [{"path": "a[3]", "type": "null", "equals": None}]},
        {"json": [{"path": "a[9]", "exists": False}, {"path": "n.x", "exists": False}]},
        {"json": [{"path": "n", "type": "integer", "equals": 3.0}], "max_ms": 60000},
    ],
)
def test_what_is_as_expected(tmp_path: Path, expect: Any) -> None:
    ended = asked_for(tmp_path, one(**expect))
    assert (ended.verdict, ended.bad) == ("PASS", {})


@pytest.mark.parametrize(
    ("expect", "why"),
    [
        ({"status": 404}, "status 200, not 404"),
        ({"content_type": "text/html"}, "not text/html"),
        ({"contains": "other"}, "does not contain 'other'"),
        ({"lacks": "text"}, "contains 'text'"),
        ({"json": [{"path": "b"}]}, "b is not there"),
        ({"json": [{"path": "a", "exists": False}]}, "a is there"),
        ({"json": [{"path": "a[2]", "equals": 1}]}, "a[2] is True, wanted equals 1"),
        ({"json": [{"path": "a[2]", "type": "integer"}]}, "wanted type 'integer'"),
        ({"json": [{"path": "a[1]", "type": "integer"}]}, "wanted type 'integer'"),
        ({"json": [{"path": "a[1]", "min": 3}]}, "wanted min 3"),
        ({"json": [{"path": "a[2]", "max": 3}]}, "wanted max 3"),
        ({"json": [{"path": "n", "contains": "3"}]}, "wanted contains '3'"),
        ({"json": [{"path": "a", "min_length": 5}]}, "wanted min_length 5"),
    ],
)
def test_what_is_not(tmp_path: Path, expect: Any, why: str) -> None:
    ended = asked_for(tmp_path, one(**expect))
    assert ended.verdict == "FAIL"
    assert why in ended.bad["one"]


def test_no_json_where_a_path_is_asked_for(tmp_path: Path) -> None:
    ended = asked_for(tmp_path, one(json=[{"path": "a"}]), answer=Answer(body=b"<html>"))
    assert "no JSON" in ended.bad["one"]


def test_a_request_is_sent_as_it_is_written(tmp_path: Path) -> None:
    ended = asked_for(
        tmp_path,
        {
            "name": "json",
            "method": "PUT",
            "path": "/x?a=%20b",
            "headers": {"X-Team": "ml"},
            "body": {"ä": 1},
            "repeat": 2,
        },
        {"name": "text", "method": "POST", "path": "/x", "text": "ä", "key": False},
        api_key=KEY,
    )
    assert ended.verdict == "PASS"
    first, second, third = ended.asked[1:]
    assert (first.method, first.path, second.body) == ("PUT", "/x?a=%20b", first.body)
    assert json.loads(first.body) == {"ä": 1}
    assert first.headers["X-Team"] == "ml"
    assert first.headers["Authorization"] == f"Bearer {KEY}"
    assert "Authorization" not in third.headers
    assert third.body == "ä".encode()


def test_a_redirect_can_be_expected(tmp_path: Path) -> None:
    moved = Answer(status=308, headers={"Location": "/y"})
    assert asked_for(tmp_path, one(status=308), answer=moved).verdict == "PASS"


def test_latency_of_a_request(tmp_path: Path) -> None:
    ended = asked_for(tmp_path, one(max_ms=20), answer=Answer(body=b"{}", wait=0.1))
    assert "the median took" in ended.bad["one"]


def test_an_empty_list_is_no_data(tmp_path: Path) -> None:
    assert asked_for(tmp_path).verdict == "NO_DATA"


GOOD = {"name": "a", "path": "/"}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([], "must be an object"),
        ({"version": 2, "requests": []}, "version: must be 1"),
        ({"version": 1}, "must be a list"),
        ({"version": 1, "requests": [], "request": 1}, "did you mean requests"),
        ([GOOD, GOOD], "there twice"),
        ([{**GOOD, "name": "a\nb"}], "requests[0].name"),
        ([{**GOOD, "method": "get"}], "must be one of GET"),
        ([{**GOOD, "path": "//evil.example/x"}], "requests[0].path"),
        ([{**GOOD, "path": "/a b"}], "requests[0].path"),
        ([{**GOOD, "path": "/a\r\nX: y"}], "requests[0].path"),
        ([{**GOOD, "headers": {"authorization": "x"}}], "api-key"),
        ([{**GOOD, "headers": {"a": "b\r\nc"}}], "printable ASCII"),
        ([{**GOOD, "headers": {"a b": "c"}}], "cannot name a header"),
        ([{**GOOD, "body": 1, "text": "x"}], "both body and text"),
        ([{**GOOD, "repeat": True}], "requests[0].repeat"),
        ([{**GOOD, "repeat": 0}], "from 1 to 100"),
        ([{**GOOD, "key": "no"}], "true or false"),
        ([{**GOOD, "expect": {"status": 99}}], "expect.status"),
        ([{**GOOD, "expect": {"jsn": []}}], "did you mean json"),
        ([{**GOOD, "expect": {"json": [{"path": "a..b"}]}}], "character 3"),
        ([{**GOOD, "expect": {"json": [{"path": ""}]}}], "is empty"),
        ([{**GOOD, "expect": {"json": [{"path": "a", "type": "text"}]}}], "must be one of string"),
        ([{**GOOD, "expect": {"json": [{"path": "a", "min": "1"}]}}], "must be a number"),
        ([{**GOOD, "expect": {"json": [{"path": "a", "exists": False, "min": 1}]}}], "no other"),
        ([{**GOOD, "expect": {"max_ms": -1}}], "max_ms"),
    ],
)
def test_a_wrong_file_is_refused(told: Any, why: str) -> None:
    listed = isinstance(told, list) and told
    data = {"version": 1, "requests": told} if listed else told
    with pytest.raises(UsageError) as caught:
        parse(json.dumps(data).encode(), "r.json")
    assert why in str(caught.value)
    assert "r.json" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "why", "line"),
    [
        (b'{\n"version": 1,\n}', "r.json:3:1", 3),
        (b'{"version": 1, "version": 1}', "'version' is there twice", 0),
        (b'{"version": NaN}', "NaN is no JSON", 0),
        (b"\xff", "cannot be read", 0),
        (b"[" * 100_000, "nested too deeply", 0),
    ],
)
def test_a_broken_file_is_placed(data: bytes, why: str, line: int) -> None:
    with pytest.raises(UsageError) as caught:
        parse(data, "r.json")
    assert why in str(caught.value)
    assert (caught.value.file, caught.value.line) == ("r.json", line)


STEP = st.one_of(
    st.from_regex(r"[A-Za-z_$][A-Za-z0-9_$-]{0,9}", fullmatch=True),
    st.integers(0, 999_999),
    st.text(st.characters(blacklist_characters='"'), max_size=9),
)


@given(st.lists(STEP, min_size=1, max_size=6))
def test_paths_are_read_back(path: list[str | int]) -> None:
    text = "".join(f"[{step}]" if isinstance(step, int) else f'["{step}"]' for step in path)
    assert steps(text) == tuple(path)


def test_a_dotted_path() -> None:
    assert steps('choices[0].message["a.b"].c') == ("choices", 0, "message", "a.b", "c")
    for wrong in ("a.", ".a", "a.[0]", "a[", "a[x]", "a b", "[-1]"):
        with pytest.raises(ValueError, match=r"character|empty"):
            steps(wrong)
