"""Where ci-gen's actions come from, and what keeps the rest up to date."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.choices import ActionsSource, Interval
from ci_gen.config.option import Limits, option


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
