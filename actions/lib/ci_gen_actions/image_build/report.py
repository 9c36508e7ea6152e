"""What the run tells: outputs, evidence, summary."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.evidence import Findings
from ..core.inert import code, listed, plain, table
from ..core.result import Result, Verdict
from . import plan
from .facts import Built, Engine, Source
from .measure import Measure
from .options import Options, Outputs
from .trial import Trial


@dataclass(kw_only=True)
class Story:
    """What happened so far. `kept` is the image's name in the engine once it stays there."""

    source: Source
    engine: Engine
    choice: plan.Choice
    push: plan.Push
    bases: Mapping[str, str] = field(default_factory=dict)
    built: Built | None = None
    trial: Trial | None = None
    measure: Measure | None = None
    kept: str = ""
    digest: str = ""
    verified_by: str = ""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def result(options: Options, story: Story) -> Result:
    """The result. What was not pushed and verified has no reference and no digest."""
    verdict = Verdict.FAIL if story.problems else Verdict.PASS
    pushed = verdict is Verdict.PASS and bool(story.digest)
    outputs = Outputs(
        reference=f"{options.repository}@{story.digest}" if pushed else "",
        digest=story.digest if pushed else "",
        local_reference=story.kept,
        image_id=story.built.image_id if story.built else "",
        tags=" ".join(story.push.tags) if pushed else "",
        size=story.measure.size if story.measure else 0,
        verdict=verdict.value,
    )
    evidence = Findings(
        service=options.service,
        inputs=_inputs(options, story),
        findings=_findings(options, story, pushed=pushed),
        tools={"docker": story.engine.version, **_client(story.choice)},
    )
    return Result(verdict, outputs, evidence, _summary(options, story, verdict, outputs))


def _inputs(options: Options, story: Story) -> dict[str, str]:
    source = story.source
    text = hashlib.sha256(source.text.encode("utf-8", "surrogateescape")).hexdigest()
    inputs = {"dockerfile": f"sha256:{text}"}
    if source.package_sha256:
        inputs["package"] = f"sha256:{source.package_sha256}"
    if source.commit:
        inputs["source"] = source.commit + ("-dirty" if source.dirty else "")
    inputs.update({f"base:{name}": digest for name, digest in story.bases.items() if digest})
    arguments = "\n".join(sorted(options.build_args)).encode()
    inputs["build-args"] = f"sha256:{hashlib.sha256(arguments).hexdigest()}"
    return inputs


def _client(choice: plan.Choice) -> dict[str, str]:
    if choice.client is None:
        return {}
    told = {"docker-client": ".".join(map(str, choice.client.version))}
    return {**told, **({"buildx": choice.client.buildx} if choice.client.buildx else {})}


def _findings(options: Options, story: Story, *, pushed: bool) -> dict[str, Any]:
    built, trial, measured = story.built, story.trial, story.measure
    found: dict[str, Any] = {
        "builder": story.choice.builder,
        "builder-why": story.choice.why,
        "variant": options.variant,
        "platforms": list(options.platforms) or [story.engine.platform],
        "push": {"wanted": story.push.wanted, "why": story.push.why},
        "bases": dict(story.bases),
        "problems": story.problems,
        "notes": story.notes,
    }
    if built:
        found["image-id"] = built.image_id
        found["build-seconds"] = built.seconds
        found["cache"] = {"steps": built.steps, "cached": built.cached}
    if trial:
        found["trial"] = {
            "passed": trial.passed,
            "problems": list(trial.problems),
            "seconds": round(trial.seconds, 3),
            **trial.findings,
        }
    if measured:
        found["measure"] = measured.findings
    if pushed:
        found["digest"], found["tags"] = story.digest, list(story.push.tags)
        found["verified-by"] = story.verified_by
    return found


def _summary(options: Options, story: Story, verdict: Verdict, outputs: Outputs) -> str:
    name = f"{options.service} ({options.variant})"
    shown = f"### Image of {plain(name)}: {verdict}\n\n"
    shown += "".join(f"- {plain(each)}\n" for each in story.problems)
    shown += "\n" if story.problems else ""
    shown += table(("", ""), _rows(story, outputs))
    if story.measure:
        shown += f"\n{story.measure.markdown}\n"
    if outputs.tags:
        names = [f"{options.repository}:{tag}" for tag in story.push.tags]
        shown += f"\nPushed as\n\n{listed(names)}"
    shown += "".join(f"\n{plain(note)}\n" for note in story.notes)
    return shown


def _rows(story: Story, outputs: Outputs) -> list[tuple[str, str]]:
    rows = [("Builder", plain(f"{story.choice.builder}: {story.choice.why}"))]
    if story.built:
        built = story.built
        rows.append(("Image id", code(built.image_id)))
        cached = f"{built.seconds:.1f} s, {built.cached} of {built.steps} steps from a cache"
        rows.append(("Build", cached))
    if story.trial:
        said = "passed" if story.trial.passed else "failed"
        rows.append(("Trial", f"{said} in {story.trial.seconds:.1f} s"))
    why = "the image did not pass" if story.problems else story.push.why
    rows.append(("Pushed", code(outputs.reference) or plain(f"no: {why}")))
    return rows
