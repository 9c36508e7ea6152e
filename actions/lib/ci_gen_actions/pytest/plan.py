"""From options and facts to the exact commands. Pure."""

from __future__ import annotations

import os
import os.path
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import UsageError
from ..core.python_project import Project, pick_manager
from ..core.virtual_environment import isolated
from . import pins
from .facts import Machine
from .options import Options


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Absolute paths. `tools` is the environment of a manager that the machine lacks."""

    workspace: Path
    source: Path
    environment: Path
    tools: Path
    package: Path
    junit: Path

    @property
    def python(self) -> str:
        """The environment's Python."""
        return str(self.environment / "bin" / "python")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of the installation, with what it adds to the environment."""

    argv: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)


def folders(options: Options, workspace: Path) -> Folders:
    """Where everything lies."""

    def absolute(path: str) -> Path:
        return Path(os.path.normpath(workspace / path))

    environment = absolute(options.environment_folder or f".ci-gen-build/venv-{options.service}")
    return Folders(
        workspace=workspace,
        source=absolute(options.source),
        environment=environment,
        tools=environment.with_name(f"{environment.name}-tools"),
        package=environment.with_name(f"{environment.name}-package"),
        junit=absolute(options.junit or f"reports/junit-pytest-{options.service}.xml"),
    )


def installation(
    options: Options, project: Project, machine: Machine, folders: Folders
) -> tuple[Step, ...]:
    """The commands that make the environment, in order.

    Raises UsageError where there is nothing that could be installed as asked.
    """
    name = pick_manager(options.manager, project)
    if name == "pip":
        return _with_pip(options, project, machine, folders)
    tool, before = _tool(name, machine, folders)
    if name == "uv":
        return (*before, *_with_uv(options, project, machine, folders, tool))
    venv = Step(argv=(machine.python, "-m", "venv", str(folders.environment)))
    plans = {"poetry": _poetry, "pdm": _pdm, "pipenv": _pipenv}
    step = plans[name](options, project, tool)
    files = _requirements(options)
    more = (_pip(folders, *files),) if files else ()
    return (*before, venv, step, *more)


def _tool(name: str, machine: Machine, folders: Folders) -> tuple[str, tuple[Step, ...]]:
    """The manager's path, and the steps that bring it where the machine lacks it."""
    if name in machine.managers:
        return machine.managers[name], ()
    pip = (str(folders.tools / "bin" / "python"), "-m", "pip", "install", *_QUIET)
    return str(folders.tools / "bin" / name), (
        Step(argv=(machine.python, "-m", "venv", str(folders.tools))),
        Step(argv=(*pip, pins.MANAGERS[name])),
    )


_QUIET = ("--disable-pip-version-check", "--no-input")


def _pip(folders: Folders, *what: str) -> Step:
    return Step(argv=(folders.python, "-m", "pip", "install", *_QUIET, *what))


def _requirements(options: Options) -> list[str]:
    return [word for path in options.requirements for word in ("-r", path)]


def _itself(options: Options, project: Project) -> list[str]:
    """The project itself, to be edited in place."""
    if not project.installable:
        if options.extras:
            raise UsageError(
                "extras were asked for, and the project has none",
                where="input extras",
                why=f"{project.folder} has neither pyproject.toml's [project] nor setup.py",
                next="remove the extras, or name requirements files instead",
            )
        return []
    extras = f"[{','.join(options.extras)}]" if options.extras else ""
    return ["-e", f".{extras}"]


def _with_pip(
    options: Options, project: Project, machine: Machine, folders: Folders
) -> tuple[Step, ...]:
    steps = [Step(argv=(machine.python, "-m", "venv", str(folders.environment)))]
    groups = [word for name in options.groups for word in ("--group", name)]
    if groups:
        steps.append(_pip(folders, f"pip=={pins.PIP}"))
    what = [*_requirements(options), *groups, *_itself(options, project)]
    if what:
        steps.append(_pip(folders, *what))
    return tuple(steps)


def _with_uv(
    options: Options, project: Project, machine: Machine, folders: Folders, tool: str
) -> tuple[Step, ...]:
    into = ("--python", folders.python)
    if "uv" in project.locks:
        wanted = [word for name in options.extras for word in ("--extra", name)]
        wanted += [word for name in options.groups for word in ("--group", name)]
        sync = (tool, "sync", "--frozen", "--python", machine.python, *wanted)
        steps = [Step(argv=sync, extra={"UV_PROJECT_ENVIRONMENT": str(folders.environment)})]
        what = _requirements(options)
    else:
        venv = (tool, "venv", "--python", machine.python, str(folders.environment))
        steps = [Step(argv=venv)]
        groups = [word for name in options.groups for word in ("--group", name)]
        what = [*_requirements(options), *groups, *_itself(options, project)]
    if what:
        steps.append(Step(argv=(tool, "pip", "install", *into, *what)))
    return tuple(steps)


def _poetry(options: Options, project: Project, tool: str) -> Step:
    wanted = [word for name in options.extras for word in ("--extras", name)]
    wanted += ["--with", ",".join(options.groups)] if options.groups else []
    # poetry takes the environment that VIRTUAL_ENV names
    return Step(argv=(tool, "install", "--no-interaction", *wanted))


def _pdm(options: Options, project: Project, tool: str) -> Step:
    frozen = ["--frozen-lockfile"] if "pdm" in project.locks else []
    wanted = [word for name in (*options.extras, *options.groups) for word in ("-G", name)]
    return Step(
        argv=(tool, "--non-interactive", "install", *frozen, *wanted),
        extra={"PDM_IGNORE_SAVED_PYTHON": "1", "PDM_CHECK_UPDATE": "0"},
    )


def _pipenv(options: Options, project: Project, tool: str) -> Step:
    verb = ["sync"] if "pipenv" in project.locks else ["install", "--skip-lock"]
    groups = ["--categories", " ".join(options.groups)] if options.groups else ["--dev"]
    return Step(argv=(tool, *verb, *groups), extra={"PIPENV_VERBOSITY": "-1"})


def add_pytest(options: Options, project: Project, machine: Machine, folders: Folders) -> Step:
    """The command that brings pytest where the project's requirements do not."""
    wanted = f"pytest=={pins.PYTEST}"
    if pick_manager(options.manager, project) == "uv":
        tool, _ = _tool("uv", machine, folders)
        return Step(argv=(tool, "pip", "install", "--python", folders.python, wanted))
    return _pip(folders, wanted)


def pytest(options: Options, folders: Folders) -> tuple[str, ...]:
    """The tests. Our arguments come last and win; xunit1 is the family that knows lines."""
    ours = (f"--junitxml={folders.junit}", "-o", "junit_family=xunit1")
    return (folders.python, "-m", "pytest", *options.paths, *options.args, *ours)


def environment(
    folders: Folders, environ: Mapping[str, str], *, package: bool = False
) -> dict[str, str]:
    """The whole environment of installation and tests."""
    values = isolated(environ, folders.environment)
    if package:
        values["CI_GEN_PACKAGE_DIR"] = str(folders.package)
        values["PATH"] = os.pathsep.join([str(folders.package / "bin"), values["PATH"]])
    return values
