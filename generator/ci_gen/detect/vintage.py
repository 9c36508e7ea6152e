"""Which CMake option switches llama.cpp to CUDA, by its sources, a tag or a package's version.

The option was renamed twice. A build number `bN` is the number of commits up to it on the
default branch; the two commits below and their numbers were counted in llama.cpp's history:

- `280345968` of 2024-03-26, "cuda : rename build flag to LLAMA_CUDA (#6299)", is number 2533:
  https://github.com/ggml-org/llama.cpp/pull/6299
- `f3f65429c` of 2024-06-26, "llama : reorganize source code + improve CMake (#8006)", is number
  3236, and makes it GGML_CUDA: https://github.com/ggml-org/llama.cpp/pull/8006

llama-cpp-python carries llama.cpp as a submodule: release 0.2.57 has build 2456 and 0.2.58
build 2578; 0.2.79 has build 3184 and 0.2.80 build 3281 (https://github.com/abetlen/llama-cpp-python).
"""

from __future__ import annotations

import re

from ci_gen.detect.model import CudaOption, Seen
from ci_gen.detect.tree import Tree, inside_any, join, line_at, third_party, written_by_ci_gen

FIRST_LLAMA_CUDA = 2533
FIRST_GGML_CUDA = 3236
_PACKAGE_LLAMA_CUDA = (0, 2, 58)
_PACKAGE_GGML_CUDA = (0, 2, 80)
_NEWEST = ("master", "main", "HEAD", "latest", "")
_DECLARED = re.compile(r"\boption\s*\(\s*(GGML_CUDA|LLAMA_CUDA|LLAMA_CUBLAS)\b", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:D)?(GGML_CUDA|LLAMA_CUDA|LLAMA_CUBLAS)\b")
_SPECIFIER = re.compile(r"(===?|~=|>=|<=|!=|<|>|\^|~)\s*v?(\d+(?:\.\d+)*)")
_NEWEST_FIRST = (CudaOption.GGML_CUDA, CudaOption.LLAMA_CUDA, CudaOption.LLAMA_CUBLAS)
_TELLING = re.compile(
    r"CMakeLists\.txt|CMakePresets\.json|.+\.cmake|GNUmakefile|[Mm]akefile|justfile|.+\.mk|.+\.sh"
    r"|(?:Docker|Container)file(?:\..+)?|.+\.[Dd]ockerfile"
)


def option_of_build(number: int) -> CudaOption:
    """The option of llama.cpp's build `b<number>`."""
    if number >= FIRST_GGML_CUDA:
        return CudaOption.GGML_CUDA
    return CudaOption.LLAMA_CUDA if number >= FIRST_LLAMA_CUDA else CudaOption.LLAMA_CUBLAS


def option_of_tag(tag: str) -> CudaOption | None:
    """The option of a git tag or branch: of `b3000` or `master`; None for a commit, say."""
    if tag in _NEWEST:
        return CudaOption.GGML_CUDA
    match = re.fullmatch(r"b(\d+)", tag)
    return option_of_build(int(match[1])) if match else None


def option_of_package(specifier: str) -> CudaOption | None:
    """The option of the llama-cpp-python that a requirement such as `>=0.2.80` selects.

    An open range selects the newest release; a range with an upper bound is decided by its
    lower bound if that is new enough, and otherwise by nothing (None).
    """
    bounds = [
        (operator, tuple(int(part) for part in version.split(".")))
        for operator, version in _SPECIFIER.findall(specifier)
    ]
    exact = [version for operator, version in bounds if operator in ("==", "===")]
    lower = [version for operator, version in bounds if operator in (">=", ">", "~=", "^", "~")]
    closed = any(operator in ("<", "<=", "~=", "^", "~") for operator, _ in bounds)
    if exact:
        return _option_of_version(exact[0])
    if not closed or (lower and max(lower) >= _PACKAGE_GGML_CUDA):
        return CudaOption.GGML_CUDA
    return None


def _option_of_version(version: tuple[int, ...]) -> CudaOption:
    if version >= _PACKAGE_GGML_CUDA:
        return CudaOption.GGML_CUDA
    return CudaOption.LLAMA_CUDA if version >= _PACKAGE_LLAMA_CUDA else CudaOption.LLAMA_CUBLAS


def option_of_sources(tree: Tree, folder: str) -> tuple[CudaOption | None, Seen | None]:
    """Read the option from llama.cpp's own CMake files; a vintage with two has the newer one."""
    found: dict[CudaOption, Seen] = {}
    for name in ("ggml/CMakeLists.txt", "CMakeLists.txt"):
        path = join(folder, name)
        text = tree.read(path)
        for match in _DECLARED.finditer(text):
            found.setdefault(CudaOption(match[1].upper()), Seen(path, line_at(text, match.start())))
    return _newest(found)


def option_of_superproject(
    tree: Tree, foreign: tuple[str, ...]
) -> tuple[CudaOption | None, Seen | None]:
    """Tell the option from what the repository's own build files, scripts and CI name.

    Where they name several, for several vintages, the newest counts.
    """
    found: dict[CudaOption, Seen] = {}
    ci = [path for path in tree.files if path.startswith((".github/", ".gitlab"))]
    for path in (*tree.matching(_TELLING), *ci):
        if third_party(path) or inside_any(path, foreign):
            continue
        text = tree.read(path)
        if "_CUDA" not in text and "_CUBLAS" not in text:
            continue
        if written_by_ci_gen(text):
            continue
        for match in _NAMED.finditer(text):
            found.setdefault(CudaOption(match[1]), Seen(path, line_at(text, match.start())))
    return _newest(found)


def _newest(found: dict[CudaOption, Seen]) -> tuple[CudaOption | None, Seen | None]:
    for option in _NEWEST_FIRST:
        if option in found:
            return option, found[option]
    return None, None
