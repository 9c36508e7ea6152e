"""The checks that every served model passes: each asks, judges, and raises Bad or Skipped."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ..core.server_build import same_build, shown_build
from . import judge
from .address import Address
from .http import Answer, Request, send
from .options import Options
from .outcome import Bad, Skipped

TOKENS = 16
_QUESTION = "Say hello in one sentence."

_SECRET_LENGTH = 16
"""A shorter key may stand in an answer by chance."""

Found = tuple[str, Mapping[str, Any]]
"""What a check says where all is good, and its findings."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """The server under test."""

    address: Address
    options: Options = field(repr=False)

    def ask(self, request: Request, *, key: str | None = None) -> Answer:
        """Send it with the API key, or with another one."""
        used = self.options.api_key if key is None else key
        keyed = Request(
            method=request.method,
            path=request.path,
            headers=request.headers,
            body=request.body,
            key=used,
        )
        answer = send(self.address, keyed, self.options.request_timeout)
        if told_by(answer, used):
            raise Bad(f"{request.words}: the answer holds the API key")
        if key is None and not used:
            judge.refused(answer, request.words)
        return answer

    def post(self, path: str, body: Mapping[str, Any]) -> Request:
        """A request with JSON, for the model that was chosen."""
        named = {"model": self.options.model} if self.options.model else {}
        return Request(
            method="POST",
            path=path,
            headers={"Content-Type": "application/json"},
            body=json.dumps({**named, **body}).encode(),
        )

    def chat(self, tokens: int, **more: Any) -> Request:
        """A request to chat: the likeliest answer, worked out anew each time."""
        return self.post(
            "/v1/chat/completions",
            {
                "messages": [{"role": "user", "content": _QUESTION}],
                "max_tokens": tokens,
                "temperature": 0,
                "seed": 1,
                "cache_prompt": False,
                **more,
            },
        )

    def completion(self, tokens: int) -> Request:
        """A request to llama-server's own completion."""
        body = {"prompt": "Once upon a time", "n_predict": tokens, "temperature": 0, "seed": 1}
        return self.post("/completion", {**body, "cache_prompt": False})

    def embedding(self) -> Request:
        """A request for an embedding."""
        return self.post("/v1/embeddings", {"input": _QUESTION})


def told_by(answer: Answer, key: str) -> bool:
    """Whether the key that was sent came back, which whoever reads an answer or a log would see."""
    if len(key) < _SECRET_LENGTH:
        return False
    told = answer.body.decode("utf-8", "replace") + "\n".join(answer.headers.values())
    return key in told or json.dumps(key)[1:-1] in told


def identity(server: Server) -> Found:
    """The build, the model and the chat template are the expected ones."""
    request, options = Request(path="/props"), server.options
    answer = server.ask(request)
    props = judge.record(answer, request.words)
    build, wrong = shown_build(answer.status, answer.body, request.path)
    if wrong:
        raise Bad(wrong)
    names = judge.served_models(props)
    if not names:
        raise Bad("/props tells no model_path and no model_alias")
    template = judge.text_at(props, "chat_template") and str(props["chat_template"])
    digest = hashlib.sha256(template.encode("utf-8", "replace")).hexdigest() if template else ""
    problems = []
    if options.expected_build and not same_build(build, options.expected_build):
        problems.append(f"the build is {build}, not {options.expected_build}")
    if options.expected_model and options.expected_model not in names:
        problems.append(f"the model is {names[0]}, not {options.expected_model}")
    wanted = options.expected_template.removeprefix("sha256:")
    if wanted and wanted != digest:
        problems.append(f"the chat template is sha256:{digest or 'none'}, not sha256:{wanted}")
    if problems:
        raise Bad("; ".join(problems))
    findings = {"build": build, "model": names[0], "model_path": judge.text_at(props, "model_path")}
    if digest:
        findings["template"] = f"sha256:{digest}"
    return f"build {build}, model {names[0]}", findings


def completion(server: Server) -> Found:
    """`/completion` writes something."""
    request = server.completion(TOKENS)
    told = judge.record(server.ask(request), request.words)
    text = judge.completion_text(told, request.words)
    return f"{len(text)} characters", {"text": text[:200]}


def chat(server: Server) -> Found:
    """`/v1/chat/completions` answers."""
    request = server.chat(TOKENS)
    told = judge.record(server.ask(request), request.words)
    text = judge.chat_text(told, request.words)
    return f"{len(text)} characters", {"text": text[:200]}


def stream(server: Server) -> Found:
    """The streamed answer is whole, each time, and fast enough."""
    request, options = server.chat(TOKENS, stream=True), server.options
    measured = [
        judge.stream(server.ask(request), f"{request.words} (stream)")
        for _ in range(options.repeat)
    ]
    first = round(median(each.first for each in measured) * 1000, 1)
    total = round(median(each.total for each in measured) * 1000, 1)
    limits = (
        ("first token", first, options.max_first_token_ms),
        ("whole answer", total, options.max_total_ms),
    )
    late = [
        f"the median {name} took {took} ms, more than {limit} ms"
        for name, took, limit in limits
        if limit and took > limit
    ]
    findings = {
        "first_token_ms": first,
        "total_ms": total,
        "repeat": options.repeat,
        "chunks": [each.chunks for each in measured],
    }
    words = f"first token {first} ms, whole answer {total} ms, medians of {options.repeat}"
    if late:
        raise Bad("; ".join(late), findings)
    return words, findings


def embeddings(server: Server) -> Found:
    """`/v1/embeddings` gives one, where the server was started for it."""
    request = server.embedding()
    answer = server.ask(request)
    if answer.status == 501 and not answer.broken and server.options.embeddings == "auto":
        raise Skipped("the server was not started with --embeddings")
    width = judge.embedding_width(judge.record(answer, request.words), request.words)
    return f"{width} numbers", {"width": width}


def auth(server: Server) -> Found:
    """Without the key and with a wrong one it refuses; with the key it answers."""
    if not server.options.api_key:
        raise Skipped("api-key is empty")
    request = _guarded(server)
    statuses = {}
    for name, key in (("no key", ""), ("a wrong key", f"wrong-{secrets.token_hex(8)}")):
        answer = judge.status(
            server.ask(request, key=key), f"{request.words} with {name}", (401, 403)
        )
        statuses[name] = answer.status
    judge.status(server.ask(request), f"{request.words} with the key")
    return "refused without the key and with a wrong one, served with it", {"statuses": statuses}


def _guarded(server: Server) -> Request:
    """What the key must guard: the first of the things that this server is checked for."""
    checked = server.options.checks
    if "chat" in checked or "stream" in checked:
        return server.chat(1)
    if "completion" in checked:
        return server.completion(1)
    return server.embedding() if "embeddings" in checked else Request(path="/props")


CHECKS: Mapping[str, Callable[[Server], Found]] = {
    "identity": identity,
    "completion": completion,
    "chat": chat,
    "stream": stream,
    "embeddings": embeddings,
    "auth": auth,
}
