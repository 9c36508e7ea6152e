"""What the action `model-quality` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
TASKS = ("hellaswag", "winogrande", "multiple-choice")
ENGINES = ("llama.cpp", "llama-cpp-python")
_SEED_MAX = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `model-quality`. Paths are relative to the checkout unless absolute."""

    service: str = option(
        doc="The service whose package it is.",
        default="",
        pattern=NAME,
    )
    package: str = option(
        doc="The package under test, a .tar.gz of the action `build`, as path or glob that "
        "matches one."
    )
    model: str = option(doc="The model file, GGUF; of a split model its first file.")
    baseline: str = option(
        doc="A measurement that an earlier run stored (`measurement`), as of the default branch. "
        "Where there is no such file, there is nothing to compare with yet.",
        default="",
    )
    baseline_package: str = option(
        doc="A package to compare with, as path or glob that matches one; it is measured in the "
        "same job. The package under test where only `baseline-model` is given.",
        default="",
    )
    baseline_model: str = option(
        doc="A model file to compare with, measured in the same job; `model` where only "
        "`baseline-package` is given.",
        default="",
    )
    require_baseline: bool = option(
        doc="Without a baseline the verdict is NO_DATA; else a first measurement passes as new.",
        default=False,
    )
    engine: str = option(
        doc="What runs the model: the package's own `llama-perplexity` and `llama-server`, or "
        "llama-cpp-python on the package's `libllama`.",
        default="llama.cpp",
        choices=ENGINES,
    )
    binding_requirements: str = option(
        doc="For the engine llama-cpp-python: a file of hash-locked requirements with the "
        "llama-cpp-python that was made for this llama.cpp. Empty: the version that the action "
        "itself names.",
        default="",
    )
    texts: tuple[str, ...] = option(
        doc="Text files whose perplexity is measured, as paths or globs.", default=()
    )
    questions: tuple[str, ...] = option(
        doc="Files of questions with answers, JSON or JSON Lines, as paths or globs.", default=()
    )
    tasks: tuple[str, ...] = option(
        doc="Files of `llama-perplexity`'s own tasks: `hellaswag=<path>`, `winogrande=<path>` or "
        "`multiple-choice=<path>`.",
        default=(),
        pattern=rf"(?:{'|'.join(TASKS)})=.+",
    )
    divergence: bool = option(
        doc="Measure the KL divergence of the token probabilities from those of the baseline, "
        "where the baseline is measured in the same job.",
        default=True,
    )
    chunks: int = option(
        doc="The most chunks of each text that are measured; all where 0.", default=0, minimum=0
    )
    context: int = option(
        doc="Tokens of a chunk of a text, and of the context that a question is answered in.",
        default=512,
        minimum=8,
    )
    batch: int = option(doc="The logical batch size, in tokens.", default=512, minimum=1)
    ubatch: int = option(doc="The physical batch size, in tokens.", default=512, minimum=1)
    seed: int = option(
        doc="The seed of every sampler and choice.", default=42, minimum=0, maximum=_SEED_MAX
    )
    threads: int = option(
        doc="Threads that compute; as many as the machine has cores where 0.", default=0, minimum=0
    )
    max_tokens: int = option(
        doc="The most tokens of an answer, where the question names no other number.",
        default=128,
        minimum=1,
    )
    chat_template: str = option(
        doc="A file with the chat template, in Jinja; the model's own where empty.", default=""
    )
    baseline_chat_template: str = option(
        doc="Likewise for a baseline that is measured in the same job; the baseline model's own "
        "where empty.",
        default="",
    )
    args: tuple[str, ...] = option(
        doc="Further arguments of the programs, such as `--n-gpu-layers=99`, for both arms.",
        default=(),
    )
    max_perplexity_percent: float = option(
        doc="The rise of a text's perplexity, in percent, that must be caught.",
        default=2.0,
        minimum=0.001,
        maximum=1000,
    )
    max_accuracy_drop: float = option(
        doc="The drop of the share of right answers, in percentage points, that must be caught.",
        default=5.0,
        minimum=0.1,
        maximum=100,
    )
    max_divergence: float = option(
        doc="The mean KL divergence, in nats a token, that must be caught. What the backend "
        "itself differs by is allowed on top.",
        default=0.02,
        minimum=0,
        maximum=100,
    )
    divergence_floor: tuple[str, ...] = option(
        doc="What a backend differs by from itself, `<backend>=<nats>` such as `CUDA=0.0006`, "
        "where it is known better than the built-in value.",
        default=(),
        pattern=r"[A-Za-z0-9_.-]+=[0-9]*\.?[0-9]+(?:[eE]-?[0-9]+)?",
    )
    alpha_percent: float = option(
        doc="How many runs in a hundred may raise an alarm though nothing changed, over all "
        "metrics together.",
        default=1.0,
        minimum=0.0001,
        maximum=20,
    )
    on_inconclusive: str = option(
        doc="What becomes of INCONCLUSIVE: `block` ends with exit status 3; `warn` ends with 0 "
        "and a warning, and the verdict in the evidence stays INCONCLUSIVE.",
        default="warn",
        choices=("block", "warn"),
    )
    grader_timeout: int = option(
        doc="Seconds that one answer's regular expression or custom grader may take.",
        default=10,
        minimum=1,
        maximum=600,
    )
    measurement: str = option(
        doc="Where the measurement is stored, for later runs to compare with.",
        default="reports/model-quality.measurement.json",
    )
    report: str = option(
        doc="Where the report is written, an HTML file that needs no network.",
        default="reports/model-quality.html",
    )
    performance_report: str = option(
        doc="Where the facts are written that the model registry keeps.",
        default="reports/performance_report.json",
    )
    timeout: int = option(
        doc="Seconds that all measuring together may take.", default=7200, minimum=1
    )
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.", default="model-quality", pattern=NAME
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `model-quality`; empty where the action did not come so far."""

    verdict: str = output(
        doc="PASS (also where nothing was there to compare with, or it became better), FAIL, "
        "INCONCLUSIVE, NO_DATA or ERROR.",
        default="",
    )
    perplexity: str = output(doc="The perplexity of the first text.")
    accuracy: str = output(doc="The share of right answers over all questions, from 0 to 1.")
    measurement: str = output(doc="The path of the stored measurement.")
    report: str = output(doc="The path of the report.")
    performance_report: str = output(doc="The path of the facts for the model registry.")
