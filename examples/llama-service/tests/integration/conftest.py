"""The binary under test: that of a built package, or of a build folder of this checkout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def binary() -> Path:
    """The built program."""
    package = os.environ.get("CI_GEN_PACKAGE_DIR")
    if package:
        places, hint = [Path(package)], "the folder in CI_GEN_PACKAGE_DIR"
    else:
        places = [ROOT / "build", *sorted(ROOT.glob(".ci-gen-build/*"))]
        hint = "build/; build the service there, or set CI_GEN_PACKAGE_DIR to a package's folder"
    for place in places:
        binary = place / "bin" / "llama-service"
        if binary.is_file():
            return binary
    pytest.fail(f"there is no bin/llama-service in {hint}")


@pytest.fixture(scope="session")
def service() -> Run:
    """Run the service with the given arguments, and standard input where there is any."""
    program = binary()

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def vocabulary() -> Path:
    """A model file of llama.cpp's own that has a real vocabulary and no weights."""
    return ROOT / "vendor/llama.cpp/models/ggml-vocab-llama-spm.gguf"
