"""The `scan-source` action: every scanner that applies, one judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core import checkout
from ..core.dialect import Dialect
from ..core.evidence import Findings
from ..core.files import sha256, write_atomically
from ..core.git import printable
from ..core.globs import compile_patterns
from ..core.inert import code, plain, table
from ..core.result import Result, Verdict
from ..scanning import ignore_list, presentation
from ..scanning.findings import Finding, Severity, ordered
from ..scanning.judgement import Concern, Judgement, judge, now_in_utc, verdict_of
from . import dependencies, dockerfiles, locks, secrets, tools
from .history import history
from .options import Options, Outputs
from .sarif import sarif
from .tree import Tree, tracked


@dataclass
class _Scan:
    """What was gathered so far: `looked_at` tells people what each part covered."""

    findings: list[Finding] = field(default_factory=list)
    concerns: list[Concern] = field(default_factory=list)
    looked_at: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)


def run(options: Options, ci: Dialect) -> Result:
    """Scan and judge.

    Raises UsageError for a wrong ignore list, CannotDecide where a scanner fails.
    """
    workspace = ci.workspace.resolve()
    accepted = ignore_list.load(workspace / options.ignore_file, options.ignore_file)
    tree = tracked(workspace, options.exclude)
    scan = _Scan()
    head = checkout.head(workspace, workspace)
    if head.commit:
        scan.inputs["source"] = head.digest
    if tree.files:
        _secrets(options, workspace, tree, scan, ci)
        _dependencies(options, workspace, tree, scan, ci)
        _dockerfiles(options, workspace, tree, scan, ci)
    if not scan.looked_at:
        text = "nothing was scanned: no tracked file, or every part is switched off"
        scan.concerns.append(Concern(verdict=Verdict.NO_DATA, text=text))
    judged = judge(
        ordered(scan.findings),
        accepted,
        threshold=Severity(options.severity),
        today=now_in_utc().date(),
    )
    return _result(options, workspace, judged, scan, ci)


def _secrets(options: Options, workspace: Path, tree: Tree, scan: _Scan, ci: Dialect) -> None:
    if not options.secrets:
        return
    program = tools.gitleaks()
    scan.tools["gitleaks"] = tools.VERSIONS["gitleaks"]
    with ci.group("Look for secrets"):
        here = secrets.in_files(program, workspace, tree.files, ci, options.timeout)
        scan.looked_at["Secrets in files"] = f"{len(tree.files)} tracked files"
        scan.counts["files"] = len(tree.files)
        if tree.oversized:
            scan.looked_at["Secrets in files"] += f"; {tree.oversized} above 16 MiB left out"
        commits = history(options.base, ci)
        there: list[Finding] = []
        if commits.revisions:
            there = secrets.in_commits(
                program, workspace, commits, options.exclude, ci, options.timeout
            )
        ci.log(f"{len(tree.files)} files and {commits.count} commits: {commits.why}")
    scan.looked_at["Secrets in commits"] = f"{commits.count}: {commits.why}"
    scan.counts["commits"] = commits.count
    if commits.missing:
        text = f"{commits.missing}; check out with the whole history (fetch-depth: 0, GIT_DEPTH: 0)"
        scan.concerns.append(Concern(verdict=Verdict.INCONCLUSIVE, text=text))
    known = {each.id for each in here}
    scan.findings += [*here, *(each for each in there if each.id not in known)]


def _dependencies(options: Options, workspace: Path, tree: Tree, scan: _Scan, ci: Dialect) -> None:
    if not options.dependencies:
        return
    _, names = compile_patterns(options.locks).excluded(tree.files)
    found = [locks.read(each, _text(workspace / each)) for each in names]
    pinned = sum(len(each.pins) for each in found)
    unpinned = sum(each.unpinned for each in found)
    for each in names:
        scan.inputs[f"lock:{printable(each)}"] = f"sha256:{sha256(workspace / each)}"
    if not found:
        scan.looked_at["Dependencies"] = "no lock file of Python packages"
        return
    with ci.group(f"Ask about {pinned} packages of {len(found)} lock files"):
        audit = dependencies.audit(
            found, options.advisories, ci, osv_url=options.osv_url, timeout=options.timeout
        )
        ci.log(f"{audit.audited} packages were audited")
    scan.tools["pip-audit"] = _version("pip-audit")
    scan.findings += audit.findings
    scan.concerns += audit.concerns
    scan.counts["packages"] = audit.audited
    shown = f"{audit.audited} packages of {len(found)} lock files"
    if unpinned:
        shown += f"; {unpinned} requirements without an exact version cannot be audited"
        ci.warning(f"{unpinned} requirements have no exact version, so that nobody knows what runs")
    scan.looked_at["Dependencies"] = shown


def _dockerfiles(options: Options, workspace: Path, tree: Tree, scan: _Scan, ci: Dialect) -> None:
    _, names = compile_patterns(options.dockerfiles).excluded(tree.files)
    if not options.dockerfiles:
        return
    if not names:
        text = "no tracked file matches the input dockerfiles"
        scan.concerns.append(Concern(verdict=Verdict.NO_DATA, text=text))
        return
    program = tools.hadolint()
    scan.tools["hadolint"] = tools.VERSIONS["hadolint"]
    with ci.group(f"Lint {len(names)} Dockerfiles"):
        scan.findings += dockerfiles.lint(program, workspace, names, options.timeout)
    scan.looked_at["Dockerfiles"] = f"{len(names)}"
    scan.counts["dockerfiles"] = len(names)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _result(
    options: Options, workspace: Path, judged: Judgement, scan: _Scan, ci: Dialect
) -> Result:
    for each in scan.concerns:
        ci.warning(each.text)
    presentation.announce(judged, ci, options.ignore_file)
    write_atomically(workspace / options.report, sarif(judged, scan.tools))
    verdict = verdict_of(judged, scan.concerns)
    told: Mapping[str, Any] = {
        **presentation.told(judged),
        "looked-at": scan.counts,
        "concerns": [each.text for each in scan.concerns],
    }
    rows = [(part, plain(what)) for part, what in scan.looked_at.items()]
    head = f"### Scan of the sources: {verdict}\n\n" + table(("Part", "Looked at"), rows)
    head += "".join(f"\n**{plain(each.text)}**\n" for each in scan.concerns)
    head += f"\n{presentation.summary(judged, ignored_by=options.ignore_file)}"
    head += f"\nReport: {code(options.report)}\n"
    return Result(
        verdict,
        Outputs(
            verdict=verdict.value,
            findings=len(judged.blocking),
            ignored=len(judged.ignored),
            report=options.report,
        ),
        Findings(inputs=scan.inputs, findings=told, tools=scan.tools),
        head,
    )
