from __future__ import annotations

import io
from pathlib import Path

import pytest

from ci_gen_actions.core.github import GitHub
from ci_gen_actions.fetch_model.progress import Progress, line

MIB = 1 << 20


def test_the_line() -> None:
    assert line("m", 0, None, 0) == "m: 0 B"
    assert line("m", 3 * MIB, 12 * MIB, 0) == "m: 3.0 MiB of 12.0 MiB (25 %)"
    assert (
        line("m", 3 * MIB, 12 * MIB, MIB) == "m: 3.0 MiB of 12.0 MiB (25 %), 1.0 MiB/s, 9 s to go"
    )
    assert line("m", 0, 600 * MIB, MIB).endswith("10 min 00 s to go")
    assert line("m", 0, 10_000 * MIB, MIB).endswith("2 h 46 min to go")


def test_in_ci_a_line_every_ten_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("ci_gen_actions.fetch_model.progress.time.monotonic", lambda: now[0])
    log = io.BytesIO()
    ci = GitHub({"GITHUB_WORKSPACE": str(tmp_path)}, log=log, out=io.BytesIO())
    progress = Progress(ci, "m.gguf")
    for tick in range(1, 301):
        now[0] = 100 + tick / 10
        progress.tick(tick * MIB, 400 * MIB)
    progress.end()
    lines = log.getvalue().decode().splitlines()
    assert len(lines) == 3
    assert lines[0] == "m.gguf: 100.0 MiB of 400.0 MiB (25 %), 10.0 MiB/s, 30 s to go"
