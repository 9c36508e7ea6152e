"""Proof that a CUDA package really computes on the GPU: a short run of llama-bench.

A llama.cpp that finds no GPU says nothing and computes on the CPU. What llama-bench reports as
JSON tells the two apart: `backends` are those that were built in, `gpu_info` the GPUs that they
found, `n_gpu_layers` what was given to them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.archive import is_safe_name
from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError
from ..core.process import capture
from ..core.result import Verdict
from .stop import Stop

BENCH = "bin/llama-bench"
BACKEND = "CUDA"
_SHORT = ("-p", "32", "-n", "16", "-r", "1", "-ngl", "99", "-o", "json")
_MOST_SHOWN = 2000


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """What a run told. `speeds` are tokens a second, by test such as `pp32` or `tg16`."""

    backends: str
    gpus: str
    layers: int
    speeds: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        """For the evidence."""
        return {
            "backends": self.backends,
            "gpus": self.gpus,
            "layers": self.layers,
            "tokens-per-second": dict(self.speeds),
        }


def command(package: Path, model: str, words: Sequence[str], workspace: Path) -> list[str]:
    """What to run in the folder of the unpacked package.

    `words` replace llama-bench and its arguments. Raises UsageError for a program or a model
    that is not there.
    """
    program, *arguments = words or (BENCH, *_SHORT)
    if not is_safe_name(program):
        raise UsageError(
            f"{program!r} leads out of the package",
            where="input smoke-command",
            why="what is to be shown is that the package works",
            next="give the program's path in the package, such as bin/llama-bench",
        )
    path = package / program
    if not path.is_file():
        raise UsageError(
            f"the package has no {program}",
            where="input smoke-command" if words else "input smoke-model",
            why="the smoke test runs a program of the package that speaks as llama-bench does",
            next="add llama-bench to the targets, or name another program in smoke-command",
        )
    if not model:
        return [str(path), *arguments]
    file = workspace / model
    if not file.is_file():
        raise UsageError(
            f"there is no model {model}",
            where="input smoke-model",
            why=f"{file} is no file",
            next="give the path of a small GGUF file that lies on the runner",
        )
    return [str(path), "-m", str(file), *arguments]


def run(
    argv: Sequence[str],
    ci: Dialect,
    environ: Mapping[str, str],
    seconds: float,
    locks: Sequence[int] = (),
) -> Smoke:
    """Run it and judge it. Raises Stop: FAIL where the GPU was not used, ERROR without an answer.

    `locks` are descriptors that keep the GPU for it. The process and its group are gone when
    this returns, and with them their GPU memory.
    """
    ci.log(f"$ {' '.join(argv)}")
    done = capture(argv, env=environ, timeout=seconds, pass_fds=locks)
    if done.timed_out:
        raise Stop(Verdict.ERROR, f"the smoke test {done.outcome}; the input smoke-timeout sets it")
    if not done.ok:
        tail = done.output.strip()[-_MOST_SHOWN:]
        raise Stop(Verdict.FAIL, f"the smoke test failed: {argv[0]} {done.outcome}\n{tail}")
    try:
        found = parse(done.stdout.decode("utf-8", "replace"))
    except CannotDecide as error:
        raise Stop(Verdict.ERROR, str(error)) from None
    reason = fault(found)
    if reason:
        raise Stop(Verdict.FAIL, reason)
    return found


def parse(text: str) -> Smoke:
    """The JSON of `llama-bench -o json`. Raises CannotDecide for anything else."""
    try:
        rows = json.loads(text)
        first = rows[0]
        return Smoke(
            backends=str(first["backends"]) if "backends" in first else _flags(first),
            gpus=str(first["gpu_info"]),
            layers=min(int(row["n_gpu_layers"]) for row in rows),
            speeds={_test(row): float(row["avg_ts"]) for row in rows},
        )
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise CannotDecide(
            "the smoke test gave no answer that can be read",
            why=f"its standard output is not the JSON of llama-bench -o json ({error!r})",
            next="let smoke-command print that, or leave it empty to run llama-bench",
        ) from None


def _flags(row: Mapping[str, Any]) -> str:
    """What llama-bench of 2024 and before has in place of `backends`."""
    return BACKEND if row["cuda"] else "CPU"


def _test(row: Mapping[str, Any]) -> str:
    prompt, generated = int(row["n_prompt"]), int(row["n_gen"])
    return "+".join(
        f"{kind}{count}" for kind, count in (("pp", prompt), ("tg", generated)) if count
    )


def fault(found: Smoke) -> str:
    """Why this run proves no work of the GPU; "" where it does."""
    if BACKEND not in found.backends.split(","):
        return (
            f"the package computes on {found.backends or 'nothing known'}, not on {BACKEND}: "
            "its CUDA backend is not built in or could not be loaded"
        )
    if not found.gpus:
        return (
            f"the package fell back to the CPU: its {BACKEND} backend found no GPU, though this "
            "machine has one. Next: see that the driver supports the toolkit and that "
            "CUDA_VISIBLE_DEVICES hides no GPU"
        )
    if found.layers <= 0:
        return "no layer of the model was given to the GPU. Next: pass -ngl 99 in smoke-command"
    return ""
