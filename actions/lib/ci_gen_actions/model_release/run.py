"""Reads model and evidence, publishes what may be released, moves the pointers."""

from __future__ import annotations

from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import ChangedMeanwhile, UsageError
from ..core.evidence import Findings
from ..core.inert import code, listed, plain, table
from ..core.result import Result, Verdict
from ..gguf_file import BadModel
from ..model_registry import draft, open_registry
from ..model_registry.history import Move
from ..model_registry.names import pointer_name
from ..model_registry.operations import Stamp, actor, now, promote, total
from ..model_registry.registry import Draft, ModelRegistry, Published
from ..release import evidence_files
from ..release.evidence_files import Found
from . import plan
from .options import Options, Outputs
from .plan import Decision

_TRIES = 10


def run(options: Options, ci: Dialect) -> Result:
    """Release the model, or say why not.

    Raises UsageError for inputs that do not fit, ChangedMeanwhile where the version is there
    with another model, CannotDecide where the registry does not do its part.
    """
    workspace = ci.workspace.resolve()
    for each in options.stage:
        pointer_name(each)
    wanted, why = plan.publishing(options, ci.event, ci.name)
    found = _evidence(workspace / options.evidence_folder, options.evidence_name)
    try:
        made = _draft(options, found, workspace, ci)
    except BadModel as bad:
        ci.error(str(bad))
        return _bad(options, bad)
    decision = plan.decide(options, found, made.metadata.checksum)
    for reason in decision.reasons:
        ci.error(reason)
    if decision.verdict is not Verdict.PASS:
        ci.log("the model is not published: " + "; ".join(decision.reasons))
        return _result(options, made, decision, None, ())
    if not wanted:
        ci.log(f"nothing goes to the registry: {why}")
        return _result(options, made, decision, None, ())
    registry = open_registry(
        options.registry,
        username=options.username,
        password=options.password,
        branch=options.data_branch,
        token=options.token,
        base=workspace,
        environ=ci.environ,
    )
    published = registry.publish(made)
    ci.log(f"{options.name} {published.row.version} is {published.reference}")
    if published.already:
        ci.notice(
            f"{options.name} {published.row.version} was published before, with this very model; "
            "its metadata.json stays as it is"
        )
    moved = _promoted(options, registry, published, decision, ci)
    return _result(options, made, decision, published, moved)


def _bad(options: Options, bad: BadModel) -> Result:
    verdict = Verdict.FAIL
    return Result(
        verdict,
        Outputs(verdict=verdict.value),
        Findings(service=options.service, findings={"error": bad.what, "why": bad.why}),
        f"### {plain(options.name)}: {verdict.value}\n\n{plain(bad.what)}: {plain(bad.why)}\n",
    )


def _evidence(folder: Path, own: str) -> tuple[Found, ...]:
    try:
        return evidence_files.read_folder(folder, own)
    except evidence_files.Refused as refused:
        raise UsageError(
            "the evidence cannot be read",
            where=str(folder),
            why="\n       ".join(refused.problems),
            next="keep nothing but evidence files in this folder",
        ) from None


def _draft(options: Options, found: tuple[Found, ...], workspace: Path, ci: Dialect) -> Draft:
    report = workspace / options.report
    if options.report and not report.is_file():
        raise UsageError(
            f"there is no file {options.report}",
            where="input report",
            next="give the path of the performance_report.json that model-quality wrote",
        )
    given = draft.Given(
        name=options.name,
        version=options.version,
        at=now(),
        by=actor(ci.environ),
        commit=ci.commit,
        report=report.read_bytes() if options.report else None,
        download_base=options.download_base,
    )
    made = draft.draft([workspace / each for each in options.model], found, given)
    wanted = options.model_sha256.removeprefix("sha256:")
    if wanted and wanted != made.metadata.checksum.removeprefix("sha256:"):
        raise UsageError(
            f"{options.model[0]} is not the model that it should be",
            where="input model-sha256",
            why=f"it is {made.metadata.checksum}, expected was sha256:{wanted}",
            next="see what changed the file after it was fetched",
        )
    return made


def _promoted(
    options: Options,
    registry: ModelRegistry,
    published: Published,
    decision: Decision,
    ci: Dialect,
) -> tuple[str, ...]:
    """The pointers that name the version now."""
    version = published.row.version
    if options.promote == "manual":
        for pointer in options.stage:
            ci.notice(
                f"promote it by: ci-gen model promote {options.name}@{version} --to {pointer}"
            )
        return ()
    if not plan.measured_anything(decision, options):
        ci.warning("nothing is promoted: no evidence speaks for this model, and none is demanded")
        return ()
    stamp = Stamp(
        at=now(),
        by=actor(ci.environ),
        commit=ci.commit,
        reason=f"evidence of {ci.job}" if ci.job else "",
        evidence=tuple(each.digest for each in decision.counted),
    )
    moved = []
    for pointer in options.stage:
        move = _moved(registry, options.name, pointer, published, stamp)
        if move.version != version:
            ci.warning(f"{pointer} stays: it names {move.version}, which was published later")
            continue
        ci.log(f"{pointer} of {options.name}: {move.before or 'nothing'} -> {version}")
        moved.append(pointer)
    return tuple(moved)


def _moved(
    registry: ModelRegistry, name: str, pointer: str, published: Published, stamp: Stamp
) -> Move:
    """Move a pointer forward, or tell what it names where that was published later.

    What was seen must still hold when it moves; else it is looked at once more.
    """
    version = published.row.version
    for attempt in range(_TRIES):
        current = registry.pointers(name).get(pointer, "")
        theirs = {each.version: each for each in registry.versions(name)}.get(current)
        if theirs and theirs.created_at > published.row.created_at:
            return Move(pointer=pointer, kind="", version=current, before=current, at=stamp.at)
        try:
            return promote(registry, name, version, pointer, stamp, expected=current)
        except ChangedMeanwhile:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")


def _result(
    options: Options,
    made: Draft,
    decision: Decision,
    published: Published | None,
    moved: tuple[str, ...],
) -> Result:
    told = made.metadata
    inputs = {"model": told.checksum, **{each.stage: each.digest for each in decision.counted}}
    return Result(
        decision.verdict,
        Outputs(
            version=told.version if published else "",
            digest=told.checksum,
            reference=published.reference if published else "",
            stage=" ".join(moved),
            verdict=decision.verdict.value,
        ),
        Findings(
            service=options.service,
            inputs=inputs,
            findings={
                "name": told.model_name,
                "version": told.version,
                "registry": options.registry,
                "reference": published.reference if published else None,
                "published": published is not None and not published.already,
                "stages": list(moved),
                "reasons": list(decision.reasons),
            },
        ),
        _summary(options, made, decision, published, moved),
    )


def _summary(
    options: Options,
    made: Draft,
    decision: Decision,
    published: Published | None,
    moved: tuple[str, ...],
) -> str:
    told = made.metadata
    facts = (told.architecture, told.quantization, told.parameters.num_parameters)
    rows = [
        ("model", code(told.checksum)),
        ("what it is", plain(", ".join(each for each in facts if each))),
        ("size", total(each.size for each in told.weights)),
        ("reference", code(published.reference) if published else "not published"),
        ("named by", " ".join(code(each) for each in moved) or "no pointer was moved"),
        *(
            (kind, {True: "passed", False: "**failed**", None: "not measured"}[passed])
            for kind, passed in (
                ("quality", told.tests_passed.quality),
                ("performance", told.tests_passed.performance),
                ("security", told.tests_passed.security),
            )
        ),
    ]
    title = f"### {plain(told.model_name)} {plain(told.version)}: {decision.verdict.value}\n\n"
    reasons = f"\n{listed(decision.reasons)}" if decision.reasons else ""
    return title + table(("", ""), rows) + reasons
