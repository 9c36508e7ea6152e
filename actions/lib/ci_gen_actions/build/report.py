"""What a build tells: outputs, evidence, step summary. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.archive import size_text
from ..core.evidence import Findings
from ..core.inert import code, plain, table
from ..core.junit import Report
from ..core.junit_summary import counts, failures
from ..core.result import Result, Verdict
from . import preflight_report
from .compiler_cache import CacheUse
from .facts import Sources
from .findings import Facts, Finding
from .options import Options, Outputs
from .smoke import Smoke


@dataclass
class Story:
    """What a build did so far; filled in as it goes on.

    `seconds` is the time of each phase. `reason` is why the verdict is not PASS. `gpu_code` says
    of packaged files for which architectures they hold GPU code.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    report: Report | None = None
    cache: CacheUse | None = None
    package: str = ""
    package_bytes: int = 0
    package_sha256: str = ""
    debug_package: str = ""
    manifest: str = ""
    manifest_values: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    smoke: Smoke | None = None
    gpu_code: Mapping[str, str] = field(default_factory=dict)
    facts: Facts | None = None
    checks: tuple[Finding, ...] = ()


def markdown(options: Options, verdict: Verdict, story: Story) -> str:
    """The summary: what happened, how long it took, which tests failed."""
    shown = [f"### Build of {plain(options.service)} ({options.backend}): {verdict}\n\n"]
    if story.reason:
        shown.append(f"{plain(story.reason)}\n\n")
    rows = [(name, f"{seconds:.1f} s") for name, seconds in story.seconds.items()]
    if story.report is not None:
        rows.append(("test results", counts(story.report)))
    if story.cache is not None:
        rows.append(("ccache hits", str(story.cache)))
    if story.package:
        rows.append(("package", f"{code(story.package)}, {size_text(story.package_bytes)}"))
        rows.append(("SHA-256", code(story.package_sha256)))
    if story.debug_package:
        rows.append(("debug symbols", code(story.debug_package)))
    rows += [(code(member), plain(told)) for member, told in story.gpu_code.items()]
    if story.smoke is not None:
        rows.append(("smoke test", plain(f"{story.smoke.backends} on {story.smoke.gpus}")))
    if rows:
        shown.append(table(("", ""), rows) + "\n")
    shown += [f"- {plain(note)}\n" for note in story.notes]
    shown += preflight_report.markdown(story.facts, story.checks)
    if story.report is not None and story.report.failed:
        shown.append("\n" + failures(story.report))
    return "".join(shown)


def result(
    verdict: Verdict,
    options: Options,
    sources: Sources,
    story: Story,
    *,
    arguments: tuple[str, ...],
    tools: Mapping[str, str],
) -> Result:
    """All that the action returns."""
    report = story.report
    outputs = Outputs(
        package=story.package,
        package_sha256=story.package_sha256,
        debug_package=story.debug_package,
        manifest=story.manifest,
        llama_build=str(story.manifest_values.get("llama-build", "")),
        tests=report.tests if report else 0,
        failures=len(report.failed) if report else 0,
        verdict=verdict.value,
    )
    evidence = Findings(
        service=options.service,
        inputs=_inputs(options, sources, arguments),
        findings=_findings(story),
        tools=tools,
    )
    return Result(verdict, outputs, evidence, markdown(options, verdict, story))


def _inputs(options: Options, sources: Sources, arguments: tuple[str, ...]) -> dict[str, str]:
    """What the build depends on."""
    text = json.dumps([arguments, options.targets, options.package_paths])
    inputs = {"arguments": f"sha256:{hashlib.sha256(text.encode(errors='replace')).hexdigest()}"}
    if sources.head.commit:
        inputs["source"] = sources.head.digest
    return inputs


def _findings(story: Story) -> dict[str, object]:
    findings: dict[str, object] = {
        "reason": story.reason,
        "seconds": {name: round(value, 3) for name, value in story.seconds.items()},
        "manifest": story.manifest_values,
    }
    if story.checks or story.facts:
        findings["preflight"] = preflight_report.evidence(story.facts, story.checks)
    if story.report is not None:
        findings["tests"] = {
            "total": story.report.tests,
            "skipped": story.report.skipped,
            "failed": [case.title for case in story.report.failed],
        }
    if story.smoke is not None:
        findings["smoke"] = story.smoke.document()
    if story.cache is not None:
        findings["ccache"] = {"hits": story.cache.hits, "misses": story.cache.misses}
    return findings
