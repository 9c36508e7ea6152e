"""`python bench/build`: what the compiler cache saves, and what the action costs.

    python bench/build [--tree llama|small] [--jobs N] [--cmake-arg ARG]... [--base IMAGE] [--json]

Cold is a build with an empty cache. Then the same sources are built again with everything in
the cache: in a new build folder after a comment was changed in one file, and in a fresh clone
at another place. The action's own cost is measured three times: against bare cmake with the same
arguments and no cache (two compiles, so the machine's other work shows), likewise in seconds of
processors, where it hardly does, and within one run, as the time that was not cmake's. All of
it includes stripping and packing; ctest is left out. With --base, an image in the local engine
such as debian:bookworm, an image of the package is compared with one that copies the whole build
folder, and a build of an image that compiles inside with bare `docker build` (--only-docker: that
alone).

llama.cpp's tree compiles three times: about half an hour on two cores, and less with
`--cmake-arg=-DCMAKE_CXX_FLAGS_RELEASE=-O1`. Needs cmake, ninja, ccache and a C++ compiler.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from compiles import Timed, action, bare
from docker_builds import DockerBuilds, docker_builds
from images import Sizes, sizes
from trees import TREES, Tree, change_a_comment


def measure(tree: Tree, folder: Path, jobs: int) -> dict[str, Timed]:
    """Every build by its name, in an order that leaves each what it needs."""
    cache = folder / "ccache"
    found = {}

    def step(name: str, timed: Timed) -> None:
        found[name] = timed
        print(f"{name}: {timed.total:.1f} s", file=sys.stderr, flush=True)

    first = tree.clone(folder / "first")
    step("bare cmake, no cache", bare(tree, first, jobs))
    step("action, no cache", action(tree, first, jobs, None))
    shutil.rmtree(first.parent / ".ci-gen-build")
    step("action, cold cache", action(tree, first, jobs, cache))
    shutil.rmtree(first.parent / ".ci-gen-build")
    change_a_comment(first / tree.touched)
    step("action, a comment changed", action(tree, first, jobs, cache))
    second = tree.clone(folder / "elsewhere" / "second")
    step("action, fresh clone", action(tree, second, jobs, cache))
    return found


def ratios(found: dict[str, Timed]) -> list[tuple[str, str, str]]:
    """What is asked of the action: name, found, goal."""
    cold = found["action, cold cache"].total
    plain, by_hand = found["action, no cache"], found["bare cmake, no cache"]
    return [
        (
            "cold / a comment changed",
            f"{cold / found['action, a comment changed'].total:.1f}x",
            ">= 10x",
        ),
        ("cold / fresh clone", f"{cold / found['action, fresh clone'].total:.1f}x", ">= 10x"),
        ("action over bare cmake", f"{plain.total / by_hand.total - 1:+.1%}", "<= 3 %"),
        ("the same, processors alone", f"{plain.cpu / by_hand.cpu - 1:+.1%}", "<= 3 %"),
        ("not cmake's, within a run", f"{(plain.total - plain.cmake) / plain.cmake:.1%}", "<= 3 %"),
    ]


def image_ratio(images: Sizes) -> list[tuple[str, str, str]]:
    """The same for the images: all of them, and what they add to their base."""
    added = (images.package - images.base) / max(1, images.build_folder - images.base)
    return [
        ("image / build folder's", f"{images.package / images.build_folder:.2f}", "<= 0.33"),
        ("without the base", f"{added:.2f}", "-"),
    ]


def docker_ratio(builds: DockerBuilds) -> list[tuple[str, str, str]]:
    """The same for the two builds of an image."""
    own = builds.action - builds.within
    return [
        ("action over docker build", f"{builds.action / builds.bare - 1:+.1%}", "<= 3 %"),
        ("not the build's, in a run", f"{own / builds.within:.1%} ({own:.1f} s)", "<= 3 %"),
    ]


def only_docker(tree: Tree, folder: Path, base: str, jobs: int) -> None:
    """Measure and print the builds of images alone."""
    builds = docker_builds(tree, folder / "docker", base, jobs)
    print(f"docker build {builds.bare:.1f} s, action {builds.action:.1f} s")
    for label, value, goal in docker_ratio(builds):
        print(f"{label:<28}{value:>15}{goal:>10}")


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python bench/build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tree", choices=sorted(TREES), default="llama")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cmake-arg", action="append", default=[], help="for every build")
    parser.add_argument("--base", default="", help="base image, to compare the sizes of images")
    parser.add_argument("--json", action="store_true", help="print every time as JSON")
    parser.add_argument("--only-docker", action="store_true", help="the builds of images alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tree = TREES[options.tree](Path(name) / "tree")
        tree = replace(tree, arguments=(*tree.arguments, *options.cmake_arg))
        if options.only_docker:
            only_docker(tree, Path(name), options.base or "debian:bookworm", options.jobs)
            return
        found = measure(tree, Path(name), options.jobs)
        images = builds = None
        if options.base:
            images = sizes(Path(name) / "elsewhere" / "second", options.base)
            builds = docker_builds(tree, Path(name) / "docker", options.base, options.jobs)
    if options.json:
        told = {each: asdict(timed) for each, timed in found.items()}
        print(json.dumps({**told, "images": images and asdict(images)}, indent=2))
        return
    print(f"{tree.name}, {options.jobs} jobs, {platform.machine()}\n")
    print(f"{'build':<28}{'seconds':>10}{'of cmake':>10}{'processor':>11}{'from ccache':>16}")
    for each, timed in found.items():
        times = f"{timed.total:>10.1f}{timed.cmake:>10.1f}{timed.cpu:>11.1f}"
        print(f"{each:<28}{times}{timed.hits or '-':>16}")
    print(f"\n{'ratio':<28}{'found':>15}{'to reach':>10}")
    measured = [*ratios(found), *(image_ratio(images) if images else [])]
    for label, value, goal in [*measured, *(docker_ratio(builds) if builds else [])]:
        print(f"{label:<28}{value:>15}{goal:>10}")
    if images:
        mib = [f"{each / (1 << 20):.1f} MiB" for each in asdict(images).values()]
        print("\nimage of the package {}, of the build folder {}, of the base {}".format(*mib))


if __name__ == "__main__":
    main()
