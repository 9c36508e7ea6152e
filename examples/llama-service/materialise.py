"""Make a git repository of this example: its own files and the llama.cpp that it builds on.

    python3 examples/llama-service/materialise.py FOLDER [--sdist FILE]

llama.cpp comes from the source release named in llama.txt, which pip fetches once and checks
against its SHA-256; it is kept in $CI_GEN_CACHE, or ~/.cache/ci-gen. The standard library
alone is used. The same sources give the same commit.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
REQUIREMENT = HERE / "llama.txt"
VENDORED = PurePosixPath("vendor/llama.cpp")

LEFT_BEHIND = {"materialise.py", "llama.txt"}
"""Files of this folder that serve to make the repository and are no part of it."""

WANTED = (
    "CMakeLists.txt",
    "LICENSE",
    "cmake/",
    "common/",
    "ggml/CMakeLists.txt",
    "ggml/cmake/",
    "ggml/include/",
    "ggml/src/ggml-cpu/",
    "ggml/src/ggml-cuda/",
    "include/",
    "licenses/",
    "models/ggml-vocab-llama-spm.gguf",
    "scripts/ui-assets.cmake",
    "src/",
    "tools/",
    "vendor/",
)
"""What the CPU and CUDA backends and the tools are built from, and a vocabulary to test with: how
the names begin. Of ggml/src the files that lie in it directly are wanted too."""

UI = "tools/ui/"
"""A page in a browser. The tools are built without it, and want the files that leave it out."""


class MaterialiseError(Exception):
    """Something the caller can mend; the message says what."""


def cache_folder() -> Path:
    """Where downloads are kept between runs."""
    named = os.environ.get("CI_GEN_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "ci-gen"


def pinned() -> tuple[str, str]:
    """The file name and SHA-256 of the source release in llama.txt."""
    found = re.search(
        r"^([A-Za-z0-9-]+)==(\S+).*?--hash=sha256:([0-9a-f]{64})",
        REQUIREMENT.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    if not found:
        raise MaterialiseError(f"{REQUIREMENT} names no release with a hash")
    name, version, digest = found.groups()
    return f"{name.replace('-', '_')}-{version}.tar.gz", digest


def sha256(path: Path) -> str:
    """The hex digest of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fetch_sdist(cache: Path) -> Path:
    """The source release, from the cache or else through pip; its SHA-256 holds either way."""
    name, digest = pinned()
    kept = cache / name
    if kept.is_file() and sha256(kept) == digest:
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        _pip_download(Path(folder))
        downloaded = Path(folder) / name
        if not downloaded.is_file() or sha256(downloaded) != digest:
            raise MaterialiseError(f"what pip fetched is not the {name} that {REQUIREMENT} names")
        downloaded.replace(kept)
    return kept


def _pip_download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--dest", str(folder), "--require-hashes"]
    command += ["--no-binary", "llama-cpp-python", "--requirement", str(REQUIREMENT)]
    if importlib.util.find_spec("scikit_build_core"):
        # pip asks the release's build system for its metadata; with it at hand, pip need not
        # install one for that.
        command.append("--no-build-isolation")
    if subprocess.run(command, check=False).returncode:
        raise MaterialiseError(
            "pip could not fetch the llama-cpp-python source release; with no network, give it "
            "with --sdist FILE"
        )


def wanted(path: str) -> bool:
    """Whether a file of llama.cpp, named relative to its root, belongs in the example."""
    folder, _, _ = path.rpartition("/")
    if path.startswith(UI):
        return path.removeprefix(UI) in ("CMakeLists.txt", "sources.cmake", "ui.cpp.in", "ui.h.in")
    return folder == "ggml/src" or path.startswith(WANTED)


def extract(sdist: Path, target: Path) -> int:
    """Write the wanted part of llama.cpp below `target`; the number of files."""
    count = 0
    with tarfile.open(sdist) as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            inside = PurePosixPath(*parts[3:])
            if parts[1:3] != VENDORED.parts or not member.isfile() or ".." in parts:
                continue
            source = archive.extractfile(member) if wanted(str(inside)) else None
            if source:
                path = target / inside
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(source.read())
                path.chmod(0o755 if member.mode & 0o100 else 0o644)
                count += 1
    return count


def copy_example(target: Path) -> None:
    """Copy this folder's own files, without what tests and builds left behind."""
    ignored = {"__pycache__", "build", "dist", ".pytest_cache", ".ci-gen-build", *LEFT_BEHIND}
    for source in sorted(HERE.rglob("*")):
        inside = source.relative_to(HERE)
        if source.is_file() and not ignored & set(inside.parts):
            path = target / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, path)


def write_model(target: Path) -> None:
    """Write the test model as files of the repository: one that images are tried with, and one
    that is served, measured and published."""
    write = runpy.run_path(str(target / "tests/integration/alphabet_model.py"))["write"]
    for folder in ("tests/models", "models"):
        (target / folder).mkdir()
        write(target / folder / "alphabet.gguf")


def commit(target: Path, message: str) -> None:
    """Make `target` a git repository with one commit, alike on every machine."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        environment[f"GIT_{role}_NAME"] = "Example"
        environment[f"GIT_{role}_EMAIL"] = "example@example.invalid"
        environment[f"GIT_{role}_DATE"] = "2026-01-01T00:00:00Z"
    for arguments in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "--all", "--force"],
        ["commit", "--quiet", "--message", message],
    ):
        subprocess.run(["git", *arguments], cwd=target, env=environment, check=True)


def materialise(target: Path, sdist: Path | None = None) -> None:
    """Fill the empty or absent folder `target` with the example's repository.

    Raises MaterialiseError when the folder holds something, or llama.cpp cannot be had.
    """
    if target.exists() and any(target.iterdir()):
        raise MaterialiseError(f"{target} is not empty; name a new folder")
    source = sdist or fetch_sdist(cache_folder())
    if sha256(source) != pinned()[1]:
        raise MaterialiseError(f"{source} is not the source release that {REQUIREMENT} names")
    target.mkdir(parents=True, exist_ok=True)
    copy_example(target)
    extract(source, target / VENDORED)
    write_model(target)
    commit(target, "A service on llama.cpp")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make a git repository of this example.")
    parser.add_argument("folder", type=Path, help="where; must be empty or absent")
    parser.add_argument("--sdist", type=Path, help="the source release, if it is at hand")
    arguments = parser.parse_args()
    try:
        materialise(arguments.folder, arguments.sdist)
    except (MaterialiseError, OSError, subprocess.CalledProcessError, tarfile.TarError) as error:
        print(f"materialise: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
