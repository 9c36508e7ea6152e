"""The linters one by one: files in, findings out."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.shell_blocks import Block
from tests.support.yaml_nodes import Document, child, items

_CHUNK = 400  # files a process; far below the limit on a command line's length


class MissingToolError(RuntimeError):
    """A linter is not installed."""


@dataclass(frozen=True, order=True)
class Finding:
    """What one linter says of one line of one file of one tree."""

    tool: str
    tree: str
    file: str
    line: int
    rule: str
    message: str


@dataclass(frozen=True)
class Source:
    """A distinct file. `siblings` are the files that a linter needs beside it."""

    key: str
    path: str
    text: str
    siblings: Mapping[str, str] = field(default_factory=dict)


def tool(name: str) -> str:
    """The program, from the environment variable of its name, PATH, or this Python's folder.

    Raises MissingToolError.
    """
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([os.environ.get("PATH", ""), beside])
    found = os.environ.get(name.upper().replace("-", "_")) or shutil.which(name, path=path)
    if not found:
        raise MissingToolError(
            f"{name} is neither on PATH nor in {beside}. Install requirements/test.txt, or name"
            f" the program in {name.upper().replace('-', '_')}."
        )
    return found


def actionlint(sources: Sequence[Source], folder: Path) -> list[Finding]:
    """Actionlint without its own shellcheck, which starts a process for each script."""
    program = tool("actionlint")
    findings = []
    for paths in _chunks(_write(sources, folder)):
        command = [program, "-shellcheck=", "-pyflakes=", "-format", "{{json .}}", *paths]
        for raw in json.loads(_run(command, folder, (0, 1)) or "[]"):
            source = paths[raw["filepath"]]
            findings.append(
                Finding(
                    "actionlint", source.key, source.path, raw["line"], raw["kind"], raw["message"]
                )
            )
    return findings


def zizmor(sources: Sequence[Source], folder: Path) -> list[Finding]:
    """Zizmor with the pedantic persona, offline, without any configuration file."""
    return [
        finding
        for paths in _chunks(_write(sources, folder))
        for finding in _zizmor(paths, folder, tool("zizmor"))
    ]


_ZIZMOR = (
    *("--persona=pedantic", "--offline", "--no-config", "--no-exit-codes", "-q"),
    *("--strict-collection", "--format=json-v1"),
)


def _zizmor(paths: Mapping[str, Source], folder: Path, program: str) -> list[Finding]:
    """One run; where a file stops it, a run for each, and a finding for what cannot be audited."""
    try:
        audited = json.loads(_run([program, *_ZIZMOR, *paths], folder, (0,)) or "[]")
    except RuntimeError as error:
        if len(paths) > 1:
            each = [_zizmor({path: source}, folder, program) for path, source in paths.items()]
            return [finding for findings in each for finding in findings]
        (source,) = paths.values()
        message = str(error).partition("Stack backtrace")[0]
        return [Finding("zizmor", source.key, source.path, 1, "not-audited", message)]
    findings = []
    for raw in (each for each in audited if not each["ignored"]):
        places = raw["locations"]
        place = next((p for p in places if p["symbolic"]["kind"] == "Primary"), places[0])
        source = paths[place["symbolic"]["key"]["Local"]["verbatim_path"]]
        line = place["concrete"]["location"]["start_point"]["row"] + 1
        message = f"{raw['desc']}: {place['symbolic']['annotation']}"
        findings.append(Finding("zizmor", source.key, source.path, line, raw["ident"], message))
    return findings


def schema(source: Source, document: Document, name: str) -> Iterator[Finding]:
    """One of check-jsonschema's built-in schemas, compiled once."""
    for error in _validator(name).iter_errors(document.data):
        where = "/".join(str(part) for part in error.absolute_path) or "the whole file"
        yield Finding(
            "check-jsonschema",
            source.key,
            source.path,
            _line(document, list(error.absolute_path)),
            f"{name}/{error.validator}",
            f"{where}: {str(error.message)[:300]}",
        )


@functools.cache
def _validator(name: str) -> Any:
    try:
        from check_jsonschema.formats import FormatOptions
        from check_jsonschema.regex_variants import RegexImplementation, RegexVariantName
        from check_jsonschema.schema_loader import BuiltinSchemaLoader
    except ImportError as error:
        raise MissingToolError(f"check-jsonschema is not installed: {error}") from error
    regex = RegexImplementation(RegexVariantName.default)
    options = FormatOptions(regex_impl=regex)
    return BuiltinSchemaLoader(name).get_validator("", {}, options, regex, False)


def _line(document: Document, path: list[str | int]) -> int:
    node = document.root
    for part in path:
        below = items(node)[part] if isinstance(part, int) else child(node, part)
        if below is None:
            break
        node = below
    return int(node.start_mark.line) + 1 if node is not None else 1


def shellcheck(blocks: Sequence[Block]) -> Iterator[tuple[Block, Finding]]:
    """Shellcheck, all scripts of one shell in one process, each distinct script once."""
    program = tool("shellcheck")
    texts: dict[tuple[str, str], list[Block]] = {}
    for block in blocks:
        texts.setdefault((block.shell, block.text), []).append(block)
    with tempfile.TemporaryDirectory(prefix="ci-gen-shell-") as folder:
        for shell in sorted({shell for shell, _ in texts}):
            same = {f"{number}.sh": key for number, key in enumerate(texts) if key[0] == shell}
            for file, (_, text) in same.items():
                Path(folder, file).write_text(text, "utf-8")
            for names in _chunks(same):
                command = [program, "--norc", f"--shell={shell}", "--format=json1", *names]
                for raw in json.loads(_run(command, Path(folder), (0, 1)))["comments"]:
                    for block in texts[same[raw["file"]]]:
                        yield block, _shell_finding(block, raw)


def hadolint(sources: Sequence[Source]) -> list[Finding]:
    """Hadolint, without any configuration file; a warning of any degree is a finding."""
    program = tool("hadolint")
    findings = []
    with tempfile.TemporaryDirectory(prefix="ci-gen-docker-") as folder:
        files = {f"{number:08}": source for number, source in enumerate(sources)}
        for name, source in files.items():
            Path(folder, name).write_text(source.text, "utf-8")
        for names in _chunks(files):
            command = [program, "--no-fail", "--format=json", *names]
            for raw in json.loads(_run(command, Path(folder), (0,))):
                source = files[raw["file"]]
                place = (source.key, source.path, raw["line"], raw["code"], raw["message"])
                findings.append(Finding("hadolint", *place))
    return findings


def _shell_finding(block: Block, raw: Mapping[str, Any]) -> Finding:
    line, rule = block.line(raw["line"]), f"SC{raw['code']}"
    return Finding("shellcheck", "", block.path, line, rule, raw["message"])


def _write(sources: Sequence[Source], folder: Path) -> dict[str, Source]:
    """Each source in a repository of its own: relative path -> source.

    All names have one length: actionlint takes 1 for the repository of all that is in 10.
    """
    written = {}
    for number, source in enumerate(sources):
        name = f"{number:08}"
        root = folder / name
        (root / ".git").mkdir(parents=True)
        for path, text in {**source.siblings, source.path: source.text}.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8", newline="")
        written[f"{name}/{source.path}"] = source
    return written


def _chunks(files: dict[str, Any]) -> Iterator[dict[str, Any]]:
    names = list(files)
    for start in range(0, len(names), _CHUNK):
        yield {name: files[name] for name in names[start : start + _CHUNK]}


def _run(command: Sequence[str], folder: Path, good: tuple[int, ...]) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in good:
        name, last = Path(command[0]).name, done.stderr[-2000:]
        raise RuntimeError(f"{name} broke with exit status {done.returncode}:\n{last}")
    return done.stdout
