from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ci_gen_actions.core.errors import CannotDecide, Interrupted
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.process import LINE_BYTES, TAIL_BYTES, Completed, capture, run
from ci_gen_actions.core.runner import signals
from ci_gen_actions.core.terminal import Terminal

PYTHON = sys.executable


def terminal() -> tuple[Terminal, io.BytesIO]:
    log = io.BytesIO()
    return Terminal({}, log=log, out=io.BytesIO()), log


def python(code: str) -> list[str]:
    return [PYTHON, "-c", code]


def gone(pid: int) -> bool:
    """Whether the process ended; a zombie that nobody here can reap counts as ended."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_output_of_both_streams_is_passed_on_and_kept() -> None:
    ci, log = terminal()
    done = run(
        python("import sys; print('out'); sys.stdout.flush(); sys.stderr.write('err')"), ci=ci
    )
    assert done.ok
    assert done.output == "out\nerr"
    assert log.getvalue().endswith(b"out\nerr\n")
    assert done.outcome == "ended with exit status 0"


def test_the_command_is_shown_as_one_could_type_it() -> None:
    ci, log = terminal()
    run(["printf", "%s", "a b"], ci=ci)
    assert log.getvalue() == b"$ printf %s 'a b'\na b\n"


def test_no_shell_sees_an_argument() -> None:
    ci, _ = terminal()
    hostile = "$(touch evil); `touch evil` \"' & | > evil"
    assert run(["printf", "%s", hostile], ci=ci).output == hostile


def test_folder_and_environment(tmp_path: Path) -> None:
    ci, _ = terminal()
    code = "import os; print(os.getcwd(), dict(os.environ).get('A'), 'HOME' in os.environ)"
    done = run(python(code), ci=ci, cwd=tmp_path, env={"A": "1"})
    assert done.output == f"{tmp_path} 1 False\n"


def test_standard_input_is_empty() -> None:
    ci, _ = terminal()
    assert run(["cat"], ci=ci).output == ""


def test_an_exit_status_and_a_signal_are_told() -> None:
    ci, _ = terminal()
    failed = run(python("raise SystemExit(7)"), ci=ci)
    assert (failed.code, failed.ok, failed.outcome) == (7, False, "ended with exit status 7")
    killed = run(python("import os; os.kill(os.getpid(), 9)"), ci=ci)
    assert (killed.code, killed.outcome) == (-9, "was killed by SIGKILL")
    odd = Completed(argv=("x",), code=-999, output="", seconds=0)
    assert odd.outcome == "was killed by signal 999"


def test_a_command_that_is_not_there_says_so() -> None:
    ci, _ = terminal()
    with pytest.raises(CannotDecide) as caught:
        run(["no-such-tool-4711", "x"], ci=ci)
    assert "no-such-tool-4711 cannot be started" in str(caught.value)
    assert "install no-such-tool-4711" in str(caught.value)


def test_a_nul_in_an_argument_says_so(tmp_path: Path) -> None:
    ci, _ = terminal()
    with pytest.raises(CannotDecide, match="cannot be started"):
        run(["printf", "a\0b"], ci=ci, cwd=tmp_path)


def test_the_end_of_a_long_output_is_kept() -> None:
    ci, log = terminal()
    done = run(python("for n in range(100000): print(n)"), ci=ci)
    assert len(done.output) == TAIL_BYTES
    assert done.output.endswith("99998\n99999\n")
    assert log.getvalue().count(b"\n") == 100001


def test_a_line_without_end_is_passed_on_in_pieces() -> None:
    ci, log = terminal()
    run(python(f"print('x' * {LINE_BYTES * 10})"), ci=ci)
    lines = log.getvalue().split(b"\n")[1:]
    assert b"".join(lines) == b"x" * (LINE_BYTES * 10)
    assert len(lines) > 1


def test_a_secret_that_two_writes_share_is_masked() -> None:
    ci, log = terminal()
    ci.mask("hushhush")
    code = "import os,time; os.write(1, b'a hush'); time.sleep(.05); os.write(1, b'hush b\\n')"
    run(python(code), ci=ci)
    assert log.getvalue().endswith(b"a *** b\n")


def test_the_log_obeys_github_again_after_a_line_without_end() -> None:
    log = io.BytesIO()
    ci = GitHub({}, log=log)
    run(["printf", "::error::x"], ci=ci)
    _command, stop, inner, resume = log.getvalue().decode().splitlines()
    assert inner == "::error::x"
    assert resume == f"::{stop.removeprefix('::stop-commands::')}::"


def test_a_time_limit_ends_the_whole_group() -> None:
    ci, _ = terminal()
    code = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
    )
    done = run(python(code), ci=ci, timeout=1)
    assert done.timed_out
    assert not done.ok
    assert "its time limit" in done.outcome
    assert gone(int(done.output))


def test_a_child_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ci_gen_actions.core.process.GRACE_SECONDS", 0.2)
    ci, _ = terminal()
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    done = run(python(code), ci=ci, timeout=1)
    assert (done.timed_out, done.code) == (True, -9)


def test_a_child_that_no_signal_reaches_does_not_keep_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as one that waits in a driver; what the kernel would hold back is held back here
    monkeypatch.setattr("ci_gen_actions.core.process.GRACE_SECONDS", 0.1)
    monkeypatch.setattr("ci_gen_actions.core.process._signal_group", lambda *_: None)
    note = tmp_path / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    done = capture(python(code), timeout=1)
    os.kill(int(note.read_text()), signal.SIGKILL)
    assert (done.timed_out, done.code) == (True, -9)


def test_a_child_that_closes_its_output_is_still_waited_for() -> None:
    ci, _ = terminal()
    code = "import os, time; os.close(1); os.close(2); time.sleep(.3); os._exit(4)"
    assert run(python(code), ci=ci).code == 4
    slow = run(python(code.replace(".3", "60")), ci=ci, timeout=0.5)
    assert slow.timed_out


def test_a_grandchild_does_not_keep_us_waiting_and_does_not_outlive() -> None:
    ci, _ = terminal()
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
    done = run(python(code), ci=ci)
    assert done.ok
    assert gone(int(done.output))


def test_a_grandchild_that_writes_on_and_on_does_not_keep_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ci_gen_actions.core.process.DRAIN_SECONDS", 0.1)
    done = capture(python("import subprocess; print(subprocess.Popen(['yes']).pid, flush=True)"))
    assert done.ok
    (pid,) = (int(line) for line in done.stdout.splitlines() if line.isdigit())
    assert gone(pid)


def test_a_signal_ends_the_group_and_comes_through(tmp_path: Path) -> None:
    ci, _ = terminal()
    code = (
        "import os, pathlib, signal, subprocess, time;"
        "child = subprocess.Popen(['sleep', '60']);"
        "pathlib.Path('pid').write_text(str(child.pid));"
        "os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)"
    )
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as caught, signals():
        run(python(code), ci=ci, cwd=tmp_path)
    assert caught.value.signum == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
    assert gone(int((tmp_path / "pid").read_text()))


def test_capture_keeps_the_streams_apart() -> None:
    done = capture(python("import os; os.write(1, b'\\0out'); os.write(2, b'err')"))
    assert (done.stdout, done.output, done.ok) == (b"\0out", "err", True)


def test_capture_of_much_output_is_whole() -> None:
    done = capture(python("import os; os.write(2, b'e' * 300000); os.write(1, b'o' * 3000000)"))
    assert len(done.stdout) == 3000000
    assert len(done.output) == TAIL_BYTES


def test_capture_has_a_time_limit() -> None:
    assert capture(["sleep", "60"], timeout=0.2).timed_out


def test_no_file_descriptor_is_left_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        capture(["true"])
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_real_sigint_stops_a_real_action(tmp_path: Path) -> None:
    """A process that runs a child is asked to stop, as a platform does when a run is cancelled."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys\n"
        "from ci_gen_actions.core.dialect import detect\n"
        "from ci_gen_actions.core.errors import Interrupted\n"
        "from ci_gen_actions.core.process import run\n"
        "from ci_gen_actions.core.runner import signals\n"
        "try:\n"
        "    with signals():\n"
        "        run([sys.executable, '-c', 'import os, time; print(os.getpid(), flush=True);"
        " time.sleep(60)'], ci=detect({}))\n"
        "except Interrupted as stopped:\n"
        "    sys.exit(100 + stopped.signum)\n"
    )
    with subprocess.Popen(
        [PYTHON, str(script)], stderr=subprocess.PIPE, env=dict(os.environ)
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        child = int(process.stderr.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 102
    assert gone(child)


def test_what_a_child_reads_and_what_is_seen_of_a_run() -> None:
    done = capture(["cat"], stdin=b"a secret\n" * 20_000)
    assert done.stdout == b"a secret\n" * 20_000
    assert capture(["cat"]).stdout == b""
    log = io.BytesIO()
    seen: list[bytes] = []
    run(["printf", "a\\nb"], ci=Terminal({}, log=log), watch=seen.append)
    assert seen == [b"a\n", b"b\n"]
    assert log.getvalue().endswith(b"a\nb\n")


def test_captured_output_can_be_watched_as_it_comes() -> None:
    seen: list[bytes] = []
    done = capture(python("print('one'); print('two')"), watch=seen.append)
    assert done.stdout == b"one\ntwo\n"
    assert b"".join(seen) == done.stdout
