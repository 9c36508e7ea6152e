"""The action against a server that answers well, and against each way to answer badly."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.actions.smoke_test.served import EVENTS, JSON, KEY, Ended, good, recorded, tried
from tests.support.actions import (
    ROOT,
    bare_environment,
    github_environment,
    read_evidence,
    run_action,
    run_composite,
)
from tests.support.http_stand_in import Answer, Asked, stand_in
from tests.support.readme_examples import examples

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.smoke_test.options import Options
from ci_gen_actions.smoke_test.run import run

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def spoiled(workspace: Path, path: str, answer: Answer, **given: Any) -> Ended:
    """A run against a server that answers `path` with something else."""

    def spoil(asked: Asked, one: Answer) -> Answer:
        return answer if asked.path == path else one

    return tried(workspace, spoil, **given)


def test_a_good_server_passes(tmp_path: Path) -> None:
    ended = tried(tmp_path)
    assert (ended.verdict, ended.bad) == ("PASS", {})
    assert ended.outputs.build == "b1-958604f"
    assert ended.outputs.served_model == f"/models/{MODEL}"
    assert ended.outputs.checks == 6  # health and all but auth, which needs a key
    assert ended.checks["auth"]["skipped"]
    assert "| `auth` | not made |" in ended.result.summary
    assert float(ended.outputs.first_token_ms) <= float(ended.outputs.total_ms)


def test_with_a_key(tmp_path: Path) -> None:
    ended = tried(tmp_path, served_key=KEY, api_key=KEY)
    assert (ended.verdict, ended.bad) == ("PASS", {})
    assert not ended.checks["auth"]["skipped"]
    assert KEY not in ended.shown


def test_identity_is_compared(tmp_path: Path) -> None:
    template = json.loads(recorded("props.json"))["chat_template"]
    digest = hashlib.sha256(template.encode()).hexdigest()
    ended = tried(
        tmp_path,
        expected_build="958604f",
        expected_model=MODEL,
        expected_template=f"sha256:{digest}",
        checks=("identity",),
    )
    assert ended.verdict == "PASS"
    assert ended.checks["identity"]["findings"]["template"] == f"sha256:{digest}"
    ended = tried(
        tmp_path, expected_build="b2", expected_model="other.gguf", expected_template="0" * 64
    )
    assert ended.verdict == "FAIL"
    assert list(ended.bad) == ["identity"]
    for part in ("b1-958604f, not b2", "not other.gguf", f"sha256:{digest}, not sha256:000"):
        assert part in ended.bad["identity"]


BAD_ANSWERS: Mapping[str, tuple[str, Answer, str]] = {
    "garbage": ("/completion", Answer(headers=JSON, body=b"\xff\x00{{"), "no JSON"),
    "another type": (
        "/completion",
        Answer(headers={"Content-Type": "text/html"}, body=b"<html>Welcome"),
        "its type is text/html",
    ),
    "no type": ("/completion", Answer(body=b"{}"), "its type is nothing"),
    "a list": ("/completion", Answer(headers=JSON, body=b"[]"), "no object"),
    "NaN": ("/completion", Answer(headers=JSON, body=b'{"content": NaN}'), "NaN is no JSON"),
    "deep": ("/completion", Answer(headers=JSON, body=b"[" * 100_000), "nested too deeply"),
    "empty text": ("/completion", Answer(headers=JSON, body=b'{"content": ""}'), "no text"),
    "error 200": (
        "/completion",
        Answer(headers=JSON, body=b'{"error": {"message": "out of slots"}}'),
        "an error with status 200: out of slots",
    ),
    "status 500": (
        "/v1/chat/completions",
        Answer(status=500, headers=JSON, body=b'{"error": {"message": "CUDA error"}}'),
        "status 500, not 200: CUDA error",
    ),
    "cut": (
        "/completion",
        Answer(headers=JSON, body=recorded("completion.json"), cut=9),
        "ended 9 bytes before the answer did",
    ),
    "huge": ("/completion", Answer(headers=JSON, body=b" " * (5 << 20)), "longer than 4 MiB"),
    "no choices": ("/v1/chat/completions", Answer(headers=JSON, body=b"{}"), "no choices[0]"),
    "no message": (
        "/v1/chat/completions",
        Answer(headers=JSON, body=b'{"choices": [{}]}'),
        "no choices[0].message",
    ),
    "no build": ("/props", Answer(headers=JSON, body=b'{"model_path": "m"}'), "no build_info"),
    "no model": ("/props", Answer(headers=JSON, body=b'{"build_info": "b1-x"}'), "no model_path"),
    "zeros": (
        "/v1/embeddings",
        Answer(headers=JSON, body=b'{"data": [{"embedding": [0, 0.0]}]}'),
        "all zeros",
    ),
    "infinite": (
        "/v1/embeddings",
        Answer(headers=JSON, body=b'{"data": [{"embedding": [1e999]}]}'),
        "no finite number",
    ),
    "texts": (
        "/v1/embeddings",
        Answer(headers=JSON, body=b'{"data": [{"embedding": ["1"]}]}'),
        "no finite number",
    ),
    "no vector": ("/v1/embeddings", Answer(headers=JSON, body=b'{"data": []}'), "no data[0]"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_a_bad_answer_fails(tmp_path: Path, case: str) -> None:
    path, answer, why = BAD_ANSWERS[case]
    ended = spoiled(tmp_path, path, answer)
    assert ended.verdict == "FAIL"
    assert why in next(iter(ended.bad.values()))
    assert "::error::" in ended.log


def test_an_answer_that_stalls_or_drips_ends_at_the_deadline(tmp_path: Path) -> None:
    for answer in (
        Answer(wait=30, headers=JSON, body=b"{}"),
        Answer(drip=0.3, headers=JSON, body=recorded("completion.json")),
    ):
        ended = spoiled(tmp_path, "/completion", answer, request_timeout=1, checks=("completion",))
        assert ended.verdict == "FAIL"
        assert "not complete after 1 s" in ended.bad["completion"]
        assert ended.checks["completion"]["seconds"] < 15


STREAM = recorded("stream.txt")
CHUNK = STREAM.partition(b"\n\n")[0] + b"\n\n"
BAD_STREAMS: Mapping[str, tuple[bytes, str]] = {
    "no done": (STREAM.replace(b"data: [DONE]\n\n", b""), "without [DONE]"),
    "after done": (STREAM + CHUNK, "something follows [DONE]"),
    "no json": (STREAM.replace(b'"delta"', b'delta"', 1), "chunk 1 is no JSON"),
    "half an event": (STREAM + b"data: x", "in the middle of an event"),
    "no events": (b"<html>\n\n", "no field of an event"),
    "empty": (b"", "ended after 0 chunks"),
    "only done": (b"data: [DONE]\n\n", "no chunk has a finish_reason"),
    "an error": (
        CHUNK + b'data: {"error": {"message": "slot lost"}}\n\ndata: [DONE]\n\n',
        "chunk 2 is an error: slot lost",
    ),
    "no text": (
        b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
        "1 chunks and no text",
    ),
    "not utf-8": (b"data: \xff\n\n" + STREAM, "not UTF-8"),
}


@pytest.mark.parametrize("case", BAD_STREAMS)
def test_a_bad_stream_fails(tmp_path: Path, case: str) -> None:
    body, why = BAD_STREAMS[case]

    def spoil(asked: Asked, one: Answer) -> Answer:
        return Answer(headers=EVENTS, body=body) if one.headers == EVENTS else one

    ended = tried(tmp_path, spoil)
    assert (ended.verdict, list(ended.bad)) == ("FAIL", ["stream"])
    assert why in ended.bad["stream"]


def test_a_stream_that_breaks_off(tmp_path: Path) -> None:
    def spoil(asked: Asked, one: Answer) -> Answer:
        if one.headers != EVENTS:
            return one
        head = b"%x\r\n" % len(CHUNK) + CHUNK + b"\r\n"
        return Answer(headers={**EVENTS, "Transfer-Encoding": "chunked"}, body=head)

    ended = tried(tmp_path, spoil)
    assert "the connection ended before the answer did" in ended.bad["stream"]


def test_latency_has_bounds(tmp_path: Path) -> None:
    def spoil(asked: Asked, one: Answer) -> Answer:
        return Answer(headers=EVENTS, body=one.body, wait=0.2) if one.headers == EVENTS else one

    ended = tried(tmp_path, spoil, max_first_token_ms=100, max_total_ms=60_000)
    assert ended.verdict == "FAIL"
    assert "the median first token took" in ended.bad["stream"]
    assert float(ended.outputs.first_token_ms) >= 200


def test_embeddings_where_enabled(tmp_path: Path) -> None:
    off = Answer(status=501, headers=JSON, body=recorded("no-embeddings.json"))
    ended = spoiled(tmp_path, "/v1/embeddings", off)
    assert (ended.verdict, ended.checks["embeddings"]["skipped"]) == ("PASS", True)
    ended = spoiled(tmp_path, "/v1/embeddings", off, embeddings="required")
    assert ended.verdict == "FAIL"
    assert "--embeddings" in ended.bad["embeddings"]


@pytest.mark.parametrize(
    ("served", "why"),
    [
        ("", "with no key: status 200, not 401 or 403"),
        ("another-key-of-the-tests", "status 401, not 200"),
    ],
)
def test_keys_that_do_not_guard(tmp_path: Path, served: str, why: str) -> None:
    ended = tried(tmp_path, served_key=served, api_key=KEY)
    assert ended.verdict == "FAIL"
    assert any(why in each for each in ended.bad.values())


def test_any_key_will_do_is_found(tmp_path: Path) -> None:
    def spoil(asked: Asked, one: Answer) -> Answer:
        return good(asked) if asked.headers.get("Authorization") else one

    ended = tried(tmp_path, spoil, served_key=KEY, api_key=KEY)
    assert "with a wrong key: status 200" in ended.bad["auth"]


def test_a_key_that_is_missing_decides_nothing(tmp_path: Path) -> None:
    ended = tried(tmp_path, served_key=KEY)
    assert ended.verdict == "ERROR"
    assert "wants a key, and api-key is empty" in ended.bad["identity"]
    with pytest.raises(UsageError, match="api-key"):
        tried(tmp_path, authentication="required")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, status: int) -> None:
    with stand_in(good) as other:
        moved = Answer(status=status, headers={"Location": f"http://{other.host}/props"})
        ended = spoiled(tmp_path, "/props", moved, served_key=KEY, api_key=KEY)
        assert ended.verdict == "FAIL"
        assert f"sends on to http://{other.host}/props" in ended.bad["identity"]
        assert other.asked == []


def test_a_key_that_comes_back_fails_and_is_not_shown(tmp_path: Path) -> None:
    told = Answer(status=500, headers=JSON, body=b"x" * 290 + KEY.encode())
    ended = spoiled(tmp_path, "/completion", told, served_key=KEY, api_key=KEY)
    assert ended.bad == {"completion": "POST /completion: the answer holds the API key"}
    location = Answer(status=302, headers={"Location": f"https://x/?key={KEY}"})
    ended = spoiled(tmp_path, "/props", location, served_key=KEY, api_key=KEY)
    assert KEY not in ended.shown


def test_a_short_key_is_redacted_in_what_is_shown(tmp_path: Path) -> None:
    told = Answer(status=500, headers=JSON, body=b'{"error": "k1-2 is wrong"}')
    ended = spoiled(tmp_path, "/completion", told, served_key="k1-2", api_key="k1-2")
    assert "*** is wrong" in ended.shown
    assert "k1-2" not in ended.shown


def test_it_waits_while_the_model_loads(tmp_path: Path) -> None:
    seen = []

    def spoil(asked: Asked, one: Answer) -> Answer:
        seen.append(asked.path)
        loading = Answer(
            status=503, headers=JSON, body=b'{"error": {"message": "Loading model", "code": 503}}'
        )
        return loading if len(seen) < 3 else one

    ended = tried(tmp_path, spoil, start_timeout=30, checks=("completion",))
    assert ended.verdict == "PASS"
    assert ended.checks["health"]["findings"]["tries"] == 3
    assert "Loading model" in ended.log


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(status=503, headers=JSON, body=b"{}"), "status 503"),
        (Answer(headers={"Content-Type": "text/html"}, body=b"<h1>It works"), "It works"),
        (Answer(headers=JSON, body=b'{"status": "no slot available"}'), "no slot available"),
    ],
)
def test_a_server_that_never_gets_healthy_fails(tmp_path: Path, answer: Answer, why: str) -> None:
    ended = spoiled(tmp_path, "/health", answer)
    assert ended.verdict == "FAIL"
    assert "not healthy within 0 s" in ended.bad["health"]
    assert why in ended.bad["health"]
    assert ended.outputs.checks == 1  # nothing else was asked
    assert [each.path for each in ended.asked] == ["/health"]


def unreachable() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("url", ["", "http://no-such-host.invalid"])
def test_unreachable_is_an_error(tmp_path: Path, url: str) -> None:
    ended = tried(tmp_path, url=url or unreachable())
    assert (ended.verdict, ended.result.status) == ("ERROR", 3)
    assert "no connection" in ended.bad["health"]


def test_nothing_asked_is_no_data(tmp_path: Path) -> None:
    ended = tried(tmp_path, checks=("none",))
    assert (ended.verdict, ended.result.status, ended.asked) == ("NO_DATA", 3, [])
    ended = tried(tmp_path, checks=("auth",))  # and no key
    assert (ended.verdict, ended.outputs.checks) == ("NO_DATA", 1)


@pytest.mark.parametrize(
    "given",
    [
        {"checks": ("none", "chat")},
        {"checks": ("chat",), "max_total_ms": 5},
        {"checks": ("chat",), "expected_build": "b1"},
        {"api_key": "a b"},
        {"api_key": "a\nb"},
        {"api_key": "ä"},
        {"url": "http://user:secret@host"},
        {"url": "http://host?x"},
        {"url": "http://[::1"},
        {"url": "http://host:99999"},
        {"requests": "none.json"},
    ],
)
def test_inputs_that_do_not_fit(tmp_path: Path, given: Mapping[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        tried(tmp_path, **given)
    assert caught.value.next
    assert "secret" not in str(caught.value)


def test_a_prefix_and_a_port_are_kept(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        assert asked.path.startswith("/llm/v2/")
        return good(Asked(**{**vars(asked), "path": asked.path.removeprefix("/llm/v2")}))

    with stand_in(answer) as server:
        ended = tried(tmp_path, url=f"http://{server.host}/llm/v2/")
        assert ended.verdict == "PASS"
        assert {each.headers["Host"] for each in server.asked} == {server.host}


def test_the_model_is_named_where_several_are_served(tmp_path: Path) -> None:
    ended = tried(tmp_path, model="small")
    bodies = [json.loads(each.body) for each in ended.asked if each.body]
    assert {body["model"] for body in bodies} == {"small"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "one"
    subject = ("-subj", "/CN=loopback", "-addext", "subjectAltName=IP:127.0.0.1")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    out = ("-keyout", f"{file}.key", "-out", f"{file}.crt")
    subprocess.run(
        ["openssl", "req", "-x509", *key, *out, "-days", "2", *subject],
        check=True,
        capture_output=True,
    )
    return file


def test_tls_is_checked(tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
    with stand_in(good, context) as server:
        ended = tried(tmp_path, url=f"https://{server.host}")
        assert ended.verdict == "ERROR"
        assert "certificate is not trusted" in ended.bad["health"]
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        assert tried(tmp_path, url=f"https://{server.host}").verdict == "PASS"


def test_a_proxy_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Answer:
        assert asked.path.startswith("http://models.example.invalid:8080/")
        path = asked.path.removeprefix("http://models.example.invalid:8080")
        return good(Asked(**{**vars(asked), "path": path}))

    with stand_in(answer) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        ended = tried(tmp_path, url="http://models.example.invalid:8080", checks=("completion",))
        assert ended.verdict == "PASS"
        assert {each.headers["Host"] for each in proxy.asked} == {"models.example.invalid:8080"}


def test_a_key_without_tls_is_warned_of(tmp_path: Path) -> None:
    log = io.BytesIO()
    options = Options(url="http://no-such-host.invalid", api_key=KEY, start_timeout=0)
    run(options, GitHub({"GITHUB_WORKSPACE": str(tmp_path)}, log=log))
    assert b"::warning::the key goes to http://no-such-host.invalid without TLS" in log.getvalue()


def test_what_a_server_says_stays_inert(tmp_path: Path) -> None:
    hostile = {"error": {"message": "x\n::error::boo | `<b>` @team"}}
    answer = Answer(status=500, headers=JSON, body=json.dumps(hostile).encode())
    ended = spoiled(tmp_path, "/completion", answer)
    assert not [line for line in ended.log.splitlines() if line.startswith("::error::boo")]
    (row,) = (line for line in ended.result.summary.splitlines() if "completion" in line[:15])
    assert "\\<b\\>" in row
    assert "\\@team" in row


def test_the_readmes_example_runs(tmp_path: Path) -> None:
    (example,) = examples(ROOT / "actions" / "smoke-test" / "README.md")
    ((manifest, inputs),) = example.own_steps()
    workspace = tmp_path / "w"
    file = workspace / inputs["requests"]
    file.parent.mkdir(parents=True)
    text = (ROOT / "actions" / "smoke-test" / "README.md").read_text("utf-8")
    file.write_text(text.partition("```json\n")[2].partition("```")[0], "utf-8")

    def answer(asked: Asked) -> Answer:
        if asked.path == "/tokenize":
            return Answer(headers=JSON, body=b'{"tokens": [19556, 905]}')
        return good(asked, KEY)

    with stand_in(answer) as server:
        given = {**inputs, "url": f"http://{server.host}", "api-key": KEY, "expected-model": MODEL}
        environ = github_environment(tmp_path / "step", workspace)
        ended = run_composite(manifest, given, workspace, environ)
        assert ended.code == 0, ended.stderr
    assert ended.outputs["verdict"] == "PASS"
    assert ended.outputs["checks"] == "9"
    evidence = read_evidence(workspace, "smoke-test")
    assert evidence["inputs"]["requests"].startswith("sha256:")
    assert KEY not in ended.stderr.replace(f"::add-mask::{KEY}", "") + ended.summary


def test_it_loads_nothing_but_the_standard_library(tmp_path: Path) -> None:
    ended = run_action(
        "smoke-test",
        tmp_path,
        bare_environment(CI_GEN_SMOKE_TEST_URL=unreachable(), CI_GEN_SMOKE_TEST_START_TIMEOUT="0"),
        python="/usr/bin/python3",
    )
    assert ended.code == 3
    assert "Connection refused" in ended.stderr
