"""CI that a repository has already: GitHub workflows and GitLab's files."""

from __future__ import annotations

import re

from ci_gen.detect.model import Seen
from ci_gen.detect.tree import Tree, line_at, written_by_ci_gen

_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_GITLAB_ROOT = re.compile(r"\.gitlab-ci\.ya?ml")
_GITLAB_INCLUDE = re.compile(r"\.gitlab/(?:.+/)?[^/]+\.ya?ml|\.?gitlab-ci/.+\.ya?ml")
_WORKFLOW_START = re.compile(r"^[\"']?(?:name|on)[\"']?\s*:", re.MULTILINE)


def find_workflows(tree: Tree) -> tuple[Seen, ...]:
    """Find GitHub workflows that ci-gen did not write, each with the line that begins it."""
    return tuple(
        Seen(path, _start(tree.read(path)))
        for path in tree.below(".github/workflows")
        if _WORKFLOW.fullmatch(path) and not written_by_ci_gen(tree.read(path))
    )


def find_gitlab_ci(tree: Tree) -> tuple[Seen, ...]:
    """Find .gitlab-ci.yml and the local files that such a pipeline is split into."""
    return tuple(
        Seen(path)
        for path in (path for path in tree.files if path.startswith((".gitlab", "gitlab-ci/")))
        if (_GITLAB_ROOT.fullmatch(path) or _GITLAB_INCLUDE.fullmatch(path))
        and not written_by_ci_gen(tree.read(path))
    )


def _start(text: str) -> int:
    match = _WORKFLOW_START.search(text)
    return line_at(text, match.start()) if match else 0
