from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.support.actions import ROOT, github_environment, github_outputs, read_evidence

from ci_gen_actions.__main__ import main as command_line
from ci_gen_actions.core import runner
from ci_gen_actions.core.dialect import Dialect
from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.options import option, output
from ci_gen_actions.core.result import Result, Verdict

SCHEMA = json.loads((ROOT / "docs" / "schemas" / "evidence.schema.json").read_text())


@dataclass(frozen=True, kw_only=True)
class Options:
    token: str = option(doc="A token", default="", secret=True)
    service: str = option(doc="Service", default="svc")
    evidence_name: str = option(doc="Name", default="sample")


@dataclass(frozen=True, kw_only=True)
class Silent:
    service: str = option(doc="Service", default="")


@dataclass(frozen=True, kw_only=True)
class Outputs:
    verdict: str = output(doc="Verdict", default="ERROR")
    size: int = output(doc="Bytes", default=0)


@dataclass(frozen=True, kw_only=True)
class Ran:
    status: int
    log: str
    outputs: dict[str, str]
    summary: str
    workspace: Path


Runner = Callable[..., Ran]


@pytest.fixture
def ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Runner:
    """Runs a function as the action `changes` on GitHub."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    environ = github_environment(tmp_path / "step", workspace, GITHUB_SHA="a" * 40)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def start(
        run: Callable[[Options, Dialect], Result], *arguments: str, options: type = Options
    ) -> Ran:
        action = runner.Action(name="changes", options=options, outputs=Outputs, run=run)
        monkeypatch.setattr(runner, "load", lambda _name: action)
        status = runner.main("changes", arguments)
        return Ran(
            status=status,
            log=capfd.readouterr().err,
            outputs=github_outputs((tmp_path / "step" / "output").read_text()),
            summary=(tmp_path / "step" / "summary").read_text(),
            workspace=workspace,
        )

    return start


def passing(_options: Options, _ci: Dialect) -> Result:
    return Result(
        Verdict.PASS,
        Outputs(verdict="PASS", size=3),
        evidence={"inputs": {"a": "sha256:1"}, "findings": {"x": 1}, "tools": {"git": "2"}},
        summary="# Done",
    )


def test_a_result_becomes_outputs_evidence_summary_and_status(ran: Runner) -> None:
    got = ran(passing)
    assert (got.status, got.outputs, got.summary) == (
        0,
        {"verdict": "PASS", "size": "3"},
        "# Done\n",
    )
    evidence = read_evidence(got.workspace, "sample")
    Draft202012Validator(SCHEMA).validate(evidence)
    told = {key: evidence[key] for key in ("stage", "action", "service", "commit", "verdict")}
    assert told == {
        "stage": "sample",
        "action": "changes",
        "service": "svc",
        "commit": "a" * 40,
        "verdict": "PASS",
    }
    assert evidence["findings"] == {"x": 1}


@pytest.mark.parametrize("verdict", Verdict)
def test_the_status_is_the_verdicts(ran: Runner, verdict: Verdict) -> None:
    got = ran(lambda _o, _c: Result(verdict))
    assert got.status == verdict.exit_status
    assert read_evidence(got.workspace, "sample")["verdict"] == verdict.value
    assert got.outputs["verdict"] == verdict.value


def test_a_result_can_have_a_finer_status(ran: Runner) -> None:
    assert ran(lambda _o, _c: Result(Verdict.FAIL, exit_status=4)).status == 4


def test_a_users_mistake_has_no_traceback(ran: Runner) -> None:
    def wrong(_options: Options, _ci: Dialect) -> Result:
        raise UsageError(
            "no such folder", where="input source", why="it is a file", next="name one"
        )

    got = ran(wrong)
    assert got.status == 2
    assert (
        "no such folder%0A  where: input source%0A  why: it is a file%0A  next: name one" in got.log
    )
    assert "Traceback" not in got.log
    assert got.outputs["verdict"] == "ERROR"
    assert read_evidence(got.workspace, "sample")["findings"] == {"error": "no such folder"}


def test_what_cannot_be_decided_is_three(ran: Runner) -> None:
    def undecided(_options: Options, _ci: Dialect) -> Result:
        raise CannotDecide("no network", file="a.py", line=3)

    got = ran(undecided)
    assert got.status == 3
    assert "::error file=a.py,line=3::no network" in got.log


def test_a_bug_prints_a_traceback_that_holds_no_command_and_asks_for_a_report(ran: Runner) -> None:
    def broken(_options: Options, _ci: Dialect) -> Result:
        raise ZeroDivisionError("x\n::set-env name=A::b")

    got = ran(broken)
    assert got.status == 3
    assert "Traceback" in got.log
    assert "\n::set-env" not in got.log
    assert runner.REPORT in got.log
    assert read_evidence(got.workspace, "sample")["verdict"] == "ERROR"


def test_what_the_machine_refuses_is_no_bug(ran: Runner) -> None:
    def refused(_options: Options, _ci: Dialect) -> Result:
        Path("/no/such/file").read_bytes()
        raise AssertionError

    got = ran(refused)
    assert got.status == 3
    assert "the machine refused: No such file or directory%0A  where: /no/such/file" in got.log
    assert "Traceback" not in got.log


def test_evidence_that_cannot_be_written_is_no_success(ran: Runner) -> None:
    def then_blocked(_options: Options, ci: Dialect) -> Result:
        (ci.workspace / "evidence").write_text("a file where the folder belongs")
        return Result(Verdict.PASS)

    got = ran(then_blocked)
    assert got.status == 3
    assert "the machine refused" in got.log
    assert got.outputs == {}


def test_a_mistake_before_the_action_is_caught_too(
    ran: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "read", lambda *_: 1 / 0)
    got = ran(passing)
    assert got.status == 3
    assert "ZeroDivisionError" in got.log


def test_a_signal_claims_no_success_and_leaves_no_evidence(ran: Runner) -> None:
    def stopped(_options: Options, ci: Dialect) -> Result:
        signal.raise_signal(signal.SIGTERM)
        return passing(_options, ci)

    got = ran(stopped)
    assert got.status == 130
    assert "stopped by SIGTERM" in got.log
    assert got.outputs == {}
    assert not (got.workspace / "evidence" / "sample.json").exists()


def test_old_evidence_never_speaks_for_a_run_that_was_stopped(ran: Runner) -> None:
    got = ran(passing)
    assert (got.workspace / "evidence" / "sample.json").exists()

    def stopped(_options: Options, _ci: Dialect) -> Result:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    assert ran(stopped).status == 130
    assert not (got.workspace / "evidence" / "sample.json").exists()


def test_a_secret_is_masked_before_the_action_starts(
    ran: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_GEN_CHANGES_TOKEN", "hush-4711")

    def leaky(options: Options, ci: Dialect) -> Result:
        ci.log(options.token)
        return Result(Verdict.PASS, summary=options.token)

    got = ran(leaky)
    assert got.log.replace("::add-mask::hush-4711\n", "").count("hush-4711") == 0
    assert got.summary == "***\n"


def test_a_mistyped_variable_is_a_warning(ran: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_GEN_CHANGES_SERVCE", "x")
    got = ran(passing)
    assert got.status == 0
    assert "::warning::CI_GEN_CHANGES_SERVCE" in got.log


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "a b", "x" * 129])
def test_an_evidence_name_is_a_plain_file_name(ran: Runner, name: str) -> None:
    got = ran(passing, f"--evidence-name={name}")
    assert got.status == 2
    assert "cannot name an evidence file" in got.log


def test_an_action_without_an_evidence_name_leaves_none(ran: Runner) -> None:
    got = ran(passing, options=Silent)
    assert got.status == 0
    assert not (got.workspace / "evidence").exists()


def test_the_commit_of_the_checkout_is_taken_outside_of_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.repositories import make_repository

    repository = make_repository(tmp_path / "r", {"a": "1"})
    for name in ("GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(repository.path)
    assert runner.main("quick-checks") == 0
    assert read_evidence(repository.path, "quick-checks")["commit"] == repository.head
    monkeypatch.setenv("PATH", str(tmp_path))
    assert runner.main("changes") == 0
    assert read_evidence(repository.path, "changes")["commit"] == ""


# The command --------------------------------------------------------------------------------------


def test_the_command_lists_the_actions(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(f"\n  {name}\n" in listed for name in ("changes", "gate", "quick-checks"))
    assert command_line([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_command_reads_the_process_arguments(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ci-gen-action", "gate", "--help"])
    assert command_line() == 0
    shown = capsys.readouterr().out
    assert "--skip-unaffected" in shown
    assert "environment: CI_GEN_GATE_SKIP_UNAFFECTED" in shown


def test_an_unknown_action_is_named_with_what_was_meant(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert command_line(["gat"]) == 2
    shown = capfd.readouterr().err
    assert "there is no action 'gat' - did you mean gate?" in shown
    assert "the actions are: " in shown
    assert command_line(["../core"]) == 2
