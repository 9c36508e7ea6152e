"""Packages of the same llama.cpp that differ in how it computes, and models that differ in worth.

    python -m tests.support.llama_variants avx2 openblas

prints where the packages lie, after making those that are not there yet. They differ from the
package of `llama_package` in the CPU backend alone, so that the compiler cache has the rest.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.support.llama_package import (
    AVX2,
    COMMON_ARGS,
    build_llama,
    cache_folder,
    clone,
    digest_of,
    llama_sources,
    locked,
    server_package,
    smollm2,
)

TARGETS = ("llama-server", "llama-perplexity")

VARIANTS = {
    "plain": (),
    "avx2": AVX2,
    "avx512": (*AVX2, *(f"-DGGML_AVX512{name}=ON" for name in ("", "_VBMI", "_VNNI"))),
    # Its kernels are chosen when it is loaded, by the processor.
    "openblas": (*AVX2, "-DGGML_BLAS=ON", "-DGGML_BLAS_VENDOR=OpenBLAS"),
}
"""CMake arguments by the name of the variant. `openblas` needs Debian's libopenblas-dev."""


def variant(name: str) -> Path:
    """The .tar.gz of a variant; made where it is not there.

    Raises AssertionError with the build's log where the action does not pass.
    """
    arguments = (*COMMON_ARGS, *VARIANTS[name])
    sources = llama_sources()
    folder = cache_folder() / f"llama-{name}-{digest_of(sources.name, *TARGETS, *arguments)}"
    package = folder / "llama-cpu.tar.gz"
    with locked(folder):
        if not package.is_file():
            with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
                ran = build_llama(
                    clone(sources, Path(temporary)),
                    targets=TARGETS,
                    cmake_args=arguments,
                    ctest=False,
                )
                assert ran.verdict == "PASS", ran.log[-20_000:]
                folder.mkdir(exist_ok=True)
                (Path(temporary) / ran.outputs.package).replace(package)
    return package


def requantized(kind: str) -> Path:
    """SmolLM2 in another precision, such as Q2_K, made by the package's own llama-quantize.

    Raises CalledProcessError where it fails.
    """
    source, package = smollm2(), server_package()
    folder = cache_folder() / f"requantized-{digest_of(source.parent.name, package.parent.name)}"
    model = folder / source.name.replace("Q4_1", kind)
    with locked(folder):
        if not model.is_file():
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
                with tarfile.open(package) as archive:
                    archive.extractall(temporary, filter="data")
                (program,) = Path(temporary).glob("**/bin/llama-quantize")
                unfinished = Path(temporary) / model.name
                argv = [program, "--allow-requantize", source, unfinished, kind]
                subprocess.run(argv, check=True, capture_output=True)
                unfinished.replace(model)
    return model


if __name__ == "__main__":
    for each in sys.argv[1:]:
        print(variant(each))
