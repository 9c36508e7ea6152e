"""Models that configs name: GGUF files, hub repositories, and a `model:` section."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ci_gen.detect.model import ModelName, Seen
from ci_gen.detect.tree import (
    Tree,
    by_depth,
    inside_any,
    line_at,
    third_party,
    written_by_ci_gen,
)

MAX_MODELS = 40
"""A gallery can name thousands; the nearest to the root are kept, and the rest noted."""

_CONFIG = re.compile(
    r".+\.(?:ya?ml|toml|ini|cfg|conf|env|properties)|\.env(?:\..+)?|(?:config|settings)[\w-]*\.(?:py|json)"
    r"|.*models?\.json|(?:Docker|Container)file(?:\..+)?|.+\.[Dd]ockerfile|[Mm]akefile|.+\.sh|justfile"
)
_ASIDE = re.compile(
    r"(?:^|/)(?:testdata|fixtures|node_modules|docs?|examples?|samples?|demos?|ISSUE_TEMPLATE|tests?)/"
    r"|lock\.ya?ml$"
)
_URL = re.compile(
    r"https?://(?:[^\s\"'@/]+@)?(?P<rest>[\w.-]+/[^\s\"'<>?#]*?[\w.-]+\.gguf)\b", re.I
)
_HUB_URL = re.compile(r"huggingface\.co/([\w.-]+/[\w.-]+)/(?:resolve|blob|raw)/")
_FILE = re.compile(r"(?<![\w.$}*%{+-])[A-Za-z0-9][\w.+-]*\.gguf\b", re.IGNORECASE)
_HUB_REPOSITORY = re.compile(
    r"(?<![\w./${}-])([A-Za-z][\w.-]*/[\w.-]+-gguf)\b(?!/)(?::([A-Za-z0-9_]+))?", re.IGNORECASE
)
_QUANTIZATION = re.compile(
    r"(?<![A-Za-z0-9])(UD-)?(I?Q\d_(?:K(?:_[SMLX]+)?|[01]|XXS|XS|S|M|NL)|T?Q[12]_0|MXFP4|BF16|F(?:P)?16"
    r"|F(?:P)?32)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"(?:your|path|my|some|example|dummy|test|foo)[-_.].*|(?:model|models|file|name|mmproj|draft|tokenizer)\.gguf"
    r"|ggml-(?:vocab|model)-.*",
    re.IGNORECASE,
)
_SECTION = re.compile(
    r"^(?P<indent>[ ]*)model:[ ]*\n(?P<body>(?:(?P=indent)[ ]+\S.*\n|[ ]*(?:#.*)?\n)+)", re.M
)
_HUB = "https://huggingface.co/"


def find_models(tree: Tree, foreign: tuple[str, ...]) -> tuple[ModelName, ...]:
    """Find the models that config files, Dockerfiles and scripts name, each once."""
    found: dict[tuple[str, str], ModelName] = {}
    for path in by_depth(tree.matching(_CONFIG)):
        if third_party(path) or _ASIDE.search(path) or inside_any(path, foreign):
            continue
        text = tree.read(path)
        lower = text.lower()
        if ("gguf" not in lower and "quantization:" not in lower) or written_by_ci_gen(text):
            continue
        for model in _in_text(path, text):
            found.setdefault((model.name, model.source), model)
    models = _without_echoes(list(found.values()))
    if len(models) > MAX_MODELS:
        tree.note(f"{len(models)} models are named; {MAX_MODELS} are listed")
    return tuple(models[:MAX_MODELS])


def _in_text(path: str, text: str) -> Iterator[ModelName]:
    """The models of one file in the order of their lines."""
    found: list[tuple[int, str, str, str]] = []
    taken: set[int] = set()
    for match in _URL.finditer(text):
        name = match["rest"].rpartition("/")[2]
        hub = _HUB_URL.search(match["rest"])
        source = f"{_HUB}{hub[1]}" if hub else f"https://{match['rest']}"
        taken.update(range(match.start(), match.end()))
        found.append((match.start(), name, source, _quantization(name)))
    repositories = list(_HUB_REPOSITORY.finditer(text))
    for match in repositories:
        if match.start() not in taken:
            quantization = _quantization(match[2] or match[1])
            found.append((match.start(), match[1], f"{_HUB}{match[1]}", quantization))
    near = [(line_at(text, match.start()), match[1]) for match in repositories]
    for match in _FILE.finditer(text):
        if match.start() not in taken:
            source = _source_of(match[0], line_at(text, match.start()), near)
            found.append((match.start(), match[0], source, _quantization(match[0])))
    found += _sections(text)
    for start, name, source, quantization in sorted(found):
        if not _PLACEHOLDER.fullmatch(name):
            seen = Seen(path, line_at(text, start))
            yield ModelName(name=name, source=source, quantization=quantization, seen=seen)


def _source_of(name: str, line: int, repositories: list[tuple[int, str]]) -> str:
    """The hub repository whose name begins the file's name, or that stands on the next line."""
    for _, repository in repositories:
        stem = repository.rpartition("/")[2][: -len("-gguf")].lower()
        if name.lower().startswith(stem):
            return f"{_HUB}{repository}"
    beside = (repository for where, repository in repositories if abs(where - line) <= 1)
    return next((f"{_HUB}{repository}" for repository in beside), "")


def _sections(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Sections `model:` with a name and a quantization or the format gguf."""
    for match in _SECTION.finditer(text if text.endswith("\n") else f"{text}\n"):
        fields = dict(re.findall(r"(?m)^\s+(\w+):[ ]*[\"']?([^\s\"'#]+)", match["body"]))
        name = fields.get("name", "")
        if name and ("quantization" in fields or fields.get("format") == "gguf"):
            where = match.start("body") + match["body"].index("name:")
            yield where, name, "", fields.get("quantization", _quantization(name))


def _quantization(name: str) -> str:
    match = _QUANTIZATION.search(name)
    return match[0].upper() if match else ""


def _without_echoes(models: list[ModelName]) -> list[ModelName]:
    """Drop a hub repository whose file is named too, and a bare file whose source is known."""
    sourced = {model.source for model in models if model.name.lower().endswith(".gguf")}
    known = {model.name for model in models if model.source}
    return [
        model
        for model in models
        if not (model.source == f"{_HUB}{model.name}" and model.source in sourced)
        and (model.source or model.name not in known)
    ]
