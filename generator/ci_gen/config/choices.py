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
