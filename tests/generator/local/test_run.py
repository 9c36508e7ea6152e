"""Jobs run through the real actions, one after the other, as a platform would run them."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.pipelines import job
from tests.support.repositories import Repository, make_repository

from ci_gen.local.run import NOT_RUN, Ran, run, worst
from ci_gen.pipeline.model import ActionCall, Job, Matrix, OutputRef, Value

FILES = {"a.c": "int a;\n", "tool.py": "print(1)\n"}


@pytest.fixture
def workspace(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "work", FILES)


def call(action: str, call_id: str = "", **inputs: Value) -> ActionCall:
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    return ActionCall(id=call_id or action, action=action, title=action, inputs=named)


def calling(job_id: str, *calls: ActionCall, needs: tuple[str, ...] = (), **more: Any) -> Job:
    return dataclasses.replace(job(job_id, needs=needs, **more), calls=calls)


def went(jobs: list[Job], folder: Path) -> tuple[dict[str, int], list[str]]:
    """The status of each job, and what was said."""
    said: list[str] = []
    return {ran.job: ran.status for ran in run(jobs, folder, said.append)}, said


def test_real_actions_pass_and_leave_evidence(workspace: Repository) -> None:
    jobs = [
        calling("changes", call("changes")),
        calling("quick-checks", call("quick-checks"), needs=("changes",)),
    ]
    statuses, said = went(jobs, workspace.path)
    assert statuses == {"changes": 0, "quick-checks": 0}
    assert said == ["--- changes: Changes", "--- quick-checks: Quick checks"]
    assert (workspace.path / "evidence/changes.json").is_file()
    assert (workspace.path / "evidence/quick-checks.json").is_file()


def test_a_failing_job_stops_those_that_need_it(
    workspace: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    workspace.commit({"tool.py": "print(\n"})
    jobs = [
        calling("quick-checks", call("quick-checks"), call("changes", evidence_name="never")),
        calling("build", call("changes", evidence_name="build"), needs=("quick-checks",)),
        calling("tests", call("changes", evidence_name="tests"), needs=("build", "elsewhere")),
        calling("apart", call("changes", evidence_name="apart")),
    ]
    statuses, said = went(jobs, workspace.path)
    assert statuses == {"quick-checks": 1, "build": NOT_RUN, "tests": NOT_RUN, "apart": 0}
    assert [line.split()[1] for line in said] == ["quick-checks:", "apart:"]
    evidence = {path.stem for path in (workspace.path / "evidence").iterdir()}
    assert evidence == {"quick-checks", "apart"}
    assert "tool.py:1" in capfd.readouterr().err


def test_outputs_reach_the_actions_of_later_jobs(
    workspace: Repository, tmp_path: Path, actions: Path
) -> None:
    """By job, action and name; anything else is not set."""
    launcher(actions, "import json; print(json.dumps({'told': 'by-' + sys.argv[1], 'n': 3}))")
    first = calling("first", call("one"))
    launched, _ = went([first], workspace.path)
    assert launched == {"first": 0}
    launcher(
        actions,
        "import json, os; print(json.dumps({'told': 'passed-on'}))\n"
        "if sys.argv[1] == 'two': assert os.environ['CI_GEN_TWO_NAME'] == 'passed-on', os.environ",
    )
    reads = call("two", name=OutputRef("first", "one", "told"))
    statuses, _ = went([first, calling("second", reads)], workspace.path)
    assert statuses == {"first": 0, "second": 0}
    wrong = call("two", name=OutputRef("first", "other", "told"))
    statuses, _ = went([first, calling("second", wrong)], workspace.path)
    assert statuses == {"first": 0, "second": 1}


def test_real_outputs_are_passed_on(workspace: Repository) -> None:
    """What `changes` measured names the next evidence."""
    base = workspace.head
    workspace.commit({"docs/a.md": "text\n"})
    changes = calling("changes", call("changes", base=base, ignore="docs/**"))
    named = call("changes", "again", evidence_name=OutputRef("changes", "changes", "code"))
    statuses, _ = went([changes, calling("second", named)], workspace.path)
    assert statuses == {"changes": 0, "second": 0}
    assert (workspace.path / "evidence/false.json").is_file()


def test_every_row_of_a_matrix_runs(workspace: Repository) -> None:
    rows = ({"variant": "a"}, {"variant": "b"})
    statuses, said = went(
        [calling("changes", call("changes"), matrix=Matrix(rows=rows))], workspace.path
    )
    assert statuses == {"changes": 0}
    assert said == ["--- changes (a): Changes", "--- changes (b): Changes"]


def test_no_action_takes_this_for_a_platform(
    workspace: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started from within CI, the actions still write here and nowhere else."""
    told = tmp_path / "told"
    told.touch()
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "CI_GEN_QUICK_CHECKS_EXCLUDE"):
        monkeypatch.setenv(name, str(told) if name.startswith("GITHUB") else "**")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    workspace.path.joinpath("tool.py").write_text("print(\n")
    statuses, _ = went([calling("quick-checks", call("quick-checks"))], workspace.path)
    assert statuses == {"quick-checks": 1}
    assert told.read_text() == ""
    assert not (tmp_path / "ci-gen.env").exists()
    assert (workspace.path / "evidence/quick-checks.json").is_file()


@pytest.fixture
def actions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of actions that behave as ours never should."""
    folder = tmp_path / "actions"
    folder.mkdir()
    monkeypatch.setattr("ci_gen.local.run.actions_folder", lambda: folder)
    return folder


def launcher(folder: Path, body: str) -> None:
    (folder / "launch.py").write_text(f"import os, signal, sys\n{body}\n")


@pytest.mark.parametrize(
    "printed", ['{"a": ', "[1]", "null", "hello", r"\xff\xfe", "1", "[" * 100_000]
)
def test_outputs_that_are_no_json_object(
    workspace: Repository, actions: Path, printed: str
) -> None:
    """A result that cannot be read is not a good one."""
    launcher(actions, f"sys.stdout.buffer.write(b'{printed}')")
    statuses, said = went([calling("a", call("x"))], workspace.path)
    assert statuses == {"a": 3}
    assert said[1].startswith("x did not print its outputs as JSON: ")
    assert len(said[1]) < 200
    launcher(actions, f"sys.stdout.buffer.write(b'{printed}'); sys.stdout.flush(); os._exit(1)")
    assert went([calling("a", call("x"))], workspace.path)[0] == {"a": 1}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 0),
        ("sys.exit(1)", 1),
        ("sys.exit(2)", 2),
        ("sys.exit(130)", 130),
        ("sys.exit(200)", 3),
        ("os.kill(os.getpid(), signal.SIGKILL)", 3),
        ("signal.signal(2, signal.SIG_DFL); os.kill(os.getpid(), 2)", 130),
    ],
)
def test_statuses(workspace: Repository, actions: Path, body: str, status: int) -> None:
    launcher(actions, body)
    assert went([calling("a", call("x"))], workspace.path)[0] == {"a": status}


def test_nothing_runs_after_an_interruption(workspace: Repository, actions: Path) -> None:
    launcher(actions, "sys.exit(130 if sys.argv[1] == 'stops' else 0)")
    jobs = [
        calling("first", call("passes")),
        calling("second", call("stops"), call("passes")),
        calling("third", call("passes")),
    ]
    statuses, said = went(jobs, workspace.path)
    assert statuses == {"first": 0, "second": 130, "third": NOT_RUN}
    assert len(said) == 2


PROGRAM = """
import sys
from pathlib import Path
from ci_gen.local import run as local
from ci_gen.pipeline.model import ActionCall
from tests.support.pipelines import job
local.actions_folder = lambda: Path(sys.argv[1])
results = local.run([job("first"), job("second")], Path(sys.argv[2]), print)
print([ran.status for ran in results])
sys.exit(local.worst(results))
"""


def test_an_interrupted_action_may_clean_up(
    workspace: Repository, actions: Path, tmp_path: Path
) -> None:
    """Control-C reaches the whole group: the runner waits for the action, and then ends."""
    launcher(
        actions,
        "import time\n"
        "try:\n"
        "    sys.stderr.write('ready\\n'); sys.stderr.flush(); time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    time.sleep(0.2); open('cleaned', 'w').close(); sys.exit(130)",
    )
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(actions), str(workspace.path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    assert child.stderr.readline() == "ready\n"
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (130, "")
    assert out.splitlines()[-1] == f"[130, {NOT_RUN}]"
    assert (workspace.path / "cleaned").exists()


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], 3),
        ([0], 0),
        ([0, 0], 0),
        ([0, 1, NOT_RUN], 1),
        ([3, 1], 1),
        ([2, 3], 2),
        ([0, 3], 3),
        ([0, 4], 3),
        ([0, NOT_RUN], 3),
        ([1, 130, NOT_RUN], 130),
    ],
)
def test_the_worst(statuses: list[int], expected: int) -> None:
    assert worst([Ran(job="a", status=status, seconds=0) for status in statuses]) == expected


def test_words() -> None:
    words = {
        status: Ran(job="a", status=status, seconds=0).word for status in (0, 1, 2, 3, 130, -1)
    }
    assert words == {
        0: "passed", 1: "failed", 2: "undecided", 3: "undecided", 130: "interrupted",
        -1: "not run",
    }  # fmt: skip
