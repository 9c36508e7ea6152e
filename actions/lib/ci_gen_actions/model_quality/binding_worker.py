"""Runs a model with llama-cpp-python. Started as a script, in the binding's own environment.

Reads one object of JSON from standard input and writes one a line: first what was loaded, then
the results. What is computed is what llama-perplexity computes (tools/perplexity/perplexity.cpp):
chunks of `context` tokens, of which the second half but the last token counts.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from llama_cpp import Llama, llama_cpp
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

_HEAD = struct.Struct("<8sIii")
_SPAN = 16.0
"""How far below the largest one a logit is still told from others in the file; see base_file."""


def main() -> int:
    """Load the model and do what is asked."""
    job = json.load(sys.stdin)
    # Whatever the library prints must not stand between the lines.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    llm = _loaded(job)
    template = _template(llm, job)
    loaded = {"vocabulary": llm.n_vocab(), "template": template}
    work = {"perplexity": _perplexity, "divergence": _divergence, "replies": _replies}
    for result in ({"loaded": loaded}, *work[job["do"]](llm, job, template)):
        out.write(f"{json.dumps(result)}\n".encode("ascii"))
        out.flush()
    return 0


def _loaded(job: Mapping[str, Any]) -> Any:
    return Llama(
        model_path=job["model"],
        n_ctx=job["context"],
        n_batch=job["batch"],
        n_ubatch=job["ubatch"],
        n_threads=job["threads"],
        n_threads_batch=job["threads"],
        n_gpu_layers=job["gpu_layers"],
        seed=job["seed"],
        logits_all=True,
        verbose=False,
    )


def _template(llm: Any, job: Mapping[str, Any]) -> str:
    if job["template"]:
        return Path(job["template"]).read_text("utf-8")
    return str(llm.metadata.get("tokenizer.chat_template", ""))


# Texts ------------------------------------------------------------------------------------------


def _chunks(llm: Any, job: Mapping[str, Any]) -> tuple[int, list[list[int]]]:
    """How many tokens the text has, and its chunks."""
    tokens = llm.tokenize(Path(job["text"]).read_bytes(), add_bos=True, special=False)
    context = job["context"]
    if len(tokens) < 2 * context:
        raise SystemExit(
            f"the text has {len(tokens)} tokens, and a context of {context} needs {2 * context}"
        )
    most = len(tokens) // context
    count = min(job["chunks"] or most, most)
    return len(tokens), [tokens[n * context : (n + 1) * context] for n in range(count)]


def _logprobs(llm: Any, chunk: Sequence[int]) -> tuple[Any, list[int]]:
    """Log-probabilities of every token at the places that count, and the right tokens there."""
    first = len(chunk) // 2
    given = list(chunk)
    if llm_adds_bos(llm):
        given[0] = llm.token_bos()
    llm.reset()
    llm.eval(given)
    logits = llm.scores[first : len(chunk) - 1].astype(np.float64)
    if not np.isfinite(logits).all():
        raise SystemExit("the model gave logits that are no numbers")
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), list(chunk[first + 1 :])


def llm_adds_bos(llm: Any) -> bool:
    """Whether texts of this model begin with its BOS token."""
    return bool(llama_cpp.llama_vocab_get_add_bos(llama_cpp.llama_model_get_vocab(llm.model)))


def _perplexity(llm: Any, job: Mapping[str, Any], _: str) -> Iterator[dict[str, Any]]:
    total, chunks = _chunks(llm, job)
    base = Path(job["base"]) if job["base"] else None
    with (base or Path(os.devnull)).open("wb") as file:
        if base:
            file.write(_HEAD.pack(b"_logits_", job["context"], llm.n_vocab(), len(chunks)))
            file.write(np.array(chunks, dtype="<i4").tobytes())
        yield {"text_tokens": total}
        for chunk in chunks:
            logprobs, right = _logprobs(llm, chunk)
            nll = -logprobs[np.arange(len(right)), right]
            yield {"nll": float(nll.mean()), "tokens": len(right)}
            if base:
                file.write(packed(logprobs))


def packed(logprobs: Any) -> bytes:
    """The log-probabilities as the file of llama-perplexity holds them."""
    count, vocabulary = logprobs.shape
    low = np.maximum(logprobs.min(axis=1), logprobs.max(axis=1) - _SPAN)
    scale = np.maximum((logprobs.max(axis=1) - low) / 65535, 1e-30)
    steps = np.rint((np.maximum(logprobs, low[:, None]) - low[:, None]) / scale[:, None])
    rows = np.zeros((count, 2 * ((vocabulary + 1) // 2) + 4), dtype="<u2")
    rows[:, :4] = np.stack([scale, low], axis=1).astype("<f4").view("<u2")
    rows[:, 4 : 4 + vocabulary] = steps
    return bytes(rows.tobytes())


def unpacked(data: bytes, vocabulary: int) -> Any:
    """The log-probabilities in what `packed` gave."""
    rows = np.frombuffer(data, dtype="<u2").reshape(-1, 2 * ((vocabulary + 1) // 2) + 4)
    facts = np.ascontiguousarray(rows[:, :4]).view("<f4").astype(np.float64)
    return facts[:, :1] * rows[:, 4 : 4 + vocabulary] + facts[:, 1:]


def _divergence(llm: Any, job: Mapping[str, Any], _: str) -> Iterator[dict[str, Any]]:
    """For each token: the KLD in nats, NLL here and there, the change of the right one's
    probability, and whether the likeliest token is the same."""
    with Path(job["base"]).open("rb") as file:
        _, context, vocabulary, count = _HEAD.unpack(file.read(_HEAD.size))
        if vocabulary != llm.n_vocab():
            raise SystemExit(
                f"the baseline's model knows {vocabulary} tokens, and this one {llm.n_vocab()}"
            )
        tokens = np.frombuffer(file.read(4 * context * count), dtype="<i4").reshape(-1, context)
        row = 2 * (2 * ((vocabulary + 1) // 2) + 4)
        for chunk in tokens.tolist():
            here, right = _logprobs(llm, chunk)
            there = unpacked(file.read(row * len(right)), vocabulary)
            yield {"chunk": _compared(here, there, right)}


def _compared(here: Any, there: Any, right: Sequence[int]) -> dict[str, list[float]]:
    places = np.arange(len(right))
    likely = there > -_SPAN
    kld = np.where(likely, np.exp(there) * (there - here), 0.0).sum(axis=1)
    nll, base = -here[places, right], -there[places, right]
    return {
        "kld": kld.tolist(),
        "nll": nll.tolist(),
        "base_nll": base.tolist(),
        "dp": (np.exp(-nll) - np.exp(-base)).tolist(),
        "same": (here.argmax(axis=1) == there.argmax(axis=1)).astype(float).tolist(),
    }


# Questions --------------------------------------------------------------------------------------


def _replies(llm: Any, job: Mapping[str, Any], template: str) -> Iterator[dict[str, Any]]:
    for question in job["questions"]:
        prompt = _prompt(llm, question, template)
        tokens = _tokens(llm, prompt)
        room = job["context"] - len(tokens)
        most = question["max_tokens"] or job["max_tokens"]
        if question["choices"]:
            yield _scored(llm, prompt, question["choices"], job["context"])
        elif room < 1:
            yield {"problem": f"it has {len(tokens)} tokens, and the context {job['context']}"}
        else:
            yield {"text": _generated(llm, tokens, min(most, room), question["stop"])}


def _prompt(llm: Any, question: Mapping[str, Any], template: str) -> str:
    if question["prompt"]:
        return str(question["prompt"])
    if not template:
        raise SystemExit("the model has no chat template, and none was given")

    def text(token: int) -> str:
        return str(llm._model.token_get_text(token)) if token >= 0 else ""

    formatter = Jinja2ChatFormatter(
        template=template, eos_token=text(llm.token_eos()), bos_token=text(llm.token_bos())
    )
    return str(formatter(messages=question["messages"]).prompt)


def _tokens(llm: Any, text: str) -> list[int]:
    return list(llm.tokenize(text.encode(), add_bos=True, special=True))


def _row(logits: Any, token: int) -> float:
    values = logits.astype(np.float64)
    top = values.max()
    return float(values[token] - top - np.log(np.exp(values - top).sum()))


def _scored(llm: Any, prompt: str, choices: Sequence[str], context: int) -> dict[str, Any]:
    """The log-likelihood in nats of each choice, and its tokens, as server_answers has it."""
    before = _tokens(llm, prompt)
    scores = []
    for choice in choices:
        tokens = _tokens(llm, prompt + choice)
        if len(tokens) > context:
            return {"problem": f"it has {len(tokens)} tokens, and the context {context}"}
        same = (one == other for one, other in zip(before, tokens, strict=False))
        start = max(1, next((n for n, each in enumerate(same) if not each), len(before)))
        llm.reset()
        llm.eval(tokens)
        total = sum(_row(llm.scores[n - 1], tokens[n]) for n in range(start, len(tokens)))
        scores.append([total, len(tokens) - start])
    return {"choices": scores}


def _generated(llm: Any, tokens: Sequence[int], most: int, stops: Sequence[str]) -> str:
    """What the model says when it always takes the likeliest token."""
    vocabulary = llama_cpp.llama_model_get_vocab(llm.model)
    llm.reset()
    llm.eval(tokens)
    said: list[int] = []
    text = ""
    while len(said) < most:
        token = int(llm.scores[llm.n_tokens - 1].argmax())
        if llama_cpp.llama_vocab_is_eog(vocabulary, token):
            break
        said.append(token)
        text = str(llm.detokenize(said, prev_tokens=list(tokens)), "utf-8", "ignore")
        stop = min((at for each in stops if (at := text.find(each)) >= 0), default=-1)
        if stop >= 0:
            return text[:stop]
        if len(said) < most:
            llm.eval([token])
    return text


if __name__ == "__main__":
    sys.exit(main())
