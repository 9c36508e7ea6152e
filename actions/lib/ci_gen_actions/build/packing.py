"""The last phase of a build: what was built is looked at, stripped, tried and packed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.archive import Entry, write_tar_gz
from ..core.dialect import Dialect
from ..core.files import write_atomically
from ..core.process import capture
from ..core.result import Verdict
from . import cuda_architectures, cuda_binaries, folder, llama_build, smoke, symbols
from .arguments import architectures, defined
from .cuda_binaries import DeviceCode
from .facts import Command, Folders, Sources
from .manifest import compilers, file_digests, manifest, to_json
from .options import Options
from .package import STAGING, Package, collect
from .staging import lay_out
from .stop import Stop

_NVCC_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What was packed. `debug` is None where there are no symbols in files of their own."""

    archive: Path
    sha256: str
    debug: Path | None
    debug_sha256: str
    manifest: Path
    values: Mapping[str, object]
    smoke: smoke.Smoke | None
    gpu_code: Mapping[str, str]


def paths(folders: Folders, name: str) -> tuple[Path, Path, Path]:
    """The package, its manifest, and the debug package.

    That one has a folder of its own: `<output>/*.tar.gz` means the package, as it always did.
    """
    return (
        folders.output / f"{name}.tar.gz",
        folders.output / f"{name}.manifest.json",
        folders.output / "debug" / f"{name}-debug.tar.gz",
    )


@dataclass(kw_only=True)
class Packing:
    """One package in the making. `tools` gets the versions of what was used; `note` tells.

    `gpu` says whether this machine has one, `gpu_locks` are descriptors that keep it for us.
    """

    options: Options
    sources: Sources
    folders: Folders
    command: Command
    environ: Mapping[str, str]
    ci: Dialect
    name: str
    tools: dict[str, str]
    note: Callable[[str], None]
    gpu: bool
    gpu_locks: Sequence[int] = ()
    cache: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.cache = folder.cache_values(self.folders.build)

    def run(self) -> Packed:
        """Pack; the archives appear last, when everything that could refuse them has passed.

        Raises Stop where an architecture is missing or the GPU was not used.
        """
        staging = self.folders.build / STAGING
        try:
            package = collect(self.folders.build, self.options.package_paths)
            code = self._device_code(package)
            package = self._stripped(package)
            laid_out = lay_out(package.entries, staging / "package")
            llama = llama_build.of_package(laid_out / "bin", self.folders.build, self.environ)
            proof = self._smoke(laid_out)
            return self._write(package, code, llama, proof)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    # GPU code --------------------------------------------------------------------------------

    def _device_code(self, package: Package) -> Mapping[str, DeviceCode]:
        if self.options.backend != "cuda":
            return {}
        nvcc = self.cache.get("CMAKE_CUDA_COMPILER", "")
        search = self.environ.get("PATH", "")
        beside = Path(nvcc).parent if nvcc else None
        tool = shutil.which("cuobjdump", path=f"{beside}:{search}" if beside else search) or ""
        found = cuda_binaries.find(package.entries, tool, self.environ)
        wanted = self._wanted(nvcc)
        cuda_architectures.require_known(wanted, found)
        for member, code in found.files.items():
            self.ci.log(f"{member}: {code}")
        missing = cuda_architectures.lacking(wanted, found)
        if missing:
            raise Stop(
                Verdict.FAIL,
                f"the package lacks architectures that were asked for: {'; '.join(missing)}. "
                f"{_what_it_has(found)} Next: see whether the project's CMake files or "
                "cmake-args set CMAKE_CUDA_ARCHITECTURES to something else",
            )
        if not found.files and not found.unknown:
            self.note("The package holds no code for GPUs, though the backend is cuda.")
        for member in found.unknown:
            self.note(f"For which GPUs {member} was built cannot be told without cuobjdump.")
        return found.files

    def _wanted(self, nvcc: str) -> tuple[str, ...]:
        """The architectures that the inputs ask for, `native` as what CMake was told instead."""
        given = defined(self.options.cmake_args).get("CMAKE_CUDA_ARCHITECTURES", "")
        asked = architectures(self.options.architectures) or tuple(filter(None, given.split(";")))
        if not asked:
            return ()
        told = defined(self.command.argv).get("CMAKE_CUDA_ARCHITECTURES", "")
        spelled = (told.split(";") if word == "native" else [word] for word in asked)
        return cuda_architectures.expected(
            [each for words in spelled for each in words],
            self._supported(nvcc),
            cuda_architectures.words(self.folders.build),
        )

    def _supported(self, nvcc: str) -> tuple[int, ...]:
        if not nvcc:
            return ()
        done = capture([nvcc, "--list-gpu-code"], env=self.environ, timeout=_NVCC_SECONDS)
        return cuda_architectures.supported(done.stdout.decode("utf-8", "replace"))

    # Symbols, and whether it works -----------------------------------------------------------

    def _stripped(self, package: Package) -> Package:
        if not self.options.strip:
            return package
        tool = symbols.objcopy(self.cache, self.environ)
        if not tool:
            self.note(
                "objcopy is not installed: the package keeps its symbols, and there is no debug "
                "package. apt-get install binutils, or dnf install binutils, brings it."
            )
            return package
        done = capture([tool, "--version"], env=self.environ, timeout=_NVCC_SECONDS)
        self.tools["objcopy"] = _first_line(done.stdout)
        return symbols.split(package, self.folders.build, tool, self.environ)

    def _smoke(self, laid_out: Path) -> smoke.Smoke | None:
        options = self.options
        asked = bool(options.smoke_model or options.smoke_command)
        if options.backend != "cuda":
            return None
        if not self.gpu:
            self.note(
                "NO SMOKE TEST: this machine has no GPU. That the package computes on one is "
                "not shown."
            )
            return None
        if not asked:
            self.note(
                "NO SMOKE TEST: this machine has a GPU, but smoke-model names no model to try. "
                "That the package computes on it is not shown."
            )
            return None
        argv = smoke.command(
            laid_out, options.smoke_model, options.smoke_command, self.folders.workspace
        )
        proof = smoke.run(argv, self.ci, self.environ, options.smoke_timeout, self.gpu_locks)
        self.note(f"The smoke test ran on {proof.gpus}: {proof.layers} layers on the GPU.")
        return proof

    # Archives --------------------------------------------------------------------------------

    def _write(
        self,
        package: Package,
        code: Mapping[str, DeviceCode],
        llama: str,
        proof: smoke.Smoke | None,
    ) -> Packed:
        archive, manifest_path, debug_path = paths(self.folders, self.name)
        values = self._manifest(package, code, llama)
        text = to_json(values)
        entries = (*package.entries, Entry(name="manifest.json", data=text.encode()))
        debug_digest = ""
        if package.debug:
            debug_digest = write_tar_gz(debug_path, package.debug, mtime=self.sources.time)
        digest = write_tar_gz(archive, entries, mtime=self.sources.time)
        write_atomically(manifest_path, text)
        for entry in package.entries:
            self.ci.log(entry.name)
        return Packed(
            archive=archive,
            sha256=digest,
            debug=debug_path if package.debug else None,
            debug_sha256=debug_digest,
            manifest=manifest_path,
            values=values,
            smoke=proof,
            gpu_code={member: str(each) for member, each in code.items()},
        )

    def _manifest(
        self, package: Package, code: Mapping[str, DeviceCode], llama: str
    ) -> dict[str, object]:
        for language, compiler in compilers(self.cache).items():
            done = capture([compiler, "--version"], env=self.environ, timeout=_NVCC_SECONDS)
            lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
            # nvcc tells its version in its last lines, all others in the first
            self.tools[language] = (lines[-1] if language == "cuda" else lines[0]) if lines else ""
        values = manifest(
            self.options, self.sources, self.folders, self.command, self.cache, self.tools
        )
        values["llama-build"] = llama
        values["stripped"] = bool(package.debug)
        values["architectures"] = {member: each.document() for member, each in code.items()}
        values["system-libraries"] = list(package.system_libraries)
        values["files"] = file_digests(package.entries)
        return values


def _first_line(text: bytes) -> str:
    return next(iter(text.decode("utf-8", "replace").strip().splitlines()), "")


def _what_it_has(found: cuda_binaries.Findings) -> str:
    if not found.files:
        return "It holds no code for GPUs at all."
    return " ".join(f"{member} has {code}." for member, code in sorted(found.files.items()))
