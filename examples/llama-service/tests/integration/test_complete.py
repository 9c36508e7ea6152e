"""Answers of a model whose continuations are known: see alphabet_model.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import alphabet_model


@pytest.fixture(scope="module")
def alphabet(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("model") / "alphabet.gguf"
    alphabet_model.write(path)
    return str(path)


@pytest.mark.parametrize(
    ("prompt", "limit", "expected"),
    [("abc", 4, "defg"), ("m", 1, "n"), ("abc", 0, ""), ("w", 100, "xyz")],
)
def test_complete(service, alphabet, prompt, limit, expected):
    done = service(
        *("complete", "--model", alphabet, "--text", prompt, "--max-tokens", str(limit)),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected + "\n"


def test_a_long_prompt_is_refused(service, alphabet):
    done = service(
        *("complete", "--model", alphabet, "--context", "256", "--text", "a" * 300),
    )
    assert done.returncode == 1
    assert "leaves no room in the context; raise --context" in done.stderr


def test_serve_answers_each_line_and_goes_on_after_a_bad_one(service, alphabet):
    requests = [
        {"id": "1", "prompt": "abc", "max_tokens": 2},
        {"id": "2", "prompt": "w"},
        {"id": "3", "prompt": "abc", "max_token": 2},
        {"id": "4", "prompt": "a" * 3000},
        {"id": "5", "messages": [{"role": "user", "content": "abc"}], "max_tokens": 1},
        {"id": "6", "prompt": "abc", "max_tokens": 2},
    ]
    done = service(
        *("serve", "--model", alphabet, "--chat-template", "plain", "--context", "512"),
        stdin="".join(json.dumps(request) + "\n" for request in requests),
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == ["1", "2", "3", "4", "5", "6"]
    first, second, third, fourth, fifth, sixth = answers
    assert first == {"id": "1", "text": "de", "tokens": 2, "finish_reason": "length"}
    assert second == {"id": "2", "text": "xyz", "tokens": 3, "finish_reason": "stop"}
    assert "no key 'max_token'" in third["error"]
    assert "leaves no room" in fourth["error"]
    assert fifth["tokens"] == 1
    assert sixth == {**first, "id": "6"}  # nothing of the earlier requests is left


def test_a_character_may_become_several_tokens(service, alphabet):
    done = service("tokenize", "--model", alphabet, "--text", "日本語" * 5)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 1 + 5 * 3 * 3


def test_sampling_repeats_with_its_seed(service, alphabet):
    arguments = ("complete", "--model", alphabet, "--text", "abc", "--temperature", "1.5")
    first, again = (service(*arguments, "--seed", "7", "--max-tokens", "8") for _ in range(2))
    other = service(*arguments, "--seed", "8", "--max-tokens", "8")
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert first.stdout != other.stdout
