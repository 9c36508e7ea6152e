"""Inputs of actions in the plan: texts, and references to what is known when a pipeline runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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


@dataclass(frozen=True)
class SecretRef:
    """A secret of the repository's owner, by name; "" in a run for a pull request on GitHub.

    GitLab keeps a protected variable from branches that are not protected by itself.
    """

    name: str


@dataclass(frozen=True)
class TokenRef:
    """A secret that a job needs to read what it works on; "" in a run for a fork's pull request.

    Whoever may push a branch to the repository can read it, and can change its workflows anyway.
    """

    name: str


@dataclass(frozen=True)
class JobTokenRef:
    """The platform's own token of the job, which may what the job's rights say."""


@dataclass(frozen=True)
class StepRef:
    """The output `output` of an earlier call of the same job, by the call's id and action."""

    call: str
    action: str
    output: str


@dataclass(frozen=True)
class KeptRef:
    """A folder that the platform keeps between runs; "" where a machine has a place of its own."""

    path: str


class RegistryPart(str, Enum):
    """What a job must know of the registry that it pushes to."""

    REPOSITORY = "repository"
    USERNAME = "username"
    PASSWORD = "password"  # noqa: S105 - the name of a part


@dataclass(frozen=True)
class RegistryRef:
    """A part of the platform's own registry, with the login that each run gets for it.

    `repository` is where an image goes that has a name of its own, "" for one that is named
    after `service`. No platform tells its token to a registry that is not its own.
    """

    part: RegistryPart
    service: str
    repository: str = ""


@dataclass(frozen=True)
class ToolRef:
    """Where to get a pinned tool: a line a platform with its version, address and digest."""

    name: str


Value = (
    str
    | OutputRef
    | MatrixRef
    | ForkRef
    | NeedsRef
    | ResultsRef
    | SecretRef
    | TokenRef
    | JobTokenRef
    | StepRef
    | KeptRef
    | RegistryRef
    | ToolRef
)
