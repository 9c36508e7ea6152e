"""Where llama.cpp is: in the tree, behind a download, in the system, or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ci_gen.detect.cmake import Call, CMakeFiles, mentions_llama, strip_comments
from ci_gen.detect.model import CudaOption, Llama, LlamaOrigin, Seen
from ci_gen.detect.tree import Tree, aside, by_depth, folder_of, inside, inside_any, join, line_at
from ci_gen.detect.vintage import option_of_sources, option_of_superproject, option_of_tag

_OWN_PROJECT = re.compile(r'\bproject\s*\(\s*"?llama\.cpp"?[\s)]', re.IGNORECASE)
# The repository itself or a fork under the same name, never a binding such as go-llama.cpp.
_ADDRESS = re.compile(
    r"(?:^|[/:\s\"'])(?:ik_)?llama\.cpp(?:-\w+)?(?:\.git)?(?=[/\"'#@\s)]|$)", re.IGNORECASE
)
_TAG_IN_URL = re.compile(r"/(?:refs/tags|archive|tarball|zipball)/(?:refs/tags/)?(b\d+)\b")
_TAG_OPTION = re.compile(r'\bGIT_TAG\s+"?([^\s")]+)', re.IGNORECASE)
_SHORTHAND = re.compile(r"llama\.cpp[#@](\S+?)[\"')\s]")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_DOWNLOADS = ("fetchcontent_declare", "externalproject_add")
_SYSTEM = re.compile(r"^\s*(?:\w+\s+(?:NAMES\s+|REQUIRED\s+|IMPORTED_TARGET\s+)*)?\"?llama\b", re.I)


@dataclass(frozen=True)
class LlamaRoot:
    """A folder that holds llama.cpp's sources, or will once its submodule is fetched."""

    path: str
    origin: LlamaOrigin
    seen: Seen


def find_roots(tree: Tree) -> tuple[LlamaRoot, ...]:
    """Find every folder with llama.cpp in the tree, the shallowest first."""
    found = {root.path: root for root in (*_submodule_roots(tree), *_source_roots(tree))}
    kept: list[LlamaRoot] = []
    for path in by_depth(found):
        if not inside_any(path, [root.path for root in kept]):
            kept.append(found[path])
    return tuple(kept)


def _submodule_roots(tree: Tree) -> list[LlamaRoot]:
    modules = tree.read(".gitmodules")
    found = []
    for path in tree.submodules:
        section = _module_section(modules, path)
        own = _OWN_PROJECT.search(strip_comments(tree.read(join(path, "CMakeLists.txt"))))
        if own or _ADDRESS.search(section[0].strip()):
            seen = Seen(".gitmodules", section[1]) if section[1] else Seen(path)
            found.append(LlamaRoot(path, LlamaOrigin.SUBMODULE, seen))
    return found


def _module_section(text: str, path: str) -> tuple[str, int]:
    """The address of a submodule and the line of its path in .gitmodules; ("", 0) if not there."""
    for section in re.finditer(r"(?m)^\[submodule [^\n]*\n(?:(?!\[).*\n?)*", text):
        where = re.search(rf"(?m)^\s*path\s*=\s*{re.escape(path)}/?\s*$", section[0])
        if where:
            url = re.search(r"(?m)^\s*url\s*=\s*(\S+)", section[0])
            start = section[0].index("path", where.start())
            return (url[1] if url else ""), line_at(text, section.start() + start)
    return "", 0


def _source_roots(tree: Tree) -> list[LlamaRoot]:
    found: dict[str, Seen] = {}
    for path in tree.named("CMakeLists.txt"):
        text = tree.read(path)
        if "llama.cpp" in text and (match := _OWN_PROJECT.search(strip_comments(text))):
            clean = strip_comments(text)
            found[folder_of(path)] = Seen(path, line_at(clean, match.start()))
    for path in tree.named("llama.h"):
        folder = _layout_root(tree, folder_of(path))
        if folder is not None:
            found.setdefault(folder, Seen(path))
    return [
        LlamaRoot(path, LlamaOrigin.SELF if path == "." else LlamaOrigin.VENDORED, seen)
        for path, seen in found.items()
    ]


def _layout_root(tree: Tree, folder: str) -> str | None:
    """The root of llama.cpp by its layout around llama.h: include/ + src/, or all in one folder."""
    if folder.rpartition("/")[2] == "include":
        base = folder_of(folder) if "/" in folder else "."
        sources = ("src/llama.cpp", "src/llama-model.cpp", "ggml/CMakeLists.txt")
        return base if any(tree.has(join(base, name)) for name in sources) else None
    flat = tree.has(join(folder, "llama.cpp")) and (
        tree.has(join(folder, "ggml.h")) or tree.has(join(folder, "ggml.c"))
    )
    return folder if flat else None


def find_llama(
    files: CMakeFiles,
    roots: tuple[LlamaRoot, ...],
    folder: str,
    foreign: tuple[str, ...],
    *,
    alone: bool,
) -> Llama | None:
    """Tell how the CMake project in `folder` comes by llama.cpp; None where it does not.

    `alone` says that it is the only project, so that sources outside its folder are its own.
    """
    here = [root for root in roots if inside(root.path, folder)]
    if not here and (alone or mentions_llama(files, folder, foreign)):
        here = list(roots)
    if here:
        return in_tree(files.tree, _referenced(files, here, folder, foreign), foreign)
    return _downloaded(files, folder, foreign) or _from_system(files, folder, foreign)


def _referenced(
    files: CMakeFiles, roots: list[LlamaRoot], folder: str, foreign: tuple[str, ...]
) -> LlamaRoot:
    """Of several copies of llama.cpp the one that add_subdirectory() names, else the first."""
    named = [
        call.arguments.split()[0].strip('"')
        for path in files.owned(folder, foreign)
        for call in files.calls(path)
        if call.name == "add_subdirectory" and call.arguments.split()
    ]
    for root in roots:
        if any(root.path == name or root.path.endswith(f"/{name}") for name in named):
            return root
    return roots[0]


def in_tree(tree: Tree, root: LlamaRoot, foreign: tuple[str, ...]) -> Llama:
    """Describe llama.cpp in a folder of the tree."""
    option, seen = option_of_sources(tree, root.path)
    if option is None:
        option, seen = option_of_superproject(tree, foreign)
    return Llama(
        origin=root.origin, path=root.path, cuda_option=option, cuda_seen=seen, seen=root.seen
    )


def _downloaded(files: CMakeFiles, folder: str, foreign: tuple[str, ...]) -> Llama | None:
    for path in files.paths:
        if not inside(path, folder) or inside_any(path, foreign) or aside(path):
            continue
        for call in files.calls(path):
            if call.name not in _DOWNLOADS and not call.name.startswith("cpm"):
                continue
            if _ADDRESS.search(_resolved(files, call.arguments)):
                seen = Seen(path, call.line)
                option, shown = _downloaded_option(files, call, seen, foreign)
                return Llama(
                    origin=LlamaOrigin.FETCH_CONTENT,
                    path="",
                    cuda_option=option,
                    cuda_seen=shown,
                    seen=seen,
                )
    return None


def _downloaded_option(
    files: CMakeFiles, call: Call, seen: Seen, foreign: tuple[str, ...]
) -> tuple[CudaOption | None, Seen | None]:
    arguments = _resolved(files, call.arguments) + " "
    patterns = (_TAG_OPTION, _TAG_IN_URL, _SHORTHAND)
    tag = next((match[1] for pattern in patterns if (match := pattern.search(arguments))), None)
    # Without a tag a download by git takes the default branch; one by URL tells nothing.
    if tag is None and "GIT_REPOSITORY" in arguments:
        tag = "master"
    option = option_of_tag(tag) if tag is not None else None
    return (option, seen) if option else option_of_superproject(files.tree, foreign)


def _resolved(files: CMakeFiles, arguments: str) -> str:
    """Replace ${NAME} by the first value that some CMake file sets it to."""

    def value(match: re.Match[str]) -> str:
        pattern = re.compile(rf'\bset\s*\(\s*{re.escape(match[1])}\s+"?([^\s")]+)', re.IGNORECASE)
        for path in files.paths:
            found = pattern.search(files.tree.read(path))
            if found:
                return found[1]
        return match[0]

    return _VARIABLE.sub(value, arguments)


def _from_system(files: CMakeFiles, folder: str, foreign: tuple[str, ...]) -> Llama | None:
    finders = ("find_package", "find_library", "pkg_check_modules", "pkg_search_module")
    for path in files.owned(folder, foreign):
        if aside(path):
            continue
        for call in files.calls(path):
            if call.name in finders and _SYSTEM.match(call.arguments):
                return Llama(
                    origin=LlamaOrigin.SYSTEM,
                    path="",
                    cuda_option=None,
                    seen=Seen(path, call.line),
                )
    return None
