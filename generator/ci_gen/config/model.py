"""The keys of ci-gen.yaml, schema version 1.

A key that is absent has the default declared here; a nullable key that is absent takes
what was detected in the repository. See `ci_gen.config.option` for what derives from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ci_gen.config.choices import ActionsSource, BuildType, ForkPolicy, Generator, Interval, Tier
from ci_gen.config.limits import (
    ARGUMENT,
    BRANCH,
    DAYS,
    FILE,
    IMAGE,
    LABEL,
    LABELS,
    MINUTES,
    ONE_LINE,
    OWNER,
    REPOSITORY_GLOB,
    REPOSITORY_PATH,
    SLUG,
    TAG,
)
from ci_gen.config.option import PATH, Limits, option
from ci_gen.detect.model import CudaOption, PackageManager, Platform, ProjectKind

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """What starts the pipeline, besides a push to the default branch."""

    pull_request: bool = option(default=True, doc="Run for pull requests and merge requests.")
    tags: tuple[str, ...] = option(
        default=("v*",), limits=TAG, doc="Run for tags that match one of these patterns."
    )
    manual: bool = option(default=True, doc="Allow a run started by hand.")


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Which files matter to the build."""

    ignore: tuple[str, ...] = option(
        default=(
            "**/*.md",
            "docs/**",
            "LICENSE*",
            "CODEOWNERS",
            ".github/CODEOWNERS",
            ".github/ISSUE_TEMPLATE/**",
            ".gitlab/issue_templates/**",
            ".gitlab/merge_request_templates/**",
        ),
        limits=REPOSITORY_GLOB,
        doc="Files that cannot affect a build. A change of these alone builds and tests nothing "
        "and starts no GPU.",
    )


@dataclass(frozen=True, kw_only=True)
class QuickChecks:
    """The checks that run before anything is compiled."""

    max_file_kib: int = option(
        default=51200,
        limits=Limits(minimum=1, maximum=1 << 30),
        doc="The largest file, in KiB, that may be committed outside Git LFS. Keeps model "
        "weights out of the history.",
    )
    exclude: tuple[str, ...] = option(
        default=(),
        limits=REPOSITORY_GLOB,
        example=["third_party/**"],
        doc="Files that are not looked at.",
    )


@dataclass(frozen=True, kw_only=True)
class Ctest:
    """A service's ctest suite."""

    enabled: bool | None = option(
        default=None,
        doc="Run ctest after the build. Detected from enable_testing() and add_test().",
    )
    include: str = option(
        default="",
        limits=ONE_LINE,
        example="^unit-",
        doc="Run the tests whose names match this regular expression.",
    )
    exclude: str = option(
        default="",
        limits=ONE_LINE,
        doc="Leave out the tests whose names match this regular expression.",
    )
    timeout_seconds: int = option(
        default=600, limits=Limits(minimum=1, maximum=86400), doc="Time limit of one test."
    )


@dataclass(frozen=True, kw_only=True)
class Pytest:
    """A service's pytest suites."""

    unit: tuple[str, ...] | None = option(
        default=None,
        limits=REPOSITORY_PATH,
        doc="Tests that need no built package; they run beside the build. Detected.",
    )
    integration: tuple[str, ...] | None = option(
        default=None,
        limits=REPOSITORY_PATH,
        doc="Tests that run against the built package. Detected.",
    )
    args: tuple[str, ...] = option(
        default=(),
        limits=ARGUMENT,
        example=["-m", "not slow"],
        doc="Further arguments of pytest, one an item.",
    )
    manager: PackageManager | None = option(
        default=None, doc="What installs the test dependencies. Detected."
    )
    requirements: tuple[str, ...] | None = option(
        default=None,
        limits=REPOSITORY_PATH,
        doc="Requirements files to install, where the manager is pip. Detected.",
    )
    extras: tuple[str, ...] | None = option(
        default=None,
        limits=LABEL,
        doc="Optional dependencies that carry the test tools. Detected.",
    )
    groups: tuple[str, ...] | None = option(
        default=None, limits=LABEL, doc="Dependency groups that carry the test tools. Detected."
    )


@dataclass(frozen=True, kw_only=True)
class Service:
    """One thing that the pipeline builds, tests and packages."""

    name: str = option(
        limits=SLUG,
        doc="Part of the names of its jobs and packages: a promise to whoever requires them.",
    )
    path: str = option(
        default=".",
        limits=REPOSITORY_PATH,
        doc="The folder of its CMakeLists.txt or Python project.",
    )
    kind: ProjectKind | None = option(default=None, doc="What builds it. Detected.")
    build_type: BuildType = option(default=BuildType.RELEASE, doc="CMAKE_BUILD_TYPE.")
    generator: Generator = option(
        default=Generator.AUTO, doc="CMake's generator; auto takes ninja where it is installed."
    )
    cmake_args: tuple[str, ...] = option(
        default=(),
        limits=ARGUMENT,
        example=["-DLLAMA_CURL=OFF"],
        doc="Further arguments of cmake's configuration, one an item.",
    )
    targets: tuple[str, ...] = option(
        default=(),
        limits=Limits(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", hint="a CMake target"),
        example=["llama-server"],
        doc="Targets to build; all where empty.",
    )
    package_paths: tuple[str, ...] = option(
        default=(),
        limits=REPOSITORY_GLOB,
        example=["bin/llama-server"],
        doc="What the package holds, "
        "relative to the build folder; executables and shared libraries where empty.",
    )
    cuda: bool = option(default=True, doc="Build the CUDA variants of it, where cuda.enabled.")
    cuda_option: CudaOption | None = option(
        default=None, doc="The CMake option that switches CUDA on in this llama.cpp. Detected."
    )
    ctest: Ctest = option(factory=Ctest, doc="Its ctest suite.")
    pytest: Pytest = option(factory=Pytest, doc="Its pytest suites.")


@dataclass(frozen=True, kw_only=True)
class CudaVariant:
    """One row of the CUDA build matrix."""

    name: str = option(limits=SLUG, doc="Part of the job's and the package's name.")
    toolkit: str = option(
        default="",
        limits=Limits(
            pattern=r"^(?:[0-9]{1,2}(?:\.[0-9]{1,2})?|/[A-Za-z0-9._/-]+)$",
            hint="a version such as 12.8, or the absolute path of a toolkit",
        ),
        example="12.8",
        doc="The CUDA toolkit on the runner, as version or path; the one on PATH where empty.",
    )
    architectures: tuple[str, ...] = option(
        default=("native",),
        limits=Limits(
            pattern=r"^(?:native|all|all-major|[1-9][0-9]{1,2}[af]?(?:-real|-virtual)?)$",
            hint="native, all-major, or compute capabilities such as 80 or 90a-real",
            min_items=1,
        ),
        example=["80", "86", "89"],
        doc="CMAKE_CUDA_ARCHITECTURES: the GPUs that the package is for.",
    )


@dataclass(frozen=True, kw_only=True)
class Cuda:
    """CUDA builds on self-hosted GPU runners."""

    enabled: bool = option(
        default=False,
        doc="Build the CUDA variants. Off until there is a runner to build them: "
        "without one the jobs wait for ever.",
    )
    variants: tuple[CudaVariant, ...] = option(
        factory=lambda: (CudaVariant(name="cuda"),),
        limits=Limits(min_items=1, max_items=20),
        doc="The build matrix.",
    )


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


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long artifacts are kept, in days."""

    packages: int = option(default=14, limits=DAYS, doc="Built packages.")
    reports: int = option(default=14, limits=DAYS, doc="Test reports.")
    evidence: int = option(default=90, limits=DAYS, doc="Evidence files.")


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Time limits of jobs, in minutes."""

    check: int = option(default=10, limits=MINUTES, doc="Path filter, quick checks, ci-ok.")
    build: int = option(default=60, limits=MINUTES, doc="CPU and Python builds.")
    cuda: int = option(default=120, limits=MINUTES, doc="CUDA builds.")
    test: int = option(default=30, limits=MINUTES, doc="Unit and integration tests.")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model that the services serve."""

    name: str = option(limits=SLUG, doc="Its name in the pipeline.")
    config: str = option(
        default="config/model-config.yaml",
        limits=REPOSITORY_PATH,
        doc="Its model-config.yaml: name, format, quantization, inference settings.",
    )


@dataclass(frozen=True, kw_only=True)
class Actions:
    """Where the pipeline takes ci-gen's own actions from."""

    source: ActionsSource = option(
        default=ActionsSource.REMOTE,
        doc="remote: by `uses:` at a pinned commit; vendor: copied "
        "into .ci-gen/actions, for repositories without access to it.",
    )
    repository: str | None = option(
        default=None,
        limits=Limits(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$",
            hint="owner/name on GitHub",
        ),
        doc="A mirror of the actions; the repository that ci-gen was installed from where absent.",
    )
    commit: str | None = option(
        default=None,
        limits=Limits(pattern=r"^[0-9a-f]{40}$", hint="40 hexadecimal digits"),
        doc="The commit to pin; the one that ci-gen was installed from where absent.",
    )


@dataclass(frozen=True, kw_only=True)
class Dependabot:
    """Updates by dependabot, for what ci-gen does not generate itself."""

    enabled: bool = option(default=True, doc="Generate .github/dependabot.yml.")
    interval: Interval = option(default=Interval.WEEKLY, doc="How often it looks.")
    cooldown_days: int = option(
        default=7,
        limits=Limits(minimum=7, maximum=90),
        doc="How old a release must be before it "
        "is proposed; a hijacked release is mostly found within days.",
    )


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole file."""

    version: int = option(
        limits=Limits(minimum=SCHEMA_VERSION, maximum=SCHEMA_VERSION),
        doc="The version of this schema.",
    )
    name: str | None = option(
        default=None,
        limits=SLUG,
        doc="The pipeline's name. Detected from the remote or the folder.",
    )
    platforms: tuple[Platform, ...] = option(
        default=(Platform.GITHUB, Platform.GITLAB),
        limits=Limits(min_items=1),
        doc="The platforms to generate for.",
    )
    default_branch: str | None = option(default=None, limits=BRANCH, doc="Detected.")
    triggers: Triggers = option(factory=Triggers, doc="What starts the pipeline.")
    paths: Paths = option(factory=Paths, doc="Which files matter to the build.")
    quick_checks: QuickChecks = option(factory=QuickChecks, doc="Checks before the build.")
    services: tuple[Service, ...] | None = option(
        default=None,
        limits=Limits(min_items=1, max_items=12),
        doc="What is built, tested and packaged. Detected.",
    )
    cuda: Cuda = option(factory=Cuda, doc="CUDA builds.")
    models: tuple[Model, ...] = option(default=(), doc="The models that are served.")
    runners: Runners = option(factory=Runners, doc="Where jobs run.")
    forks: Forks = option(factory=Forks, doc="What a fork's pull request may reach.")
    environments: tuple[Environment, ...] = option(
        default=(), doc="Environments, with approvals and secrets of their own."
    )
    compiler_cache: bool = option(default=True, doc="Keep ccache's folder between runs.")
    retention: Retention = option(factory=Retention, doc="How long artifacts are kept.")
    timeouts: Timeouts = option(factory=Timeouts, doc="Time limits of jobs.")
    actions: Actions = option(factory=Actions, doc="Where ci-gen's own actions come from.")
    codeowners: tuple[str, ...] = option(
        default=(),
        limits=OWNER,
        example=["@acme/platform"],
        doc="Owners of the generated files; CODEOWNERS is generated where there is one.",
    )
    dependabot: Dependabot = option(factory=Dependabot, doc="Dependabot.")
    files: Mapping[str, str] = option(
        factory=dict,
        limits=Limits(pattern=FILE, hint=REPOSITORY_PATH.hint, key_pattern=PATH),
        example={".github/workflows/ci.yml": ".github/workflows/ci-gen-ci.yml"},
        doc="Other names for generated files, where the usual one is taken.",
    )
