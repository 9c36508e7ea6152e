"""Tokenising with a real vocabulary gives exactly the tokens that llama.cpp publishes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SEPARATOR = "\n__ggml_vocab_test__\n"


def cases(vocabulary: Path) -> list[tuple[str, list[int]]]:
    """The texts and tokens that come with the vocabulary: what its own reference gave."""
    text = Path(f"{vocabulary}.inp").read_text(encoding="utf-8")
    texts = text.removesuffix(SEPARATOR).split(SEPARATOR)
    lines = Path(f"{vocabulary}.out").read_text(encoding="utf-8").splitlines()
    return [(text, [int(n) for n in line.split()]) for text, line in zip(texts, lines, strict=True)]


def test_hello_world(service, vocabulary):
    done = service("tokenize", "--model", str(vocabulary), "--text", "Hello World")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [1, 15043, 2787]


@pytest.mark.parametrize("kind", ["ascii", "unicode"])
def test_the_published_tokens(service, vocabulary, kind):
    chosen = [case for case in cases(vocabulary) if case[0].isascii() == (kind == "ascii")]
    assert len(chosen) > 5
    for text, tokens in chosen:
        done = service("tokenize", "--model", str(vocabulary), "--text", text)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == [1, *tokens], f"text: {text!r}"


def test_a_vocabulary_without_weights_cannot_complete(service, vocabulary):
    done = service("complete", "--model", str(vocabulary), "--text", "Hello")
    assert done.returncode == 1
    assert "cannot load the model" in done.stderr
