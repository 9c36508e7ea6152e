"""The `pytest` action: make the environment, run the tests, count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..core import junit
from ..core.archive import unpack_tar_gz
from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError
from ..core.evidence import Findings
from ..core.files import sha256
from ..core.inert import plain
from ..core.junit_summary import counts, failures
from ..core.process import Completed, capture
from ..core.process import run as run_process
from ..core.python_project import pick_manager, project
from ..core.result import Result, Verdict
from ..core.virtual_environment import remove
from . import places, plan
from .facts import machine
from .options import Options, Outputs

_MOST_ANNOTATIONS = 10
"""GitHub shows that many errors of one step."""

_CODES = {
    2: "pytest was interrupted; the log says by what (often a file that cannot be imported)",
    3: "pytest itself broke; the log has its traceback",
    4: "pytest was called wrongly: check the inputs paths and args",
}


def run(options: Options, ci: Dialect) -> Result:
    """Install the project, run its tests.

    Raises UsageError for inputs that do not fit the project, CannotDecide where the
    environment cannot be made.
    """
    folders = plan.folders(options, ci.workspace.resolve())
    if not folders.source.is_dir():
        raise UsageError(f"there is no folder {folders.source}", where="input source")
    _check_paths(options, folders)
    folders.junit.unlink(missing_ok=True)
    inputs = {}
    if options.package:
        archive = find_package(options.package, folders.workspace)
        unpack_tar_gz(archive, folders.package)
        inputs["package"] = f"sha256:{sha256(archive)}"
    environ = plan.environment(folders, ci.environ, package=bool(options.package))
    with ci.group("Environment"):
        tools = _install(options, ci, folders, environ)
    folders.junit.parent.mkdir(parents=True, exist_ok=True)
    with ci.group("Tests"):
        done = run_process(
            plan.pytest(options, folders),
            ci=ci,
            cwd=folders.source,
            env=environ,
            timeout=options.timeout,
        )
    report, verdict, reason = judge(done, folders.junit)
    _annotate(ci, report, folders)
    if reason:
        ci.error(reason)
    return _result(options, verdict, reason, report, inputs, tools)


def _check_paths(options: Options, folders: plan.Folders) -> None:
    """Raises UsageError for a path that is not there: pytest would say so only after long."""
    for path in (*options.paths, *options.requirements):
        if not (folders.source / path.partition("::")[0]).exists():
            raise UsageError(
                f"{path} does not exist",
                where="input paths or requirements",
                why=f"there is no such file or folder in {folders.source}",
                next="give paths relative to the input source",
            )


def find_package(pattern: str, workspace: Path) -> Path:
    """The one package that a path or glob names.

    Raises CannotDecide where there is none, UsageError where there are several.
    """
    if Path(pattern).is_absolute():
        found = [Path(pattern)] if Path(pattern).is_file() else []
    else:
        found = sorted(path for path in workspace.glob(pattern) if path.is_file())
    if not found:
        raise CannotDecide(
            f"there is no package {pattern}",
            where="input package",
            why=f"nothing in {workspace} has that name",
            next="run the action build before, or fetch its artifact",
        )
    if len(found) > 1:
        raise UsageError(
            f"{pattern} names {len(found)} packages",
            where="input package",
            why=", ".join(path.name for path in found),
            next="name one of them",
        )
    return found[0]


def _install(
    options: Options, ci: Dialect, folders: plan.Folders, environ: Mapping[str, str]
) -> dict[str, str]:
    """Make the environment anew; what it was made with."""
    here, there = project(folders.source, folders.workspace), machine(ci.environ)
    steps = plan.installation(options, here, there, folders)
    # what an earlier run installed would hide a missing requirement
    for path in (folders.environment, folders.tools):
        remove(path)
    for step in steps:
        _step(step, options, ci, folders, environ)
    probe = [folders.python, "-c", "import pytest; print(pytest.__version__)"]
    found = capture(probe, cwd=folders.source, env=environ, timeout=60)
    if not found.ok:
        ci.log("the project's requirements bring no pytest; installing it")
        _step(plan.add_pytest(options, here, there, folders), options, ci, folders, environ)
        found = capture(probe, cwd=folders.source, env=environ, timeout=60)
    python = capture([folders.python, "--version"], env=environ, timeout=60)
    return {
        "manager": pick_manager(options.manager, here),
        "pytest": found.stdout.decode("utf-8", "replace").strip(),
        "python": python.stdout.decode("utf-8", "replace").strip().removeprefix("Python "),
    }


def _step(
    step: plan.Step,
    options: Options,
    ci: Dialect,
    folders: plan.Folders,
    environ: Mapping[str, str],
) -> None:
    done = run_process(
        step.argv,
        ci=ci,
        cwd=folders.source,
        env={**environ, **step.extra},
        timeout=options.timeout,
    )
    if not done.ok:
        raise CannotDecide(
            "the test environment could not be made",
            where=" ".join(step.argv),
            why=f"it {done.outcome}: {_last_line(done.output)}",
            next="the log has the whole output; nothing was tested",
        )


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it wrote nothing"])[-1]


def judge(done: Completed, path: Path) -> tuple[junit.Report, Verdict, str]:
    """What the tests say: the report, the verdict, and why it is not PASS."""
    if done.timed_out:
        return _partly(path), Verdict.ERROR, f"pytest {done.outcome}; the input timeout sets it"
    if done.code < 0:
        return _partly(path), Verdict.ERROR, f"pytest {done.outcome}: a test broke the interpreter"
    if done.code in _CODES:
        return _partly(path), Verdict.ERROR, _CODES[done.code]
    report = junit.read(path)
    if report.failed:
        return report, Verdict.FAIL, f"{len(report.failed)} of {report.tests} tests failed"
    if done.code == 5 or not report.measured:
        what = f"all {report.tests} tests were skipped" if report.tests else "no test was collected"
        return report, Verdict.NO_DATA, f"{what}: nothing was measured"
    if done.code:
        # plugins do so, e.g. for too low a coverage
        return report, Verdict.FAIL, f"every test passed, yet pytest {done.outcome}"
    return report, Verdict.PASS, ""


def _partly(path: Path) -> junit.Report:
    """The report of a run that did not end well; it may be missing or cut off."""
    try:
        return junit.read(path)
    except junit.ReportError:
        return junit.Report(())


def _annotate(ci: Dialect, report: junit.Report, folders: plan.Folders) -> None:
    for case in report.failed[:_MOST_ANNOTATIONS]:
        place = places.of(case, folders.source, folders.workspace)
        ci.error(f"{case.title}\n{places.message(case)}", file=place.file, line=place.line)


def _result(
    options: Options,
    verdict: Verdict,
    reason: str,
    report: junit.Report,
    inputs: Mapping[str, str],
    tools: Mapping[str, str],
) -> Result:
    shown = f"### pytest of {plain(options.service)}: {verdict}\n\n"
    shown += f"{plain(reason)}\n\n" if reason else ""
    shown += f"{counts(report)}, in {report.seconds:.1f} s\n\n{failures(report)}"
    outputs = Outputs(
        tests=report.tests,
        failures=len(report.failed),
        skipped=report.skipped,
        verdict=verdict.value,
    )
    findings = {
        "reason": reason,
        "tests": report.tests,
        "skipped": report.skipped,
        "failed": [case.title for case in report.failed],
    }
    evidence = Findings(service=options.service, inputs=inputs, findings=findings, tools=tools)
    return Result(verdict, outputs, evidence, shown)
