"""Every linter over a set of generated trees, in a few processes however many trees there are.

    findings = lint({"one": {".github/workflows/ci.yml": text}, ...})
    assert not unexplained(findings, allowances())

A file is linted once for all trees that hold the same bytes; a finding is then reported for
each of them. What is accepted stands in lint-allow.yaml, each entry with its reason. An inline
comment that silences a linter is itself a finding (tool `suppression`), so that it needs an
entry there, too.

A linter that is not installed raises MissingToolError: a test that never ran must not pass.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ruamel.yaml import YAML
from tests.support import lint_tools
from tests.support.lint_tools import Finding, MissingToolError, Source
from tests.support.shell_blocks import Block, github_blocks, gitlab_blocks, script_block
from tests.support.yaml_nodes import Document, read

__all__ = [
    "Allowance",
    "Finding",
    "MissingToolError",
    "allowances",
    "lint",
    "report",
    "unexplained",
]

ALLOW_FILE = Path(__file__).with_name("lint-allow.yaml")
Tree = Mapping[str, str]

_WORKFLOW = re.compile(r"^\.github/workflows/[^/]+\.ya?ml$")
_ACTION = re.compile(r"(^|/)action\.ya?ml$")
_GITLAB = re.compile(r"^\.gitlab-ci\.ya?ml$|^\.gitlab/.*\.ya?ml$|\.gitlab-ci\.ya?ml$")
_DEPENDABOT = re.compile(r"^\.github/dependabot\.ya?ml$")
_CONFIG = re.compile(r"^\.github/actionlint\.ya?ml$")
_DOCKERFILE = re.compile(r"(^|[/.])Dockerfile$")
_SCRIPT = re.compile(r"\.sh$")
_LOCAL_USE = re.compile(r"uses:\s*[\"']?\./")
_SUPPRESSION = re.compile(
    r"#\s*(?P<tool>zizmor|shellcheck|actionlint|hadolint)\s*[: ]\s*"
    r"(?:ignore|disable)\s*[=\[]\s*(?P<rules>[\w, -]+)"
)


def lint(trees: Mapping[str, Tree]) -> list[Finding]:
    """All findings of all linters in all trees, sorted. Raises MissingToolError."""
    sources, owners = _distinct(trees)
    findings: list[Finding] = []
    documents = {source.key: read(source.text) for source in sources if _is_yaml(source.path)}
    with tempfile.TemporaryDirectory(prefix="ci-gen-lint-") as folder:
        # What is no YAML at all is reported as such below; zizmor gives up on it.
        readable = [key for key, document in documents.items() if not document.error]
        github = [s for s in sources if _is_github(s.path) and s.key in readable]
        findings += lint_tools.actionlint(
            [source for source in github if _WORKFLOW.search(source.path)], Path(folder) / "a"
        )
        findings += lint_tools.zizmor(github, Path(folder) / "z")
    findings += lint_tools.hadolint([s for s in sources if _DOCKERFILE.search(s.path)])
    findings += [
        finding
        for source in sources
        for finding in _schema_findings(source, documents.get(source.key))
    ]
    findings += [finding for source in sources for finding in _suppressions(source)]
    reported = [
        replace(finding, tree=tree) for finding in findings for tree in owners[finding.tree]
    ]
    return sorted(set(reported) | set(_shell_findings(trees, documents)))


def _distinct(trees: Mapping[str, Tree]) -> tuple[list[Source], dict[str, list[str]]]:
    """The distinct files, and for each file's key the trees that hold it.

    A workflow counts as the same only together with the files of its tree that actionlint
    reads: its configuration, and the actions that it uses from the tree.
    """
    sources: dict[str, Source] = {}
    owners: dict[str, list[str]] = {}
    for tree, files in trees.items():
        for path, text in files.items():
            local = _siblings(path, text, files)
            key = _digest([path, text, *sorted(local.items())])
            sources.setdefault(key, Source(key, path, text, local))
            owners.setdefault(key, []).append(tree)
    return list(sources.values()), owners


def _siblings(path: str, text: str, files: Tree) -> dict[str, str]:
    if not _WORKFLOW.search(path):
        return {}
    wanted = [_CONFIG, _ACTION] if _LOCAL_USE.search(text) else [_CONFIG]
    return {name: body for name, body in files.items() if any(kind.search(name) for kind in wanted)}


def _digest(parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _is_github(path: str) -> bool:
    return any(kind.search(path) for kind in (_WORKFLOW, _ACTION, _DEPENDABOT))


def _is_yaml(path: str) -> bool:
    return _is_github(path) or bool(_GITLAB.search(path))


def _schema_findings(source: Source, document: Document | None) -> Iterator[Finding]:
    if document is None:
        return
    if document.error:
        yield Finding("yaml", source.key, source.path, document.line, "syntax", document.error)
        return
    kinds = (
        (_WORKFLOW, "vendor.github-workflows"),
        (_DEPENDABOT, "vendor.dependabot"),
        (_GITLAB, "vendor.gitlab-ci"),
        (_ACTION, "vendor.github-actions"),
    )
    schema = next(name for kind, name in kinds if kind.search(source.path))
    yield from lint_tools.schema(source, document, schema)


def _shell_findings(
    trees: Mapping[str, Tree], documents: Mapping[str, Document]
) -> Iterator[Finding]:
    """Shellcheck over all scripts. GitLab's are joined across files, so they go tree by tree."""
    blocks: dict[Block, set[str]] = {}
    for tree, files in trees.items():
        parsed = {path: documents[key] for path, key in _keys(files).items() if key in documents}
        gitlab = {path: doc for path, doc in parsed.items() if _GITLAB.search(path)}
        for path, document in parsed.items():
            if path not in gitlab:
                for block in github_blocks(path, document):
                    blocks.setdefault(block, set()).add(tree)
        for block in gitlab_blocks(gitlab):
            blocks.setdefault(block, set()).add(tree)
        for path in filter(_SCRIPT.search, files):
            blocks.setdefault(script_block(path, files[path]), set()).add(tree)
    for block, finding in lint_tools.shellcheck(list(blocks)):
        for tree in blocks[block]:
            yield replace(finding, tree=tree)


def _keys(files: Tree) -> dict[str, str]:
    """Path -> the key that `_distinct` gives the file."""
    sources, _ = _distinct({"": files})
    return {source.path: source.key for source in sources}


def _suppressions(source: Source) -> Iterator[Finding]:
    for number, line in enumerate(source.text.splitlines(), 1):
        for found in _SUPPRESSION.finditer(line):
            for rule in re.findall(r"[\w-]+", found["rules"]):
                message = f"{found['tool']} is silenced here: {line.strip()}"
                yield Finding(
                    "suppression",
                    source.key,
                    source.path,
                    number,
                    f"{found['tool']}/{rule}",
                    message,
                )


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """One accepted kind of finding: which tool and rule, in which files, and why."""

    tool: str
    rule: str
    where: str
    why: str
    message: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is of this kind; `where` a glob, `message` a pattern."""
        return (
            self.tool == finding.tool
            and fnmatch.fnmatchcase(finding.rule, self.rule)
            and fnmatch.fnmatchcase(finding.file, self.where)
            and re.search(self.message, finding.message) is not None
        )


def allowances(path: Path = ALLOW_FILE) -> tuple[Allowance, ...]:
    """The accepted findings of lint-allow.yaml. Raises ValueError for one without a reason."""
    read_in = YAML(typ="safe", pure=True).load(path.read_text("utf-8")) or []
    entries = tuple(Allowance(**entry) for entry in read_in)
    for entry in entries:
        if len(entry.why.split()) < 5:
            raise ValueError(f"{path}: {entry.tool} {entry.rule}: `why` must give a reason")
    return entries


def unexplained(findings: Iterable[Finding], allowed: Sequence[Allowance]) -> list[Finding]:
    """The findings that no allowance covers."""
    return [finding for finding in findings if not any(entry.covers(finding) for entry in allowed)]


def report(findings: Sequence[Finding], limit: int = 40) -> str:
    """Findings as text, equal ones of several trees on one line, for an assertion's message."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for finding in findings:
        key = (finding.tool, finding.rule, finding.file, str(finding.line), finding.message)
        groups.setdefault(key, []).append(finding.tree)
    lines = [
        f"{file}:{line}: {tool} [{rule}] {message} (in {len(names)} trees, e.g. {names[0]})"
        for (tool, rule, file, line, message), names in list(groups.items())[:limit]
    ]
    more = len(groups) - limit
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])
