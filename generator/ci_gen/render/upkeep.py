"""Files that keep the generated ones in order: dependabot's configuration and CODEOWNERS."""

from __future__ import annotations

import posixpath
from typing import Any

from ci_gen.detect.model import Facts, PackageManager, Platform, Project
from ci_gen.pipeline.settings import CONFIG_FILE, Settings
from ci_gen.render.environment import render
from ci_gen.render.header import header

DEPENDABOT = ".github/dependabot.yml"
GITHUB_OWNERS = ".github/CODEOWNERS"
GITLAB_OWNERS = ".gitlab/CODEOWNERS"


def files(settings: Settings, facts: Facts, generated: list[str]) -> dict[str, str]:
    """Path -> text of the files that this config asks for."""
    config = settings.config
    texts: dict[str, str] = {}
    if config.dependabot.enabled and Platform.GITHUB in config.platforms:
        texts[DEPENDABOT] = render("github/dependabot.yml.j2", _dependabot(settings, facts))
    if config.codeowners:
        owners = {Platform.GITHUB: GITHUB_OWNERS, Platform.GITLAB: GITLAB_OWNERS}
        own = [path for platform, path in owners.items() if platform in config.platforms]
        # Who may change this file decides who owns the others.
        paths = _owned(settings, [*generated, *texts, *own])
        for path in own:
            values = {
                "header": header(path, "who owns the generated files"),
                "paths": paths,
                "owners": config.codeowners,
            }
            texts[path] = render("github/CODEOWNERS.j2", values)
    return texts


def _owned(settings: Settings, paths: list[str]) -> list[str]:
    """Patterns of the owned files; whole folders where all in them is ours."""
    names = {settings.config.files.get(path, path) for path in paths}
    whole = ("/.ci-gen/", "/.gitlab/ci-gen/")
    single = {f"/{name}" for name in names | {CONFIG_FILE}}
    kept = {name for name in single if not name.startswith(whole)}
    folders = {folder for folder in whole if any(name.startswith(folder) for name in single)}
    return sorted(_escaped(name) for name in kept | folders)


def _escaped(pattern: str) -> str:
    """A path as a CODEOWNERS pattern that matches it alone."""
    return "".join("\\" + c if c in " #[]\\!*?" else c for c in pattern)


def _dependabot(settings: Settings, facts: Facts) -> dict[str, Any]:
    config = settings.config
    workflows = [
        config.files.get(path, path)
        for path in (".github/workflows/ci-gen.yml", ".github/workflows/ci.yml")
    ]
    updates: list[dict[str, Any]] = [
        {
            "why": "Workflows of your own; the generated ones are updated with ci-gen.",
            "ecosystem": "github-actions",
            "directories": ["/"],
            "exclude": sorted(workflows),
        }
    ]
    if facts.submodules:
        updates.append(_update("Submodules, llama.cpp among them.", "gitsubmodule", ["/"]))
    for ecosystem in ("pip", "uv"):
        folders = sorted({_folder(p) for p in facts.projects if _ecosystem(p) == ecosystem})
        if folders:
            updates.append(_update("Python dependencies.", ecosystem, folders))
    docker = sorted({"/" + posixpath.dirname(seen.path) for seen in facts.dockerfiles})
    if docker:
        updates.append(_update("Base images.", "docker", docker))
    return {
        "header": header(DEPENDABOT, "what dependabot updates"),
        "updates": updates,
        "interval": config.dependabot.interval.value,
        "cooldown": config.dependabot.cooldown_days,
    }


def _update(why: str, ecosystem: str, directories: list[str]) -> dict[str, Any]:
    return {"why": why, "ecosystem": ecosystem, "directories": directories, "exclude": []}


def _folder(project: Project) -> str:
    path = project.python.path if project.python else project.path
    return "/" if path == "." else f"/{path}"


def _ecosystem(project: Project) -> str:
    if project.python is None:
        return ""
    return "uv" if project.python.manager is PackageManager.UV else "pip"
