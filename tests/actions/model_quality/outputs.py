"""Real outputs of llama-perplexity, and each way of reading one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ci_gen_actions.model_quality.parse_divergence import divergence
from ci_gen_actions.model_quality.parse_perplexity import perplexity
from ci_gen_actions.model_quality.parse_tasks import task

FOLDER = Path(__file__).parents[2] / "fixtures" / "llama"
SHA = "sha256:" + "0" * 64
NAMED: dict[str, str] = {"name": "x", "digest": SHA}

Reader = Callable[[bytes, bytes], Any]
READERS: dict[str, Reader] = {
    "p": lambda out, err: perplexity(out, err, **NAMED),
    "p1": lambda out, err: perplexity(out, err, **NAMED),
    "k": lambda out, err: divergence(out, err, **NAMED, base_model=SHA),
    "h": lambda out, err: task("hellaswag", out, err, **NAMED),
    "w": lambda out, err: task("winogrande", out, err, **NAMED),
    "mc": lambda out, err: task("multiple-choice", out, err, **NAMED),
}


def streams(name: str) -> tuple[bytes, bytes]:
    """Standard output and standard error of a recorded run."""
    return tuple((FOLDER / f"{name}.{end}").read_bytes() for end in ("out", "err"))  # type: ignore[return-value]
