"""Pipelines built by hand for tests: small ones to read, a delivery with gates, a large one."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from ci_gen.pipeline.model import (
    ActionCall,
    Artifact,
    Environment,
    Event,
    Job,
    Matrix,
    Need,
    Pipeline,
    Runner,
    Stage,
    Triggers,
)

HOSTED = Runner(labels=("ubuntu-24.04",), tags=("docker",), image="python:3.12", hosted=True)
GPU = Runner(
    labels=("self-hosted", "linux", "gpu"), tags=("gpu",), image="", hosted=False, gpu=True
)
CUDA_ROWS = tuple(
    {"variant": f"cuda-{version}", "toolkit": version} for version in ("12.4", "12.8")
)

STAGES = {
    "changes": ("Changes", "Finds out whether anything that can affect a build has changed."),
    "checks": ("Quick checks", "Catches in seconds what would otherwise fail after minutes."),
    "build": ("Build", "Compiles what is shipped once, so that all later stages test those bytes."),
    "test": ("Test", "Shows that the parts and the built package do what they promise."),
    "quality": (
        "Quality",
        "Compares the answers and the speed of the model with the last release.",
    ),
    "image": ("Image", "Packs the tested package into a container image."),
    "deploy": ("Deploy", "Brings the release to its users step by step."),
    "result": ("Result", "Sums up all verdicts in the one check that a merge requires."),
}


def job(
    job_id: str,
    *,
    stage: str = "test",
    needs: Sequence[str | Need] = (),
    minutes: float = 1.0,
    runner: Runner = HOSTED,
    **more: object,
) -> Job:
    """A job with sensible values for what a test does not care about."""
    title = str(more.pop("title", job_id.replace("-", " ").capitalize()))
    why = str(more.pop("why", f"Shows what {job_id} shows."))
    return Job(
        id=job_id,
        stage=stage,
        title=title,
        why=why,
        runner=runner,
        calls=(ActionCall(id="run", action=job_id, title=title, inputs={}),),
        needs=tuple(each if isinstance(each, Need) else Need(job=each) for each in needs),
        expected_minutes=minutes,
        **more,  # type: ignore[arg-type]
    )


def pipeline(
    *jobs: Job, environments: Sequence[Environment] = (), name: str = "Continuous integration"
) -> Pipeline:
    """A pipeline of `jobs`, grouped into stages in the order in which these first appear."""
    stages: dict[str, list[Job]] = {}
    for each in jobs:
        stages.setdefault(each.stage, []).append(each)
    return Pipeline(
        name=name,
        default_branch="main",
        triggers=Triggers(pull_request=True, tags=("v*",), manual=True),
        stages=tuple(
            Stage(
                id=stage,
                title=STAGES.get(stage, (stage, ""))[0],
                why=STAGES.get(stage, ("", f"Holds the jobs of {stage}."))[1],
                jobs=tuple(members),
            )
            for stage, members in stages.items()
        ),
        environments=tuple(environments),
        aggregate="ci-ok",
    )


def _start() -> list[Job]:
    return [
        job("changes", stage="changes", title="What changed", minutes=0.3,
            why="Tells the costly jobs whether they have anything to do.",
            skip_when_unaffected=False, timeout_minutes=5),
        job("quick-checks", stage="checks", title="Quick checks", minutes=0.7,
            why="Finds conflict markers and broken syntax before any compiler starts.",
            skip_when_unaffected=False, timeout_minutes=10),
    ]  # fmt: skip


def _unit(service: str) -> Job:
    return job(
        f"unit-tests-{service}", stage="test", title=f"Unit tests of {service}", minutes=3,
        needs=("changes", "quick-checks"),
        why=f"Tests the Python code of {service} without any model or server.",
        junit=(f"reports/unit-{service}.xml",),
        artifacts=(
            Artifact(name=f"reports-unit-tests-{service}", paths=("reports",),
                     retention_days=14, always=True),
        ),
    )  # fmt: skip


def _build_cpu(service: str, minutes: float = 12) -> Job:
    return job(
        f"build-cpu-{service}", stage="build", title=f"CPU build of {service}", minutes=minutes,
        needs=("changes", "quick-checks"), timeout_minutes=60, submodules=True,
        why=f"Compiles {service} for processors without a GPU and runs its ctest suite.",
        artifacts=(
            Artifact(name=f"package-{service}-cpu", paths=("dist",), retention_days=30),
            Artifact(name=f"evidence-build-cpu-{service}", paths=("evidence",),
                     retention_days=90, always=True),
        ),
    )  # fmt: skip


def _build_cuda(service: str, minutes: float = 25) -> Job:
    return job(
        f"build-cuda-{service}", stage="build", title=f"CUDA build of {service}", minutes=minutes,
        needs=("changes", "quick-checks"), runner=GPU, forks=False, timeout_minutes=120,
        why=f"Compiles {service} for each CUDA version that is supported.",
        matrix=Matrix(rows=CUDA_ROWS), submodules=True,
        artifacts=(
            Artifact(name=f"package-{service}-cuda", paths=("dist",), retention_days=30),
        ),
    )  # fmt: skip


def _integration(service: str, minutes: float = 6) -> Job:
    return job(
        f"integration-tests-{service}", stage="test", title=f"Integration tests of {service}",
        needs=(
            "changes", Need(job=f"build-cpu-{service}", artifacts=(f"package-{service}-cpu",)),
        ),
        minutes=minutes, why=f"Starts the built server of {service} and talks to it.",
        junit=(f"reports/integration-{service}.xml",),
    )  # fmt: skip


def _result(jobs: Sequence[Job]) -> Job:
    return job(
        "ci-ok", stage="result", title="All verdicts", minutes=0.2, always=True,
        skip_when_unaffected=False, needs=tuple(each.id for each in jobs), timeout_minutes=5,
        why="Is green only if every job that had to run has run and passed.",
    )  # fmt: skip


def small() -> Pipeline:
    """Five jobs: one service, processors only."""
    jobs = [*_start(), _build_cpu("chat"), _integration("chat")]
    return pipeline(*jobs, _result(jobs))


def service() -> Pipeline:
    """Twelve jobs: two services, CUDA, a quality gate, an environment with an approval."""
    jobs = _start()
    for name, minutes in (("chat", 12.0), ("embeddings", 9.5)):
        jobs += [_unit(name), _build_cpu(name, minutes), _integration(name)]
    jobs.insert(5, _build_cuda("chat"))
    gate = job(
        "quality-gate-chat", stage="quality", title="Quality gate of chat", minutes=14,
        needs=("changes", Need(job="build-cuda-chat", artifacts=("package-chat-cuda",))),
        runner=GPU, gate=True, forks=False,
        why="Measures perplexity and answers against the last release and blocks what is worse.",
    )  # fmt: skip
    bench = job(
        "benchmark-gate-chat", stage="quality", title="Benchmark gate of chat", minutes=9,
        needs=("changes", Need(job="build-cuda-chat", artifacts=("package-chat-cuda",))),
        runner=GPU, gate=True, approval="gpu-forks",
        why="Measures tokens per second against the last release and blocks what is slower.",
    )  # fmt: skip
    jobs += [gate, bench]
    return pipeline(
        *jobs,
        _result(jobs),
        environments=(
            Environment(
                name="gpu-forks", tier="testing", why="Lets a person admit a fork to a GPU runner."
            ),
        ),
    )


def fleet(services: int = 7) -> Pipeline:
    """Forty jobs (with seven services): CUDA builds, gates, images and a staged delivery."""
    names = ("chat", "embeddings", "reranker", "vision", "speech", "tool-router", "code-assist")
    jobs = _start()
    chosen = names[:services]
    for index, name in enumerate(chosen):
        jobs += [_unit(name), _build_cpu(name, 8 + index), _integration(name, 3 + index / 2)]
        if index < 4:
            jobs.append(_build_cuda(name, 18 + 2 * index))
            jobs.append(
                job(f"quality-gate-{name}", stage="quality", title=f"Quality gate of {name}",
                    needs=(Need(job=f"build-cuda-{name}", artifacts=(f"package-{name}-cuda",)),),
                    runner=GPU, gate=True, forks=False, minutes=10 + index,
                    why=f"Compares the answers of {name} with those of the last release.")
            )  # fmt: skip
    tested = [each.id for each in jobs if each.id.startswith(("integration-", "quality-"))]
    after_merge = frozenset({Event.DEFAULT_BRANCH, Event.TAG, Event.MANUAL})
    images = [
        job(f"image-{name}", stage="image", title=f"Image of {name}", minutes=4 + index,
            needs=tuple(each for each in tested if each.endswith(f"-{name}")), forks=False,
            events=after_merge, why=f"Packs the tested package of {name} into an image.")
        for index, name in enumerate(chosen[:4])
    ]  # fmt: skip
    previous = [each.id for each in images]
    deploys = []
    for environment, minutes in (("staging", 6.0), ("canary", 20.0), ("production", 11.0)):
        deploys.append(
            job(f"deploy-{environment}", stage="deploy", title=f"Deploy to {environment}",
                needs=tuple(previous), approval="production" * (environment == "production"),
                forks=False,
                minutes=minutes, events=after_merge,
                why=f"Rolls the release out to {environment} and back if it is worse there.")
        )  # fmt: skip
        previous = [f"deploy-{environment}"]
    rest = [
        job("docs", stage="checks", title="Documentation", needs=("changes",), minutes=1.5),
    ]
    jobs += [*rest, *images, *deploys]
    return pipeline(
        *jobs,
        _result(jobs),
        environments=(
            Environment(name="staging", tier="staging", why="Takes every merge first."),
            Environment(name="canary", tier="production", why="Serves a twentieth of the users."),
            Environment(name="production", tier="production", why="Serves everybody."),
        ),
    )


HOSTILE = (
    '"]; click j1 "javascript:alert(1)" %%{init: {}}%%',
    "end",
    "style a:#35; classDef x:#1;",
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "`**md**` | a&amp;b &lt; [x](javascript:y) ``",
    "${{ github.token }} $(id)\n::warning::x",
    "漢字 e\u0301 🚀 \u202eevil\u2028",
    "subgraph x\nA-->B",
    "W" * 90,
    "#quot;#35;",
    "]]>--><!--\x00\ud800\ufffe",
    "\x1b[31mred\x07",
)


def hostile() -> Pipeline:
    """A pipeline whose every text tries to break out of the picture that it is shown in."""
    jobs: list[Job] = []
    for number, text in enumerate(HOSTILE):
        jobs.append(
            job(
                text if number else "first",
                stage=HOSTILE[number % 5],
                title=text,
                why=text,
                needs=[jobs[number // 2].id] if number else [],
                approval=text if number % 3 == 0 else "",
                gate=number % 4 == 0,
                runner=GPU if number % 2 else HOSTED,
                artifacts=(Artifact(name=text, paths=("x",), retention_days=1),),
                matrix=Matrix(rows=({"variant": text}, {"variant": "b"})),
            )
        )
    return pipeline(
        *jobs,
        name=HOSTILE[3],
        environments=[Environment(name=text, tier=text, why=text) for text in HOSTILE],
    )


@st.composite
def pipelines(draw: st.DrawFn, most: int = 18) -> Pipeline:
    """Any pipeline without a cycle: some stages, matrices, gates and GPU jobs."""
    count = draw(st.integers(1, most))
    # One number a job decides all of its traits: many small draws would be slow.
    traits = draw(st.lists(st.integers(0, 2**20 - 1), min_size=count, max_size=count))
    jobs: list[Job] = []
    for number, trait in enumerate(traits):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=4)) if number else set()
        rows = tuple({"variant": f"v{row}"} for row in range(trait >> 2 & 3))
        jobs.append(
            job(
                f"job-{number}",
                stage=tuple(STAGES)[trait >> 4 & 7],
                needs=[f"job-{need}" for need in sorted(needs)],
                minutes=(0.0, 0.1, 1.0, 2.5, 20.0, 20.0, 1.0, 0.3)[trait >> 7 & 7],
                runner=GPU if trait & 1 else HOSTED,
                gate=bool(trait & 2),
                forks=bool(trait >> 10 & 1),
                matrix=Matrix(rows=rows) if rows else None,
                events=frozenset(e for at, e in enumerate(Event) if trait >> 11 & 1 << at)
                or frozenset(Event),
            )
        )
    return pipeline(*(jobs if draw(st.booleans()) else reversed(jobs)))
