"""The one place that catches, and the list of commands."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.generator.cli.repository import CI, Shell

from ci_gen import cli, errors
from ci_gen.__main__ import main


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (errors.UsageError("what", "next"), 2, "ci-gen: what\nnext\n"),
        (errors.Undecided("what"), 3, "ci-gen: what\n"),
        (errors.Busy("what"), 3, "ci-gen: what\n"),
        (errors.Drift("what"), 4, "ci-gen: what\n"),
        (errors.VersionError("what"), 2, "ci-gen: what\n"),
        (
            errors.ConfigError([errors.Problem("a.yaml", 3, 4, "bad", "do so")]),
            2,
            "ci-gen: a.yaml:3:4: bad (do so)\n",
        ),
        (click.UsageError("what"), 2, "Error: what\n"),
        (click.Abort(), 130, "ci-gen: interrupted\n"),
        (KeyboardInterrupt(), 130, "ci-gen: interrupted\n"),
        (PermissionError(errno.EACCES, "Permission denied", "a/b"), 3, "ci-gen: a/b: Permission"),
    ],
)
def test_what_stops_it_becomes_a_message_and_a_status(
    error: BaseException,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr(cli.LazyGroup, "get_command", stop)
    assert main(["graph"]) == status
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_a_bug_prints_a_traceback_and_asks_for_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(cli.LazyGroup, "get_command", stop)
    assert main(["graph"]) == 3
    said = capsys.readouterr().err
    assert "ZeroDivisionError: oops" in said
    assert "this is a bug of ci-gen 0.1.0" in said
    assert "/issues" in said


def test_every_command_can_be_imported_and_has_its_help() -> None:
    group = cli.cli
    context = click.Context(group)
    for name in cli.COMMANDS:
        command = group.get_command(context, name)
        assert isinstance(command, click.Command), name
        assert command.help, name
    assert group.get_command(context, "nothing") is None


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert [name for name in cli.COMMANDS if f"\n  {name} " not in said] == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["chek"], 2, "Did you mean 'check'?"),
        (["zzz"], 2, "No such command 'zzz'."),
        (["check", "--nope"], 2, "--nope"),
        (["check", "/no/such/folder"], 2, "/no/such/folder"),
        ([], 2, "Usage"),
    ],
)
def test_wrong_usage(
    arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    captured = capsys.readouterr()
    assert said in captured.err + captured.out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "ci-gen, version 0.1.0\n"


def test_problems_sort_by_place_and_shorten_what_is_unknown() -> None:
    problems = [errors.Problem("b", 0, 0, "x"), errors.Problem("a", 2, 0, "x")]
    assert [str(problem) for problem in sorted(problems)] == ["a:2: x", "b: x"]
    error = errors.ConfigError(problems, "next")
    assert str(error) == "b: x\na:2: x\nnext"
    assert error.problems == tuple(problems)


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX pipe")
@pytest.mark.parametrize("arguments", [["check"], ["check", "--json"], ["--help"]])
def test_a_reader_that_went_away_is_no_bug(shell: Shell, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "ci_gen", *arguments],
        cwd=shell.root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.stderr == b""


def test_an_old_console_is_no_reason_to_stop(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.put(CI, shell.read(CI) + "# naïve\n")
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="iso8859-5"))
    assert main(["check", "--diff"]) == 4
    sys.stdout.flush()
    assert b"# na\\xefve" in buffer.getvalue()


def test_a_deleted_working_folder_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["check"]) == 2
    assert "bug" not in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
