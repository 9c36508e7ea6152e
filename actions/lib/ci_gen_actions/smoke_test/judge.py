"""What answers of llama-server must hold. Pure.

The fields are those that llama-server itself answers with; see `tools/server/README.md` of
llama.cpp for `/props` and `/completion`, and OpenAI's reference for the paths below `/v1`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from .http import Answer
from .outcome import Bad, Unknown, excerpt, whole
from .sse import NotEvents, events

DONE = "[DONE]"


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """A streamed answer: its text, its chunks, and seconds to the first token and to the end."""

    text: str
    chunks: int
    first: float
    total: float


def status(answer: Answer, request: str, expected: Sequence[int] = (200,)) -> Answer:
    """The whole answer, if its status is expected. Raises Bad, Unknown."""
    whole(answer, request)
    if answer.status in expected:
        return answer
    wanted = " or ".join(map(str, expected))
    said = f"{request}: status {answer.status}, not {wanted}"
    if answer.status in (301, 302, 303, 307, 308):
        to = answer.headers.get("location", "nowhere")[:200]
        raise Bad(f"{said}: it sends on to {to}, and redirects are not followed; give that as url")
    told = error_text(answer.body)
    raise Bad(f"{said}: {told}" if told else said)


def refused(answer: Answer, request: str) -> Answer:
    """Raise Unknown where the server wants a key although none was given."""
    whole(answer, request)
    if answer.status in (401, 403):
        raise Unknown(f"{request}: status {answer.status}: it wants a key, and api-key is empty")
    return answer


def error_text(body: bytes) -> str:
    """What an answer says that is an error, as far as it is fit for a message."""
    try:
        told = load(body)
    except ValueError:
        return excerpt(body)
    error = told.get("error") if isinstance(told, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return str(message)[:300] if message else excerpt(body)


def load(body: bytes | str) -> Any:
    """The JSON of a body, NaN and infinities refused. Raises ValueError."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def record(answer: Answer, request: str) -> dict[str, Any]:
    """The JSON object of a good answer. Raises Bad, Unknown."""
    status(answer, request)
    if answer.media_type != "application/json":
        shown = answer.media_type or "nothing"
        raise Bad(f"{request}: its type is {shown}, not application/json: {excerpt(answer.body)}")
    try:
        found = load(answer.body)
    except ValueError as error:
        raise Bad(f"{request}: no JSON ({error}): {excerpt(answer.body)}") from None
    if not isinstance(found, dict):
        raise Bad(f"{request}: the JSON is no object: {excerpt(answer.body)}")
    if found.get("error"):
        raise Bad(f"{request}: an error with status 200: {error_text(answer.body)}")
    return found


def served_models(props: Mapping[str, Any]) -> tuple[str, ...]:
    """The names under which a model is served: its alias, its path and the name of its file."""
    path = text_at(props, "model_path")
    names = (text_at(props, "model_alias"), path, PurePosixPath(path).name)
    return tuple(dict.fromkeys(name for name in names if name))


def text_at(values: Mapping[str, Any], key: str) -> str:
    """The text at a key, "" for anything else."""
    found = values.get(key)
    return found.strip() if isinstance(found, str) else ""


def completion_text(told: Mapping[str, Any], request: str) -> str:
    """The text of `/completion`. Raises Bad."""
    text = told.get("content")
    if not isinstance(text, str) or not text:
        raise Bad(f"{request}: no text in content")
    if told.get("tokens_predicted") == 0:
        raise Bad(f"{request}: tokens_predicted is 0")
    return text


def chat_text(told: Mapping[str, Any], request: str) -> str:
    """The text of a chat's answer; of a model that thinks first, its thoughts. Raises Bad."""
    choice = _choice(told, request)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Bad(f"{request}: no choices[0].message")
    if not isinstance(choice.get("finish_reason"), str):
        raise Bad(f"{request}: no finish_reason")
    text = _content(message)
    if not text:
        raise Bad(f"{request}: the message is empty")
    return text


def embedding_width(told: Mapping[str, Any], request: str) -> int:
    """How many numbers the embedding in `data[0]` has. Raises Bad."""
    data = told.get("data")
    first = data[0] if isinstance(data, list) and data else None
    vector = first.get("embedding") if isinstance(first, dict) else None
    if not isinstance(vector, list) or not vector:
        raise Bad(f"{request}: no data[0].embedding")
    if not all(_is_finite(each) for each in vector):
        raise Bad(f"{request}: the embedding holds something that is no finite number")
    if not any(vector):
        raise Bad(f"{request}: the embedding is all zeros")
    return len(vector)


def stream(answer: Answer, request: str) -> Streamed:
    """A streamed chat answer: every chunk read, [DONE] the last of them. Raises Bad, Unknown."""
    status(answer, request)
    if answer.media_type != "text/event-stream":
        shown = answer.media_type or "nothing"
        raise Bad(f"{request}: its type is {shown}, not text/event-stream")
    text, first, chunks, finished, done = "", math.nan, 0, False, False
    try:
        for event in events(answer.pieces):
            if done:
                raise Bad(f"{request}: something follows [DONE]: {event.data[:120]}")
            if event.data == DONE:
                done = True
                continue
            chunks += 1
            part, ends = _chunk(event.data, request, chunks)
            if part and not text:
                first = event.at
            text += part
            finished = finished or ends
    except NotEvents as error:
        raise Bad(f"{request}: {error}") from None
    if not done:
        raise Bad(f"{request}: the stream ended after {chunks} chunks without [DONE]")
    if not finished:
        raise Bad(f"{request}: no chunk has a finish_reason")
    if not text:
        raise Bad(f"{request}: {chunks} chunks and no text")
    return Streamed(text=text, chunks=chunks, first=first, total=answer.seconds)


def _chunk(data: str, request: str, number: int) -> tuple[str, bool]:
    """The text of one chunk, and whether it is the last one of the text."""
    where = f"{request}: chunk {number}"
    try:
        told = load(data)
    except ValueError:
        raise Bad(f"{where} is no JSON: {data[:120]}") from None
    if not isinstance(told, dict):
        raise Bad(f"{where} is no object: {data[:120]}")
    if told.get("error"):
        raise Bad(f"{where} is an error: {error_text(data.encode())}")
    choices = told.get("choices")
    if choices == []:  # the last one may hold the usage alone
        return "", False
    choice = _choice(told, where)
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        raise Bad(f"{where} has no choices[0].delta: {data[:120]}")
    return _content(delta), isinstance(choice.get("finish_reason"), str)


def _choice(told: Mapping[str, Any], request: str) -> Mapping[str, Any]:
    choices = told.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Bad(f"{request}: no choices[0]")
    choice: Mapping[str, Any] = choices[0]
    return choice


def _content(message: Mapping[str, Any]) -> str:
    parts = (message.get("reasoning_content"), message.get("content"))
    return "".join(part for part in parts if isinstance(part, str))


def _is_finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond a float
        return False
