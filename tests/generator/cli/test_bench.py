"""`ci-gen bench compare`: benchmarks on this machine, through the action itself."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from tests.support.benchmarks import measurement
from tests.support.llama_bench import as_json_lines, record

from ci_gen.__main__ import main
from ci_gen_actions.benchmark_compare.measurement_file import to_json


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # A pipeline's own variables must not reach the action.
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", "/nowhere")
    monkeypatch.setenv("CI_GEN_BENCHMARK_COMPARE_TOLERANCE", "400")


def processes(change: float, seed: int) -> bytes:
    source = random.Random(seed)
    made = [
        record([(1 + change) * (1 + source.gauss(0, 0.01))], test_time=f"2026-01-01T00:{n:02d}:00Z")
        for n in range(12)
    ]
    return as_json_lines(made)


def test_two_files_are_compared(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.jsonl").write_bytes(processes(0.0, 1))
    (tmp_path / "new.jsonl").write_bytes(processes(0.1, 2))
    words = ["--pairing", "rounds", "--json", "c.json", "--report", "r.html"]
    assert main(["bench", "compare", "old.jsonl", "new.jsonl", *words]) == 1
    said = capfd.readouterr()
    assert said.out == "the report is r.html\n"
    assert "REGRESSION" in said.err
    assert json.loads((tmp_path / "c.json").read_text())["counts"] == {"REGRESSION": 1}
    assert "pp64" in (tmp_path / "r.html").read_text("utf-8")
    assert main(["bench", "compare", "old.jsonl", "new.jsonl", "--tolerance", "30"]) == 0
    assert {each.name for each in tmp_path.iterdir()} == {
        *("old.jsonl", "new.jsonl", "c.json", "r.html", "benchmark.html"),
    }


def test_a_measurement_holds_both_sides(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.json").write_text(to_json(measurement({"pp64": 0.0})))
    assert main(["bench", "compare", "m.json"]) == 0
    assert "1 PASS" in capfd.readouterr().err


def test_what_cannot_be_decided_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_bytes(b"[\n")
    (tmp_path / "new.jsonl").write_bytes(processes(0.0, 1))
    assert main(["bench", "compare", "old.jsonl", "new.jsonl"]) == 3


def test_wrong_usage(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "compare", "a", "b", "c"]) == 2
    assert "there are two sides" in capfd.readouterr().err
    assert main(["bench", "compare", "missing.json", "other.json"]) == 2
    assert "there is no file" in capfd.readouterr().err
