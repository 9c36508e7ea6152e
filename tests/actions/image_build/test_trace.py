"""BuildKit's progress. The messages are those that an engine 20.10 sent for a small build."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.image_build.api_build import _BuildKitReader, _Reader
from ci_gen_actions.image_build.building import Counter
from ci_gen_actions.image_build.trace import Steps, fields, is_step

LOADED = (
    "Cm8KR3NoYTI1NjpkMDc2ZTg0NmY4ZTI0ZjgxMTc2ZDI3YzhlZGU1OWM5YzJmODNjNTYzNWUzN2E3NTMyNDQ3MTM0OTkx"
    "ZTkwNDEyGiRbaW50ZXJuYWxdIGxvYWQgcmVtb3RlIGJ1aWxkIGNvbnRleHQ="
)
RAN = (
    "CvQBCkdzaGEyNTY6YzI2ZDljZTA2ZDYyYTIzYTIwNGE4MjQ3MjAwZDJhOTRjYjY0NDIzOTJmMmYwOGQ3OTg0YzIwYzY3"
    "MjY2M2ZmMBJHc2hhMjU2OjEyZmJlMmU4ODJhNDEwNzllM2Q4OTA3YWVmOGI0Y2RlZWVjYzUyMzk1MDZjOTFjMWQzYjQ0"
    "MWQ5YTk3YWYwYWEaRVthIDIvMl0gUlVOIC0tbW91bnQ9dHlwZT1jYWNoZSx0YXJnZXQ9L2MgZGF0ZSA+IC94OyBlY2hv"
    "IGhpOyBlY2hvIGhpMioMCPOsltgGENbK2bEDMgsI9KyW2AYQsP7fdQ=="
)
SAID = (
    "GmEKR3NoYTI1NjpjMjZkOWNlMDZkNjJhMjNhMjA0YTgyNDcyMDBkMmE5NGNiNjQ0MjM5MmYyZjA4ZDc5ODRjMjBjNjcy"
    "NjYzZmYwEgsI9KyW2AYQga3uaxgBIgdoaQpoaTIK"
)
RUN = "[a 2/2] RUN --mount=type=cache,target=/c date > /x; echo hi; echo hi2"


def test_what_a_real_engine_sent() -> None:
    steps = Steps()
    assert list(steps.lines(LOADED)) == ["#1 [internal] load remote build context"]
    assert list(steps.lines(SAID)) == ["#2 hi", "#2 hi2"]
    assert list(steps.lines(RAN)) == [f"#2 {RUN}", "#2 DONE"]
    assert list(steps.lines(RAN)) == []
    assert (len(steps.counted), len(steps.cached)) == (1, 0)


def vertex(**parts: str | int) -> str:
    numbers = {"digest": 1, "name": 3, "cached": 4, "error": 7}
    body = b""
    for name, value in parts.items():
        if isinstance(value, int):
            body += bytes([numbers[name] << 3, value])
        else:
            body += bytes([numbers[name] << 3 | 2, len(value)]) + value.encode()
    return base64.b64encode(bytes([1 << 3 | 2, len(body)]) + body).decode()


def test_cached_steps_and_errors() -> None:
    steps = Steps()
    assert list(steps.lines(vertex(digest="d", name="[1/2] COPY a b", cached=1))) == [
        "#1 [1/2] COPY a b",
        "#1 CACHED",
    ]
    assert list(steps.lines(vertex(digest="e", name="[2/2] RUN b", error="exit 1"))) == [
        "#2 [2/2] RUN b",
        "#2 ERROR: exit 1",
    ]
    assert steps.counted & steps.cached == {"d"}


@given(st.binary(max_size=200))
def test_no_message_breaks_it(data: bytes) -> None:
    list(Steps().lines(base64.b64encode(data).decode()))


def test_what_is_no_base64_is_passed_over() -> None:
    assert list(Steps().lines("%%%")) == []
    assert dict(fields(b"\x0d\x01\x02\x03\x04\x11" + b"x" * 8)) == {
        1: b"\x01\x02\x03\x04",
        2: b"x" * 8,
    }


def test_which_steps_make_a_layer() -> None:
    assert is_step("[build 2/3] RUN x")
    assert is_step("[1/2] COPY a b")
    assert not is_step("[1/2] FROM a")
    assert not is_step("[internal] load build context")


def test_the_plain_progress_of_a_client_is_counted() -> None:
    counter = Counter()
    for line in (
        b"#4 [stage-0 1/3] FROM docker.io/library/debian\n",
        b"#4 CACHED\n",
        b"#5 [stage-0 2/3] RUN a\n",
        b"#5 CACHED\n",
        b"#6 [stage-0 3/3] RUN b\n",
        b"#6 0.2 CACHED\n",
    ):
        counter.line(line)
    assert counter.counts == (2, 1)


def test_the_answers_of_the_classic_builder() -> None:
    reader = _Reader()
    lines: list[str] = []
    for text in (
        "Step 1/4 : FROM a\n",
        "Step 2/4 : ARG A\n",
        " ---> Using cache\n",
        "Step 3/4 : RUN a\n",
        " ---> Using cache\n",
        "Step 4/4 : RUN b\n \n",
    ):
        lines += reader.lines({"stream": text})
    lines += reader.lines({"error": "exit 1"})
    assert reader.counts == (2, 1)
    assert (reader.error, lines[-1]) == ("exit 1", "ERROR: exit 1")


def test_the_answers_of_buildkit() -> None:
    reader = _BuildKitReader()
    told = {"id": "moby.buildkit.trace", "aux": RAN}
    assert list(reader.lines(told)) == [f"#1 {RUN}", "#1 DONE"]
    assert list(reader.lines({"stream": "Successfully tagged x\n"})) == ["Successfully tagged x"]
    assert reader.counts == (1, 0)
