"""Which Python projects get llama.cpp as a Python package, such as llama-cpp-python."""

from __future__ import annotations

import re

from ci_gen.detect.model import Llama, LlamaOrigin, Seen
from ci_gen.detect.python import service_folder
from ci_gen.detect.tree import (
    Tree,
    aside,
    by_depth,
    inside,
    inside_any,
    line_at,
    third_party,
)
from ci_gen.detect.vintage import option_of_package

_MANIFEST = re.compile(
    r"pyproject\.toml|setup\.(?:py|cfg)|Pipfile|environment\.ya?ml"
    r"|.*requirements.*\.(?:txt|in)|(?:base|main|prod|cpu|cuda|gpu)\.txt"
)
_DEPENDENCY = re.compile(
    r"""(?<![\w/.-])(llama[-_.]cpp[-_.]python|llama-index-llms-llama-cpp|llama[-_]cpp[-_]binaries)
        (?![\w-])(?P<rest>[^\n#]*)
      | /(llama_cpp_python|llama_cpp_binaries)-(?P<wheel>\d[\d.]*)[^\n/]*\.(?:whl|tar\.gz)""",
    re.VERBOSE | re.IGNORECASE,
)


def find_dependents(tree: Tree, foreign: tuple[str, ...]) -> dict[str, Llama]:
    """Find the folders of Python projects that depend on a package with llama.cpp in it.

    A project that lies below another such project, in third-party code or among examples
    and tests is not counted on its own.
    """
    found: dict[str, Llama] = {}
    for path in by_depth(tree.matching(_MANIFEST)):
        if third_party(path) or aside(path) or inside_any(path, foreign):
            continue
        if path.endswith(".txt") and "requirement" not in path:
            continue
        folder = service_folder(path)
        if any(inside(folder, known) for known in found):
            continue
        if llama := _dependency(tree, path):
            found[folder] = llama
    return found


def _dependency(tree: Tree, path: str) -> Llama | None:
    text = tree.read(path)
    for match in _DEPENDENCY.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        before = text[start : match.start()]
        # Its own name, a comment, or a table about it is no dependency.
        if "#" in before or re.match(r"\s*(name\s*[=:]|\[)", before):
            continue
        seen = Seen(path, line_at(text, match.start()))
        option = None
        if (match[1] or match[3]).lower().endswith("python"):
            wheel = match["wheel"]
            option = option_of_package(f"=={wheel.rstrip('.')}" if wheel else match["rest"])
        return Llama(
            origin=LlamaOrigin.PYTHON_PACKAGE,
            path="",
            cuda_option=option,
            cuda_seen=seen if option else None,
            seen=seen,
        )
    return None
