"""The `build` action: configure, compile, test, package."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from ..core import checkout, junit
from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError
from ..core.options import variable
from ..core.process import Completed
from ..core.process import run as run_process
from ..core.result import Result, Verdict
from . import cmake_files, compiler_cache, compiler_log, folder, plan
from .environment import STATS_LOG, TEMPORARY, passwords, remote_cache
from .facts import Command, Folders, Machine, Sources
from .machine import probe
from .manifest import portable_arguments
from .options import Options
from .packing import Packing, paths
from .prepare import Prepared, prepared
from .report import Story, result
from .stop import Stop

_REMOTE = variable("build", "cache-remote")


def run(options: Options, ci: Dialect) -> Result:
    """Build, test and package; the package is only there where the verdict is PASS.

    Raises UsageError for inputs that fit no build, CannotDecide where the machine lacks
    something.
    """
    folders = plan.paths(options, ci.workspace.resolve())
    if not (folders.source / "CMakeLists.txt").is_file():
        raise UsageError(
            f"{folders.source} has no CMakeLists.txt",
            where="input source",
            why="build is for CMake projects",
            next="give the folder of the project; if it is a submodule, check it out",
        )
    return Build(options, ci, folders).run()


class Build:
    """One build: what it was asked, where it works, and its story so far."""

    def __init__(self, options: Options, ci: Dialect, folders: Folders) -> None:
        self.options = options
        self.ci = ci
        self.folders = folders
        self.environ = {name: text for name, text in ci.environ.items() if name != _REMOTE}
        for secret in passwords(options.cache_remote):
            ci.mask(secret)
        self.story = Story()
        self.machine: Machine = probe(self.environ, options.cmake_args)
        self.sources = self._sources()
        self.tools = {"cmake": plan.version_text(self.machine.cmake_version)}

    def run(self) -> Result:
        """All phases."""
        # what an earlier run left must never pass for this one's
        outputs = paths(self.folders, plan.package_name(self.options))
        for path in (*outputs, self.folders.junit):
            path.unlink(missing_ok=True)
        command = self._plan(Prepared())
        verdict = Verdict.PASS
        try:
            with ExitStack() as held:
                lock = held.enter_context(
                    folder.locked(self.folders.build, self.ci, self.options.timeout)
                )
                machine = held.enter_context(self._prepared())
                command = self._plan(machine)
                self._configure(command, lock)
                self._compile(command, lock)
                self._test(machine)
                self._package(command, machine)
        except Stop as stop:
            verdict, self.story.reason = stop.verdict, stop.reason
            self.ci.error(stop.reason)
        return result(
            verdict,
            self.options,
            self.sources,
            self.story,
            arguments=portable_arguments(command, self.folders),
            tools=self.tools,
        )

    def _prepared(self) -> AbstractContextManager[Prepared]:
        return prepared(self.options, self.machine, self.folders, self.environ, self.ci, self.story)

    def _plan(self, machine: Prepared) -> Command:
        return plan.configure(
            self.options, self.machine, self.sources, self.folders, self.environ, machine.cuda
        )

    def _sources(self) -> Sources:
        found = cmake_files.scan(self.folders.source, self.folders.workspace, self.folders.build)
        head = checkout.head(self.folders.source, self.folders.workspace)
        return Sources(
            folder=self.folders.source,
            llama=found.llama,
            cuda_options=found.cuda,
            native_options=found.native,
            head=head,
            time=checkout.epoch(self.environ, head),
        )

    # Phases --------------------------------------------------------------------------------

    def _configure(self, command: Command, lock: int) -> None:
        build = self.folders.build
        reason = folder.clean(
            build, self.folders.source, plan.generator(self.options, self.machine)
        )
        if reason:
            self._note(f"The build folder was deleted: {reason}.")
        with self.ci.group("Configure"), folder.phase(build, "configure"):
            if folder.forget_other_arguments(build, command):
                self._note("The arguments changed: CMake was configured anew.")
            done = self._process("configuration", command.argv, command, lock)
        self._judge("configuration", done)
        self._check_cuda()

    def _check_cuda(self) -> None:
        """A switch that nobody reads would give a CPU build that calls itself CUDA."""
        if self.options.backend != "cuda":
            return
        name = plan.cuda_option(self.options, self.sources)
        if folder.cache_type(self.folders.build, name) in ("", "UNINITIALIZED"):
            raise CannotDecide(
                f"nothing in these sources knows the option {name}",
                where="input cuda-option",
                why="the build would silently be one for the CPU",
                next="name the option of this llama.cpp, or set backend to cpu",
            )

    def _compile(self, command: Command, lock: int) -> None:
        (self.folders.build / STATS_LOG).unlink(missing_ok=True)
        argv = plan.build(self.options, self.machine, self.folders)
        with self.ci.group("Build"), folder.phase(self.folders.build, "build"):
            done = self._process("build", argv, command, lock)
        self.story.cache = compiler_cache.read(self.folders.build / STATS_LOG)
        self._judge("build", done)

    def _test(self, machine: Prepared) -> None:
        if not self.options.ctest:
            self._note("ctest was not asked for: this build is untested.")
            return
        argv = plan.ctest(self.options, self.machine, self.folders)
        self.folders.junit.parent.mkdir(parents=True, exist_ok=True)
        with self.ci.group("Test"):
            done = run_process(
                argv,
                ci=self.ci,
                cwd=self.folders.source,
                env=self.environ,
                timeout=self.options.timeout,
                pass_fds=machine.gpu_locks,
            )
        self.story.seconds["tests"] = done.seconds
        if done.timed_out:
            raise Stop(Verdict.ERROR, f"ctest {done.outcome}; the input timeout sets it")
        report = self.story.report = junit.read(self.folders.junit)
        for case in report.failed:
            self._annotate_test(case)
        if report.failed:
            raise Stop(Verdict.FAIL, f"{len(report.failed)} of {report.tests} tests failed")
        if not report.measured:
            raise Stop(Verdict.NO_DATA, _nothing_ran(report))
        if not done.ok:
            raise Stop(Verdict.FAIL, f"ctest {done.outcome}, though no test says that it failed")

    def _package(self, command: Command, machine: Prepared) -> None:
        packing = Packing(
            options=self.options,
            sources=self.sources,
            folders=self.folders,
            command=command,
            environ=self.environ,
            ci=self.ci,
            name=plan.package_name(self.options),
            tools=self.tools,
            note=self._note,
            gpu=bool(machine.facts and machine.facts.gpus),
            gpu_locks=machine.gpu_locks,
        )
        with self.ci.group("Package"):
            packed = packing.run()
        self.story.package = self._shown(packed.archive)
        self.story.package_bytes = packed.archive.stat().st_size
        self.story.package_sha256 = packed.sha256
        self.story.debug_package = self._shown(packed.debug) if packed.debug else ""
        self.story.manifest = self._shown(packed.manifest)
        self.story.manifest_values = packed.values
        self.story.smoke = packed.smoke
        self.story.gpu_code = packed.gpu_code

    # Helpers -------------------------------------------------------------------------------

    def _process(self, phase: str, argv: tuple[str, ...], command: Command, lock: int) -> Completed:
        """Run a phase's command; ends the build where it did not come to an end of its own.

        The note of the phase stays then: what it was writing may be half there.
        """
        remote = remote_cache(self.options.cache_remote)
        with folder.temporary(self.folders.build / TEMPORARY):
            done = run_process(
                argv,
                ci=self.ci,
                cwd=self.folders.source,
                env={**self.environ, **command.environment, **remote},
                timeout=self.options.timeout,
                pass_fds=(lock,),
            )
        self.story.seconds[phase] = done.seconds
        if done.timed_out:
            raise Stop(Verdict.ERROR, f"the {phase} {done.outcome}; the input timeout sets it")
        if done.code < 0:
            raise Stop(
                Verdict.ERROR,
                f"the {phase} {done.outcome}; if nobody did that, memory "
                "ran out. Next: set the input jobs to a smaller number",
            )
        return done

    def _judge(self, phase: str, done: Completed) -> None:
        """Ends the build where a phase failed: FAIL for the code, ERROR for the machine."""
        if done.ok:
            return
        lack = compiler_log.starved(done.output)
        if lack is not None:
            raise Stop(Verdict.ERROR, f"the {phase} failed since {lack.what}. Next: {lack.next}")
        for found in compiler_log.findings(done.output):
            self._annotate(found, found.text)
        raise Stop(Verdict.FAIL, f"the {phase} failed: the command {done.outcome}")

    def _annotate(self, found: compiler_log.Finding, text: str) -> None:
        bases = (self.folders.build, self.folders.source)
        file = compiler_log.place(found.file, bases, self.folders.workspace)
        self.ci.error(text, file=file, line=found.line if file else 0)

    def _annotate_test(self, case: junit.Case) -> None:
        found = compiler_log.assertion(case.details) or compiler_log.Finding("", 0, "")
        tail = "\n".join(case.details.strip().splitlines()[-10:])
        self._annotate(found, f"test {case.title} failed: {case.message or 'see below'}\n{tail}")

    def _note(self, text: str) -> None:
        self.ci.log(text)
        self.story.notes.append(text)

    def _shown(self, path: Path) -> str:
        """A path as outputs carry it: relative to the checkout where it lies in it."""
        if self.folders.workspace in path.parents:
            return path.relative_to(self.folders.workspace).as_posix()
        return str(path)


def _nothing_ran(report: junit.Report) -> str:
    if report.tests:
        return f"all {report.tests} tests were skipped: nothing was measured"
    return (
        "ctest found no test: nothing was measured. Next: check ctest-include and ctest-exclude "
        "and that the project calls enable_testing(), or set ctest to false"
    )
