"""A real llama-bench: its four formats, a load that fails, and processes of one build in turns."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.support.action_runs import act
from tests.support.llama_package import server_package, smollm2

from ci_gen_actions.benchmark_compare import llama_texts
from ci_gen_actions.benchmark_compare.llama_bench import WITHOUT_SAMPLES, parse

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """llama-bench out of a package that the action `build` made."""
    folder = tmp_path_factory.mktemp("package")
    with tarfile.open(server_package()) as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.rglob("bin/llama-bench")
    return found


def bench(program: Path, model: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    libraries = str(program.parents[1] / "lib")
    small = ("-m", str(model), "-t", "1", "-r", "2", "-p", "8", "-n", "2", "--no-warmup")
    return subprocess.run(
        [str(program), *small, *arguments],
        env={**os.environ, "LD_LIBRARY_PATH": libraries},
        capture_output=True,
        timeout=600,
        check=False,
    )


def test_every_format_of_the_program_tells_the_same(program: Path) -> None:
    keys = []
    for name in ("json", "jsonl", "csv", "sql"):
        done = bench(program, smollm2(), "-o", name)
        assert done.returncode == 0, done.stderr.decode()
        reading = parse(done.stdout, name)
        assert [each.name for each, _ in reading.processes] == ["pp8", "tg2"]
        assert reading.remarks == ((WITHOUT_SAMPLES,) if name in ("csv", "sql") else ())
        samples = {len(process.samples) for _, process in reading.processes}
        assert samples == ({1} if name in ("csv", "sql") else {2})
        assert all(process.time > 1.7e9 for _, process in reading.processes)
        keys.append([each.key for each, _ in reading.processes])
    assert keys.count(keys[0]) == 4


def test_a_load_that_fails_is_no_data(program: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    done = bench(program, tmp_path / "broken.gguf", "-o", "json")
    assert done.returncode != 0
    assert parse(done.stdout, "a").remarks == (llama_texts.FAILED,)


def test_processes_of_one_build_in_turns_raise_no_alarm(program: Path, tmp_path: Path) -> None:
    for number in range(6):
        for side in ("baseline", "current") if number % 2 == 0 else ("current", "baseline"):
            done = bench(program, smollm2(), "-o", "jsonl")
            path = tmp_path / side / f"{number}.jsonl"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(done.stdout)
    ran = act("benchmark-compare", tmp_path, baseline=("baseline",), current=("current",))
    assert ran.outputs.compared == 2, ran.log
    assert ran.outputs.regressions == 0, ran.log
    assert all(each["paired"] for each in ran.findings["benchmarks"])
