"""Which projects the pipeline builds: usually one, put together from the other detectors."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ci_gen.detect.cmake import CMakeFiles, find_cmake_projects, find_ctest
from ci_gen.detect.llama import LlamaRoot, find_llama, find_roots, in_tree
from ci_gen.detect.model import (
    Llama,
    LlamaOrigin,
    PackageManager,
    Project,
    ProjectKind,
    PytestSuite,
    PythonProject,
    SuiteKind,
)
from ci_gen.detect.names import name_projects
from ci_gen.detect.packages import find_dependents
from ci_gen.detect.python import builds_native_code, nearest_manifest, python_project
from ci_gen.detect.suites import find_suites, needs_binaries, nested_suites
from ci_gen.detect.tree import Tree, folder_of, inside, join


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """Whose the folders are: copies of llama.cpp, and all that is not the owner's."""

    roots: tuple[LlamaRoot, ...]
    foreign: tuple[str, ...]


def find_grounds(tree: Tree) -> Grounds:
    """Find llama.cpp's folders; they and the submodules are foreign, unless it is all there is."""
    roots = find_roots(tree)
    foreign = {root.path for root in roots if root.origin is not LlamaOrigin.SELF}
    return Grounds(roots=roots, foreign=tuple(sorted({*foreign, *tree.submodules})))


def find_projects(tree: Tree, grounds: Grounds, repository: str) -> tuple[Project, ...]:
    """Find what the repository's owner builds.

    A project is a folder with a CMake project that is nobody else's; where there is none
    but llama.cpp itself is in the tree, that; and a Python project with llama.cpp as a
    package, or, failing all these, the Python project at the root.
    """
    found = _cmake_projects(tree, grounds)
    owned = [project.path for project in found]
    if "." in owned and any(root.origin is LlamaOrigin.SELF for root in grounds.roots):
        services: dict[str, Llama] = {}
    else:
        services = find_dependents(tree, grounds.foreign)
    for folder, llama in services.items():
        python = python_project(tree, folder, otherwise=llama.seen.path)
        if folder not in owned and python is not None:
            found.append(_python_service(python, llama))
    if not any(project.path == "." for project in found):
        root = python_project(tree, ".")
        if root is not None and (not found or (root.packaged and not services)):
            found.append(_python_service(root, None))
    names = name_projects(repository, [project.path for project in found])
    named = [replace(project, name=names[project.path]) for project in found]
    with_tests = _with_suites(tree, named, find_suites(tree, grounds.foreign))
    return tuple(sorted(with_tests, key=lambda project: (project.path, project.name)))


def _cmake_projects(tree: Tree, grounds: Grounds) -> list[Project]:
    files = CMakeFiles(tree)
    folders = find_cmake_projects(files, grounds.foreign)
    found = []
    for folder, seen in folders.items():
        alone = len(folders) == 1
        llama = find_llama(files, grounds.roots, folder, grounds.foreign, alone=alone)
        native = builds_native_code(tree, folder)
        found.append(
            Project(
                name="",
                path=folder,
                kind=ProjectKind.PYTHON if native else ProjectKind.CMAKE,
                llama=llama,
                ctest=find_ctest(files, folder, grounds.foreign),
                pytest=(),
                python=python_project(tree, folder),
                seen=seen,
            )
        )
    if not found:
        found += _bare_llama(tree, grounds)
    return found


def _bare_llama(tree: Tree, grounds: Grounds) -> list[Project]:
    """llama.cpp's own CMake project, where the repository has none beside it."""
    for root in grounds.roots:
        initialised = bool(tree.read(join(root.path, "CMakeLists.txt")))
        if root.origin is LlamaOrigin.SUBMODULE or initialised:
            return [
                Project(
                    name="",
                    path=root.path,
                    kind=ProjectKind.CMAKE,
                    llama=in_tree(tree, root, grounds.foreign),
                    ctest=None,
                    pytest=(),
                    python=None,
                    seen=root.seen,
                )
            ]
        tree.note(f"{root.path}: llama.cpp lies here without its CMakeLists.txt: not built")
    return []


def _python_service(python: PythonProject, llama: Llama | None) -> Project:
    return Project(
        name="",
        path=python.path,
        kind=ProjectKind.PYTHON,
        llama=llama,
        ctest=None,
        pytest=(),
        python=python,
        seen=llama.seen if llama else python.seen,
    )


def _with_suites(
    tree: Tree, projects: list[Project], suites: tuple[PytestSuite, ...]
) -> list[Project]:
    """Give each suite to the project that it lies in, or else to the only one there is."""
    own: dict[str, list[PytestSuite]] = {project.path: [] for project in projects}
    left_out: set[str] = set()
    for suite in suites:
        holders = [path for path in own if inside(suite.path, path)]
        holder = max(holders, key=len, default=None)
        if holder is None:
            holder = next((one.path for one in projects if _takes(one, suite, projects)), None)
        if holder is None:
            continue
        other = _other_package(tree, suite, holder)
        if other:
            left_out.add(other)
        else:
            own[holder].append(suite)
    if left_out:
        tree.note(
            "Python packages with tests of their own that no project runs; add them as "
            f"services if the pipeline shall test them: {_some(left_out)}"
        )
    return [_with_python(tree, project, tuple(own[project.path])) for project in projects]


def _takes(project: Project, suite: PytestSuite, projects: list[Project]) -> bool:
    """Whether a suite beside a project's folder tests it all the same.

    It does if it lies in the folder next to it (src/ and tests/), or if the project is the
    only thing that is built, with Python tests around it.
    """
    above = folder_of(project.path)
    if above != "." and inside(suite.path, above):
        return True
    return len(projects) == 1 and project.kind is ProjectKind.CMAKE


def _some(paths: set[str]) -> str:
    shown = sorted(paths)
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return ", ".join(shown[:5]) + more


def _other_package(tree: Tree, suite: PytestSuite, holder: str) -> str:
    """The installable Python project below the holder that a suite belongs to, "" if none."""
    manifest = nearest_manifest(tree, folder_of(f"{suite.path}/x"))
    folder = folder_of(manifest) if manifest else "."
    if not manifest or inside(holder, folder):
        return ""
    python = python_project(tree, folder)
    return folder if python is not None and python.packaged else ""


def _with_python(tree: Tree, project: Project, suites: tuple[PytestSuite, ...]) -> Project:
    if project.kind is ProjectKind.CMAKE:
        suites = tuple(
            replace(suite, kind=SuiteKind.INTEGRATION)
            if needs_binaries(tree, suite, nested_suites(suite, suites))
            else suite
            for suite in suites
        )
        python = _python_of_tests(tree, project.path, suites)
        return replace(project, pytest=suites, python=python)
    return replace(project, pytest=suites)


def _python_of_tests(
    tree: Tree, folder: str, suites: tuple[PytestSuite, ...]
) -> PythonProject | None:
    """What the Python tests of a CMake project need: the nearest manifests above them.

    Where the tests have several, requirements files are put together; another manager's
    project goes before them. Tests without any manifest need pytest alone.
    """
    if not suites:
        return None
    manifests = [nearest_manifest(tree, folder_of(f"{suite.path}/x")) for suite in suites]
    folders = list(dict.fromkeys(folder_of(manifest) for manifest in manifests if manifest))
    projects = [found for folder in folders if (found := python_project(tree, folder))]
    if not projects:
        return PythonProject(
            path=folder,
            manager=PackageManager.PIP,
            manifest="",
            lock="",
            requirements=(),
            extras=(),
            groups=(),
            requires_python="",
            packaged=False,
            seen=suites[0].seen,
        )
    managed = [found for found in projects if found.manager is not PackageManager.PIP]
    first = (managed or projects)[0]
    if managed or len(projects) == 1:
        return first
    merged = tuple(dict.fromkeys(path for found in projects for path in found.requirements))
    return replace(first, requirements=merged)
