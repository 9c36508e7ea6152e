"""The shell scripts inside generated YAML, each with the file and line that it stands on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml.nodes import Node, ScalarNode
from tests.support.yaml_nodes import REFERENCE, Document, child, entries, first_line, items, scalar

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_NOT_JOBS = {"default", "include", "stages", "variables", "workflow", "spec"}
_SHELLS = {"": "bash", "bash": "bash", "sh": "sh"}


@dataclass(frozen=True)
class Block:
    """One script as one shell sees it; `lines` gives the file's line for each of its lines."""

    path: str
    shell: str
    text: str
    lines: tuple[int, ...]

    def line(self, number: int) -> int:
        """The line in the file of the script's 1-based line `number`."""
        return self.lines[min(max(number, 1), len(self.lines)) - 1] if self.lines else 1


def github_blocks(path: str, document: Document) -> Iterator[Block]:
    """Every `run:` of a workflow or of a composite action that a POSIX shell runs."""
    root = document.root
    default = scalar(child(root, "defaults", "run", "shell"))
    for _, job in entries(child(root, "jobs")):
        own = scalar(child(job, "defaults", "run", "shell")) or default
        yield from _steps(path, child(job, "steps"), own)
    yield from _steps(path, child(root, "runs", "steps"), "")


def script_block(path: str, text: str) -> Block:
    """A whole file that bash runs."""
    return Block(path, "bash", text, tuple(range(1, text.count("\n") + 1)))


def _steps(path: str, steps: Node | None, default: str) -> Iterator[Block]:
    for step in items(steps):
        run = child(step, "run")
        words = (scalar(child(step, "shell")) or default).split()
        shell = _SHELLS.get(words[0] if words else "")
        if run is not None and shell is not None:
            yield _block(path, shell, [run])


def gitlab_blocks(documents: Mapping[str, Document]) -> Iterator[Block]:
    """Every job's before_script with its script, and every after_script, of a set of files.

    GitLab joins before_script and script in one shell; a job without a before_script of its
    own has the default one. `!reference` is followed through all files of the set, because
    GitLab merges them before it resolves it.
    """
    merged = {name: node for doc in documents.values() for name, node in entries(doc.root)}
    default = child(merged.get("default"), "before_script")
    for path, document in documents.items():
        for name, job in entries(document.root):
            if name in _NOT_JOBS:
                continue
            script = _commands(child(job, "script"), merged)
            own = child(job, "before_script")
            before = _commands(default if own is None else own, merged)
            if script:
                yield _block(path, "bash", before + script, anchor=script[0])
            elif own is not None:
                yield _block(path, "bash", _commands(own, merged))
            after = _commands(child(job, "after_script"), merged)
            if after:
                yield _block(path, "bash", after)


def _commands(node: Node | None, merged: Mapping[str, Node]) -> list[ScalarNode]:
    if node is None:
        return []
    if isinstance(node, ScalarNode):
        return [node]
    if node.tag == REFERENCE or str(node.tag) == REFERENCE:
        path = [scalar(part) for part in items(node)]
        return _commands(child(merged.get(path[0]), *path[1:]), merged) if path else []
    return [command for item in items(node) for command in _commands(item, merged)]


def _block(
    path: str, shell: str, commands: list[ScalarNode] | list[Node], anchor: Node | None = None
) -> Block:
    """Join commands. Lines before `anchor` may come from another file: they point to it."""
    text: list[str] = []
    numbers: list[int] = []
    foreign = anchor is not None
    for command in commands:
        foreign = foreign and command is not anchor
        start = first_line(anchor if foreign and anchor is not None else command)
        multi = isinstance(command, ScalarNode) and command.style in ("|", ">")
        for offset, line in enumerate(_inert(str(command.value)).splitlines() or [""]):
            text.append(line)
            numbers.append(start if foreign or not multi else start + offset)
    return Block(path, shell, "\n".join(text) + "\n", tuple(numbers))


def _inert(script: str) -> str:
    """The script with each `${{ }}` as a plain word, its newlines kept for the line numbers."""
    return _EXPRESSION.sub(lambda found: "expression" + "\n" * found[0].count("\n"), script)
