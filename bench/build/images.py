"""The size of an image with the package, against one with the whole build folder.

Both are made by the classic builder, which every engine has and whose files are the same, on one
base, which must be in the engine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

_LABEL = "ci-gen.bench=build"


@dataclass(frozen=True)
class Sizes:
    """Bytes of the images, and of the base that both stand on."""

    package: int
    build_folder: int
    base: int


def sizes(workspace: Path, base: str) -> Sizes:
    """Of a workspace in which the action has built and packed. The images are removed again."""
    (archive,) = (workspace / "dist").glob("*.tar.gz")
    build = workspace / ".ci-gen-build" / "bench-cpu"
    package = workspace / "image-package"
    with tarfile.open(archive) as tar:
        tar.extractall(package / "files", filter="data")
    whole = workspace / "image-build"
    shutil.copytree(build, whole / "files", symlinks=True)
    return Sizes(_size(package, base), _size(whole, base), _inspect(base))


def _size(context: Path, base: str) -> int:
    """An image with the context's files on the base: its size as the engine tells it."""
    (context / "Dockerfile").write_text(f"FROM {base}\nCOPY files /opt\n", encoding="utf-8")
    image = _docker("build", "--quiet", "--pull=false", "--label", _LABEL, str(context))
    try:
        return _inspect(image)
    finally:
        _docker("image", "rm", image)


def _inspect(image: str) -> int:
    return int(_docker("image", "inspect", "--format", "{{.Size}}", image))


def _docker(*words: str) -> str:
    """Docker's answer. Ends the benchmark where it fails."""
    environ = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(
        ["docker", *words], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"docker {' '.join(words)} failed:\n{done.stderr[-3000:]}")
    return done.stdout.strip()
