from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.model_quality import measurement as m

SHA = "sha256:" + "a" * 64
SUBJECT = m.Subject(model=SHA, backend="CPU", build="b1 (abc)", threads=2)
CONDITIONS = m.Conditions(engine="llama.cpp", seed=42, context=512, batch=512, ubatch=512)


def example(**changes: Any) -> m.Measurement:
    chunks = (m.Chunk(nll=1.5, tokens=255), m.Chunk(nll=2.0, tokens=255))
    whole = m.Measurement(
        subject=SUBJECT,
        conditions=CONDITIONS,
        perplexity=(m.Perplexity(name="wiki", digest=SHA, context=512, chunks=chunks),),
        divergence=(
            m.Divergence(
                name="wiki", digest=SHA, context=512, base_model=SHA, tokens=510, mean=0.001
            ),
        ),
        answers=(
            m.AnswerSet(
                name="qa",
                digest=SHA,
                answers=(m.Answer(id="1", correct=True, score=1.0, text="Paris\n\u0000\ud800"),),
            ),
        ),
        measured="2026-01-01T00:00:00Z",
        seconds=3.5,
    )
    return dataclasses.replace(whole, **changes)


def test_a_stored_measurement_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "m.json"
    m.save(path, example())
    assert m.load(path, "m.json") == example()


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(
    st.lists(st.tuples(numbers, st.integers(1, 10**9)), min_size=1),
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.text()), min_size=1),
)
def test_any_measurement_comes_back_bit_by_bit(
    chunks: list[tuple[float, int]], answers: list[tuple[bool, float, str]]
) -> None:
    before = example(
        perplexity=(
            m.Perplexity(
                name="a",
                digest=SHA,
                context=8,
                chunks=tuple(m.Chunk(nll=nll, tokens=tokens) for nll, tokens in chunks),
            ),
        ),
        answers=(
            m.AnswerSet(
                name="q",
                digest=SHA,
                answers=tuple(
                    m.Answer(id=str(number), correct=right, score=score, text=text)
                    for number, (right, score, text) in enumerate(answers)
                ),
            ),
        ),
    )
    assert m.from_json(m.to_json(before).encode(), "x") == before


def test_perplexity_weighs_chunks_by_their_tokens() -> None:
    text = m.Perplexity(
        name="a",
        digest=SHA,
        context=8,
        chunks=(m.Chunk(nll=1.0, tokens=1), m.Chunk(nll=2.0, tokens=3)),
    )
    assert text.nll == 1.75
    assert text.ppl == pytest.approx(math.exp(1.75))
    hopeless = dataclasses.replace(text, chunks=(m.Chunk(nll=1e6, tokens=1),))
    assert hopeless.ppl == math.inf


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("schema",), 2, "its schema is 2"),
        (("schema",), True, "its schema is True"),
        (("colour",), 1, "the unknown key 'colour'"),
        (("subject",), [], "subject: is no object"),
        (("subject", "model"), "sha256:short", "subject.model: 'sha256:short'"),
        (("subject", "model"), "", "subject.model: is empty"),
        (("subject", "backend"), 3, "subject.backend: is no text"),
        (("subject", "threads"), -1, "subject.threads: -1 is below 0"),
        (("subject", "threads"), 2.5, "subject.threads: is no whole number"),
        (("conditions", "engine"), "ollama", "conditions.engine: 'ollama'"),
        (("conditions", "seed"), True, "conditions.seed: is no whole number"),
        (("perplexity", 0, "chunks", 1, "nll"), "1", "perplexity[0].chunks[1].nll: is no number"),
        (("perplexity", 0, "chunks"), [], "perplexity wiki: there is no chunk"),
        (("perplexity", 0, "chunks", 0, "tokens"), 10**400, "beyond what a number can be"),
        (("perplexity", 0, "name"), "../x", "perplexity[0].name: '../x'"),
        (("divergence", 0, "same_top"), 1.5, "divergence[0].same_top: 1.5 is above 1"),
        (("answers", 0, "answers"), [], "answers qa: there is no answer"),
        (("answers", 0, "answers", 0, "correct"), 1, "is neither true nor false"),
        (("answers",), {}, "answers: is no list"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(
    path: tuple[str | int, ...], value: object, says: str
) -> None:
    values = json.loads(m.to_json(example()))
    place: Any = values
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    if path[-1] == "tokens":
        place["nll"] = value
    with pytest.raises(CannotDecide) as caught:
        m.from_json(json.dumps(values).encode(), "base.json")
    assert says in str(caught.value)
    assert "where: base.json" in str(caught.value)


@pytest.mark.parametrize("name", ["subject", "conditions"])
def test_what_is_missing_is_named(name: str) -> None:
    values = json.loads(m.to_json(example()))
    del values[name]
    with pytest.raises(CannotDecide, match=f"lacks {name}"):
        m.from_json(json.dumps(values).encode(), "base.json")


def test_ids_and_names_stand_there_once() -> None:
    text = example().perplexity[0]
    with pytest.raises(CannotDecide, match="the set 'wiki' stands there twice"):
        m.to_json(example(perplexity=(text, text)))
    asked = example().answers[0]
    twice = dataclasses.replace(asked, answers=asked.answers * 2)
    with pytest.raises(CannotDecide, match="the id '1' stands there twice"):
        m.to_json(example(answers=(twice,)))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"a":1,"a":1}'])
def test_what_is_no_measurement_is_refused(data: bytes) -> None:
    with pytest.raises(CannotDecide):
        m.from_json(data, "x")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_refused(number: str) -> None:
    text = m.to_json(example()).replace('"nll":1.5', f'"nll":{number}')
    with pytest.raises(CannotDecide):
        m.from_json(text.encode(), "x")


def test_nan_is_never_stored() -> None:
    broken = m.Perplexity(
        name="a", digest=SHA, context=8, chunks=(m.Chunk(nll=math.nan, tokens=1),)
    )
    with pytest.raises(CannotDecide, match="not finite"):
        m.to_json(example(perplexity=(broken,)))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotDecide, match="cannot be opened"):
        m.load(tmp_path / "none.json", "none.json")


@given(st.integers(0), st.integers(0, 255))
def test_a_damaged_byte_is_refused_or_read(position: int, value: int) -> None:
    data = bytearray(m.to_json(example()).encode())
    data[position % len(data)] = value
    try:
        read = m.from_json(bytes(data), "x")
    except CannotDecide:
        return
    assert m.from_json(m.to_json(read).encode(), "x") == read


def test_a_long_answer_is_clipped() -> None:
    assert m.clipped("abcdef", 4) == "abc…"
    assert m.clipped("abcd", 4) == "abcd"
