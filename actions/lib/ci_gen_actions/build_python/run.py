"""The `build-python` action: build the wheel and try it, or archive the sources."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ..core import checkout
from ..core.archive import Entry, size_text, write_tar_gz
from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError
from ..core.evidence import Findings
from ..core.files import sha256, write_atomically
from ..core.inert import code, plain, table
from ..core.process import run as run_process
from ..core.python_project import pick_manager, project
from ..core.result import Result, Verdict
from ..core.virtual_environment import isolated, remove
from . import plan
from .options import Options, Outputs

_NOT_THE_CODE = re.compile(
    r"No matching distribution found|Could not find a version|No solution found|Failed to fetch"
    r"|Failed to download|ConnectionError|Temporary failure in name resolution"
    r"|No space left on device"
)
"""What builders say where they could not get something, rather than build it."""


class Failed(Exception):  # noqa: N818 - an end, not an error
    """The project itself cannot be built: that was measured."""


def run(options: Options, ci: Dialect) -> Result:
    """Build the service.

    Raises UsageError for inputs that do not fit, CannotDecide where a builder is out of reach.
    """
    folders = plan.folders(options, ci.workspace.resolve())
    here = project(folders.source, folders.workspace)
    digests = _inputs(options, folders)
    name = plan.package_name(options)
    manifest = folders.output / f"{name}.manifest.json"
    forget(manifest)
    head = checkout.head(folders.source, folders.workspace)
    epoch = checkout.epoch(ci.environ, head)
    uv = shutil.which("uv", path=ci.environ.get("PATH")) or ""
    if pick_manager(options.manager, here) != "uv":
        uv = ""
    try:
        if here.packaged:
            made = _wheel(options, ci, folders, uv, epoch)
        else:
            made = [_archive(folders, folders.output / f"{name}.tar.gz", epoch)]
    except Failed as failed:
        ci.error(str(failed))
        return _result(options, Verdict.FAIL, digests, reason=str(failed))
    values = {
        "schema": 1,
        "service": options.service,
        "commit": head.commit,
        "dirty": head.dirty,
        "files": {path.name: f"sha256:{sha256(path)}" for path in made},
    }
    write_atomically(manifest, json.dumps(values, indent=2, sort_keys=True) + "\n")
    if head.commit:
        digests["source"] = head.digest
    return _result(options, Verdict.PASS, digests, folders=folders, made=made, manifest=manifest)


def _inputs(options: Options, folders: plan.Folders) -> dict[str, str]:
    """The digests of the requirements files. Raises UsageError for one that is missing."""
    if not folders.source.is_dir():
        raise UsageError(f"there is no folder {folders.source}", where="input source")
    digests: dict[str, str] = {}
    for name in options.requirements:
        path = folders.source / name
        if not path.is_file():
            raise UsageError(
                f"{name} does not exist",
                where="input requirements",
                why=f"there is no such file in {folders.source}",
                next="give paths relative to the input source",
            )
        digests[f"requirements:{name}"] = f"sha256:{sha256(path)}"
    return digests


def forget(manifest: Path) -> None:
    """Delete what the run before wrote, and nothing else: its manifest lists it."""
    try:
        names = list(json.loads(manifest.read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in names:
        if isinstance(name, str) and "/" not in name:
            (manifest.parent / name).unlink(missing_ok=True)
    manifest.unlink()


def _wheel(options: Options, ci: Dialect, folders: plan.Folders, uv: str, epoch: int) -> list[Path]:
    """The wheel and the source distribution, the wheel first."""
    for path in (folders.tools, folders.trial):
        remove(path)
    shutil.rmtree(folders.fresh, ignore_errors=True)
    environ = isolated(ci.environ, folders.tools)
    environ["SOURCE_DATE_EPOCH"] = str(max(epoch, 315532800))  # zip knows no time before 1980
    with ci.group("Build"):
        for argv in plan.build(folders, sys.executable, uv):
            _step(argv, options, ci, folders.source, environ, "the package could not be built")
    wheels = sorted(folders.fresh.glob("*.whl"))
    if len(wheels) != 1:
        raise Failed(f"the build made {len(wheels)} wheels where it should make one")
    missing = lost_files(wheels[0])
    if missing:
        raise Failed(f"the wheel lacks files that its RECORD lists: {', '.join(missing)}")
    with ci.group("Try the wheel"):
        for argv in plan.trial(folders, sys.executable, uv, wheels[0]):
            _step(argv, options, ci, folders.output.parent, environ, "the wheel does not install")
    folders.output.mkdir(parents=True, exist_ok=True)
    made = [*wheels, *sorted(folders.fresh.glob("*.tar.gz"))]
    return [Path(shutil.move(path, folders.output / path.name)) for path in made]


def lost_files(wheel: Path) -> list[str]:
    """What the wheel's RECORD lists and the wheel lacks; installers pass over it in silence.

    Raises Failed for what is no wheel.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            records = [name for name in names if name.endswith(".dist-info/RECORD")]
            text = archive.read(records[0]).decode("utf-8", "replace") if records else ""
    except zipfile.BadZipFile as error:
        raise Failed(f"{wheel.name} is no wheel: {error}") from None
    if not records:
        raise Failed(f"{wheel.name} is no wheel: it has no RECORD")
    return [row[0] for row in csv.reader(text.splitlines()) if row and row[0] not in names]


def _step(
    argv: tuple[str, ...],
    options: Options,
    ci: Dialect,
    cwd: Path,
    environ: Mapping[str, str],
    what: str,
) -> None:
    cwd.mkdir(parents=True, exist_ok=True)
    done = run_process(argv, ci=ci, cwd=cwd, env=environ, timeout=options.timeout)
    if done.ok:
        return
    if done.timed_out or done.code < 0 or _NOT_THE_CODE.search(done.output):
        lines = [line.strip() for line in done.output.splitlines() if line.strip()]
        raise CannotDecide(
            what,
            where=" ".join(argv[:4]),
            why=f"it {done.outcome}: {lines[-1] if lines else 'it wrote nothing'}",
            next="the log has the whole output; look at the runner and its package index",
        )
    raise Failed(f"{what}: the command {done.outcome}")


def _archive(folders: plan.Folders, path: Path, epoch: int) -> Path:
    """An archive of the tracked files, equal for equal commits."""
    path.unlink(missing_ok=True)
    tracked = checkout.tracked(folders.source, folders.workspace)
    files = [folders.source / name for name in tracked]
    entries = [
        Entry(name=name, source=file)
        for name, file in zip(tracked, files, strict=True)
        if file.is_symlink() or file.is_file()
    ]
    if not entries:
        raise CannotDecide(
            "there is nothing to archive",
            where=str(folders.source),
            why="git knows no file there, and the project is no package",
            next="check the input source, and that the checkout is a git repository",
        )
    write_tar_gz(path, entries, mtime=epoch)
    return path


def _result(
    options: Options,
    verdict: Verdict,
    digests: Mapping[str, str],
    *,
    reason: str = "",
    folders: plan.Folders | None = None,
    made: list[Path] | None = None,
    manifest: Path | None = None,
) -> Result:
    shown = f"### Package of {plain(options.service)}: {verdict}\n\n"
    shown += f"{plain(reason)}\n\n" if reason else ""
    digest_of = {path.name: sha256(path) for path in made or ()}
    rows = [
        (code(path.name), size_text(path.stat().st_size), code(digest_of[path.name]))
        for path in made or ()
    ]
    shown += table(("File", "Size", "SHA-256"), rows) if rows else ""
    outputs = Outputs(verdict=verdict.value)
    if made and folders and manifest:
        outputs = Outputs(
            package=_shown(made[0], folders.workspace),
            package_sha256=sha256(made[0]),
            manifest=_shown(manifest, folders.workspace),
            verdict=verdict.value,
        )
    findings = {"reason": reason, "files": digest_of}
    evidence = Findings(
        service=options.service, inputs=digests, findings=findings, tools={"build": plan.BUILD}
    )
    return Result(verdict, outputs, evidence, shown)


def _shown(path: Path, workspace: Path) -> str:
    return path.relative_to(workspace).as_posix() if workspace in path.parents else str(path)
