"""The fields of llama-bench's records: which name a benchmark, a build, a machine.

Source: `test::get_fields` in llama.cpp's tools/llama-bench/llama-bench.cpp.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

BUILD = ("build_commit", "build_number")
ENVIRONMENT = ("cpu_info", "gpu_info", "backends")
MEASURED = frozenset(
    (
        "model_filename",
        "test_time",
        "avg_ns",
        "stddev_ns",
        "avg_ts",
        "stddev_ts",
        "samples_ns",
        "samples_ts",
    )
)
"""What is no parameter of the benchmark. `stddev_ns` is never read: it wraps around
(llama.cpp issue 24951). The model is known by type, size and parameter count, not by its path."""

SIZES = ("n_prompt", "n_gen", "n_depth")
TEXT_LIMIT = 512
"""The longest value that is taken for one of llama-bench."""

_BACKENDS = ("cuda", "vulkan", "kompute", "metal", "sycl", "rpc", "gpu_blas", "blas")
"""Flags of old builds, one a backend, which `backends` has taken the place of."""


def parameters(record: Mapping[str, Any]) -> dict[str, str]:
    """The record's parameters as texts that agree between all output formats and ages."""
    left_out = {*BUILD, *ENVIRONMENT, *MEASURED, *_BACKENDS}
    found = {name: as_text(value) for name, value in record.items() if name not in left_out}
    direct = found.pop("use_direct_io", "")
    mapped = found.pop("use_mmap", "")
    if mapped or direct:
        # mmap was the default of builds that had these names, as `auto` is of later ones.
        usual = "none" if mapped == "0" else "auto"
        found.setdefault("load_mode", "dio" if direct == "1" else usual)
    return found


def environment(record: Mapping[str, Any]) -> dict[str, str]:
    """What the record tells of the machine."""
    return {name: as_text(record[name]) for name in ENVIRONMENT if name in record}


def build(record: Mapping[str, Any]) -> str:
    """The build that the record is of, such as `0c1e570 (1)`; "" where it tells nothing."""
    commit, number = (as_text(record.get(name, "")) for name in BUILD)
    return f"{commit} ({number})" if number else commit


def name(record: Mapping[str, str]) -> str:
    """How llama-bench's table calls the test: `pp512`, `tg128`, `pp512+tg128 @ d4096`."""
    prompt, generated, depth = (record.get(each, "0") for each in SIZES)
    parts = [f"pp{prompt}"] if prompt not in ("", "0") else []
    parts += [f"tg{generated}"] if generated not in ("", "0") else []
    return "+".join(parts) + (f" @ d{depth}" if depth not in ("", "0") else "")


def as_text(value: Any) -> str:
    """A value as CSV and SQL print it: flags as 0 and 1."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:g}" if math.isfinite(value) else ""
    if isinstance(value, (list, dict)) or value is None:
        return ""
    return str(value).strip()[:TEXT_LIMIT]
