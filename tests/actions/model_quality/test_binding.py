"""The engine llama-cpp-python, with an interpreter that misbehaves as a binding can."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.terminal import Terminal
from ci_gen_actions.model_quality.arm import Arm, Bench
from ci_gen_actions.model_quality.clock import Clock
from ci_gen_actions.model_quality.engine_binding import BindingEngine
from ci_gen_actions.model_quality.options import Options
from ci_gen_actions.model_quality.plan import Side, Text
from ci_gen_actions.model_quality.programs import Package
from ci_gen_actions.model_quality.question import ChoiceScore, Grader, Question, QuestionSet, Reply

DIGEST = "sha256:" + "0" * 64
FITS = {"binding": "1.0", "library": "0.5", "devices": ["CUDA0"], "problems": []}
LOADED = {"loaded": {"vocabulary": 7, "template": "{{ x }}"}}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BindingEngine:
    """The engine in an environment whose Python the tests write."""
    folder = tmp_path / "env"
    (folder / "bin").mkdir(parents=True)
    monkeypatch.setattr("ci_gen_actions.model_quality.engine_binding.provide", lambda *_: folder)
    ci = Terminal({}, log=io.BytesIO(), out=io.BytesIO())
    options = Options(package="p", model="m", engine="llama-cpp-python")
    return BindingEngine(
        Bench(
            options=options,
            threads=1,
            scratch=tmp_path,
            environ={"PATH": "/usr/bin:/bin"},
            clock=Clock(seconds=30),
            ci=ci,
        )
    )


@pytest.fixture
def arm(tmp_path: Path) -> Arm:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/libllama.so").touch()
    return Arm(
        side=Side(package=tmp_path / "p.tar.gz", model=tmp_path / "m.gguf"),
        package=Package(folder=tmp_path, digest=DIGEST, shown="p.tar.gz", manifest={}),
        model_digest=DIGEST,
        model_name="m",
        vocabulary=7,
        shown="the current build",
    )


def python(tmp_path: Path, text: str) -> None:
    """What the environment's interpreter does instead."""
    path = tmp_path / "env/bin/python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def saying(tmp_path: Path, *lines: object) -> None:
    file = tmp_path / "lines"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    python(tmp_path, f"cat > {tmp_path}/asked; cat {file}")


def text(tmp_path: Path) -> Text:
    return Text(name="t", path=tmp_path / "t.txt", digest=DIGEST)


def test_the_arm_is_told_by_the_library_and_its_devices(
    tmp_path: Path, engine: BindingEngine, arm: Arm
) -> None:
    saying(tmp_path, FITS)
    subject = engine.subject(arm)
    assert (subject.build, subject.backend) == ("libllama 0.5", "CUDA")
    assert engine.tools() == {"llama-cpp-python": "1.0"}


def test_a_binding_that_does_not_fit_is_refused_with_all_reasons(
    tmp_path: Path, engine: BindingEngine, arm: Arm
) -> None:
    saying(tmp_path, {**FITS, "problems": ["one", "two"]})
    with pytest.raises(CannotDecide) as caught:
        engine.subject(arm)
    assert "llama-cpp-python 1.0 does not fit the package's libllama (0.5)" in str(caught.value)
    assert "one\n       two" in str(caught.value)


def test_a_crash_while_it_is_looked_at_is_a_refusal(
    tmp_path: Path, engine: BindingEngine, arm: Arm
) -> None:
    python(tmp_path, "kill -SEGV $$")
    with pytest.raises(CannotDecide, match="does not fit") as caught:
        engine.subject(arm)
    assert "looking at it was killed by SIGSEGV" in str(caught.value)


def test_a_crash_while_it_measures_is_told_with_its_last_words(
    tmp_path: Path, engine: BindingEngine, arm: Arm
) -> None:
    python(tmp_path, "echo GGML_ASSERT >&2; kill -ABRT $$")
    with pytest.raises(CannotDecide, match="llama-cpp-python was killed by SIGABRT") as caught:
        engine.perplexity(arm, text(tmp_path), None)
    assert "GGML_ASSERT" in str(caught.value)


def test_a_library_that_sees_another_vocabulary_is_refused(
    tmp_path: Path, engine: BindingEngine, arm: Arm
) -> None:
    saying(tmp_path, {"loaded": {"vocabulary": 8, "template": ""}})
    with pytest.raises(CannotDecide, match="does not fit"):
        engine.perplexity(arm, text(tmp_path), None)


def test_perplexity_comes_chunk_by_chunk(tmp_path: Path, engine: BindingEngine, arm: Arm) -> None:
    rows = ({"text_tokens": 99}, {"nll": 1.5, "tokens": 3}, {"nll": 2.5, "tokens": 3})
    saying(tmp_path, LOADED, *rows)
    found = engine.perplexity(arm, text(tmp_path), None)
    assert ([each.nll for each in found.chunks], found.text_tokens) == ([1.5, 2.5], 99)
    asked = json.loads((tmp_path / "asked").read_text())
    assert (asked["do"], asked["seed"], asked["context"], asked["base"]) == (
        *("perplexity", 42, 512, ""),
    )


def test_divergence_is_put_together_from_the_tokens(
    tmp_path: Path, engine: BindingEngine, arm: Arm
) -> None:
    columns = {
        "kld": [0.25, 0.75], "nll": [1, 1], "base_nll": [1, 1], "dp": [0, 0], "same": [1, 1],
    }  # fmt: skip
    saying(tmp_path, LOADED, {"chunk": columns})
    found = engine.divergence(arm, text(tmp_path), tmp_path / "b.kld", arm)
    assert (found.mean, found.tokens, found.base_model) == (0.5, 2, DIGEST)


def test_replies_keep_their_order_and_the_template_its_digest(
    tmp_path: Path, engine: BindingEngine, arm: Arm
) -> None:
    questions = tuple(
        Question(id=str(n), prompt="x", grader=Grader(kind="contains")) for n in range(3)
    )
    rows = ({"text": "a"}, {"choices": [[-1.5, 2]]}, {"problem": "too long"})
    saying(tmp_path, LOADED, *rows)
    asked = QuestionSet(name="s", path="s.json", questions=questions)
    template, found = engine.replies(arm, [asked])
    assert template.startswith("sha256:")
    assert found == [
        (
            Reply(text="a"),
            Reply(choices=(ChoiceScore(logprob=-1.5, tokens=2),)),
            Reply(problem="too long"),
        )
    ]
