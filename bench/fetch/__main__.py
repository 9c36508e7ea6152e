"""`python bench/fetch`: fetch-model beside `curl | sha256sum` and huggingface_hub, one server.

Each round runs every arm once, in an order that changes from round to round, into an empty folder
of the same disk. The table prints medians of wall-clock and of CPU seconds (of the client alone),
and the ratio to curl with the digest, its file kept. Then the warm cache: what the second job
reads of the model's file, by strace.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.gguf_files import TEXT, File, Made, pair  # noqa: E402


@dataclass(frozen=True)
class Arm:
    """One way to fetch the file into a folder that is there and empty."""

    name: str
    command: Callable[[Path], list[str]]


def model(path: Path, size: int) -> str:
    """A GGUF file of about `size` random bytes; its digest."""
    # One tensor a 64 MiB, since a file is written and hashed piece by piece.
    piece = 64 << 20
    count = max(1, size // piece)
    keys = (pair("general.architecture", TEXT, "llama"),)
    head = File(
        keys,
        {
            f"blk.{number}.weight": Made((piece // 4,), offset=number * piece)
            for number in range(count)
        },
    ).encode()
    digest, chance = hashlib.sha256(), random.Random(1)
    with path.open("wb") as file:
        for data in (head, *(chance.randbytes(piece) for _ in range(count))):
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


@contextmanager
def served(path: Path, digest: str) -> Iterator[int]:
    """The file on a server in a process of its own; the port."""
    command = [sys.executable, str(HERE / "server.py"), str(path), digest]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def arms(port: int, digest: str, hub: Path) -> list[Arm]:
    """Everything that is compared."""
    url = f"http://127.0.0.1:{port}/org/repo/resolve/main/model.gguf"
    kept = 'curl -sS "$1" | tee "$2" | sha256sum'
    gone = 'curl -sS "$1" | sha256sum'
    script = (
        "import sys\nfrom huggingface_hub import hf_hub_download\n"
        "hf_hub_download('org/repo', 'model.gguf', cache_dir=sys.argv[1])"
    )

    def fetch_model(folder: Path) -> list[str]:
        return [
            *(sys.executable, "-B", "-m", "ci_gen_actions", "fetch-model", "--source", url),
            *("--sha256", digest, "--cache", str(folder / "cache")),
        ]

    return [
        Arm("curl, tee, sha256sum", lambda f: ["sh", "-c", kept, "sh", url, str(f / "m")]),
        Arm("curl, sha256sum, nothing kept", lambda _: ["sh", "-c", gone, "sh", url]),
        Arm("fetch-model", fetch_model),
        Arm("fetch-model, 1 connection", lambda f: [*fetch_model(f), "--connections", "1"]),
        Arm("huggingface_hub (no digest)", lambda f: [str(hub), "-c", script, str(f / "hub")]),
    ]


def environment(port: int) -> dict[str, str]:
    """That of the arms: ours, without a proxy, and with the local hub."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CI_GEN_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT / "actions" / "lib"),
        "HF_ENDPOINT": f"http://127.0.0.1:{port}",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }


def timed(command: list[str], folder: Path, environ: dict[str, str]) -> tuple[float, float]:
    """Wall-clock and CPU seconds of the command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr.decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu


def measure(all_arms: list[Arm], rounds: int, folder: Path, port: int, size: int) -> None:
    """Run everything and print the table."""
    found: dict[str, list[tuple[float, float]]] = {arm.name: [] for arm in all_arms}
    chance = random.Random(1)
    for _ in range(rounds):
        for arm in chance.sample(all_arms, len(all_arms)):
            place = folder / "place"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            os.sync()  # what the arm before left to be written is not this one's
            found[arm.name].append(timed(arm.command(place), place, environment(port)))
            print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    medians = {
        name: tuple(statistics.median(each[which] for each in values) for which in (0, 1))
        for name, values in found.items()
    }
    wall, cpu = medians[all_arms[0].name]
    print("| Arm | Seconds | MiB/s | x curl | CPU seconds | x curl |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (seconds, used) in medians.items():
        speed = size / seconds / 2**20
        print(
            f"| {name} | {seconds:.2f} | {speed:.0f} | {wall / seconds:.2f} | {used:.2f} "
            f"| {cpu / used:.2f} |"
        )


def warm(arm: Arm, folder: Path, port: int, size: int) -> None:
    """How much of the model's file a second job reads."""
    place = folder / "warm"
    place.mkdir()
    environ = environment(port)
    timed(arm.command(place), place, environ)
    if not shutil.which("strace"):
        print("strace is not there: the warm cache was not measured")
        return
    trace = folder / "trace"
    calls = "trace=openat,read,pread64,readv,preadv,mmap,close,sendfile,copy_file_range"
    strace = ["strace", "-f", "-y", "-e", calls, "-o", str(trace)]
    seconds, _ = timed([*strace, *arm.command(place)], place, environ)
    read = 0
    for line in trace.read_text("utf-8", "replace").splitlines():
        if re.search(r"(read|readv|pread64|preadv)\(\d+<[^>]*model\.gguf>", line):
            read += max(0, int(line.rpartition("= ")[2].split()[0]))
        elif "model.gguf>" in line and re.search(r"(mmap|sendfile|copy_file_range)\(", line):
            sys.exit(f"the file was read in another way: {line}")
    print(f"\nWarm cache: {read:,} of {size:,} bytes of the model were read ({seconds:.2f} s).")


def hub_python(folder: Path) -> Path:
    """A Python with huggingface_hub."""
    place = folder / "hub-env"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "huggingface_hub"], check=True)
    return place / "bin" / "python"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where the files lie; /dev/shm takes the disk out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        path = folder / "model.gguf"
        digest = model(path, given.mib << 20)
        size = path.stat().st_size
        with served(path, digest) as port:
            everything = arms(port, digest, hub_python(folder))
            measure(everything, given.rounds, folder, port, size)
            warm(everything[2], folder, port, size)
        print(json.dumps({"bytes": size, "rounds": given.rounds, "cpus": os.cpu_count()}))


if __name__ == "__main__":
    main()
