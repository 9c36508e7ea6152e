"""llama-server as a child: started, asked, ended; and each way in which it fails."""

from __future__ import annotations

import io
import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.actions.core.test_process import gone

from ci_gen_actions.core.errors import CannotDecide, Interrupted
from ci_gen_actions.core.runner import signals
from ci_gen_actions.core.terminal import Terminal
from ci_gen_actions.model_quality.clock import Clock
from ci_gen_actions.model_quality.question import (
    ChoiceScore,
    Grader,
    Message,
    Question,
    QuestionSet,
    Reply,
)
from ci_gen_actions.model_quality.server_answers import answers, shared, template_of
from ci_gen_actions.model_quality.server_process import Launch, Server, arguments, served, words

STAND_IN = Path(__file__).parents[2] / "support" / "misbehaving_llama.py"
ASKED = Question(
    id="asked", messages=(Message(role="user", content="hello"),), grader=Grader(kind="contains")
)
PROMPT = Question(id="prompt", prompt="hello", grader=Grader(kind="contains"), max_tokens=3)
CHOICE = Question(id="choice", prompt="x", choices=("a", "bb"), grader=Grader(kind="choice"))


def launch(folder: Path, fault: str) -> Launch:
    program = folder / "llama-server"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" {fault} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    model = folder / "model.gguf"
    model.write_bytes(b"0" * 2048)
    return Launch(program=program, model=model, context=64, batch=32, ubatch=16, threads=1, seed=7)


@contextmanager
def server(
    folder: Path, fault: str = "none", seconds: float = 30
) -> Iterator[tuple[Server, Clock, Terminal, io.BytesIO]]:
    log = io.BytesIO()
    ci = Terminal({}, log=log, out=io.BytesIO())
    clock = Clock(seconds=seconds)
    os.chdir(folder)
    with served(launch(folder, fault), folder, dict(os.environ), clock, ci) as one:
        yield one, clock, ci, log


def asked(folder: Path, *questions: Question, fault: str = "none") -> list[Reply]:
    with server(folder, fault) as (one, clock, ci, _):
        found = QuestionSet(name="set", path="set.json", questions=questions)
        return list(answers(one, found, 16, clock, ci))


@pytest.fixture(autouse=True)
def _stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_command_line_fixes_what_bears_on_results(tmp_path: Path) -> None:
    one = Launch(
        program=Path("/p/llama-server"),
        model=Path("/m.gguf"),
        context=512,
        batch=256,
        ubatch=128,
        threads=3,
        seed=42,
        template=Path("/t.jinja"),
        arguments=("--n-gpu-layers", "99"),
    )
    assert arguments(one, 1234, "name", "--offline --cache-ram N") == [
        *("/p/llama-server", "--model", "/m.gguf", "--alias", "name"),
        *("--host", "127.0.0.1", "--port", "1234", "--parallel", "1", "--ctx-size", "512"),
        *("--batch-size", "256", "--ubatch-size", "128"),
        *("--threads", "3", "--threads-batch", "3", "--seed", "42"),
        *("--cache-ram", "0", "--offline", "--chat-template-file", "/t.jinja"),
        *("--n-gpu-layers", "99"),
    ]


def test_arguments_of_the_input_are_words() -> None:
    assert words(("--n-gpu-layers=99", "--flash-attn on")) == (
        "--n-gpu-layers=99",
        "--flash-attn",
        "on",
    )


def test_questions_are_asked_with_the_seed_and_the_lengths_that_are_given(tmp_path: Path) -> None:
    assert asked(tmp_path, ASKED, PROMPT) == [Reply(text="7 16 hello"), Reply(text="hello!")]


def test_answers_that_were_cut_short_are_counted(tmp_path: Path) -> None:
    with server(tmp_path) as (one, clock, ci, log):
        found = QuestionSet(name="set", path="set.json", questions=(ASKED, PROMPT, CHOICE))
        list(answers(one, found, 16, clock, ci))
    assert b"set: 2 of 3 answers reached their max_tokens" in log.getvalue()


def test_choices_are_scored_token_by_token_from_an_empty_cache(tmp_path: Path) -> None:
    # the first request of the question evaluates the prompt anew, which the stand-in shows as -1
    first = ChoiceScore(logprob=-ord("a") / 100 - 1, tokens=1)
    second = ChoiceScore(logprob=pytest.approx(-2 * ord("b") / 100), tokens=2)
    assert asked(tmp_path, CHOICE, CHOICE) == [Reply(choices=(first, second))] * 2


def test_choices_of_a_conversation_continue_its_template(tmp_path: Path) -> None:
    question = Question(
        id="1",
        messages=(Message(role="user", content="q"),),
        choices=("a", "b"),
        grader=Grader(kind="choice"),
    )
    (reply,) = asked(tmp_path, question)
    assert [each.tokens for each in reply.choices] == [1, 1]


def test_a_choice_that_adds_no_token_is_refused(tmp_path: Path) -> None:
    empty = Question(id="1", prompt="x", choices=("", "b"), grader=Grader(kind="choice"))
    with pytest.raises(CannotDecide, match="no token of its own"):
        asked(tmp_path, empty)


def test_what_differs_at_the_end_of_the_prompt_is_scored_too() -> None:
    assert shared([1, 2, 3], [1, 2, 3, 4]) == 3
    assert shared([1, 2, 3], [1, 2, 9, 4]) == 2
    assert shared([1], [1, 2]) == 1
    assert shared([], [5]) == 1


def test_the_template_is_told(tmp_path: Path) -> None:
    with server(tmp_path) as (one, clock, _, _):
        assert template_of(one, clock) == "{{ messages }}"


def test_no_process_is_left(tmp_path: Path) -> None:
    with server(tmp_path) as (one, *_):
        pid = one.process.child.pid
        assert one.process.running
    assert gone(pid)


def test_a_signal_ends_the_server_and_the_action(tmp_path: Path) -> None:
    pid = 0
    with (
        pytest.raises(Interrupted),
        signals(),
        server(tmp_path, "hangs-answering") as (one, clock, ci, _),
    ):
        pid = one.process.child.pid
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        found = QuestionSet(name="set", path="set.json", questions=(ASKED,))
        list(answers(one, found, 16, clock, ci))
    assert gone(pid)


def test_a_port_that_was_taken_in_between_is_replaced(tmp_path: Path) -> None:
    with server(tmp_path, "port-taken-once") as (one, _, _, log):
        assert one.process.running
    assert b"was taken in between" in log.getvalue()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("help-fails", "does not run here: it ended with exit status 127"),
        ("dies-loading", "ended with exit status 1 before it was ready"),
        ("out-of-memory", "it ran out of memory: the model has 2.0 KiB"),
        ("foreign", "found no free port in 5 attempts"),
    ],
)
def test_a_server_that_does_not_come_up_is_refused(tmp_path: Path, fault: str, said: str) -> None:
    with pytest.raises(CannotDecide) as caught, server(tmp_path, fault):
        raise AssertionError
    assert said in str(caught.value)


def test_its_last_words_are_shown(tmp_path: Path) -> None:
    with pytest.raises(CannotDecide) as caught, server(tmp_path, "dies-loading"):
        raise AssertionError
    assert "unsupported model architecture" in str(caught.value)


def test_a_server_that_is_never_ready_uses_up_the_time(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotDecide, match="the time is over: 1 s") as caught,
        server(tmp_path, "never-ready", seconds=1),
    ):
        raise AssertionError
    assert "was loading the model" in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("dies-answering", "was killed by SIGSEGV while it answered question asked of set"),
        ("no-json", "gave no answer to question asked of set"),
    ],
)
def test_a_server_that_fails_at_a_question_is_told_of(
    tmp_path: Path, fault: str, said: str
) -> None:
    with pytest.raises(CannotDecide) as caught:
        asked(tmp_path, ASKED, fault=fault)
    assert said in str(caught.value)


def test_one_that_hangs_uses_up_the_time(tmp_path: Path) -> None:
    found = QuestionSet(name="set", path="set.json", questions=(ASKED,))
    with (
        pytest.raises(CannotDecide, match="the time is over"),
        server(tmp_path, "hangs-answering", seconds=2) as (one, clock, ci, _),
    ):
        list(answers(one, found, 16, clock, ci))


def test_one_without_probabilities_cannot_score_choices(tmp_path: Path) -> None:
    with pytest.raises(CannotDecide) as caught:
        asked(tmp_path, CHOICE, fault="no-probabilities")
    assert "without log-probabilities" in str(caught.value)


def test_a_question_longer_than_the_context_is_not_answered_and_says_so(tmp_path: Path) -> None:
    (reply, other) = asked(tmp_path, PROMPT, CHOICE, fault="context-too-short")
    assert reply.text == ""
    assert reply.problem.startswith("it does not fit into the context")
    assert other.problem


def test_where_time_is_over_between_questions_the_next_is_named(tmp_path: Path) -> None:
    now = time.monotonic()
    clock = Clock(seconds=5, now=lambda: now)
    with server(tmp_path) as (one, _, ci, _):
        found = QuestionSet(name="set", path="set.json", questions=(PROMPT, ASKED))
        replies = answers(one, found, 16, clock, ci)
        next(replies)
        now += 6
        with pytest.raises(CannotDecide, match="the time is over") as caught:
            next(replies)
    assert "question asked of set was the next of 2" in str(caught.value)
