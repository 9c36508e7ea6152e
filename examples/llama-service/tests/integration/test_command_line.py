"""What the service says to someone who calls it by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


def test_version_names_the_service_and_its_llama_cpp(service):
    done = service("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"llama-service \d+\.\d+\.\d+ \(llama\.cpp \S+\)\n", done.stdout)


def test_help_lists_the_commands(service):
    done = service("--help")
    assert done.returncode == 0
    assert {"tokenize", "complete", "serve", "listen"} <= set(done.stdout.split())
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a command is missing"),
        (("sing",), "there is no command 'sing'"),
        (("serve",), "serve needs --model FILE"),
        (("serve", "--model"), "--model needs a value"),
        (("serve", "--model", "m.gguf", "--context", "none"), "--context takes a number"),
    ],
)
def test_a_wrong_call_is_refused_with_the_reason(service, arguments, message):
    done = service(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "see llama-service --help" in done.stderr
    assert done.stdout == ""


def test_a_model_that_is_not_there_is_refused(service, tmp_path: Path):
    done = service("tokenize", "--model", str(tmp_path / "absent.gguf"), "--text", "Hello")
    assert done.returncode == 1
    assert f"there is no file {tmp_path / 'absent.gguf'}" in done.stderr


@pytest.mark.parametrize("content", [b"", b"GGUF", b"this is no model" * 100])
def test_a_file_that_is_no_model_is_refused(service, tmp_path: Path, content: bytes):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(content)
    done = service("tokenize", "--model", str(broken), "--text", "Hello")
    assert done.returncode == 1
    assert f"cannot load the model {broken}: " in done.stderr
    assert done.stdout == ""


def test_a_truncated_model_is_refused(service, tmp_path: Path, vocabulary: Path):
    broken = tmp_path / "truncated.gguf"
    broken.write_bytes(vocabulary.read_bytes()[:100_000])
    done = service("tokenize", "--model", str(broken), "--text", "Hello")
    assert done.returncode == 1
    assert "cannot load the model" in done.stderr
