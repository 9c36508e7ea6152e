"""The `scan-image` action: get a report, read it, judge it."""

from __future__ import annotations

import json
import os
import os.path
from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError
from ..core.evidence import Findings
from ..core.files import sha256
from ..core.inert import plain
from ..core.result import Result, Verdict
from ..scanning import ignore_list, presentation
from ..scanning.findings import Severity
from ..scanning.judgement import Concern, Judgement, judge, now_in_utc, verdict_of
from ..scanning.pinned_tool import obtain, pin_of
from . import plan, scanner
from .options import Options, Outputs
from .reports import Report, parse
from .sbom_facts import Contents, contents


def run(options: Options, ci: Dialect) -> Result:
    """Scan and judge.

    Raises UsageError for inputs that do not fit, CannotDecide where no report is to be had.
    """
    workspace = ci.workspace.resolve()
    sbom = _file(workspace, options.sbom, "sbom")
    accepted = ignore_list.load(workspace / options.ignore_file, options.ignore_file)
    listed = contents(sbom.read_bytes(), options.sbom)
    inputs = {"sbom": f"sha256:{sha256(sbom)}"}
    if options.image_evidence:
        inputs["image"] = image_of(
            _file(workspace, options.image_evidence, "image-evidence"), listed, options
        )
    elif listed.image_id:
        inputs["image"] = listed.image_id
    path, report = _report(options, workspace, sbom, listed, ci)
    inputs["report"] = f"sha256:{sha256(path)}"
    now = now_in_utc()
    judged = judge(
        report.findings,
        accepted,
        threshold=Severity(options.severity),
        today=now.date(),
        only_fixed=options.only_fixed,
    )
    found = plan.concerns(listed, report, max_days=options.max_database_days, now=now)
    for each in found:
        ci.warning(each.text)
    if report.suppressed:
        ci.warning(
            f"{report.suppressed} vulnerabilities were left out by the configuration of "
            f"{report.scanner}; only the ignore list here has days on which entries end"
        )
    presentation.announce(judged, ci, options.ignore_file)
    verdict = verdict_of(judged, found)
    shown = path.relative_to(workspace).as_posix() if workspace in path.parents else str(path)
    return Result(
        verdict,
        Outputs(
            verdict=verdict.value,
            findings=len(judged.blocking),
            ignored=len(judged.ignored),
            report=shown,
        ),
        _evidence(options, inputs, judged, report, listed, found),
        _summary(options, verdict, judged, report, listed, found),
    )


def _file(workspace: Path, name: str, given_by: str) -> Path:
    path = Path(os.path.normpath(workspace / name))
    if not path.is_file():
        raise UsageError(
            f"there is no file {name}",
            where=f"input {given_by}",
            next="see that the job that makes it ran, and that its artifact was fetched",
        )
    return path


def image_of(evidence: Path, listed: Contents, options: Options) -> str:
    """The digest of the image that `image-build` made, and the SBOM must be of that image.

    Raises UsageError.
    """
    try:
        outputs = json.loads(evidence.read_bytes())["outputs"]
        image_id, digest = str(outputs["image-id"]), str(outputs.get("digest", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            "this is no evidence of image-build",
            where=options.image_evidence,
            why="it has no outputs with an image-id",
        ) from None
    if listed.image_id and listed.image_id != image_id:
        raise UsageError(
            "the SBOM is of another image",
            where=options.sbom,
            why=f"it lists {listed.image_id}, and {options.image_evidence} is of {image_id}",
            next="make the SBOM of the image that was built, with the action sbom",
        )
    return digest or image_id


def _report(
    options: Options, workspace: Path, sbom: Path, listed: Contents, ci: Dialect
) -> tuple[Path, Report]:
    if options.report:
        path = _file(workspace, options.report, "report")
        return path, parse(path.read_bytes(), options.report)
    pin = pin_of(options.download, os.uname().machine)
    tool = obtain(options.scanner, pin, scanner.version_of, ci.environ, ci)
    if tool is None:
        raise CannotDecide(
            f"there is no {options.scanner}",
            where="PATH",
            next="give the input download, put the scanner on PATH, or give a report",
        )
    path = workspace / "reports" / f"{options.evidence_name}.json"
    with ci.group(f"Scan {listed.packages} packages with {options.scanner}"):
        return path, scanner.scan(tool, sbom, path, ci=ci, timeout=options.timeout)


def _evidence(
    options: Options,
    inputs: dict[str, str],
    judged: Judgement,
    report: Report,
    listed: Contents,
    found: tuple[Concern, ...],
) -> Findings:
    return Findings(
        service=options.service,
        inputs=inputs,
        findings={
            **presentation.told(judged),
            "packages": listed.packages,
            "concerns": [each.text for each in found],
            "distribution": report.distribution,
            "database": {
                "of": report.dates,
                "built": report.dated.isoformat() if report.dated else "",
            },
            "suppressed-by-scanner": report.suppressed,
            "only-fixed": options.only_fixed,
        },
        tools={report.scanner: report.version},
    )


def _summary(
    options: Options,
    verdict: Verdict,
    judged: Judgement,
    report: Report,
    listed: Contents,
    found: tuple[Concern, ...],
) -> str:
    title = f"### Vulnerabilities of the image{' of ' if options.service else ''}"
    dated = f", {report.dates} of {report.dated:%Y-%m-%d}" if report.dated else ""
    head = f"{title}{plain(options.service)}: {verdict}\n\n"
    head += f"{listed.packages} packages, scanned by {plain(report.scanner)} "
    head += f"{plain(report.version)}{dated}.\n"
    head += "".join(f"\n**{plain(each.text)}**\n" for each in found)
    return f"{head}\n{presentation.summary(judged, ignored_by=options.ignore_file)}"
