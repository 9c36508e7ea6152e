"""Looks at the machine before a build: the effects behind `preflight`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace

from . import capacity, gpus, host_compilers, nvidia_smi, toolkit
from .arguments import architectures, defined, toolkit_folder
from .facts import Folders, Machine
from .findings import Facts
from .options import Options


def survey(
    options: Options, machine: Machine, folders: Folders, environ: Mapping[str, str]
) -> Facts:
    """Everything that the checks of a CUDA build look at.

    Raises UsageError for a toolkit or architectures that are none.
    """
    architectures(options.architectures)
    toolkit_folder(options.toolkit)
    named = defined(options.cmake_args).get("CMAKE_CUDA_COMPILER", "")
    paths = toolkit.candidates(options.toolkit, named, environ)
    chosen, others = toolkit.choose(options.toolkit, paths, environ)
    host = host_compilers.current(options.cmake_args, environ)
    unfit = (
        chosen is not None
        and host.compiler is not None
        and not chosen.limits.accepts(host.compiler.kind, host.compiler.major)
    )
    reading = nvidia_smi.read(environ)
    return Facts(
        reading=reading,
        gpus=gpus.visible(reading.gpus, environ),
        toolkit=chosen,
        others=others,
        found_by_cmake=chosen is not None and _found_by_cmake(chosen, named, environ),
        host=host,
        alternative=host_compilers.accepted(chosen.limits, environ) if chosen and unfit else None,
        capacity=capacity.measure(folders.build, machine.memory),
        cmake_version=machine.cmake_version,
    )


def again(facts: Facts, environ: Mapping[str, str]) -> Facts:
    """The facts with the GPUs as they are now: after a wait, others compute on them or none."""
    reading = nvidia_smi.read(environ)
    return replace(facts, reading=reading, gpus=gpus.visible(reading.gpus, environ))


def _found_by_cmake(chosen: toolkit.Toolkit, named: str, environ: Mapping[str, str]) -> bool:
    """Whether CMake takes that nvcc by itself: named, in CUDACXX, or first on PATH."""
    first = named or environ.get("CUDACXX") or "nvcc"
    return shutil.which(first, path=environ.get("PATH")) == chosen.nvcc
