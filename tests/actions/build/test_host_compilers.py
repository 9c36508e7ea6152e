from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.support.cuda import compiler, script

from ci_gen_actions.build.host_compilers import HostCompiler, accepted, current, probe
from ci_gen_actions.build.toolkit import Limits


def path(folder: Path) -> dict[str, str]:
    """PATH with nothing but the stand-ins; their `echo` is the shell's own."""
    return {"PATH": str(folder)}


def test_gcc_and_clang_are_told_apart(tmp_path: Path) -> None:
    gcc = compiler(tmp_path, "g++", "gcc", 14)
    clang = compiler(tmp_path, "c++", "clang", 18)
    assert probe("g++", path(tmp_path)) == HostCompiler(path=str(gcc), kind="gcc", major=14)
    assert probe("c++", path(tmp_path)) == HostCompiler(path=str(clang), kind="clang", major=18)


def test_what_is_no_compiler(tmp_path: Path) -> None:
    script(tmp_path / "g++", "#!/bin/sh\nexit 1\n")
    assert probe("g++", path(tmp_path)) is None
    assert probe("nonesuch", path(tmp_path)) is None


@pytest.mark.parametrize(
    ("arguments", "variables", "named", "major"),
    [
        ((), {}, "", 14),
        (("-DCMAKE_CUDA_HOST_COMPILER=g++-12",), {"CUDAHOSTCXX": "g++-13"}, "-D", 12),
        ((), {"CUDAHOSTCXX": "g++-13"}, "CUDAHOSTCXX", 13),
        ((), {"NVCC_CCBIN": "g++-13"}, "NVCC_CCBIN", 13),
    ],
)
def test_who_chose_it(
    arguments: tuple[str, ...], variables: dict[str, str], named: str, major: int, tmp_path: Path
) -> None:
    for name, number in (("g++", 14), ("g++-12", 12), ("g++-13", 13)):
        compiler(tmp_path, name, "gcc", number)
    found = current(arguments, {**path(tmp_path), **variables})
    assert found.compiler is not None
    assert found.compiler.major == major
    assert found.named == ("CMAKE_CUDA_HOST_COMPILER" if named == "-D" else named)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("-DCMAKE_CUDA_FLAGS=-allow-unsupported-compiler",), {}),
        ((), {"NVCC_APPEND_FLAGS": "-allow-unsupported-compiler"}),
        ((), {"CUDAFLAGS": "--allow-unsupported-compiler -O2"}),
    ],
)
def test_nvcc_may_be_told_not_to_mind(
    arguments: tuple[str, ...], variables: dict[str, str], tmp_path: Path
) -> None:
    assert current(arguments, {**path(tmp_path), **variables}).overridden


def test_the_newest_that_is_accepted(tmp_path: Path) -> None:
    for name, kind, major in (
        ("g++-14", "gcc", 14),
        ("g++-12", "gcc", 12),
        ("g++-11", "gcc", 11),
        ("clang++-16", "clang", 16),
    ):
        compiler(tmp_path, name, kind, major)
    limits = Limits(gcc=13, clang=16)
    found = accepted(limits, path(tmp_path))
    assert found is not None
    assert found.path == str(tmp_path / "g++-12")
    for name in ("g++-11", "g++-12"):
        (tmp_path / name).unlink()
    found = accepted(limits, path(tmp_path))
    assert found is not None
    assert str(found) == f"clang 16 ({tmp_path}/clang++-16)"
    (tmp_path / "clang++-16").unlink()
    assert accepted(limits, path(tmp_path)) is None


def test_one_that_lies_about_its_version_is_passed_over(tmp_path: Path) -> None:
    compiler(tmp_path, "g++-12", "gcc", 14)
    assert accepted(Limits(gcc=12), path(tmp_path)) is None


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
def test_the_compiler_of_this_machine() -> None:
    found = probe("g++", os.environ)
    assert found is not None
    assert found.major >= 4
