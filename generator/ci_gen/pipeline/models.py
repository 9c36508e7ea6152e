"""What the jobs of a model have in common: fetching it, and what is kept of it between runs."""

from __future__ import annotations

import hashlib

from ci_gen.config.choices import Baseline
from ci_gen.pipeline.model import (
    ActionCall,
    Cache,
    JobTokenRef,
    KeptRef,
    SecretRef,
    TokenRef,
    Value,
)
from ci_gen.pipeline.model_settings import REGISTRY, ModelSettings
from ci_gen.pipeline.parts import CACHE_FOLDER
from ci_gen.pipeline.settings import Settings

MODELS_FOLDER = f"{CACHE_FOLDER}/models"
ACTION = "fetch-model"
FETCH = "fetch"
BASELINE = "fetch-baseline"


def fetched(model: ModelSettings, call: str) -> str:
    """The name of the evidence of a call that fetches."""
    return f"{call}-{model.name}"


def fetch(settings: Settings, model: ModelSettings, name: str) -> ActionCall:
    """The call that brings the model; its output `path` says where it is.

    `name` is that of the call in the evidence: two jobs may fetch the same model.
    """
    declared = model.declared
    return ActionCall(
        id=FETCH,
        action=ACTION,
        title=f"Fetch {model.name}",
        inputs={
            "source": declared.source,
            "sha256": declared.sha256,
            # Read when the pipeline runs: another model needs no other pipeline.
            "config": declared.config,
            **_access(settings, model),
            "evidence-name": fetched(model, name),
        },
    )


def fetch_baseline(settings: Settings, model: ModelSettings) -> ActionCall:
    """The call that brings the model to compare with."""
    quality = model.declared.quality
    return ActionCall(
        id=BASELINE,
        action=ACTION,
        title=f"Fetch what {model.name} is compared with",
        inputs={
            "source": quality.baseline_model,
            "sha256": quality.baseline_sha256,
            **_access(settings, model),
            "evidence-name": fetched(model, BASELINE),
        },
    )


def secret(settings: Settings, model: ModelSettings) -> bool:
    """Whether fetching takes a secret, which no fork is told."""
    return any(isinstance(each, TokenRef) for each in _access(settings, model).values())


def _access(settings: Settings, model: ModelSettings) -> dict[str, Value]:
    """What it takes to read the models: a token, the registry, a folder to keep them in."""
    registry = settings.config.model_registry
    inputs: dict[str, Value] = {"service": model.service.name}
    if model.declared.token:
        inputs["token"] = TokenRef(model.declared.token)
    elif recorded(settings) and model.declared.source.startswith(REGISTRY):
        # What an OCI registry holds is recorded on a branch, which a private repository guards.
        inputs["token"] = JobTokenRef()
    if registry.location and _from_registry(model):
        inputs["registry"] = registry.location
        if registry.username:
            inputs["username"] = TokenRef(registry.username)
            inputs["password"] = TokenRef(registry.password)
    if _on_platform(settings, model):
        inputs["cache"] = KeptRef(MODELS_FOLDER)
    return inputs


def _from_registry(model: ModelSettings) -> bool:
    """Whether one of its models may be in the registry: its config is read later than now."""
    declared = model.declared
    compared = declared.quality.baseline is Baseline.MODEL
    sources = [declared.source, *([declared.quality.baseline_model] if compared else [])]
    return any(not source or source.startswith(REGISTRY) for source in sources)


def publishing(settings: Settings) -> dict[str, Value]:
    """What it takes to write to the model registry."""
    registry = settings.config.model_registry
    inputs: dict[str, Value] = {"registry": registry.location}
    if registry.username:
        inputs["username"] = SecretRef(registry.username)
        inputs["password"] = SecretRef(registry.password)
    if recorded(settings):
        inputs["token"] = JobTokenRef()
    return inputs


def recorded(settings: Settings) -> bool:
    """Whether versions and pointers are on a branch of the repository: those of an OCI registry."""
    return settings.config.model_registry.location.startswith("oci://")


def _on_platform(settings: Settings, model: ModelSettings) -> bool:
    """Whether the platform's cache keeps it: a self-hosted runner has a disk of its own."""
    labels = settings.config.runners.hosted.labels
    hosted = not model.cuda and "self-hosted" not in labels
    return hosted and model.declared.cache and not model.in_tree


def kept(settings: Settings, model: ModelSettings) -> tuple[Cache, ...]:
    """The platform's cache of the model, named by what its file is."""
    if not _on_platform(settings, model):
        return ()
    declared = model.declared
    told = f"{declared.source}\n{declared.sha256}\n{declared.quality.baseline_model}"
    mark = hashlib.sha256(told.encode()).hexdigest()[:16]
    return (
        Cache(
            name=f"model-{model.name}",
            path=MODELS_FOLDER,
            key=f"model-{model.name}-{mark}",
            what="the model",
            exact=True,
            files=() if declared.source else (declared.config,),
            guarded=True,
        ),
    )
