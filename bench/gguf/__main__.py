"""`python bench/gguf`: damaged headers of model files against the reader, with time and memory.

Each group runs in a process of its own. Memory is how far the process's peak grew while it read;
an address-space limit would end a process that asks for more. Anything but a model or BadModel
ends the run.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "actions" / "lib")]

from tests.support.gguf_mutation import mutants, seeds  # noqa: E402

from ci_gen_actions.gguf_file import BadModel, facts, read  # noqa: E402

LIMIT = 64 * 2**20
SECONDS = 10.0


def peak() -> int:
    """The largest memory that this process had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def group(name: str, count: int, seed: int, folder: Path) -> str:
    """Read `count` damaged files; a row of the table."""
    files, size = real_model() if name == "real" else (seeds(), 0)
    made = mutants(random.Random(seed), count, files)
    path = folder / "mutant.gguf"
    path.write_bytes(files[0])
    outcome(path)
    before = peak()
    resource.setrlimit(resource.RLIMIT_AS, (before + 2**30, before + 2**30))
    counts = {"read": 0, "refused": 0}
    slowest = 0.0
    for data in made:
        path.write_bytes(data)
        if size:  # the weights are a hole: the reader does not look at them
            os.truncate(path, size)
        started = time.perf_counter()
        counts[outcome(path)] += 1
        slowest = max(slowest, time.perf_counter() - started)
    grown = peak() - before
    if grown > LIMIT or slowest > SECONDS:
        sys.exit(f"{name}: {grown:,} bytes, {slowest:.2f} s")
    total = sum(counts.values())
    return (
        f"| {name} | {seed} | {total:,} | {counts['read']:,} | {counts['refused']:,} "
        f"| {slowest * 1000:.1f} | {grown / 2**20:.1f} |"
    )


def outcome(path: Path) -> str:
    """Whether the reader took the file."""
    try:
        facts(read(path))
    except BadModel:
        return "refused"
    return "read"


def real_model() -> tuple[tuple[bytes, ...], int]:
    """The header of a real model, and the size of its file."""
    from tests.support.llama_package import smollm2

    path = smollm2()
    with path.open("rb") as file:
        return (file.read(read(path).data_offset),), path.stat().st_size + 4096


def main() -> None:
    """Run all groups and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--real", type=int, default=500, help="of a real model's header")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--group", help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.group:
            print(group(given.group, given.count, given.seed, Path(folder)))
            return
    print("| seeds | seed | files | read | refused | slowest, ms | peak grew by, MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for name, count in (("written", given.count), ("real", given.real)):
        command = [sys.executable, __file__, "--group", name, "--count", str(count)]
        subprocess.run([*command, "--seed", str(given.seed)], check=True)


if __name__ == "__main__":
    main()
