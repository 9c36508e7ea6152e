"""The verbs of `ci-gen model` that change a registry: publish, promote, rollback, gc."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_gen.cli.model_common import KEY_PASSWORD, opened, registry_option, shown, stamp, told
from ci_gen.errors import UsageError

if TYPE_CHECKING:
    from ci_gen_actions.model_registry.history import Move

FILE = click.Path(path_type=Path)


@click.command(name="publish", help="Make a version of a model; it never changes afterwards.")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="MODEL.gguf...")
@click.option("--name", required=True, help="The model's name, such as llama-2-7b-chat.")
@click.option("--version", required=True, help="The version, such as 1.1.")
@click.option(
    "--evidence",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the evidence that gates wrote.",
)
@click.option(
    "--report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The performance_report.json of the quality gate.",
)
@click.option("--download-base", default="", help="The URL below which the registry is served.")
@click.option("--sign-key", type=FILE, help="Sign with this private key (PEM, elliptic curve).")
@click.option("--to", "pointers", multiple=True, help="Promote to this pointer afterwards.")
@registry_option
def publish_command(
    files: tuple[Path, ...],
    name: str,
    version: str,
    evidence: Path | None,
    report: Path | None,
    download_base: str,
    sign_key: Path | None,
    pointers: tuple[str, ...],
    location: str,
) -> int:
    """Publish; 4 where the version is there with another model, 1 where the file is no model."""
    from ci_gen_actions.gguf_file import BadModel
    from ci_gen_actions.model_registry import draft
    from ci_gen_actions.model_registry.names import pointer_name
    from ci_gen_actions.model_registry.operations import actor, now, promote
    from ci_gen_actions.model_registry.signing import signer
    from ci_gen_actions.release.evidence_files import Refused, read_folder

    with told():
        for each in pointers:
            pointer_name(each)
        registry = opened(location)
        given = draft.Given(
            name=name,
            version=version,
            at=now(),
            by=actor(os.environ),
            report=report.read_bytes() if report else None,
            download_base=download_base,
        )
        try:
            found = read_folder(evidence) if evidence else ()
        except Refused as refused:
            raise UsageError(shown("\n".join(refused.problems))) from refused
        sign = signer(sign_key, os.environ.get(KEY_PASSWORD, "")) if sign_key else None
        try:
            made = registry.publish(replace(draft.draft(files, found, given), sign=sign))
        except BadModel as bad:
            click.echo(shown(f"ci-gen: {bad}"), err=True)
            return 1
        what = "was there already" if made.already else "is published"
        click.echo(f"{name} {made.row.version} {what}: {made.row.checksum}")
        click.echo(made.reference)
        for pointer in pointers:
            _say(name, promote(registry, name, made.row.version, pointer, stamp()))
    if not pointers and not made.already:
        click.echo(f"next: ci-gen model promote {name}@{made.row.version}", err=True)
    return 0


@click.command(name="promote", help="Let a pointer, such as latest or production, name a version.")
@click.argument("model", metavar="NAME@VERSION")
@click.option("--to", "pointer", default="latest", show_default=True, help="The pointer to move.")
@click.option("--expect", help="Move it only if it names this version now; none for nothing.")
@click.option("--reason", default="", help="Why; it is kept in the history.")
@registry_option
def promote_command(
    model: str, pointer: str, expect: str | None, reason: str, location: str
) -> int:
    """Move a pointer; 4 where it names something else than was expected."""
    from ci_gen_actions.model_registry.operations import promote, split_name

    with told():
        name, wanted = split_name(model)
        if not wanted:
            raise UsageError(
                f"which version of {name}?", f"Write {name}@VERSION, or {name}@POINTER."
            )
        registry = opened(location)
        move = promote(registry, name, wanted, pointer, stamp(reason), expected=_version(expect))
        _say(name, move)
    return 0


@click.command(name="rollback", help="Let a pointer name what it named before.")
@click.argument("model", metavar="NAME[@POINTER]")
@click.option("--expect", help="Move it only if it names this version now.")
@click.option("--reason", default="", help="Why; it is kept in the history.")
@registry_option
def rollback_command(model: str, expect: str | None, reason: str, location: str) -> int:
    """Take the last promotion back; a second rollback the one before it."""
    from ci_gen_actions.model_registry.operations import rollback, split_name

    with told():
        name, pointer = split_name(model)
        registry = opened(location)
        _say(
            name,
            rollback(registry, name, pointer or "latest", stamp(reason), expected=_version(expect)),
        )
    return 0


@click.command(name="gc", help="Remove versions that nothing names, and what stopped writers left.")
@click.argument("name", required=False)
@click.option("--keep", default=5, show_default=True, help="So many of the newest always stay.")
@click.option("--days", default=30.0, show_default=True, help="Younger versions always stay.")
@click.option("--delete", is_flag=True, help="Remove them; without it they are only named.")
@registry_option
def gc_command(name: str | None, keep: int, days: float, delete: bool, location: str) -> int:
    """Name, or remove, what may go; what a pointer names or named before stays."""
    import time

    from ci_gen_actions.model_registry.names import model_name
    from ci_gen_actions.model_registry.operations import now, total
    from ci_gen_actions.model_registry.registry import no_model
    from ci_gen_actions.model_registry.retention import Policy, removable

    if keep < 0 or days < 0:
        raise UsageError("--keep and --days are not negative.")
    with told():
        registry = opened(location)
        known = registry.models()
        if name and model_name(name) not in known:
            raise no_model(name, known, registry.location)
        left = registry.clean(name=name or "", dry_run=not delete)
        count, sizes = 0, []
        for each in (name,) if name else known:
            rows, pointers = registry.versions(each), registry.pointers(each)
            policy = Policy(keep=keep, days=days)
            going = removable(rows, pointers, registry.history(each), policy, time.time())
            gone = {row.version for row in going}
            if delete:
                gone = set(registry.remove(each, [row.version for row in going], now()))
            for row in going:
                verb = "removed" if delete else "would remove"
                click.echo(f"{verb if row.version in gone else 'kept'} {each} {row.version}")
            count += len(gone)
            sizes += [row.size for row in going if row.version in gone]
    for problem in left:
        click.echo(shown(f"{'mended' if delete else 'would mend'} {problem}"))
    if not count and not left:
        click.echo("nothing can go")
        return 0
    what = f"{_counted(count, 'version')} of {total(sizes)}, {_counted(len(left), 'leftover')}"
    click.echo(f"{what} {'removed' if delete else 'can go; --delete removes them'}")
    return 0


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _version(expect: str | None) -> str | None:
    from ci_gen_actions.model_registry.names import version_name

    if expect is None or expect == "none":
        return None if expect is None else ""
    return version_name(expect)


def _say(name: str, move: Move) -> None:
    if move.before == move.version:
        click.echo(f"{move.pointer} of {name} names {move.version} already")
    else:
        click.echo(f"{move.pointer} of {name}: {move.before or 'nothing'} -> {move.version}")


COMMANDS = (publish_command, promote_command, rollback_command, gc_command)
