from __future__ import annotations

import os
from pathlib import Path

import pytest

from ci_gen_actions.build.llama_build import of_package, parse_version

TODAY = "version: 0.5.0-dev (build 1, commit 958604f)\nbuilt with GNU 12.2.0 for Linux x86_64\n"
BEFORE = "version: 4589 (eb7cf15a)\nbuilt with cc (Debian 12.2.0-14) 12.2.0 for x86_64-linux-gnu\n"
INFO = 'int LLAMA_BUILD_NUMBER = 4589;\nchar const * LLAMA_COMMIT = "eb7cf15a";\n'


@pytest.mark.parametrize(
    ("text", "build"),
    [
        (TODAY, "b1-958604f"),
        ("warning: no usable GPU found\n" + TODAY, "b1-958604f"),
        (BEFORE, "b4589-eb7cf15a"),
        ("version: 0 (unknown)\n", "b0-unknown"),
        ("llama-service 0.1.0\n", ""),
        ("", ""),
    ],
)
def test_versions_of_two_vintages(text: str, build: str) -> None:
    assert parse_version(text) == build


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_server_is_asked(tmp_path: Path) -> None:
    program(tmp_path / "bin/llama-server", f"echo '{BEFORE}' >&2")
    assert of_package(tmp_path / "bin", tmp_path, os.environ) == "b4589-eb7cf15a"


@pytest.mark.parametrize(
    "script",
    ["echo 'error while loading shared libraries: libcuda.so.1' >&2; exit 127", "echo", ""],
)
def test_one_that_cannot_start_leaves_it_to_the_build_folder(tmp_path: Path, script: str) -> None:
    program(tmp_path / "bin/llama-cli", script)
    if not script:
        (tmp_path / "bin/llama-cli").write_text("")
    assert of_package(tmp_path / "bin", tmp_path, os.environ) == ""
    (tmp_path / "build/common").mkdir(parents=True)
    (tmp_path / "build/common/build-info.cpp").write_text(INFO)
    assert of_package(tmp_path / "bin", tmp_path / "build", os.environ) == "b4589-eb7cf15a"


def test_a_package_without_llama_cpp(tmp_path: Path) -> None:
    (tmp_path / "build-info.cpp").write_text(INFO)
    assert of_package(tmp_path / "bin", tmp_path, os.environ) == ""
