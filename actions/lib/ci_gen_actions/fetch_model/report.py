"""What the run says of a model: outputs, evidence, summary. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..core.archive import size_text
from ..core.evidence import Findings
from ..core.inert import code, plain, table
from ..core.result import Verdict
from ..gguf_file import ModelFacts
from ..gguf_file.digest import model_digest
from .obtaining import Obtained
from .options import Options, Outputs


def digest_of(files: Sequence[Obtained]) -> str:
    """The digest that names the model, in hex."""
    return model_digest([each.sha256 for each in files])


def outputs(
    files: Sequence[Obtained],
    paths: Sequence[str],
    source: str,
    version: str,
    facts: ModelFacts | None,
    verdict: Verdict,
) -> Outputs:
    """What later steps are told."""
    return Outputs(
        path=paths[0] if paths else "",
        files=len(files),
        sha256=digest_of(files),
        size=sum(each.size for each in files),
        cached=all(each.cached for each in files),
        downloaded=sum(each.downloaded for each in files),
        source=source,
        version=version,
        architecture=facts.architecture if facts else "",
        parameters=facts.parameters if facts else 0,
        context_length=facts.context_length if facts else 0,
        vocabulary=facts.vocabulary if facts else 0,
        quantization=facts.quantization if facts else "",
        chat_template_sha256=facts.chat_template_sha256 if facts else "",
        verdict=verdict.value,
    )


def evidence(
    options: Options,
    files: Sequence[Obtained],
    source: str,
    version: str,
    facts: ModelFacts | None,
    seconds: float,
) -> Findings:
    """What the release record and the registry read."""
    downloaded = sum(each.downloaded for each in files)
    return Findings(
        service=options.service,
        inputs={"model": f"sha256:{digest_of(files)}"},
        findings={
            "source": source,
            "version": version,
            "files": [
                {"name": each.name, "sha256": each.sha256, "size": each.size} for each in files
            ],
            "cached": all(each.cached for each in files),
            "downloaded": downloaded,
            "seconds": round(seconds, 3),
            "facts": told(facts) if facts else {},
        },
    )


def told(facts: ModelFacts) -> dict[str, Any]:
    """The facts as JSON; of the chat template the digest."""
    values = asdict(facts)
    del values["chat_template"]
    values["tensor_types"] = dict(facts.tensor_types)
    return {
        **{key.replace("_", "-"): value for key, value in values.items()},
        "chat-template-sha256": facts.chat_template_sha256,
    }


def summary(
    options: Options,
    outputs: Outputs,
    files: Sequence[Obtained],
    facts: ModelFacts | None,
    seconds: float,
) -> str:
    """What the reader of the run sees."""
    came = "from the cache" if outputs.cached else f"fetched in {seconds:.1f} s"
    size = f"{size_text(outputs.size)}, {came}"
    if len(files) > 1:
        size = f"{len(files)} files, {size}"
    rows = [
        ("Model", code(outputs.path)),
        ("Source", code(outputs.source)),
        ("Version", code(outputs.version)),
        ("SHA-256", code(outputs.sha256)),
        ("Size", size),
    ]
    if facts:
        rows += [
            ("Architecture", code(facts.architecture)),
            ("Parameters", f"{facts.parameters:,}"),
            (
                "Quantization",
                f"{code(facts.quantization)}, {facts.bits_per_weight:.2f} bits a weight",
            ),
            ("Context", f"{facts.context_length:,} tokens"),
            ("Vocabulary", f"{facts.vocabulary:,} tokens"),
            ("Chat template", code(facts.chat_template_sha256[:12]) or "none"),
        ]
    of = f" of {plain(options.service)}" if options.service else ""
    return f"### Model{of}: {outputs.verdict}\n\n" + table(("What", "Value"), rows)
