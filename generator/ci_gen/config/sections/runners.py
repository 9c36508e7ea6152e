"""Where jobs run, and who may start what there."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.choices import ForkPolicy, Tier
from ci_gen.config.limits import DNS_LABEL, IMAGE, LABEL, LABELS, SLUG
from ci_gen.config.option import Limits, option


@dataclass(frozen=True, kw_only=True)
class HostedRunner:
    """The runners for everything that needs no GPU."""

    labels: tuple[str, ...] = option(
        default=("ubuntu-24.04",), limits=LABELS, doc="GitHub: runs-on."
    )
    tags: tuple[str, ...] = option(
        default=(), limits=LABEL, doc="GitLab: runner tags; any untagged runner where empty."
    )
    image: str | None = option(
        default=None,
        limits=IMAGE,
        doc="GitLab: the container image of the jobs; ci-gen's pinned default where absent.",
    )


@dataclass(frozen=True, kw_only=True)
class GpuRunner:
    """The self-hosted runners with a GPU and the CUDA toolkit."""

    labels: tuple[str, ...] = option(
        default=("self-hosted", "linux", "x64", "gpu"), limits=LABELS, doc="GitHub: runs-on."
    )
    tags: tuple[str, ...] = option(default=("gpu",), limits=LABELS, doc="GitLab: runner tags.")
    image: str = option(
        default="",
        limits=IMAGE,
        doc="GitLab: the container image of the jobs; the runner's own where empty.",
    )


@dataclass(frozen=True, kw_only=True)
class Runners:
    """Where jobs run."""

    hosted: HostedRunner = option(factory=HostedRunner, doc="Without a GPU.")
    gpu: GpuRunner = option(factory=GpuRunner, doc="With a GPU.")


@dataclass(frozen=True, kw_only=True)
class Forks:
    """What a pull request from a fork may reach."""

    gpu: ForkPolicy = option(
        default=ForkPolicy.NEVER,
        doc="Whether GPU jobs run for a fork: never, or after a person "
        "approved it in the environment named below.",
    )
    environment: str = option(
        default="",
        limits=SLUG,
        doc="The environment in which a fork's GPU jobs wait for approval. One of `environments`.",
    )


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A place that jobs run against, with the approvals that the platform keeps for it."""

    name: str = option(limits=SLUG, doc="Its name on the platform.")
    tier: Tier = option(default=Tier.OTHER, doc="What it is for.")
    namespace: str = option(
        default="",
        limits=DNS_LABEL,
        example="chat-staging",
        doc="The namespace of a cluster that the service runs in there; an overlay of the "
        "manifests is rendered for it. Not a place to deploy to where empty.",
    )
    replicas: int = option(
        default=0,
        limits=Limits(minimum=0, maximum=1000),
        doc="How many pods serve there; kubernetes.replicas where 0.",
    )
