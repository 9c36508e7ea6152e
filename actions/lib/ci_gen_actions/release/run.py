"""Joins the evidence to records, puts them beside their images, moves the tags."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import ActionError, CannotDecide
from ..core.evidence import Findings
from ..core.files import sha256, write_atomically
from ..core.oci import Reference, Registry, digest_of
from ..core.result import Result, Verdict, worst
from . import artifact, check, evidence_files, plan, publish, record, show, subjects
from .evidence_files import Found, Refused
from .options import Options, Outputs
from .publish import Published
from .record import Given, Record


@dataclass(frozen=True, kw_only=True)
class Release:
    """One record, its file, and what became of it in the registry (None: nothing)."""

    record: Record
    path: str
    published: Published | None = None


def run(options: Options, ci: Dialect) -> Result:
    """Make the records; publish them where that is asked for.

    Raises UsageError for inputs that do not fit, CannotDecide where there is no image or the
    registry does not do its part.
    """
    workspace = ci.workspace.resolve()
    folder = workspace / options.record
    subjects.clear(folder)
    publishing = plan.publishing(options, ci.event, ci.name)
    try:
        found = evidence_files.read_folder(
            workspace / options.evidence_folder, options.evidence_name
        )
        records = _records(options, found, workspace, ci, ask=publishing.wanted)
    except Refused as refused:
        return _refused(refused, ci)
    releases = [_written(each, folder, workspace) for each in records]
    for each in releases:
        _announce(each.record, ci)
    if publishing.wanted:
        releases = _published(options, releases, ci)
    else:
        ci.log(f"nothing goes to a registry: {publishing.why}")
    passed = [(each, each.published) for each in releases if each.record["verdict"] == "PASS"]
    lists = subjects.sboms(workspace, options.sboms)
    subjects.write(
        folder,
        [(one, lists.get(each.record["image"]["sbom"], "")) for each, one in passed if one],
    )
    return _result(releases, found)


def _records(
    options: Options, found: tuple[Found, ...], workspace: Path, ci: Dialect, *, ask: bool
) -> tuple[Record, ...]:
    """The records; a second time with earlier ones where required evidence is missing."""
    config = workspace / options.config
    given = Given(
        require=options.require,
        config=f"sha256:{sha256(config)}" if config.is_file() else "",
        version=re.sub(r"^v(?=[0-9])", "", ci.event.tag),
    )
    records = record.assemble(found, given)
    if not any(each["missing"] for each in records):
        return records
    if options.previous not in ("auto", "none"):
        path = workspace / options.previous
        earlier: tuple[Record, ...] = (check.parse(path.read_bytes(), options.previous),)
    elif options.previous == "auto" and ask:
        earlier = tuple(one for each in records for one in _current(options, each, ci))
    else:
        return records
    return record.assemble(found, replace(given, previous=earlier))


def _current(options: Options, one: Record, ci: Dialect) -> tuple[Record, ...]:
    """The records of what the moving tags name now."""
    image = plan.place(options, one)
    if image is None:
        return ()
    registry = _registry(options, image)
    found: list[Record] = []
    for tag in plan.moving_tags(options, ci.event, one, ()):
        current = registry.describe(image.repository, tag)
        if current is None:
            continue
        try:
            held = artifact.held(registry, image.repository, current.digest)
        except ActionError as error:
            ci.warning(f"the release that {tag} names is not looked at: {error.what}")
            continue
        found += [each.record for each in held]
    return tuple(found)


def _written(one: Record, folder: Path, workspace: Path) -> Release:
    path = folder / plan.file_name(one)
    write_atomically(path, record.to_bytes(one).decode())
    inside = workspace in path.parents
    return Release(record=one, path=path.relative_to(workspace).as_posix() if inside else str(path))


def _published(options: Options, releases: list[Release], ci: Dialect) -> list[Release]:
    """Every record first, then the tags of those that passed."""
    pushed: list[Release] = []
    for each in releases:
        image = plan.place(options, each.record)
        if image is None and each.record["verdict"] != Verdict.PASS.value:
            ci.log(f"{each.path} stays here: its image was not pushed")
            pushed.append(each)
            continue
        if image is None:
            raise CannotDecide(
                f"the image of {each.record['service']} is in no registry",
                where="evidence of image-build",
                why="it names no reference: the image was not pushed",
                next="let image-build push it, or set the input publish to never",
            )
        artifact_of = publish.push(_registry(options, image), image, each.record)
        ci.log(f"the record of {image} is {artifact_of.digest}")
        pushed.append(replace(each, published=Published(image=image, record=artifact_of)))
    return [_tagged(options, each, ci) for each in pushed]


def _tagged(options: Options, each: Release, ci: Dialect) -> Release:
    published = each.published
    if published is None or each.record["verdict"] != Verdict.PASS.value:
        return each
    image = published.image
    registry = _registry(options, image)
    # All tags of a repository can be many: they are asked for where a version needs them.
    existing = registry.tags(image.repository) if ci.event.tag else ()
    tags = plan.moving_tags(options, ci.event, each.record, existing)
    moved, kept = publish.move(registry, image, each.record, tags, ci)
    return replace(each, published=replace(published, tags=moved, kept=kept))


def _registry(options: Options, image: Reference) -> Registry:
    return Registry(image.host, username=options.username, password=options.password)


def _announce(one: Record, ci: Dialect) -> None:
    name = f"{one['service']} {one['variant']}"
    ci.log(f"{name}: {one['verdict']}, {len(one['evidence'])} evidence, {one['identity']['image']}")
    for stage in one["missing"]:
        ci.error(f"{name}: the required evidence {stage} is missing")
    for each in one["evidence"]:
        if each["verdict"] != Verdict.PASS.value:
            ci.error(f"{name}: {each['stage']} is {each['verdict']}")
        if each["reused_from"]:
            commit = each["reused_from"]["commit"][:12]
            ci.notice(f"{name}: {each['stage']} is reused from commit {commit}: nothing changed")


def _refused(refused: Refused, ci: Dialect) -> Result:
    for problem in refused.problems:
        ci.error(problem)
    return Result(
        Verdict.FAIL,
        Outputs(verdict=Verdict.FAIL.value),
        Findings(findings={"contradictions": list(refused.problems)}),
        show.refusal(refused.problems),
    )


def _result(releases: list[Release], found: tuple[Found, ...]) -> Result:
    verdict = worst(Verdict(each.record["verdict"]) for each in releases)
    published = [each.published for each in releases if each.published]
    return Result(
        verdict,
        Outputs(
            record="\n".join(each.path for each in releases),
            record_digest="\n".join(each.record.digest for each in published),
            reference="\n".join(str(each.image) for each in published),
            digest="\n".join(each.image.digest for each in published),
            tags=" ".join(tag for each in published for tag in each.tags),
            verdict=verdict.value,
        ),
        Findings(
            inputs={each.stage: each.digest for each in found},
            findings={"releases": [_recorded(each) for each in releases]},
        ),
        "".join(
            show.summary(
                each.record,
                artifact=each.published.record.digest if each.published else "",
                tags=each.published.tags if each.published else (),
            )
            for each in releases
        ),
    )


def _recorded(each: Release) -> dict[str, object]:
    published = each.published
    return {
        "record": each.path,
        "sha256": digest_of(record.to_bytes(each.record)),
        "identity": each.record["identity"]["digest"],
        "verdict": each.record["verdict"],
        "artifact": str(published.record) if published else None,
        "tags": list(published.tags) if published else [],
        "tags-kept": list(published.kept) if published else [],
    }
