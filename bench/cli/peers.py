"""copier and projen with a template of the same number of files and the same size."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

COPIER = "copier==9.19.1"
PROJEN = "projen@0.103.25"

_GIT = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]


def install_copier(folder: Path) -> str:
    """A virtual environment with copier; the path of its command."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "-q", "--disable-pip-version-check", "install", COPIER]
    subprocess.run(pip, check=True, stdout=subprocess.DEVNULL)
    return str(folder / "bin" / "copier")


def install_projen(folder: Path) -> Path:
    """A node_modules folder with projen."""
    if shutil.which("npm") is None:
        sys.exit("projen needs node and npm, and they are not installed")
    folder.mkdir(parents=True)
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", PROJEN]
    subprocess.run(npm, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "node_modules"


def generated(project: Path) -> dict[str, str]:
    """What ci-gen generated there: the texts that the peers have to produce as well."""
    names = json.loads((project / ".ci-gen" / "lock.json").read_text("utf-8"))["files"]
    return {name: (project / name).read_text("utf-8") for name in names}


def copier_project(folder: Path, copier: str, model: Path) -> tuple[Path, Path]:
    """Two projects made from one template: one up to date, one that an update will change."""
    template = folder / "template"
    for name, text in generated(model).items():
        path = template / "template" / f"{name}.jinja"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{% raw %}" + text + "{% endraw %}{{ '# ' ~ name ~ '\n' }}")
    (template / "copier.yml").write_text(
        "_subdirectory: template\nname: {type: str, default: service}\n"
    )
    answers = template / "template" / "{{ _copier_conf.answers_file }}.jinja"
    answers.write_text("{{ _copier_answers|to_nice_yaml -}}\n")
    _commit(template, "v1.0.0", first=True)
    updated = _copied(folder / "updated", copier, template)
    workflow = template / "template" / ".github" / "workflows" / "ci.yml.jinja"
    workflow.write_text(workflow.read_text().replace("timeout-minutes: 60", "timeout-minutes: 61"))
    _commit(template, "v1.1.0")
    return _copied(folder / "same", copier, template), updated


def _copied(folder: Path, copier: str, template: Path) -> Path:
    command = [copier, "copy", "--defaults", "--trust", "--quiet", str(template), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    _commit(folder, "start", first=True)
    return folder


def _commit(folder: Path, tag: str, *, first: bool = False) -> None:
    if first:
        subprocess.run([*_GIT, "init", "-q", "-b", "main"], cwd=folder, check=True)
    for words in (["add", "-A"], ["commit", "-q", "-m", tag], ["tag", tag]):
        subprocess.run([*_GIT, *words], cwd=folder, check=True)


def projen_project(folder: Path, modules: Path, model: Path) -> Path:
    """A projen project that synthesises the same files as text."""
    folder.mkdir(parents=True)
    (folder / "node_modules").symlink_to(modules)
    lines = [
        'const { Project, TextFile } = require("projen");',
        'const project = new Project({ name: "service" });',
        "// build: 61",
    ]
    for name, text in generated(model).items():
        rows = json.dumps([*text.split("\n"), "build: 61"])
        lines.append(f"new TextFile(project, {json.dumps(name)}, {{ lines: {rows} }});")
    (folder / ".projenrc.js").write_text("\n".join([*lines, "project.synth();", ""]))
    return folder
