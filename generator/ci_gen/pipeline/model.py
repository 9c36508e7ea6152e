"""The platform-neutral plan: what runs, when, where, after what, behind which gate.

Everything is frozen and free of GitHub's and GitLab's words. A value that is only known
when the pipeline runs is a reference (`ci_gen.pipeline.values`), which each platform writes in
its own syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ci_gen.pipeline.values import (
    ForkRef,
    JobTokenRef,
    KeptRef,
    MatrixRef,
    NeedsRef,
    OutputRef,
    RegistryPart,
    RegistryRef,
    ResultsRef,
    SecretRef,
    StepRef,
    TokenRef,
    ToolRef,
    Value,
)

__all__ = [
    "AFTER_MERGE",
    "VARIANT",
    "Access",
    "ActionCall",
    "Artifact",
    "Cache",
    "Engine",
    "Environment",
    "Event",
    "ForkRef",
    "Grant",
    "Job",
    "JobTokenRef",
    "KeptRef",
    "Matrix",
    "MatrixRef",
    "Need",
    "NeedsRef",
    "OutputRef",
    "Pipeline",
    "RegistryPart",
    "RegistryRef",
    "ResultsRef",
    "Runner",
    "SecretRef",
    "Signing",
    "Stage",
    "StepRef",
    "TokenRef",
    "ToolRef",
    "Triggers",
    "Value",
]


class Event(str, Enum):
    """What can start a pipeline."""

    PULL_REQUEST = "pull-request"
    DEFAULT_BRANCH = "default-branch"
    TAG = "tag"
    MANUAL = "manual"


AFTER_MERGE = frozenset(Event) - {Event.PULL_REQUEST}


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


class Access(str, Enum):
    """What a job may do on the platform, besides reading the sources."""

    PUSH_IMAGES = "push images"
    PROVE_IDENTITY = "prove its identity"
    ATTEST = "store attestations"
    WRITE_BRANCHES = "write branches"


@dataclass(frozen=True)
class Grant:
    """One right of a job, and the reason why it has it."""

    access: Access
    why: str


class Engine(str, Enum):
    """How a job reaches a container engine where a runner's job is a container itself."""

    NONE = "none"
    SOCKET = "socket"
    DIND = "dind"


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Signatures and attestations after the calls of a job, by tools of the ecosystem.

    The job's calls leave `subjects`, a line an image: its reference, that of its record, and the
    path of its SBOM, parted by tabs; and `checksums`, a line an image: its digest and name.
    `packages` are globs of what was packed. `username` and `password` are for the registry of
    `repository`, "" for the platform's own.
    """

    subjects: str
    checksums: str
    packages: tuple[str, ...]
    repository: str
    username: Value
    password: Value


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
    """A folder kept between runs; `key` names what makes it stale, never a secret.

    `what` says what is in it. `exact`: the key, with the content of `files`, tells all that is in
    it, so that no other one will do; without, the newest of the default branch is taken and a newer
    one kept. `guarded`: the default branch alone writes it, also where a platform would let others.
    """

    name: str
    path: str
    key: str
    what: str = "the compiler cache"
    exact: bool = False
    files: tuple[str, ...] = ()
    guarded: bool = False


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Rows of input values; `variant` in each row is the stable suffix of the job's name.

    `unnamed` are keys whose values are too long for a name, where a platform names its jobs by
    all values of a row.
    """

    rows: tuple[Mapping[str, str], ...]
    unnamed: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job.

    `skip_when_unaffected`: the job does nothing where the `changes` job found that no file
    which can affect it changed; `areas` are the parts of the repository whose own files can, too.
    `warns`: where it could not decide, that is a warning. `forks`: whether it runs for a fork's
    pull request; where `approval` names an environment, a fork's run waits there for a person,
    and every run where no fork may run it at all. `tools` are the commands that a hosted runner
    must have. `always`: it runs whatever became of the jobs that it needs. `all_evidence`: it
    takes the evidence of every job that it needs. `grants` are its rights besides reading the
    sources, `engine` is how it reaches a container engine, `emulated` whether that runs programs
    for other processors. `fetch_depth` counts commits, 0 for all, `commits_only` says that their
    files are of no use. `large_files`: it needs what git LFS keeps.
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
    areas: tuple[str, ...] = ()
    warns: bool = False
    forks: bool = True
    approval: str = ""
    matrix: Matrix | None = None
    fetch_depth: int = 1
    commits_only: bool = False
    submodules: bool = False
    caches: tuple[Cache, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    junit: tuple[str, ...] = ()
    timeout_minutes: int = 30
    expected_minutes: float = 1.0
    tools: tuple[str, ...] = ()
    gate: bool = False
    always: bool = False
    all_evidence: bool = False
    grants: tuple[Grant, ...] = ()
    engine: Engine = Engine.NONE
    emulated: bool = False
    signing: Signing | None = None
    large_files: bool = False

    @property
    def by_hand(self) -> bool:
        """Whether each of its runs waits for a person; no other job waits for it."""
        return bool(self.approval) and not self.forks

    @property
    def after_merge(self) -> bool:
        """Whether it never runs for a pull or merge request, and for everything else."""
        return self.events == AFTER_MERGE

    @property
    def rows(self) -> tuple[Mapping[str, str], ...]:
        """The rows of its matrix, one empty row where it has none."""
        return self.matrix.rows if self.matrix else ({},)


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
