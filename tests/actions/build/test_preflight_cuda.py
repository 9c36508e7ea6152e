"""The checks compared with a real nvcc: what they refuse it refuses, what they take it takes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.action_runs import act, checkout, environment, missing_tool
from tests.support.cuda import script

from ci_gen_actions.build import host_compilers
from ci_gen_actions.build.toolkit import Toolkit, probe

GCC = shutil.which("g++", path=environment()["PATH"])
FOUND = probe("nvcc", environment())

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(missing_tool() != "", reason=missing_tool()),
    pytest.mark.skipif(FOUND is None, reason="nvcc is not installed"),
    pytest.mark.skipif(GCC is None, reason="g++ is not installed"),
]


def nvcc() -> Toolkit:
    assert FOUND is not None
    return FOUND


def pretender(folder: Path, major: int, name: str = "g++") -> Path:
    """The real g++, which says that it is of another version."""
    return script(folder / name, f'#!/bin/sh\nexec {GCC} -U__GNUC__ -D__GNUC__={major} "$@"\n')


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_newest_host_compiler_is_the_one_that_nvcc_says(beyond: int, tmp_path: Path) -> None:
    major = nvcc().limits.gcc + beyond
    host = pretender(tmp_path, major)
    (tmp_path / "a.cu").write_text("__global__ void nothing() {}\n")
    architecture = f"-arch=compute_{nvcc().architectures[0]}"
    argv = [nvcc().nvcc, "-ccbin", host, architecture, "-ptx", "a.cu", "-o", "a.ptx"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    seen = host_compilers.probe(str(host), environment())
    assert seen is not None
    assert seen.major == major
    accepted = nvcc().limits.accepts(seen.kind, seen.major)
    assert accepted is (beyond == 0)
    # an accepted version may still fail, over the headers of another one
    assert ("unsupported GNU version" in done.stderr) is not accepted, done.stderr


def test_a_build_with_a_host_compiler_that_is_too_new(tmp_path: Path) -> None:
    workspace = checkout("cuda-small", tmp_path / "project")
    pretender(tmp_path / "tools", 99)
    # of its real version: nvcc takes this one
    real = script(tmp_path / "tools" / "g++-9", f'#!/bin/sh\nexec {GCC} "$@"\n')
    path = os.pathsep.join([str(tmp_path / "tools"), environment()["PATH"]])
    environ = {"PATH": path, "CUDAHOSTCXX": ""}
    options = {
        "service": "small",
        "backend": "cuda",
        "jobs": "1",
        "compiler_cache": "none",
        "architectures": (f"{nvcc().architectures[-1]}-real",),
        "min_disk_gib": "0",
    }
    ran = act("build", workspace, environ, **options)
    assert ran.verdict == "PASS", ran.log
    assert "does not accept gcc 99" in ran.log
    named = {**environ, "CUDAHOSTCXX": str(tmp_path / "tools" / "g++")}
    refused = act("build", workspace, named, **options)
    assert (refused.verdict, refused.status) == ("ERROR", 3)
    assert "set -DCMAKE_CUDA_HOST_COMPILER=" in refused.log
    assert real.exists()
