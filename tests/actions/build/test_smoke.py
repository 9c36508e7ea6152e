"""The smoke test, with llama-bench's own words; no GPU is here, so what it says of one is given."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ci_gen_actions.build.smoke import Smoke, command, fault, parse, run
from ci_gen_actions.build.stop import Stop
from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.github import GitHub

# The fields that count, of llama-bench's answer (llama.cpp 0.5.0, tools/llama-bench).
ROW = {
    "build_commit": "958604f",
    "build_number": 1,
    "gpu_info": "NVIDIA A10",
    "backends": "CUDA",
    "n_gpu_layers": 99,
    "n_prompt": 32,
    "n_gen": 0,
    "avg_ts": 5123.4,
}


def answer(**changes: Any) -> str:
    first = {**ROW, **changes}
    return json.dumps([first, {**first, "n_prompt": 0, "n_gen": 16, "avg_ts": 211.5}])


def bench(folder: Path, text: str, status: int = 0) -> list[str]:
    """A program that says this."""
    (folder / "answer").write_text(text)
    program = folder / "bin/llama-bench"
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        f"#!/bin/sh\necho 'ggml_cuda_init' >&2\ncat {folder}/answer\nexit {status}\n"
    )
    program.chmod(0o755)
    return [str(program)]


def smoke(argv: list[str], seconds: float = 60) -> Smoke:
    ci = GitHub({}, log=io.BytesIO(), out=io.BytesIO())
    return run(argv, ci, os.environ, seconds)


def test_work_on_the_gpu(tmp_path: Path) -> None:
    found = smoke(bench(tmp_path, answer(backends="CUDA,BLAS")))
    assert found.document() == {
        "backends": "CUDA,BLAS",
        "gpus": "NVIDIA A10",
        "layers": 99,
        "tokens-per-second": {"pp32": 5123.4, "tg16": 211.5},
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"backends": "CPU", "gpu_info": ""}, "computes on CPU, not on CUDA"),
        ({"backends": "Vulkan"}, "computes on Vulkan, not on CUDA"),
        # The backend is there, and found no device: llama.cpp then computes on the CPU.
        ({"gpu_info": ""}, "fell back to the CPU"),
        ({"n_gpu_layers": 0}, "no layer of the model was given to the GPU"),
    ],
)
def test_silent_fall_back_is_a_failure(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Stop, match=reason) as stop:
        smoke(bench(tmp_path, answer(**changes)))
    assert stop.value.verdict.value == "FAIL"


def test_one_row_on_the_cpu_is_enough() -> None:
    rows = json.loads(answer())
    rows[1]["n_gpu_layers"] = 0
    assert fault(parse(json.dumps(rows)))


def test_a_failing_program_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="exit status 3") as stop:
        smoke(bench(tmp_path, "", 3))
    assert stop.value.verdict.value == "FAIL"
    assert "ggml_cuda_init" in stop.value.reason


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "tokens: 3", "[1]", '[{"backends": "CUDA"}]', answer(avg_ts="fast")]
)
def test_no_answer_is_no_verdict(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotDecide, match="no answer that can be read"):
        parse(text)
    with pytest.raises(Stop) as stop:
        smoke(bench(tmp_path, text))
    assert stop.value.verdict.value == "ERROR"


def test_time_runs_out(tmp_path: Path) -> None:
    argv = bench(tmp_path, "")
    (tmp_path / "bin/llama-bench").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(Stop, match="smoke-timeout") as stop:
        smoke(argv, 0.2)
    assert stop.value.verdict.value == "ERROR"


def test_older_versions_name_the_backend_otherwise() -> None:
    rows = json.loads(answer())
    for row in rows:
        del row["backends"]
        row["cuda"] = True
    assert fault(parse(json.dumps(rows))) == ""


def test_what_is_run(tmp_path: Path) -> None:
    bench(tmp_path, "")
    (tmp_path / "tiny.gguf").write_text("x")
    words = command(tmp_path, "tiny.gguf", (), tmp_path)
    assert words[:3] == [str(tmp_path / "bin/llama-bench"), "-m", str(tmp_path / "tiny.gguf")]
    assert words[-2:] == ["-o", "json"]
    assert command(tmp_path, "", ("bin/llama-bench", "--x"), tmp_path) == [
        str(tmp_path / "bin/llama-bench"),
        "--x",
    ]
    with pytest.raises(UsageError, match="there is no model"):
        command(tmp_path, "gone.gguf", (), tmp_path)
    with pytest.raises(UsageError, match="has no bin/other"):
        command(tmp_path, "tiny.gguf", ("bin/other",), tmp_path)
    with pytest.raises(UsageError, match="leads out of the package"):
        command(tmp_path, "", ("/bin/sh", "-c", "echo"), tmp_path)
