from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.actions.core.test_process import gone

from ci_gen_actions.core.background import Background, background
from ci_gen_actions.core.errors import CannotDecide, Interrupted
from ci_gen_actions.core.runner import signals

LIBRARY = Path(__file__).parents[3] / "actions/lib"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def said(process: Background, text: str) -> None:
    for _ in range(1000):
        if text in process.tail():
            return
        time.sleep(0.01)
    raise AssertionError(process.tail())


def test_a_child_runs_beside_the_block_and_ends_with_it(tmp_path: Path) -> None:
    code = "import sys, time; print('up', flush=True); sys.stderr.write('two'); time.sleep(60)"
    with background(python(code), log=tmp_path / "log") as process:
        said(process, "two")
        assert process.tail() == "up\ntwo"
        assert process.tail(3) == "two"
        assert process.running
        assert process.outcome == "still runs"
    assert not process.running
    assert process.outcome == "was killed by SIGTERM"
    assert gone(process.child.pid)


def test_what_it_started_itself_ends_with_it_too(tmp_path: Path) -> None:
    code = (
        "import subprocess, time\n"
        "print(subprocess.Popen(['sleep', '60']).pid, flush=True)\n"
        "time.sleep(60)"
    )
    with background(python(code), log=tmp_path / "log") as process:
        said(process, "\n")
        grandchild = int(process.tail())
    assert gone(grandchild)


def test_an_error_in_the_block_ends_it(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        background(["sleep", "60"], log=tmp_path / "log") as process,
    ):
        raise RuntimeError
    assert gone(process.child.pid)


def test_a_signal_that_stops_the_action_ends_it(tmp_path: Path) -> None:
    with (
        pytest.raises(Interrupted),
        signals(),
        background(["sleep", "60"], log=tmp_path / "log") as process,
    ):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
    assert gone(process.child.pid)


def test_a_child_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ci_gen_actions.core.process.GRACE_SECONDS", 0.2)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('deaf', flush=True); time.sleep(60)"
    )
    with background(python(code), log=tmp_path / "log") as process:
        said(process, "deaf")
    assert process.outcome == "was killed by SIGKILL"


def test_where_the_action_itself_is_killed_the_child_is_too(tmp_path: Path) -> None:
    code = (
        f"import sys, time; sys.path.insert(0, {str(LIBRARY)!r})\n"
        "from pathlib import Path\n"
        "from ci_gen_actions.core.background import background\n"
        f"with background(['sleep', '60'], log=Path({str(tmp_path / 'log')!r})) as process:\n"
        "    print(process.child.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    action = subprocess.Popen(python(code), stdout=subprocess.PIPE, text=True)
    assert action.stdout is not None
    child = int(action.stdout.readline())
    action.kill()
    action.wait()
    action.stdout.close()
    assert gone(child)


def test_how_a_child_ended_is_told(tmp_path: Path) -> None:
    with background(python("raise SystemExit(3)"), log=tmp_path / "log") as process:
        process.child.wait()
        assert process.outcome == "ended with exit status 3"
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    with background(python(code), log=tmp_path / "log") as process:
        process.child.wait()
        assert process.outcome == "was killed by SIGSEGV"


def test_an_end_can_be_waited_for(tmp_path: Path) -> None:
    with background(["sleep", "60"], log=tmp_path / "log") as process:
        assert not process.ends_within(0)
        process.child.kill()
        assert process.ends_within(10)


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotDecide, match="cannot be started"),
        background(["/nowhere/program"], log=tmp_path / "log"),
    ):
        raise AssertionError
