"""The platform-neutral plan: what runs, when, where, after what, behind which gate.

Everything is frozen and free of GitHub's and GitLab's words. A value that is only known
when the pipeline runs is a reference (`OutputRef`, `MatrixRef`), which each platform
writes in its own syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum


class Event(str, Enum):
    """What can start a pipeline."""

    PULL_REQUEST = "pull-request"
    DEFAULT_BRANCH = "default-branch"
    TAG = "tag"
    MANUAL = "manual"


@dataclass(frozen=True)
class OutputRef:
    """The output `output` of action `action` in job `job`, known when the pipeline runs."""

    job: str
    action: str
    output: str


@dataclass(frozen=True)
class MatrixRef:
    """The value that the present matrix row gives to `key`."""

    key: str


@dataclass(frozen=True)
class ForkRef:
    """ "true" in a run for a fork's pull request, else "false"."""


@dataclass(frozen=True)
class NeedsRef:
    """The results of all jobs that this one needs, as a JSON document; "" on GitLab."""


@dataclass(frozen=True)
class ResultsRef:
    """Names by which the results of jobs are known: on GitHub the jobs' ids, on GitLab, which
    tells a job nothing of the others, those of the evidence that each must leave."""

    jobs: tuple[str, ...]
    evidence: tuple[str, ...]


Value = str | OutputRef | MatrixRef | ForkRef | NeedsRef | ResultsRef

# Stands for the present matrix row's name inside a text of a matrix job. Control characters
# are refused in every config value, so no user's text can contain it.
VARIANT = "\x00variant\x00"


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Where a job runs: labels on GitHub, tags (and an image, unless "") on GitLab."""

    labels: tuple[str, ...]
    tags: tuple[str, ...]
    image: str
    hosted: bool
    gpu: bool = False


@dataclass(frozen=True, kw_only=True)
class Need:
    """An edge of the graph: this job waits for `job` and takes `artifacts` of it along."""

    job: str
    artifacts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ActionCall:
    """One of our actions with its inputs; `id` names the step whose outputs others read."""

    id: str
    action: str
    title: str
    inputs: Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """Files that outlive the job. `paths` are relative to the checkout.

    `always` keeps them when the job failed, too (reports, evidence).
    """

    name: str
    paths: tuple[str, ...]
    retention_days: int
    always: bool = False


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A folder kept between runs; `key` names what makes it stale, never a secret."""

    name: str
    path: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Rows of input values; `variant` in each row is the stable suffix of the job's name."""

    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job.

    `skip_when_unaffected`: the job does nothing where the `changes` job found that no file
    which can affect it changed. `forks`: whether it runs for a fork's pull request; where
    `approval` names an environment, a fork's run waits there for a person. `tools` are the
    commands that a hosted runner must have. `always`: it runs whatever
    became of the jobs that it needs.
    """

    id: str
    stage: str
    title: str
    why: str
    runner: Runner
    calls: tuple[ActionCall, ...]
    needs: tuple[Need, ...] = ()
    events: frozenset[Event] = frozenset(Event)
    skip_when_unaffected: bool = True
    forks: bool = True
    approval: str = ""
    matrix: Matrix | None = None
    fetch_depth: int = 1
    submodules: bool = False
    caches: tuple[Cache, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    junit: tuple[str, ...] = ()
    timeout_minutes: int = 30
    expected_minutes: float = 1.0
    tools: tuple[str, ...] = ()
    gate: bool = False
    always: bool = False


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A group of jobs with one purpose; `why` is what the generated documentation says of it."""

    id: str
    title: str
    why: str
    jobs: tuple[Job, ...]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A place that jobs may run against, with the approvals that guard it."""

    name: str
    tier: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """Which events start the pipeline, with the patterns that narrow them."""

    pull_request: bool
    tags: tuple[str, ...]
    manual: bool


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """The whole plan. `aggregate` is the id of the one job that branch protection requires."""

    name: str
    default_branch: str
    triggers: Triggers
    stages: tuple[Stage, ...]
    environments: tuple[Environment, ...]
    aggregate: str

    def jobs(self) -> Iterator[Job]:
        """Every job, in the order of the stages."""
        for stage in self.stages:
            yield from stage.jobs

    def job(self, job_id: str) -> Job:
        """The job of that id. Raises KeyError."""
        for job in self.jobs():
            if job.id == job_id:
                return job
        raise KeyError(job_id)
