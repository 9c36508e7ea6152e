"""The words that keys of ci-gen.yaml may be chosen from."""

from __future__ import annotations

from enum import Enum


class BuildType(str, Enum):
    """CMake's build types."""

    RELEASE = "Release"
    REL_WITH_DEB_INFO = "RelWithDebInfo"
    MIN_SIZE_REL = "MinSizeRel"
    DEBUG = "Debug"


class Generator(str, Enum):
    """What CMake generates build files for."""

    AUTO = "auto"
    NINJA = "ninja"
    MAKE = "make"


class Tier(str, Enum):
    """What an environment is for, in GitLab's words."""

    PRODUCTION = "production"
    STAGING = "staging"
    TESTING = "testing"
    DEVELOPMENT = "development"
    OTHER = "other"


class ForkPolicy(str, Enum):
    """Whether a fork's pull request may reach a self-hosted runner."""

    NEVER = "never"
    APPROVE = "approve"


class ActionsSource(str, Enum):
    """Where the pipeline takes ci-gen's actions from."""

    REMOTE = "remote"
    VENDOR = "vendor"


class Interval(str, Enum):
    """How often dependabot looks for updates."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class ImageSource(str, Enum):
    """What an image is made from."""

    PACKAGE = "package"
    COMPILE = "compile"


class ImagePlatform(str, Enum):
    """What an image can run on, in the words of OCI."""

    LINUX_AMD64 = "linux/amd64"
    LINUX_ARM64 = "linux/arm64"


class EngineAccess(str, Enum):
    """How a job of GitLab reaches a container engine."""

    DIND = "dind"
    SOCKET = "socket"


class Severity(str, Enum):
    """How bad a vulnerability is, as CVSS grades it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Baseline(str, Enum):
    """What a model's quality is compared with."""

    STORED = "stored"
    MODEL = "model"
    NONE = "none"


class OnInconclusive(str, Enum):
    """What becomes of a gate that could not decide."""

    WARN = "warn"
    BLOCK = "block"


class QualityEngine(str, Enum):
    """What runs the model while its quality is measured."""

    LLAMA_CPP = "llama.cpp"
    LLAMA_CPP_PYTHON = "llama-cpp-python"


class ModelDelivery(str, Enum):
    """How a pod gets its model."""

    EMBEDDED = "embedded"
    CLAIM = "claim"
    IMAGE = "image"


class ServiceType(str, Enum):
    """How a Service of Kubernetes is reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


class TolerationEffect(str, Enum):
    """What a taint does, in the words of Kubernetes."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"
