"""Python projects: the folder, what installs its dependencies, what its tests need."""

from __future__ import annotations

import re
from typing import Any

from ci_gen.detect.model import PackageManager, PythonProject, Seen
from ci_gen.detect.toml import read_toml, strings, table
from ci_gen.detect.tree import Tree, folder_of, join, line_at, upward

MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "requirements.txt")
"""Files that make a folder a Python project, the most telling first."""

_LOCKS = (
    ("uv.lock", PackageManager.UV),
    ("poetry.lock", PackageManager.POETRY),
    ("pdm.lock", PackageManager.PDM),
    ("Pipfile.lock", PackageManager.PIPENV),
    ("Pipfile", PackageManager.PIPENV),
)
_TEST_NAMES = ("test", "tests", "testing")
# pytest itself or one of its plugins, which bring it along.
_PYTEST = re.compile(r"^pytest(?![a-z])", re.IGNORECASE)
_TEST_REQUIREMENTS = tuple(
    pattern.format(name)
    for name in ("test", "tests", "dev", "ci")
    for pattern in ("requirements-{}.txt", "requirements_{}.txt", "{}-requirements.txt",
                    "requirements.{}.txt", "{}_requirements.txt", "requirements/{}.txt")
)  # fmt: skip
_NATIVE_BACKENDS = re.compile(r"^(scikit_build_core|skbuild|mesonpy|py_build_cmake)\b")


def manifest_of(tree: Tree, folder: str) -> str:
    """The path of the manifest that makes a folder a Python project, "" if there is none."""
    for name in MANIFESTS:
        path = join(folder, name)
        if tree.has(path) and _is_project(tree, path):
            return path
    return ""


def _is_project(tree: Tree, path: str) -> bool:
    """Whether a manifest describes a project, and not only how some tool is to behave."""
    if path.endswith("setup.cfg"):
        return re.search(r"(?m)^\[(?:metadata|options)\]", tree.read(path)) is not None
    if not path.endswith("pyproject.toml"):
        return True
    document = read_toml(tree, path)
    return bool(
        {"project", "build-system", "dependency-groups"} & document.keys()
        or table(document, "tool", "poetry")
    )


def nearest_manifest(tree: Tree, folder: str) -> str:
    """The manifest in a folder or the nearest one above it, "" if there is none."""
    return next((path for up in upward(folder) if (path := manifest_of(tree, up))), "")


def python_project(tree: Tree, folder: str, otherwise: str = "") -> PythonProject | None:
    """Describe the Python project in a folder; None if the folder is none.

    `otherwise` is a requirements file to go by where the folder has no manifest of its own.
    """
    manifest = manifest_of(tree, folder) or otherwise
    if not manifest:
        return None
    document = read_toml(tree, join(folder, "pyproject.toml"))
    manager, lock = _manager(tree, folder, document)
    return PythonProject(
        path=folder,
        manager=manager,
        manifest=manifest,
        lock=lock,
        requirements=_requirements(tree, folder, otherwise)
        if manager is PackageManager.PIP
        else (),
        extras=_carriers(table(document, "project", "optional-dependencies")),
        groups=_groups(document),
        requires_python=_requires_python(tree, folder, document),
        packaged=_packaged(tree, folder, document),
        seen=Seen(manifest, _first_line(tree.read(manifest))),
    )


def builds_native_code(tree: Tree, folder: str) -> bool:
    """Whether the folder's Python build drives CMake itself (scikit-build and the like)."""
    document = read_toml(tree, join(folder, "pyproject.toml"))
    backend = table(document, "build-system").get("build-backend", "")
    if isinstance(backend, str) and _NATIVE_BACKENDS.match(backend):
        return True
    return "skbuild" in tree.read(join(folder, "setup.py"))


def _first_line(text: str) -> int:
    match = re.search(r"(?m)^(\[project\]|\[tool\.poetry\]|(?:setuptools\.)?setup\()", text)
    return line_at(text, match.start()) if match else (1 if text else 0)


def _manager(tree: Tree, folder: str, document: dict[str, Any]) -> tuple[PackageManager, str]:
    # A lock above the folder belongs to a workspace that the folder is a member of.
    for up in upward(folder):
        for name, manager in _LOCKS:
            path = join(up, name)
            if tree.has(path) and (up == folder or name == "uv.lock"):
                return manager, "" if name == "Pipfile" else path
    tools = table(document, "tool")
    backend = table(document, "build-system").get("build-backend", "")
    if "poetry" in tools or str(backend).startswith("poetry"):
        return PackageManager.POETRY, ""
    if "pdm" in tools or str(backend).startswith("pdm"):
        return PackageManager.PDM, ""
    return (PackageManager.UV if "uv" in tools else PackageManager.PIP), ""


def _requirements(tree: Tree, folder: str, otherwise: str) -> tuple[str, ...]:
    names = ("requirements.txt", *_TEST_REQUIREMENTS, "tests/requirements.txt")
    found = [path for name in names if tree.has(path := join(folder, name))]
    return tuple(dict.fromkeys([otherwise, *found] if otherwise.endswith(".txt") else found))


def _carriers(candidates: dict[str, Any]) -> tuple[str, ...]:
    """Of named lists of requirements those to install for testing.

    One called test is preferred; else all that carry pytest; else none.
    """
    carrying = {
        name
        for name, needed in candidates.items()
        if any(_PYTEST.match(item) for item in (*strings(needed), *table(needed)))
    }
    named = [name for name in _TEST_NAMES if name in candidates]
    preferred = [name for name in named if name in carrying] or ([] if carrying else named)
    return tuple(preferred[:1] or sorted(carrying))


def _groups(document: dict[str, Any]) -> tuple[str, ...]:
    poetry = table(document, "tool", "poetry")
    candidates: dict[str, Any] = {
        **table(document, "dependency-groups"),
        **table(document, "tool", "pdm", "dev-dependencies"),
        **{name: table(group, "dependencies") for name, group in table(poetry, "group").items()},
    }
    if "dev-dependencies" in poetry:
        candidates.setdefault("dev", poetry["dev-dependencies"])
    if "dev-dependencies" in table(document, "tool", "uv"):
        candidates.setdefault("dev", table(document, "tool", "uv")["dev-dependencies"])
    return _carriers(candidates)


def _requires_python(tree: Tree, folder: str, document: dict[str, Any]) -> str:
    stated = table(document, "project").get("requires-python")
    if not isinstance(stated, str):
        stated = table(document, "tool", "poetry", "dependencies").get("python")
    if isinstance(stated, str):
        return stated
    for name in ("setup.py", "setup.cfg"):
        text = tree.read(join(folder, name)) if tree.has(join(folder, name)) else ""
        match = re.search(r"python_requires\s*=\s*[\"']?([<>=!~\d., *]+)", text)
        if match:
            return match[1].strip().rstrip(",")
    return ""


def _packaged(tree: Tree, folder: str, document: dict[str, Any]) -> bool:
    if table(document, "tool", "uv").get("package") is False:
        return False
    if table(document, "tool", "poetry").get("package-mode") is False:
        return False
    if tree.has(join(folder, "setup.py")):
        return True
    described = table(document, "project") or "name" in table(document, "tool", "poetry")
    builds = bool(table(document, "build-system"))
    return builds and (bool(described) or tree.has(join(folder, "setup.cfg")))


def service_folder(path: str) -> str:
    """The folder that a requirements file speaks for: that above requirements/, if it is there."""
    parts = path.split("/")[:-1]
    for index, part in enumerate(parts):
        if part in ("requirements", "reqs"):
            return "/".join(parts[:index]) or "."
    return folder_of(path)
