"""The action model-quality on real llama.cpp and a real model: what passes, fails, is refused."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import FIXTURES, LAUNCHER, Ran, act, environment
from tests.support.llama_package import server_package, smollm2
from tests.support.llama_variants import requantized

from ci_gen_actions.core import scratch
from ci_gen_actions.core.archive import Entry, unpack_tar_gz, write_tar_gz
from ci_gen_actions.model_quality import measurement
from ci_gen_actions.model_quality.measure import PREFIX
from ci_gen_actions.model_quality.measurement import Measurement

QUALITY = FIXTURES / "quality"
SIZES = {"context": 128, "batch": 128, "ubatch": 128, "threads": 1, "max_tokens": 12}

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the package, the models, a text and some questions."""
    folder = tmp_path_factory.mktemp("quality") / "checkout"
    folder.mkdir()
    (folder / "package.tar.gz").symlink_to(server_package())
    (folder / "model.gguf").symlink_to(smollm2())
    (folder / "coarse.gguf").symlink_to(requantized("Q2_K"))
    shutil.copy(QUALITY / "founding.txt", folder)
    shutil.copy(QUALITY / "templates/last-turn-only.jinja", folder)
    _sample(folder / "completions.jsonl", '"choices"', every=10)
    _sample(folder / "chat.jsonl", "CHAT/EARLIER/", every=3)
    _sample(folder / "hard.jsonl", '"(PAST|STATES|BOOKS|CONTINENTS)/', every=2)
    return folder


def _sample(path: Path, pattern: str, *, every: int) -> None:
    """Some of the questions whose line the pattern matches."""
    head, *lines = (QUALITY / "questions.jsonl").read_text("utf-8").splitlines(keepends=True)
    chosen = [line for line in lines if re.search(pattern, line)]
    path.write_text(head + "".join(chosen[::every]), encoding="utf-8")


def measured(workspace: Path, **options: Any) -> tuple[Ran, Measurement]:
    """A run and what it stored."""
    given = {"package": "package.tar.gz", "model": "model.gguf", **SIZES, **options}
    ran = act("model-quality", workspace, **given)
    assert ran.result is not None, f"{ran.error}\n{ran.log}"
    stored = workspace / "reports/model-quality.measurement.json"
    return ran, measurement.load(stored, "stored")


def test_a_package_with_a_model_passes_against_itself(workspace: Path) -> None:
    ran, found = measured(
        workspace,
        baseline_model="model.gguf",
        texts=("founding.txt",),
        questions=("completions.jsonl",),
        chunks=6,
        divergence=False,
        max_accuracy_drop=40.0,
    )
    assert (ran.verdict, ran.status) == ("PASS", 0), ran.log
    (text,) = found.perplexity
    assert len(text.chunks) == 6
    assert 2 < text.ppl < 60
    (completions,) = found.answers
    assert 0.3 < completions.accuracy < 1.0
    assert found.subject.backend == "CPU"


def test_a_model_of_much_lower_precision_fails_with_figures(workspace: Path) -> None:
    ran, found = measured(
        workspace,
        model="coarse.gguf",
        baseline_model="model.gguf",
        texts=("founding.txt",),
        questions=("hard.jsonl",),
        chunks=4,
        context=64,
        batch=64,
        ubatch=64,
    )
    assert (ran.verdict, ran.status) == ("FAIL", 1), ran.log
    (divergence,) = found.divergence
    assert divergence.mean > 0.05
    assert divergence.ln_ppl_ratio is not None
    assert divergence.ln_ppl_ratio > 0.05
    assert divergence.same_top is not None
    assert divergence.same_top < 0.95


def test_a_template_that_forgets_earlier_turns_fails(workspace: Path) -> None:
    ran, found = measured(
        workspace,
        baseline_model="model.gguf",
        chat_template="last-turn-only.jinja",
        questions=("chat.jsonl",),
    )
    assert (ran.verdict, ran.status) == ("FAIL", 1), ran.log
    assert found.subject.template.startswith("sha256:")
    assert "EARLIER/" in ran.result.summary  # type: ignore[union-attr]


def test_a_stored_measurement_is_a_baseline_for_a_later_run(workspace: Path) -> None:
    given: dict[str, Any] = {"questions": ("completions.jsonl",), "max_accuracy_drop": 40.0}
    first, before = measured(workspace, **given)
    assert first.verdict == "PASS"
    kept = workspace / "kept.json"
    measurement.save(kept, before)
    second, after = measured(workspace, baseline="kept.json", **given)
    assert second.verdict == "PASS", second.log
    # a fixed seed, fixed batches and an empty cache give the same answers to the last digit
    assert [each.text for each in before.answers[0].answers] == [
        each.text for each in after.answers[0].answers
    ]


def test_the_binding_on_the_packages_own_library_agrees_with_its_programs(workspace: Path) -> None:
    given: dict[str, Any] = {
        "texts": ("founding.txt",),
        "questions": ("completions.jsonl", "chat.jsonl"),
        "chunks": 3,
    }
    _, programs = measured(workspace, **given)
    ran, binding = measured(workspace, engine="llama-cpp-python", **given)
    assert ran.verdict == "PASS", ran.log
    assert binding.perplexity[0].nll == pytest.approx(programs.perplexity[0].nll, abs=0.02)
    assert binding.perplexity[0].text_tokens > 10_000
    assert binding.subject.template == programs.subject.template
    for ours, theirs in zip(binding.answers, programs.answers, strict=True):
        assert ours.digest == theirs.digest
        agreed = [
            one.correct == other.correct
            for one, other in zip(ours.answers, theirs.answers, strict=True)
        ]
        assert sum(agreed) >= len(agreed) - 1


def test_a_binding_that_does_not_fit_the_library_is_refused_and_nothing_crashes(
    workspace: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older.txt"
    lock = (LAUNCHER.parent / "requirements/llama-cpp-python.txt").read_text("utf-8")
    start, end = lock.index("llama-cpp-python=="), lock.index("    # via -r")
    digest = "34ed0f9bd9431af045bb63d9324ae620ad0536653740e9bb163a2e1fcb973be6"
    pin = f"llama-cpp-python==0.3.16 \\\n    --hash=sha256:{digest}\n"
    older.write_text(lock[:start] + pin + lock[end:], encoding="utf-8")
    ran = act(
        "model-quality",
        workspace,
        package="package.tar.gz",
        model="model.gguf",
        texts=("founding.txt",),
        engine="llama-cpp-python",
        binding_requirements=str(older),
    )
    assert ran.status == 3
    said = str(ran.error)
    assert said.startswith("llama-cpp-python 0.3.16 does not fit the package's libllama (0.5.0-dev")
    assert "the library lacks functions of the binding: " in said
    assert "binding-requirements" in said


def without(package: Path, name: str, folder: Path) -> None:
    """The package anew, without one of its files."""
    unpack_tar_gz(package, folder / "unpacked")
    paths = [path for path in (folder / "unpacked").rglob("*") if not path.is_dir()]
    entries = [
        Entry(name=path.relative_to(folder / "unpacked").as_posix(), source=path)
        for path in paths
        if path.name != name
    ]
    write_tar_gz(folder / "package.tar.gz", entries, mtime=0)


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"model": "cut.gguf"}, 3, "cut.gguf"),
        ({"texts": ("short.txt",)}, 3, "you need at least 256 tokens"),
        ({"package": "poor.tar.gz"}, 3, "the package has no bin/llama-perplexity"),
        ({"batch": 200, "ubatch": 128}, 2, "no whole number of chunks"),
        ({"args": ("--no-such-option",)}, 3, "llama-perplexity ended with exit status 1"),
        ({"timeout": 1}, 3, "the time is over: 1 s were given for all measuring"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(
    workspace: Path, tmp_path: Path, options: dict[str, Any], status: int, said: str
) -> None:
    (workspace / "cut.gguf").write_bytes(smollm2().read_bytes()[: 1 << 20])
    (workspace / "short.txt").write_text("We the People of the United States.\n")
    if "package" in options:
        without(server_package(), "llama-perplexity", tmp_path)
        shutil.copy(tmp_path / "package.tar.gz", workspace / "poor.tar.gz")
    given = {"package": "package.tar.gz", "model": "model.gguf", "texts": ("founding.txt",)}
    ran = act("model-quality", workspace, **{**given, **SIZES, **options})
    assert ran.status == status, ran.log
    assert said in str(ran.error)


def test_a_cancelled_run_ends_with_130_and_leaves_nothing(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    values = {
        **environment(),
        "RUNNER_TEMP": str(folder),
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
    }
    words = ["--package", "package.tar.gz", "--model", "model.gguf"]
    words += ["--questions", "completions.jsonl", "--threads", "1"]
    argv = [sys.executable, str(LAUNCHER), "model-quality", *words]
    log = tmp_path / "log"
    with log.open("wb") as out:
        action = subprocess.Popen(argv, env=values, cwd=workspace, stdout=out, stderr=out)
        _until(lambda: _servers(folder), log)
        action.send_signal(signal.SIGTERM)
        assert action.wait(60) == 130, log.read_text()
    assert not _servers(folder)
    assert list(folder.iterdir()) == []
    evidence = workspace / "evidence/model-quality.json"
    assert not evidence.exists() or json.loads(evidence.read_text())["verdict"] != "PASS"


def test_a_killed_run_leaves_no_server(workspace: Path, tmp_path: Path) -> None:
    values = {
        **environment(),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
    }
    words = ["--package", "package.tar.gz", "--model", "model.gguf"]
    words += ["--questions", "completions.jsonl", "--threads", "1"]
    argv = [sys.executable, str(LAUNCHER), "model-quality", *words]
    log = tmp_path / "log"
    with log.open("wb") as out:
        action = subprocess.Popen(argv, env=values, cwd=workspace, stdout=out, stderr=out)
        _until(lambda: _servers(tmp_path), log)
        action.kill()
        action.wait()
    _until(lambda: not _servers(tmp_path), log)
    # its files cannot go with it: the next run removes them
    assert len(scratch.remove_abandoned(tmp_path, PREFIX)) == 1


def _servers(folder: Path) -> list[str]:
    """The llama-servers that run out of a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program = str((process / "exe").readlink())
        except OSError:
            continue
        if program.startswith(str(folder)) and "llama-server" in program:
            found.append(process.name)
    return found


def _until(holds: Any, log: Path) -> None:
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text("utf-8", "replace")[-5000:])
