"""The release record: what ships, by digest, and what was found about it. Pure.

Its schema is docs/schemas/release.schema.json. The same evidence makes the same bytes, in
whatever order it is read and however often: the record has no clock of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ..core.errors import CannotDecide
from ..core.oci_reference import digest_of
from ..core.result import Verdict, worst
from .evidence_files import Found, Refused
from .images import BUILDS, Image, belongs, contradictions, images, package_of

SCHEMA = 1
MEDIA_TYPE = "application/vnd.ci-gen.release.v1+json"

_DECIDES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "quality": (("model-quality",), ("model-quality",)),
    "performance": (("benchmark-compare",), ("benchmark-compare",)),
    "security": (("scan-image",), ("scan-image", "scan-source")),
}
"""For each kind of test the actions without which nothing is known, and those that count."""

_MODELS = ("model-quality", "fetch-model")
"""The actions that look at a model: it is served by the image that their evidence belongs to."""


class Entry(TypedDict):
    """One evidence of a record. `reused_from` is None for evidence of this run, else `record`
    (the digest of the record that it was taken from) and `commit` (that it was measured at)."""

    stage: str
    action: str
    job: str
    service: str
    commit: str
    verdict: str
    started: str
    sha256: str
    inputs: Mapping[str, str]
    reused_from: Mapping[str, str] | None


class Record(TypedDict):
    """The whole record. Digests are `sha256:...`; what is not known is None."""

    schema: int
    service: str
    variant: str
    version: str
    commit: str
    created: str
    identity: Mapping[str, str | None]
    image: Mapping[str, Any]
    config: str | None
    packages: Sequence[Mapping[str, str]]
    evidence: Sequence[Entry]
    missing: Sequence[str]
    tests_passed: Mapping[str, bool | None]
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a record is made with besides the evidence.

    `require` are names of evidence that must be there; `config` is the digest of ci-gen.yaml,
    "" where there is none; `previous` are earlier records, to reuse evidence of.
    """

    require: tuple[str, ...] = ()
    config: str = ""
    version: str = ""
    previous: tuple[Record, ...] = ()


def assemble(found: Sequence[Found], given: Given) -> tuple[Record, ...]:
    """A record for each image of the run, by service and variant.

    Raises Refused where digests disagree, CannotDecide where no image was made.
    """
    made = images(found)
    if not made:
        raise CannotDecide(
            "there is nothing to release",
            why=f"none of the {len(found)} evidence files is one of image-build",
            next="see that the jobs of the images ran, and that their evidence was fetched",
        )
    problems = contradictions(found, made)
    if problems:
        raise Refused(problems)
    return tuple(_record(image, found, given) for image in made)


def to_bytes(record: Record) -> bytes:
    """The record as its file and its artifact hold it."""
    return (json.dumps(record, indent=2, sort_keys=True) + "\n").encode()


def identity(
    image: str | None,
    model: str | None = None,
    server_arguments: str | None = None,
    chat_template: str | None = None,
) -> dict[str, str | None]:
    """What a release is, by digest; `digest` is that of the four others together."""
    parts = {
        "image": image,
        "model": model,
        "server_arguments": server_arguments,
        "chat_template": chat_template,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return {**parts, "digest": digest_of(text.encode())}


def verdict_of(entries: Iterable[Mapping[str, Any]], missing: Sequence[str]) -> Verdict:
    """The worst of all; what is missing was not measured."""
    found = [Verdict(each["verdict"]) for each in entries]
    return worst([*found, *([Verdict.NO_DATA] if missing else [])])


def tests_passed(entries: Sequence[Mapping[str, Any]]) -> dict[str, bool | None]:
    """For each kind of test whether it was passed; None where that was not measured."""
    return {kind: _passed(entries, *of) for kind, of in _DECIDES.items()}


def _passed(
    entries: Sequence[Mapping[str, Any]], needed: tuple[str, ...], counting: tuple[str, ...]
) -> bool | None:
    verdicts = {each["action"]: each["verdict"] for each in entries if each["action"] in counting}
    all_of_them = [each["verdict"] for each in entries if each["action"] in counting]
    if Verdict.FAIL.value in all_of_them:
        return False
    measured = all(action in verdicts for action in needed)
    return True if measured and set(all_of_them) == {Verdict.PASS.value} else None


def _record(image: Image, found: Sequence[Found], given: Given) -> Record:
    own = [each for each in found if belongs(each, image)]
    fresh = [_entry(each) for each in own]
    known = {each.stage for each in found}
    absent = [name for name in dict.fromkeys(given.require) if name not in known]
    reused = _reused(absent, image, given)
    entries = sorted([*fresh, *reused], key=lambda each: each["stage"])
    missing = sorted(set(absent) - {each["stage"] for each in reused})
    outputs = image.evidence.outputs
    return {
        "schema": SCHEMA,
        "service": image.service,
        "variant": image.variant,
        "version": _version(image, given),
        "commit": image.evidence.commit,
        # Not the clock: the same evidence makes the same record, whenever it is joined.
        "created": max(each["started"] for each in fresh),
        "identity": identity(
            image.digest or image.id,
            model=_told(own, "model"),
            chat_template=_told(own, "chat-template"),
        ),
        "image": {
            "reference": outputs.get("reference") or None,
            "digest": image.digest or None,
            "id": image.id or None,
            "platforms": sorted(str(one) for one in image.evidence.findings.get("platforms") or ()),
            "size": _whole(outputs.get("size", "")),
            "sbom": image.sbom_digest or None,
        },
        "config": given.config or None,
        "packages": [
            {"stage": each.stage, "sha256": package_of(each)}
            for each in own
            if each.action in BUILDS and package_of(each)
        ],
        "evidence": entries,
        "missing": missing,
        "tests_passed": tests_passed(entries),
        "verdict": verdict_of(entries, missing).value,
    }


def _entry(each: Found) -> Entry:
    return {
        "stage": each.stage,
        "action": each.action,
        "job": str(each.value.get("job", "")),
        "service": each.service,
        "commit": each.commit,
        "verdict": each.verdict.value,
        "started": str(each.value["started"]),
        "sha256": each.digest,
        "inputs": dict(sorted(each.inputs.items())),
        "reused_from": None,
    }


def _reused(names: Iterable[str], image: Image, given: Given) -> list[Entry]:
    """Evidence of earlier records for the stages that did not run, where nothing changed."""
    return [entry for name in names if (entry := _reusable(name, image, given)) is not None]


def _reusable(name: str, image: Image, given: Given) -> Entry | None:
    for record in given.previous:
        if (record["service"], record["variant"]) != (image.service, image.variant):
            continue
        for each in record["evidence"]:
            if each["stage"] == name and unchanged(each["inputs"], image, given.config):
                origin = each["reused_from"] or {
                    "record": digest_of(to_bytes(record)),
                    "commit": each["commit"],
                }
                return {**each, "reused_from": origin}
    return None


def unchanged(inputs: Mapping[str, str], image: Image, config: str) -> bool:
    """Whether everything that evidence looked at is in this run what it was then.

    Evidence that names nothing, or something that is not known here, depends on what nobody
    can compare: it does not count again.
    """
    now = {
        "package": {image.package},
        "image": set(image.names),
        "sbom": {image.sbom_digest},
        "config": {config},
    }
    same = (digest and digest in now.get(name, ()) for name, digest in inputs.items())
    return bool(inputs) and all(same)


def _told(own: Iterable[Found], name: str) -> str | None:
    """The digest that the evidence of the models names; of several that of their sorted list."""
    told = {each.inputs[name] for each in own if each.action in _MODELS and name in each.inputs}
    if len(told) > 1:
        return digest_of("\n".join(sorted(told)).encode())
    return told.pop() if told else None


def _version(image: Image, given: Given) -> str:
    told = given.version or str(image.evidence.findings.get("version") or "")
    return told or image.evidence.commit[:12]


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else 0
