"""The first ci-gen.yaml and model-config.yaml of a repository. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ci_gen.config.model_config import SCHEMA_PATH, ModelSection
from ci_gen.config.option import keys
from ci_gen.config.sections.models import Quality
from ci_gen.detect.model import EvaluationKind, Facts, ModelName, Platform, Project, ProjectKind
from ci_gen.render.environment import render
from ci_gen.render.scalars import visible

MODEL_CONFIG = "config/model-config.yaml"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What the user chose, or was taken to choose.

    `platforms` is empty for the default; `model` is the pipeline's name of the model that
    config/model-config.yaml describes, "" for none; `files` maps names that were taken.
    """

    platforms: tuple[Platform, ...] = ()
    cuda: bool = False
    model: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def likely_platforms(facts: Facts) -> tuple[Platform, ...]:
    """The platforms of the remotes, both where they do not tell."""
    found = {remote.platform for remote in facts.remotes if remote.platform}
    return tuple(platform for platform in Platform if platform in found) or tuple(Platform)


def config_text(draft: Draft, facts: Facts) -> str:
    """ci-gen.yaml: what differs from the defaults, and comments for what comes next."""
    chosen = [platform.value for platform in draft.platforms]
    values = {
        "platforms": chosen if len(chosen) < len(Platform) else [],
        "models": [{"name": draft.model, "config": MODEL_CONFIG}] if draft.model else [],
        "quality": _quality(facts),
        "files": sorted(draft.files.items()),
        "services": [_described(project) for project in facts.projects] or ["nothing yet"],
        "service_examples": [
            {
                "name": project.name,
                "path": project.path,
                "cmake": project.kind is ProjectKind.CMAKE,
            }
            for project in facts.projects
        ]
        or [{"name": "server", "path": ".", "cmake": True}],
        "cuda": draft.cuda,
        "image": _image(facts),
    }
    return render("config/ci-gen.yaml.j2", values)


def _image(facts: Facts) -> list[str]:
    """The lines of the section that an image needs: a Python service's program is not known."""
    python = bool(facts.projects) and facts.projects[0].kind is ProjectKind.PYTHON
    command = ["  command: uvicorn # what starts it", '  args: ["service:app"]']
    return ["image:", "  enabled: true", *(command if python else [])]


def _quality(facts: Facts) -> dict[str, list[str]]:
    """The evaluation sets that were found, or names that they could have."""
    limits = keys(Quality)["texts"].limits
    usable = [one for one in facts.evaluations if re.fullmatch(limits.pattern, one.path)]
    found = {
        "texts": [one.path for one in usable if one.kind is EvaluationKind.TEXT],
        "questions": [one.path for one in usable if one.kind is EvaluationKind.QUESTIONS],
    }
    return (
        found if any(found.values()) else {"texts": [], "questions": ["tests/data/qa_pairs.json"]}
    )


def source_of(model: ModelName) -> str:
    """The address of a model as the key `source` takes it, "" where it is not known.

    A file of a hub lacks its revision: what is there now, only somebody who looks can say.
    """
    hub = "https://huggingface.co/"
    if not model.source.startswith(hub) or not model.name.lower().endswith(".gguf"):
        return model.source if model.source.lower().endswith(".gguf") else ""
    return f"hf://{model.source.removeprefix(hub)}/{model.name}@<commit>"


def model_text(facts: Facts) -> str:
    """config/model-config.yaml, with the first model that the repository names."""
    model = facts.models[0] if facts.models else None
    folder_up = "../" * MODEL_CONFIG.count("/")
    values = {
        "schema": folder_up + SCHEMA_PATH,
        "model": {
            "name": _model_name(model.name if model else f"{facts.name}-model"),
            "quantization": _quantization(model.quantization if model else ""),
            "source": visible(source_of(model) if model else ""),
            "seen": visible(str(model.seen) if model else ""),
        },
    }
    return render("config/model-config.yaml.j2", values)


def _model_name(found: str) -> str:
    """The name of a file or of a hub repository as a name of a model."""
    name = re.sub(r"(?i)\.gguf$", "", found.rpartition("/")[2])
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:96] or "model"


def _quantization(found: str) -> str:
    """The type that was found, "" where it is none of llama.cpp's."""
    upper = found.upper()
    return upper if re.fullmatch(keys(ModelSection)["quantization"].limits.pattern, upper) else ""


def _described(project: Project) -> str:
    return visible(f"{project.name}: {project.kind.value} in {project.path} ({project.seen})")
