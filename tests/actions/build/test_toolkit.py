from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.support.cuda import script, search, toolkit

from ci_gen_actions.build.toolkit import (
    Limits,
    candidates,
    choose,
    driver_text,
    limits,
    matches,
    parse_architectures,
    probe,
)


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ((12, 8), "12.8", True),
        ((12, 8), "12", True),
        ((12, 8), "", True),
        ((12, 8), "/opt/cuda", True),
        ((12, 8), "12.6", False),
        ((12, 8), "1", False),
        ((13, 0), "12", False),
    ],
)
def test_matches(version: tuple[int, int], wanted: str, expected: bool) -> None:
    assert matches(version, wanted) is expected


def test_where_a_toolkit_is_looked_for(tmp_path: Path) -> None:
    on_path = toolkit(tmp_path / "path")
    environ = {**search(on_path), "CUDA_HOME": "/opt/home"}
    assert candidates("", "", environ) == (
        f"{on_path}/nvcc",
        "/opt/home/bin/nvcc",
        "/usr/local/cuda/bin/nvcc",
    )
    assert candidates("", "/n/nvcc", {**environ, "CUDACXX": "/c/nvcc"})[:2] == (
        "/n/nvcc",
        "/c/nvcc",
    )
    assert candidates("12.8", "", environ)[0] == "/usr/local/cuda-12.8/bin/nvcc"
    assert candidates("/opt/x/", "", environ) == ("/opt/x/bin/nvcc",)


def test_the_first_of_the_wanted_version_is_chosen(tmp_path: Path) -> None:
    paths = [str(toolkit(tmp_path / v, v) / "nvcc") for v in ("12.6", "13.0", "12.8")]
    chosen, others = choose("13", ["/nonexistent/nvcc", *paths], search())
    assert chosen is not None
    assert (chosen.name, chosen.release) == ("CUDA 13.0", "13.0.88")
    assert [each.version for each in others] == [(12, 6)]
    chosen, others = choose("11.8", paths, search())
    assert chosen is None
    assert len(others) == 3


def test_what_is_read_of_a_toolkit(tmp_path: Path) -> None:
    bin_folder = toolkit(tmp_path / "cuda", "12.8", architectures=(90, 75), gcc=14, clang=19)
    (tmp_path / "cuda" / "compat").mkdir()
    (tmp_path / "cuda" / "compat" / "libcuda.so.1").touch()
    # the nvcc on PATH may be a script elsewhere
    wrapper = script(tmp_path / "path" / "nvcc", f'#!/bin/sh\nexec {bin_folder}/nvcc "$@"\n')
    found = probe(str(wrapper), search())
    assert found is not None
    assert found.root == str(tmp_path / "cuda")
    assert found.architectures == (75, 90)
    assert (found.limits.gcc, found.limits.clang) == (14, 19)
    assert found.compat


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho hello\n"])
def test_what_is_no_nvcc(text: str, tmp_path: Path) -> None:
    assert probe(str(script(tmp_path / "nvcc", text)), search()) is None


def test_limits_are_documented_where_the_header_is_silent() -> None:
    assert limits((12, 3), "") == Limits(gcc=12, clang=16, source="NVIDIA's installation guide")
    assert limits((99, 0), "") == Limits()
    assert Limits().accepts("gcc", 99)
    # the header wins: the table is of a version's first release
    header = "gcc versions later than 11 are not supported"
    assert limits((12, 3), header).gcc == 11


@pytest.mark.parametrize(
    ("text", "expected"),
    [("compute_75\ncompute_120\ncompute_90\n", (75, 90, 120)), ("", ()), ("compute_x", ())],
)
def test_architectures(text: str, expected: tuple[int, ...]) -> None:
    assert parse_architectures(text) == expected


def test_driver_text() -> None:
    assert driver_text((450, 80, 2)) == "450.80.02"
    assert driver_text((580,)) == "580"


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_the_toolkit_of_this_machine() -> None:
    found = probe("nvcc", os.environ)
    assert found is not None
    assert Path(found.root, "bin", "nvcc").exists()
    assert len(found.architectures) > 3
    assert found.limits.source == "its crt/host_config.h"
    assert found.limits.gcc >= 9
    assert found.limits.clang >= 9
