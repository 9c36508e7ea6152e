"""`python bench/registry`: publishers and promoters that are killed, and how long a list takes.

The first table: writers at once, each killed at random moments and begun again; afterwards gc, then
every byte is verified, and each publication and move that a writer was told is done is looked for.
The OCI registry is a docker-registry of its own with a login, its data branch a bare repository,
each writer with a clone of its own as on a runner. The second table: `ci-gen model list` of a model
with many versions, as a process, from its start to its end. Anything lost ends the run with 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "actions" / "lib"), str(ROOT / "generator")]

from tests.support import engine  # noqa: E402
from tests.support.gguf_files import tiny  # noqa: E402
from tests.support.registry_storm import Site, Storm, storm  # noqa: E402

from ci_gen_actions.model_registry import draft, ledger, metadata  # noqa: E402
from ci_gen_actions.model_registry.data_branch import DataBranch  # noqa: E402
from ci_gen_actions.model_registry.registry import Draft  # noqa: E402

PASSWORD = "secret"
NAME = "many"


def main() -> int:
    """Print both tables; 1 where something was lost or damaged."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="bench-registry-") as folder:
        place = Path(folder)
        storms = [_folder(place / "folder", arguments)]
        with engine.registry(password=PASSWORD) as served:
            storms.append(_oci(place / "oci", served.host, arguments))
            lists = [
                _listed_folder(place / "many", arguments.versions),
                _listed_oci(place / "many-oci", served.host, arguments.versions),
            ]
    _print_storms(storms)
    _print_lists(lists, arguments.versions)
    for name, found in storms:
        for each in found.wrong:
            print(f"{name}: {each}")
    return 1 if any(found.wrong for _, found in storms) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/registry")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--lives", type=int, default=20, help="how often each writer is begun")
    parser.add_argument("--life", type=float, default=1.5, help="seconds of a life at most, folder")
    parser.add_argument("--oci-lives", type=int, default=8)
    parser.add_argument("--oci-life", type=float, default=12.0)
    parser.add_argument("--versions", type=int, default=10_000, help="versions that are listed")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    return parser.parse_args()


def _folder(place: Path, arguments: argparse.Namespace) -> tuple[str, Storm]:
    place.mkdir()
    site = Site(location="models", checkouts=[place])
    found = storm(
        site,
        place / "notes",
        writers=arguments.writers,
        lives=arguments.lives,
        life=arguments.life,
        seed=arguments.seed,
    )
    return "folder", found


def _oci(place: Path, host: str, arguments: argparse.Namespace) -> tuple[str, Storm]:
    place.mkdir()
    _git(place, "init", "--quiet", "--bare", "remote")
    checkouts = [place / f"runner-{number}" for number in range(arguments.writers)]
    for each in checkouts:
        _git(place, "clone", "--quiet", "remote", str(each))
    site = Site(
        location=f"oci://{host}/team/models",
        checkouts=checkouts,
        username=engine.USER,
        password=PASSWORD,
    )
    found = storm(
        site,
        place / "notes",
        writers=arguments.writers,
        lives=arguments.oci_lives,
        life=arguments.oci_life,
        seed=arguments.seed,
    )
    return "OCI registry", found


def _listed_folder(place: Path, versions: int) -> tuple[str, list[tuple[float, float]]]:
    """Make the versions as the registry leaves them, but without waiting for the disk."""
    own = place / "models" / NAME
    (own / ".ci-gen").mkdir(parents=True)
    made = _draft(place)
    lines = []
    for number in range(versions):
        told = replace(made.metadata, version=f"1.{number}")
        folder = own / f"v1.{number}"
        folder.mkdir()
        data = metadata.to_bytes(told)
        (folder / "metadata.json").write_bytes(data)
        os.link(made.parts[0].path, folder / "model.gguf")
        (folder / "performance_report.json").write_bytes(made.report)
        lines.append(ledger.line(ledger.row_of(told, _digest(data), len(data))))
    (own / ".ci-gen" / "versions.jsonl").write_text("".join(lines))
    (own / "latest").symlink_to(f"v1.{versions - 1}")
    return "folder", _timed(place, "models", versions)


def _listed_oci(place: Path, host: str, versions: int) -> tuple[str, list[tuple[float, float]]]:
    place.mkdir()
    _git(place, "init", "--quiet", "--bare", "remote")
    _git(place, "clone", "--quiet", "remote", "clone")
    made = _draft(place)
    data = metadata.to_bytes(made.metadata)
    row = ledger.row_of(made.metadata, _digest(data), len(data), manifest="sha256:" + "0" * 64)
    lines = [ledger.line(replace(row, version=f"1.{number}")) for number in range(versions)]
    path = f"models/{host.replace(':', '_')}/team/many/{NAME}/versions.jsonl"
    branch = DataBranch(place / "clone", "ci-gen-data", {})
    branch.change("many", lambda _: {path: "".join(lines).encode()})
    return "OCI registry", _timed(place / "clone", f"oci://{host}/team/many", versions)


def _draft(place: Path) -> Draft:
    place.mkdir(exist_ok=True)
    path = place / "tiny.gguf"
    path.write_bytes(tiny())
    given = draft.Given(name=NAME, version="1.0", at="2026-11-27T10:00:00Z", by="bench")
    return draft.draft([path], (), given)


def _timed(folder: Path, location: str, versions: int) -> list[tuple[float, float]]:
    """Seven listings, each a process of its own: seconds of the wall clock and of the processor."""
    words = [sys.executable, "-m", "ci_gen", "model", "list", "--json", "--registry", location]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[:3])}
    seconds = []
    for _ in range(7):
        started, before = time.perf_counter(), os.times()
        done = subprocess.run(
            [*words, NAME], cwd=folder, env=environ, capture_output=True, check=True
        )
        after = os.times()
        used = after.children_user + after.children_system
        used -= before.children_user + before.children_system
        seconds.append((time.perf_counter() - started, used))
        if len(json.loads(done.stdout)) != versions:
            sys.exit(f"{location}: not {versions} versions were listed")
    return seconds


def _print_storms(storms: Sequence[tuple[str, Storm]]) -> None:
    head = ("registry", "kills", "published", "moved", "refused", "mended", "wrong", "seconds")
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for name, found in storms:
        cells = (
            name,
            found.kills,
            found.published,
            found.moved,
            found.refused,
            found.leftovers,
            len(found.wrong),
            f"{found.seconds:.0f}",
        )
        print("| " + " | ".join(map(str, cells)) + " |")


def _print_lists(lists: Sequence[tuple[str, list[tuple[float, float]]]], versions: int) -> None:
    print(f"\n| list of {versions:,} versions | median s | fastest s | processor s |")
    print("|---|---|---|---|")
    for name, seconds in lists:
        wall, used = zip(*seconds, strict=True)
        cells = (statistics.median(wall), min(wall), statistics.median(used))
        print(f"| {name} | " + " | ".join(f"{each:.2f}" for each in cells) + " |")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"\n{os.cpu_count()} processors; load averages at the end: {load}")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
