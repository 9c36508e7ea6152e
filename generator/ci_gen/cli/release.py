"""`ci-gen release`: make, show and verify release records."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_gen.errors import Undecided, UsageError

if TYPE_CHECKING:
    from ci_gen_actions.core.oci import Registry
    from ci_gen_actions.release.record import Record

USERNAME, PASSWORD = "CI_GEN_RELEASE_USERNAME", "CI_GEN_RELEASE_PASSWORD"


@click.group(name="release", help="Make, show and verify release records.")
def command() -> None:
    """The group; each verb is a function below."""


@command.command(name="assemble", help="Join evidence to a record for each image.")
@click.option(
    "--evidence",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the evidence files, at any depth.",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default="ci-gen.yaml",
    show_default=True,
    help="The file whose digest is recorded, if it is there.",
)
@click.option(
    "--previous",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An earlier record: required evidence is taken from it where nothing changed.",
)
@click.option("--require", multiple=True, help="The name of evidence that must be there.")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write the records to; standard output by default.",
)
def assemble_command(
    evidence: Path,
    config: Path,
    previous: tuple[Path, ...],
    require: tuple[str, ...],
    output: Path | None,
) -> int:
    """Make the records; 0 where all are PASS, 1 where digests disagree or something failed."""
    from ci_gen_actions.core.files import sha256
    from ci_gen_actions.core.result import Verdict, worst
    from ci_gen_actions.release import check, evidence_files, plan, record

    with _told():
        given = record.Given(
            require=require,
            config=f"sha256:{sha256(config)}" if config.is_file() else "",
            previous=tuple(check.parse(path.read_bytes(), str(path)) for path in previous),
        )
        try:
            records = record.assemble(evidence_files.read_folder(evidence, "release"), given)
        except evidence_files.Refused as refused:
            return _bad(refused.problems)
        for each in records:
            text = record.to_bytes(each).decode()
            if output is None:
                click.echo(text, nl=False)
            else:
                _write(output / plan.file_name(each), text)
                click.echo(f"{output / plan.file_name(each)}: {each['verdict']}", err=True)
            for name in each["missing"]:
                click.echo(f"required evidence {name} is missing", err=True)
    return worst(Verdict(each["verdict"]) for each in records).exit_status


@command.command(name="show", help="Show the record of a file, or of an image in a registry.")
@click.argument("source", metavar="FILE|REFERENCE")
@click.option("--json", "as_json", is_flag=True, help="Print the record itself.")
def show_command(source: str, as_json: bool) -> int:
    """Show the newest record as a table."""
    from ci_gen_actions.release import record, show

    with _told():
        found, digest = _load(source)
    if as_json:
        click.echo(record.to_bytes(found).decode(), nl=False)
    else:
        click.echo(show.text(found, artifact=digest), nl=False)
    return 0


@command.command(name="verify", help="Check a record against itself, evidence and registry.")
@click.argument("source", metavar="FILE|REFERENCE")
@click.option(
    "--evidence",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Compare with the evidence files in this folder.",
)
@click.option("--offline", is_flag=True, help="Ask no registry about the record of a file.")
@click.option("--signature", is_flag=True, help="Check signatures by cosign and gh.")
@click.option("--identity", default="", help="The URL and ref of the workflow that signed.")
@click.option(
    "--issuer",
    default="",
    help="Who vouches for the identity; known for GitHub.com and GitLab.com.",
)
@click.option("--repo", default="", help="GitHub's owner/name, for gh attestation verify.")
def verify_command(
    source: str,
    evidence: Path | None,
    offline: bool,
    signature: bool,
    identity: str,
    issuer: str,
    repo: str,
) -> int:
    """Name everything that is wrong; 1 where something is."""
    from ci_gen_actions.core.errors import UsageError as WrongInput
    from ci_gen_actions.release import check, verify
    from ci_gen_actions.release import signature as signatures

    if (identity or issuer or repo) and not signature:
        raise UsageError("--identity, --issuer and --repo belong to --signature.")
    signer = signatures.Signer(identity=identity, issuer=issuer, repository=repo)
    with _told():
        try:
            found, _ = _load(source)
        except WrongInput as error:
            if "is no release record" not in error.what:
                raise
            return _bad([f"{error.what}: {error.why}"])
        reference = str(found["image"]["reference"] or "")
        problems = list(check.problems(found))
        if evidence is not None:
            problems += verify.of_evidence(found, evidence)
        if reference and not offline:
            problems += verify.of_registry(found, _registry(reference))
        if signature and not reference:
            problems.append("the image is in no registry, where a signature would lie")
        elif signature:
            problems += signatures.problems(reference, signer)
    if problems:
        return _bad(problems)
    asked = "" if reference and not offline else "; no registry was asked"
    click.echo(f"{source}: a record of verdict {found['verdict']}, and all agrees{asked}")
    return 0


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, on every system that the generator runs on."""
    from ci_gen.write.atomic import Change, commit, stage

    folder = path.parent.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    commit(stage([Change(str(folder / path.name), text.encode())]), str(folder))


def _load(source: str) -> tuple[Record, str]:
    """The record, and its artifact's digest in the registry ("" for a file's)."""
    from ci_gen_actions.core.oci import parse_reference
    from ci_gen_actions.release import artifact, check

    if Path(source).is_file():
        return check.parse(Path(source).read_bytes(), source), ""
    if source.endswith(".json"):
        raise UsageError(f"there is no file {source}.")
    held = artifact.of(_registry(source), parse_reference(source))
    if not held:
        raise Undecided(
            f"there is no release record of {source}.",
            "The image may have been pushed by a run whose release job did not end well.",
        )
    if len(held) > 1:
        click.echo(f"the newest of {len(held)} records", err=True)
    return held[0].record, held[0].digest


def _registry(reference: str) -> Registry:
    from ci_gen_actions.core.oci import Registry, parse_reference

    return Registry(
        parse_reference(reference).host,
        username=os.environ.get(USERNAME, ""),
        password=os.environ.get(PASSWORD, ""),
    )


def _bad(problems: Iterable[str]) -> int:
    for each in problems:
        # A record is from outside: nothing in it is obeyed by a terminal.
        click.echo("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in each), err=True)
    return 1


@contextmanager
def _told() -> Iterator[None]:
    """Turn what stops the actions' code into what ci-gen shows."""
    from ci_gen_actions.core.errors import ActionError
    from ci_gen_actions.core.errors import UsageError as WrongInput

    try:
        yield
    except WrongInput as error:
        raise UsageError(error.what, _rest(error)) from error
    except ActionError as error:
        raise Undecided(error.what, _rest(error)) from error


def _rest(error: Exception) -> str:
    return "\n".join(str(error).splitlines()[1:])
