"""Models: where each comes from, how its quality is measured, where it is published."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.choices import Baseline, OnInconclusive, QualityEngine
from ci_gen.config.limits import (
    ARGUMENT,
    MODEL_REGISTRY,
    MODEL_SOURCE,
    POINTER,
    REPOSITORY_PATH,
    SECRET_NAME,
    SHA256,
    SLUG,
    TASK,
)
from ci_gen.config.option import Limits, option

CPU = "cpu"


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How a model's answers are measured, on the very package that will serve it."""

    texts: tuple[str, ...] = option(
        default=(),
        limits=REPOSITORY_PATH,
        example=["tests/data/validation.txt"],
        doc="Text files whose perplexity is measured.",
    )
    questions: tuple[str, ...] = option(
        default=(),
        limits=REPOSITORY_PATH,
        example=["tests/data/qa_pairs.json"],
        doc="Files of questions with their answers, JSON or JSON Lines.",
    )
    tasks: tuple[str, ...] = option(
        default=(),
        limits=TASK,
        example=["hellaswag=tests/data/hellaswag.txt"],
        doc="Files of llama-perplexity's own tasks.",
    )
    variant: str = option(
        default=CPU,
        limits=SLUG,
        example="cuda12",
        doc="The package that is measured: cpu, or a CUDA variant, which takes a GPU runner.",
    )
    engine: QualityEngine = option(
        default=QualityEngine.LLAMA_CPP,
        doc="llama.cpp: the package's llama-perplexity and llama-server. llama-cpp-python: these "
        "bindings on the package's libllama.",
    )
    baseline: Baseline = option(
        default=Baseline.STORED,
        doc="What it is compared with. stored: what the default branch measured last. model: "
        "another model, measured in the same job. none: nothing, each measurement is new.",
    )
    baseline_model: str = option(
        default="",
        limits=MODEL_SOURCE,
        example="registry://chat@latest",
        doc="The model to compare with, where baseline is model.",
    )
    baseline_sha256: str = option(
        default="", limits=SHA256, doc="The SHA-256 of the model to compare with."
    )
    require_baseline: bool = option(
        default=False,
        doc="Without a baseline there is no PASS; else a first measurement passes as new.",
    )
    chat_template: str = option(
        default="",
        limits=REPOSITORY_PATH,
        example="config/chat-template.jinja",
        doc="The chat template that questions are asked with; the model's own where empty.",
    )
    context: int = option(
        default=512,
        limits=Limits(minimum=8, maximum=1 << 20),
        doc="Tokens of a chunk of a text, and of the context that a question is answered in.",
    )
    chunks: int = option(
        default=0,
        limits=Limits(minimum=0, maximum=1 << 20),
        doc="The most chunks of each text that are measured; all where 0.",
    )
    max_tokens: int = option(
        default=128,
        limits=Limits(minimum=1, maximum=1 << 16),
        doc="The most tokens of an answer, where the question names no other number.",
    )
    threads: int = option(
        default=0,
        limits=Limits(minimum=0, maximum=1024),
        doc="Threads that compute; as many as the machine has cores where 0.",
    )
    args: tuple[str, ...] = option(
        default=(),
        limits=ARGUMENT,
        example=["--n-gpu-layers=99"],
        doc="Further arguments of the programs, one an item.",
    )
    max_perplexity_percent: float = option(
        default=1.0,
        limits=Limits(minimum=0.001, maximum=1000),
        doc="The rise of a text's perplexity, in percent, that must be caught.",
    )
    max_accuracy_drop: float = option(
        default=5.0,
        limits=Limits(minimum=0.1, maximum=100),
        doc="The drop of the share of right answers, in percentage points, that must be caught.",
    )
    max_divergence: float = option(
        default=0.01,
        limits=Limits(minimum=0, maximum=100),
        doc="The mean KL divergence from the baseline, in nats a token, that must be caught, where "
        "baseline is model.",
    )
    on_inconclusive: OnInconclusive = option(
        default=OnInconclusive.WARN,
        doc="What becomes of a measurement that proves nothing either way: a warning, or a job "
        "that fails. A release takes neither for a PASS.",
    )


@dataclass(frozen=True, kw_only=True)
class ModelRelease:
    """What becomes of a model that was measured, after the merge."""

    publish: bool = option(
        default=False,
        doc="Publish it in the model registry as a new version, with what the gates found.",
    )
    promote_on_pass: tuple[str, ...] = option(
        default=("latest",),
        limits=POINTER,
        doc="Pointers of the registry that move to a version that every gate passed.",
    )
    promote_by_hand: tuple[str, ...] = option(
        default=(),
        limits=POINTER,
        example=["production"],
        doc="Pointers that move once a person has approved that in the environment below.",
    )
    environment: str = option(
        default="",
        limits=SLUG,
        doc="The environment in which promotion by hand waits. One of `environments`.",
    )


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model that a service serves."""

    name: str = option(limits=SLUG, doc="Its name in the pipeline and in the model registry.")
    config: str = option(
        default="config/model-config.yaml",
        limits=REPOSITORY_PATH,
        doc="Its model-config.yaml: name, source, quantization, inference settings.",
    )
    source: str = option(
        default="",
        limits=MODEL_SOURCE,
        example="hf://org/repository/model-Q4_K_M.gguf@0123456789abcdef0123456789abcdef01234567",
        doc="Where it comes from. Where empty, model.source of its config says it; then a change "
        "of the model alone runs nothing but what tests it.",
    )
    sha256: str = option(
        default="",
        limits=SHA256,
        doc="The SHA-256 of its file. An https:// address needs it.",
    )
    token: str = option(
        default="",
        limits=SECRET_NAME,
        example="HF_TOKEN",
        doc="The secret (GitHub) or variable (GitLab) with the token that its source wants. A "
        "fork's pull request is never told, and does not measure the model.",
    )
    service: str | None = option(
        default=None,
        limits=SLUG,
        doc="The CMake service whose package it is tested with. Where absent that of the image, "
        "else the first one.",
    )
    cache: bool = option(
        default=True,
        doc="Keep it in the platform's cache where jobs run on hosted runners. A self-hosted "
        "runner keeps it on its own disk in any case.",
    )
    quality: Quality = option(factory=Quality, doc="How its answers are measured.")
    release: ModelRelease = option(factory=ModelRelease, doc="What becomes of it after a merge.")

    @property
    def measured(self) -> bool:
        """Whether there is anything to measure its quality with."""
        return bool(self.quality.texts or self.quality.questions or self.quality.tasks)


@dataclass(frozen=True, kw_only=True)
class ModelRegistry:
    """Where versions of models are kept."""

    location: str = option(
        default="",
        limits=MODEL_REGISTRY,
        example="oci://registry.example.com/team/models",
        doc="A folder that every runner sees at this path, or a folder of an OCI registry.",
    )
    username: str = option(
        default="",
        limits=SECRET_NAME,
        doc="The secret or variable that holds the registry's user name; no login where empty.",
    )
    password: str = option(
        default="",
        limits=SECRET_NAME,
        doc="The secret or variable that holds the registry's password.",
    )
