"""`ci-gen graph` on a real repository, as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ci_gen.__main__ import main

CONFIG = """\
version: 1
name: svc
default_branch: main
actions:
  repository: ci-gen/ci-gen
  commit: 0123456789012345678901234567890123456789
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "svc"
    (root / "tests" / "integration").mkdir(parents=True)
    (root / "CMakeLists.txt").write_text("project(svc CXX)\nenable_testing()\n")
    (root / "tests/integration/test_server.py").write_text("def test_it():\n    assert True\n")
    (root / "ci-gen.yaml").write_text(CONFIG)
    return root


def jobs(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return {each["id"]: each for each in json.loads(capsys.readouterr().out)["jobs"]}


def test_text_is_what_one_gets(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", str(repository)]) == 0
    out = capsys.readouterr().out
    assert "build-cpu-svc" in out
    assert "● on the critical path:" in out


def test_it_is_found_from_a_folder_within(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository / "tests")
    assert main(["graph", "--ascii", "--width", "60"]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 60


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.svg", "<svg "), ("a.mmd", "flowchart TB"), ("a.json", '{\n  "schema"'), ("a.txt", "svc")],
)
def test_the_name_of_the_file_says_the_format(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, start: str
) -> None:
    target = tmp_path / "new folder" / name
    assert main(["graph", str(repository), "-o", str(target)]) == 0
    assert target.read_text("utf-8").startswith(start)
    assert capsys.readouterr() == ("", f"wrote {target}\n")
    assert [each.name for each in target.parent.iterdir()] == [name]
    if name == "a.svg":
        ElementTree.parse(target)


def test_format_wins_over_the_name(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    assert main(["graph", str(repository), "--format", "mermaid", "-o", str(target)]) == 0
    assert target.read_text("utf-8").startswith("flowchart")


def test_durations_come_from_tables_and_evidence_and_the_last_one_wins(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    for stage, seconds in (("build-cpu-svc", 100.5), ("changes", 3)):
        text = json.dumps({"schema": 1, "stage": stage, "seconds": seconds})
        (evidence / f"{stage}.json").write_text(text)
    table = tmp_path / "table.json"
    table.write_text('\ufeff{"changes": 7, "release": 2}', "utf-8")
    arguments = ["--durations", str(evidence), "--durations", str(table), "--format", "json"]
    assert main(["graph", str(repository), *arguments]) == 0
    captured = capsys.readouterr()
    found = {each["id"]: each for each in json.loads(captured.out)["jobs"]}
    assert found["build-cpu-svc"]["seconds"] == 100.5
    assert found["changes"]["seconds"] == 7
    assert not found["ci-ok"]["measured"]
    assert captured.err == "no job is called 'release'; its duration is not used\n"


def test_durations_of_jobs_that_an_event_leaves_out_are_in_order(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = repository / "ci-gen.yaml"
    config.write_text(CONFIG + "cuda: {enabled: true}\n")
    table = tmp_path / "table.json"
    table.write_text('{"build-cuda-svc": 9}')
    arguments = ["--fork", "--durations", str(table), "--format", "json"]
    assert main(["graph", str(repository), *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "build-cuda-svc" not in {each["id"] for each in json.loads(captured.out)["jobs"]}
    assert main(["graph", str(repository), "--event", "tag", "--format", "json"]) == 0
    assert "build-cuda-svc" in jobs(capsys)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[", "is not JSON"),
        (b"\xff", "is not UTF-8 (byte 0)"),
        (b'{"changes": "long"}', '"changes" is a text instead of a number of seconds'),
    ],
)
def test_a_bad_file_of_durations_is_wrong_usage(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, said: str
) -> None:
    table = tmp_path / "table.json"
    table.write_bytes(data)
    assert main(["graph", str(repository), "--durations", str(table)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{table}: {said}" in captured.err


def test_an_empty_folder_measures_nothing(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["graph", str(repository), "--durations", str(empty)]) == 2
    assert "holds no .json file" in capsys.readouterr().err


def test_a_fork_has_no_tags(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", str(repository), "--fork", "--event", "tag"]) == 2
    assert "--fork speaks of a pull request, and --event of tag" in capsys.readouterr().err


def test_a_folder_without_config_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    assert main(["graph", str(tmp_path)]) == 2
    assert "ci-gen init" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_is_named(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "a.svg"
    assert main(["graph", str(repository), "-o", str(target)]) == 3
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.parametrize(("encoding", "drawn"), [("ascii", "|"), ("latin-1", "|"), ("utf-8", "│")])
def test_a_terminal_gets_what_it_can_show(repository: Path, encoding: str, drawn: str) -> None:
    path = os.pathsep.join(each for each in sys.path if each)
    out = subprocess.run(
        [sys.executable, "-m", "ci_gen", "graph", str(repository)],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": path},
        capture_output=True,
        check=True,
    ).stdout.decode(encoding)
    assert f" {drawn} job" in out
    assert out.isascii() == (drawn == "|")


def test_the_events_are_those_of_the_plan() -> None:
    from ci_gen.cli.graph import _EVENTS
    from ci_gen.pipeline.model import Event

    assert list(_EVENTS) == [event.value for event in Event]
