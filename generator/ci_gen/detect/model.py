"""The facts about a repository, each with the file and line that shows it.

Everything here is frozen and made of plain values, so that facts can be kept in
the lock, compared, and rendered from again on a machine that lacks the sources.
Paths are relative to the repository's root, with forward slashes; "." is the root.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, order=True)
class Seen:
    """Where a fact was read: a file and its line, 1-based; line 0 means the file as a whole."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class LlamaOrigin(str, Enum):
    """How llama.cpp comes into a repository."""

    SELF = "self"
    SUBMODULE = "submodule"
    VENDORED = "vendored"
    FETCH_CONTENT = "fetch-content"
    PYTHON_PACKAGE = "python-package"
    SYSTEM = "system"


class CudaOption(str, Enum):
    """The CMake option that switches a llama.cpp of a given vintage to CUDA."""

    GGML_CUDA = "GGML_CUDA"
    LLAMA_CUDA = "LLAMA_CUDA"
    LLAMA_CUBLAS = "LLAMA_CUBLAS"


class ProjectKind(str, Enum):
    """What builds a project."""

    CMAKE = "cmake"
    PYTHON = "python"


class PackageManager(str, Enum):
    """What installs a Python project's dependencies."""

    UV = "uv"
    POETRY = "poetry"
    PDM = "pdm"
    PIPENV = "pipenv"
    PIP = "pip"


class SuiteKind(str, Enum):
    """Whether a pytest suite needs the built binaries (integration) or not (unit)."""

    UNIT = "unit"
    INTEGRATION = "integration"


@dataclass(frozen=True, kw_only=True)
class Llama:
    """llama.cpp as one project sees it.

    `path` is the folder of llama.cpp's own CMakeLists.txt, "" where the sources are not
    in the tree (FetchContent, a Python package, a system library). `cuda_option` is None
    where the sources are not at hand (an uninitialised submodule) and nothing else tells;
    `cuda_seen` is what shows it.
    """

    origin: LlamaOrigin
    path: str
    cuda_option: CudaOption | None
    seen: Seen
    cuda_seen: Seen | None = None


@dataclass(frozen=True, kw_only=True)
class PytestSuite:
    """A folder or file that pytest collects from.

    A suite does not include those that lie deeper in its folder: to run `tests` as the unit
    suite beside `tests/integration`, ignore the latter (`nested_suites` in `suites.py`).
    """

    path: str
    kind: SuiteKind
    seen: Seen


@dataclass(frozen=True, kw_only=True)
class PythonProject:
    """A Python project: the folder that its manifest lies in and what installs it.

    `requirements` are the files to install from where the manager is pip; `extras` and
    `groups` are those that carry the test dependencies; `packaged` says whether the
    folder itself can be installed or built into a wheel.
    """

    path: str
    manager: PackageManager
    manifest: str
    lock: str
    requirements: tuple[str, ...]
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    requires_python: str
    packaged: bool
    seen: Seen


@dataclass(frozen=True, kw_only=True)
class Project:
    """One thing that the pipeline builds: a CMake project or a Python service."""

    name: str
    path: str
    kind: ProjectKind
    llama: Llama | None
    ctest: Seen | None
    pytest: tuple[PytestSuite, ...]
    python: PythonProject | None
    seen: Seen


class Visibility(str, Enum):
    """Who may open a pull request from a fork."""

    PUBLIC = "public"
    UNKNOWN = "unknown"


class Platform(str, Enum):
    """A CI platform."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A git remote: `platform` is None where the host is neither known nor telling."""

    name: str
    url: str
    slug: str
    platform: Platform | None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A Kubernetes manifest, kustomization or Helm chart, and what applies it.

    `tool` is one of kubectl, kustomize, helm, argo-cd, flux; `deployed_by` is the line of a
    workflow, script or Argo CD or Flux resource that applies it, where there is one.
    """

    path: str
    kind: str
    tool: str
    seen: Seen
    deployed_by: Seen | None = None


@dataclass(frozen=True, kw_only=True)
class ModelName:
    """A model that some file of the repository names: a GGUF file name or a hub repository.

    `source` is an address that the file stands under, or ""; `quantization` is the part of
    the name that tells it, such as Q4_K_M, or "".
    """

    name: str
    source: str
    quantization: str
    seen: Seen


class EvaluationKind(str, Enum):
    """What a model can be asked with a file."""

    QUESTIONS = "questions"
    TEXT = "text"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A file of the repository that a model's quality can be measured with."""

    path: str
    kind: EvaluationKind
    seen: Seen


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is known of a repository.

    `visibility` PUBLIC means that something in the repository invites forks (a CONTRIBUTING
    guide, a licence, issue templates); it is a guess for the safe side, never proof.
    `notes` are remarks to the reader about what could not be read, e.g. broken YAML.
    """

    name: str
    default_branch: str
    remotes: tuple[Remote, ...]
    visibility: Visibility
    visibility_seen: Seen | None
    projects: tuple[Project, ...]
    submodules: tuple[str, ...]
    dockerfiles: tuple[Seen, ...]
    manifests: tuple[Manifest, ...]
    workflows: tuple[Seen, ...]
    gitlab_ci: tuple[Seen, ...]
    models: tuple[ModelName, ...]
    notes: tuple[str, ...]
    evaluations: tuple[Evaluation, ...] = ()
