"""From model files and evidence to a version that can be published."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.files import sha256
from ..gguf_file import Gguf, ModelFacts, facts, read
from ..release.evidence_files import Found
from . import measured, names, report, splits
from .metadata import REPORT, SCHEMA, Metadata, ModelFile, Parameters, checksum
from .registry import Draft, Part


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a version is made with besides the model's files and evidence.

    `at` is the time of publication (RFC 3339), `by` who publishes, "" where that is not known;
    `report` the bytes of a performance_report.json, None to make one of the evidence.
    """

    name: str
    version: str
    at: str
    by: str = ""
    commit: str = ""
    report: bytes | None = None
    download_base: str = ""


def draft(paths: Sequence[Path], evidence: Sequence[Found], given: Given) -> Draft:
    """Read the files and put the version together.

    Raises UsageError for files that are no whole model, BadModel for one that is damaged, and
    OSError.
    """
    name, version = names.model_name(given.name), names.version_name(given.version)
    files = splits.ordered(paths)
    headers = [read(each) for each in files]
    splits.check(files, headers)
    parts = tuple(
        Part(path=path, name=called, sha256=sha256(path), size=path.stat().st_size)
        for path, called in zip(files, splits.names_of(len(files)), strict=True)
    )
    weights = tuple(ModelFile(name=each.name, sha256=each.sha256, size=each.size) for each in parts)
    model = checksum(weights)
    own = measured.of_model(evidence, model)
    data = given.report if given.report is not None else report.made(model, own)
    report.check(data, model)
    told = facts(*headers)
    metadata = Metadata(
        schema=SCHEMA,
        model_name=name,
        version=version,
        format="GGUF",
        quantization=told.quantization or None,
        base_model=_base_model(headers[0]),
        created_at=given.at,
        created_by=given.by or None,
        parameters=_parameters(told),
        performance=measured.performance(own),
        tests_passed=measured.tests_passed(own),
        checksum=model,
        download_url=_download_url(given, parts[0].name),
        title=told.name or None,
        architecture=told.architecture or None,
        license=told.license or None,
        chat_template=f"sha256:{told.chat_template_sha256}" if told.chat_template else None,
        source=measured.source(own),
        commit=given.commit or None,
        files=(*weights, _described(data)),
        evidence=measured.proofs(own),
    )
    return Draft(metadata=metadata, parts=parts, report=data)


def short(count: int) -> str:
    """A number of weights as people write it: 7B, 134.5M."""
    for size, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if round(count / size, 1) >= 1:
            # Beyond a hundred the digit behind the point says nothing.
            return f"{count / size:.{0 if count >= 100 * size else 1}f}".removesuffix(".0") + letter
    return str(count)


def _parameters(told: ModelFacts) -> Parameters:
    return Parameters(
        num_parameters=short(told.parameters) if told.parameters else None,
        count=told.parameters or None,
        context_length=told.context_length or None,
        vocab_size=told.vocabulary or None,
    )


def _base_model(header: Gguf) -> str | None:
    """The model that this one was made from: `organization/name` where both are told."""
    start = "general.base_model.0."
    owner, name = header.text(f"{start}organization"), header.text(f"{start}name")
    url = header.text(f"{start}repo_url")
    return "/".join(each for each in (owner, name) if each) or url or None


def _download_url(given: Given, file: str) -> str | None:
    if not given.download_base:
        return None
    folder = names.folder_name(names.version_name(given.version))
    return f"{given.download_base.rstrip('/')}/{given.name}/{folder}/{file}"


def _described(data: bytes) -> ModelFile:
    return ModelFile(name=REPORT, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
