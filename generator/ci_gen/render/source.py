"""Where a generated pipeline takes ci-gen's own actions from."""

from __future__ import annotations

from dataclasses import dataclass

VENDOR_FOLDER = ".ci-gen"


@dataclass(frozen=True, kw_only=True)
class ActionSource:
    """Our repository on GitHub as owner/name, the pinned commit, and the version it is."""

    repository: str
    commit: str
    version: str
    vendored: bool = False

    def uses(self, action: str) -> str:
        """What follows `uses:` for one of our actions; "" is the root action."""
        if self.vendored:
            return f"./{VENDOR_FOLDER}/actions/{action}" if action else f"./{VENDOR_FOLDER}"
        path = f"/actions/{action}" if action else ""
        return f"{self.repository}{path}@{self.commit} # v{self.version}"

    @property
    def url(self) -> str:
        """Where git fetches the actions from."""
        return f"https://github.com/{self.repository}.git"
