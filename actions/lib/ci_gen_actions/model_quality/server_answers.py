"""Questions put to llama-server: answers generated greedily, choices scored by log-likelihood.

Each question starts from an empty cache, so that its answer depends on nothing that was asked
before it. Within a question the choices share the prompt that was evaluated for the first.

llama-server tells no probabilities of a prompt's tokens. It tells the one of a token that it
generates, from the logits as they are before any sampler. So a choice is scored token by token:
a bias lets no other token be generated, and the probability told is without that bias
(`n_probs`, `logit_bias` and `post_sampling_probs` in llama.cpp's tools/server/README.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from .clock import Clock
from .question import ChoiceScore, Message, Question, QuestionSet, Reply
from .server_http import ServerError
from .server_process import Server

TOO_LONG = "exceed_context_size_error"
_FORCED = 1000.0
"""A bias in logits beyond any difference between two of them."""


def answers(
    server: Server, asked: QuestionSet, max_tokens: int, clock: Clock, ci: Dialect
) -> Iterator[Reply]:
    """The reply to each question, in their order.

    A question that does not fit into the context has a reply that says so. Raises CannotDecide
    where the server fails or the time is over.
    """
    cut = 0
    for number, question in enumerate(asked.questions, 1):
        doing = f"question {question.id} of {asked.name}"
        clock.check(f"{doing} was the next of {len(asked.questions)}")
        clock.tick(ci, f"{asked.name}: question {number} of {len(asked.questions)}")
        try:
            reply, whole = _reply(server, question, max_tokens, clock)
            cut += not whole
            yield reply
        except ServerError as error:
            if error.kind == TOO_LONG:
                yield Reply(problem=f"it does not fit into the context: {error}"[:1000])
            else:
                clock.check(f"llama-server worked on {doing}")
                raise server.died(doing, error) from None
    if cut:
        ci.log(f"{asked.name}: {cut} of {len(asked.questions)} answers reached their max_tokens")


def template_of(server: Server, clock: Clock) -> str:
    """The chat template that the server uses, "" where it does not tell. Raises CannotDecide."""
    try:
        return str(server.wire.get("/props", timeout=clock.left(30)).get("chat_template") or "")
    except ServerError as error:
        raise server.died("its properties", error) from None


def _reply(server: Server, question: Question, max_tokens: int, clock: Clock) -> tuple[Reply, bool]:
    """The reply, and whether the model itself ended it."""

    def ask(path: str, values: dict[str, Any]) -> dict[str, Any]:
        return server.wire.post(path, values, timeout=clock.left())

    if question.choices:
        return Reply(choices=tuple(_scores(ask, question))), True
    most = question.max_tokens or max_tokens
    sampling = {**_GREEDY, "stop": list(question.stop), "seed": server.launch.seed}
    if question.prompt:
        values = {**sampling, "prompt": question.prompt, "n_predict": most}
        return _generated(ask("/completion", values))
    values = {**sampling, "messages": _turns(question.messages), "max_tokens": most}
    return _spoken(ask("/v1/chat/completions", values))


_GREEDY: dict[str, Any] = {"temperature": 0.0, "top_k": 1, "cache_prompt": False, "stream": False}


def _generated(answer: dict[str, Any]) -> tuple[Reply, bool]:
    """The reply in what /completion answers, and whether the model ended it."""
    text = answer.get("content")
    if not isinstance(text, str):
        raise ServerError("/completion: an answer without content")
    return Reply(text=text), answer.get("stop_type") != "limit"


def _spoken(answer: dict[str, Any]) -> tuple[Reply, bool]:
    """The reply in what /v1/chat/completions answers, and whether the model ended it."""
    try:
        told = answer["choices"][0]
        text = told["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise ServerError("/v1/chat/completions: an answer without a message") from None
    whole = told.get("finish_reason") != "length"
    return Reply(text=text if isinstance(text, str) else ""), whole


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": each.role, "content": each.content} for each in messages]


_Ask = Callable[[str, dict[str, Any]], dict[str, Any]]


def _scores(ask: _Ask, question: Question) -> Iterator[ChoiceScore]:
    prompt = question.prompt
    if question.messages:
        prompt = str(ask("/apply-template", {"messages": _turns(question.messages)})["prompt"])
    before = _tokens(ask, prompt)
    fresh = True
    for choice in question.choices:
        tokens = _tokens(ask, prompt + choice)
        start = shared(before, tokens)
        if not tokens[start:]:
            raise CannotDecide(
                f"the choice {choice[:80]!r} of question {question.id} has no token of its own",
                next="give each choice a text that continues the question",
            )
        total = 0.0
        for end in range(start, len(tokens)):
            total += _logprob(ask, tokens[:end], tokens[end], fresh=fresh)
            fresh = False
        yield ChoiceScore(logprob=total, tokens=len(tokens) - start)


def shared(before: Sequence[int], tokens: Sequence[int]) -> int:
    """How many tokens the prompt alone and with a choice begin with alike; at least 1.

    A choice may change how the end of the prompt is cut into tokens; what differs is scored.
    """
    count = 0
    for one, other in zip(before, tokens, strict=False):
        if one != other:
            break
        count += 1
    return max(1, count)


def _tokens(ask: _Ask, text: str) -> list[int]:
    values = {"content": text, "add_special": True, "parse_special": True}
    found = ask("/tokenize", values).get("tokens")
    if not isinstance(found, list) or not all(isinstance(each, int) for each in found):
        raise ServerError("/tokenize: an answer without tokens")
    return found


def _logprob(ask: _Ask, prompt: Sequence[int], token: int, *, fresh: bool) -> float:
    """The log-probability in nats of `token` after `prompt`."""
    values = {
        **_GREEDY,
        "prompt": list(prompt),
        "n_predict": 1,
        "n_probs": 1,
        "post_sampling_probs": False,
        "logit_bias": [[token, _FORCED]],
        "cache_prompt": not fresh,
    }
    answer = ask("/completion", values)
    try:
        told = answer["completion_probabilities"][0]
        found, logprob = int(told["id"]), float(told["logprob"])
    except (KeyError, IndexError, TypeError, ValueError):
        raise ServerError("/completion: an answer without log-probabilities") from None
    if found != token:
        raise ServerError(f"/completion: token {found} was generated where {token} was forced")
    return logprob
