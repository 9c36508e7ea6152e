"""What starts a pipeline, told to each platform in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.repositories import ZERO, Repository

PUSH = "push"
PULL_REQUEST = "pull-request"
FORK = "fork-pull-request"
TAG = "tag"
MANUAL = "manual"
OWNER, NAME = "acme", "demo"
SLUG = f"{OWNER}/{NAME}"
FORK_SLUG = f"stranger/{NAME}"
NUMBER = 7
_IDS = {SLUG: "1217", FORK_SLUG: "4711"}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event. `base` is the commit that the change is measured from, `head` the changed one.

    `ref` is the branch or tag that is built; of a pull request, the branch that it comes from.
    """

    kind: str
    head: str
    base: str = ZERO
    ref: str = "main"
    default_branch: str = "main"

    @property
    def is_pull_request(self) -> bool:
        """Whether it is a pull or merge request."""
        return self.kind in (PULL_REQUEST, FORK)

    @property
    def source(self) -> str:
        """The repository that a pull request comes from."""
        return FORK_SLUG if self.kind == FORK else SLUG

    def github(self) -> tuple[str, dict[str, Any]]:
        """The event's name on GitHub and its payload, as far as workflows read it."""
        owner = {"login": OWNER}
        repository = {"full_name": SLUG, "name": NAME, "owner": owner, "fork": False}
        common = {"repository": {**repository, "default_branch": self.default_branch}}
        if self.is_pull_request:
            return "pull_request", {**common, **self._pull_request()}
        if self.kind == MANUAL:
            return "workflow_dispatch", {**common, "ref": f"refs/heads/{self.ref}", "inputs": {}}
        folder = "tags" if self.kind == TAG else "heads"
        commits = {"before": self.base, "after": self.head, "deleted": False, "forced": False}
        return "push", {**common, **commits, "ref": f"refs/{folder}/{self.ref}"}

    def _pull_request(self) -> dict[str, Any]:
        fork = self.kind == FORK
        head = {"ref": self.ref, "sha": self.head}
        source = {"full_name": self.source, "fork": fork}
        target = {"full_name": SLUG, "fork": False}
        return {
            "action": "synchronize",
            "number": NUMBER,
            "pull_request": {
                "number": NUMBER,
                "draft": False,
                "base": {"ref": self.default_branch, "sha": self.base, "repo": target},
                "head": {**head, "repo": source},
            },
        }

    def gitlab(self) -> Mapping[str, str | None]:
        """GitLab's predefined variables of the pipeline; None for one that is not set.

        A fork's merge request is run by the fork's own project, as GitLab does by default.
        """
        common = {"CI_DEFAULT_BRANCH": self.default_branch, "CI_COMMIT_SHA": self.head}
        # CI_PROJECT_PATH and the like are those of the project whose runners do the work.
        common |= {"CI_PROJECT_PATH": self.source, "CI_PROJECT_ID": _IDS[self.source]}
        if self.is_pull_request:
            return {**common, **self._merge_request(), "CI_COMMIT_BRANCH": None}
        common |= {"CI_COMMIT_REF_NAME": self.ref, "CI_COMMIT_BEFORE_SHA": self.base}
        if self.kind == TAG:
            tagged = {"CI_COMMIT_TAG": self.ref, "CI_COMMIT_BRANCH": None}
            return {**common, **tagged, "CI_PIPELINE_SOURCE": "push"}
        source = "web" if self.kind == MANUAL else "push"
        return {**common, "CI_COMMIT_BRANCH": self.ref, "CI_PIPELINE_SOURCE": source}

    def _merge_request(self) -> dict[str, str]:
        prefix = "CI_MERGE_REQUEST_"
        return {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_COMMIT_REF_NAME": self.ref,
            "CI_COMMIT_BEFORE_SHA": ZERO,
            f"{prefix}IID": str(NUMBER),
            f"{prefix}EVENT_TYPE": "detached",
            f"{prefix}PROJECT_ID": _IDS[SLUG],
            f"{prefix}PROJECT_PATH": SLUG,
            f"{prefix}SOURCE_PROJECT_ID": _IDS[self.source],
            f"{prefix}SOURCE_PROJECT_PATH": self.source,
            f"{prefix}SOURCE_BRANCH_NAME": self.ref,
            f"{prefix}TARGET_BRANCH_NAME": self.default_branch,
            f"{prefix}DIFF_BASE_SHA": self.base,
            f"{prefix}REF_PATH": f"refs/merge-requests/{NUMBER}/head",
        }


def push(repository: Repository, base: str = ZERO, branch: str = "main") -> Event:
    """A push of the present commit to a branch."""
    return Event(kind=PUSH, head=repository.head, base=base, ref=branch)


def pull_request(base: str, head: str, *, fork: bool = False, branch: str = "feature") -> Event:
    """A pull request of commit `head` against commit `base` of the default branch."""
    return Event(kind=FORK if fork else PULL_REQUEST, head=head, base=base, ref=branch)


def tag(repository: Repository, name: str) -> Event:
    """A tag pushed on the present commit."""
    return Event(kind=TAG, head=repository.head, ref=name)


def manual(repository: Repository, branch: str = "main") -> Event:
    """A pipeline started by hand."""
    return Event(kind=MANUAL, head=repository.head, ref=branch)
