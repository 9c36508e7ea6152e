"""`ci-gen detect`: what is known of a repository, each fact with the line that shows it.

`--json` prints the facts as the lock holds them (`ci_gen.detect.document`). With `--update`
it prints instead

    {"facts": {...},
     "changes": [{"sign": "-" | "+", "label": "<fact>", "value": "<text>"}],
     "generated": {...}}                       as `ci-gen generate --json`
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_gen.cli.repository import locate, path_argument
from ci_gen.errors import Undecided, UsageError
from ci_gen.write.root import LOCK, find_root

if TYPE_CHECKING:
    from ci_gen.detect.model import Facts
    from ci_gen.write.assess import Rendering
    from ci_gen.write.lock import Lock


@click.command(short_help="Print what is known of the repository, and what shows it.")
@path_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--update",
    is_flag=True,
    help="Show what changed against the facts in the lock, store them, and generate anew.",
)
def command(path: str, as_json: bool, update: bool) -> int:
    """Print what is known of the repository at PATH, each fact with the line that shows it.

    Reads the files that git tracks, or all of them where there is no git. Writes nothing,
    unless --update is given: the facts that a pipeline is rendered from are frozen in the
    lock, so that it changes only when asked to.
    """
    if update:
        return _update(locate(path), as_json)
    from ci_gen.detect.description import describe, table
    from ci_gen.detect.document import facts_to_json
    from ci_gen.detect.repository import detect

    facts = detect(Path(find_root(path) or path))
    if as_json:
        click.echo(json.dumps(facts_to_json(facts), indent=2))
    else:
        click.echo(table(describe(facts)))
    return 0


def _update(root: str, as_json: bool) -> int:
    from ci_gen.detect.description import changes
    from ci_gen.detect.document import facts_to_json
    from ci_gen.detect.repository import detect
    from ci_gen.write.generate import generate
    from ci_gen.write.report import generated_json, generated_text

    lock = _lock(root)
    new = detect(Path(root))
    found = changes(_facts_of(lock), new)
    done = generate(
        root, lambda: _rendering(root, lock, new), say=lambda line: click.echo(line, err=True)
    )
    if as_json:
        document = {
            "facts": facts_to_json(new),
            "changes": [
                {"sign": sign, "label": label, "value": value} for sign, label, value in found
            ],
            "generated": generated_json(done),
        }
        click.echo(json.dumps(document, indent=2))
    else:
        lines = [f"{sign} {label}: {value}" for sign, label, value in found]
        click.echo("\n".join(lines) or "The facts are those of the lock.")
        click.echo(generated_text(done), nl=False)
    return done.exit_status


def _rendering(root: str, lock: Lock, facts: Facts) -> Rendering:
    """What is generated from new facts, everything else being as it was."""
    from ci_gen.project import assemble, load, rendering

    config = load(Path(root)).config
    return rendering(assemble(Path(root), config, facts, lock=lock, detected_now=False))


def _lock(root: str) -> Lock:
    """The lock; raises UsageError where there is none yet."""
    from ci_gen.write.lock import loads

    try:
        return loads(Path(root, LOCK).read_bytes().decode("utf-8", "replace"))
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no {LOCK} in {root}: no facts are frozen yet.",
            "Run `ci-gen generate`: it detects and stores them.",
        ) from error


def _facts_of(lock: Lock) -> Facts:
    from ci_gen.detect.document import facts_from_json

    try:
        return facts_from_json(dict(lock.facts))
    except ValueError as error:
        raise Undecided(
            f"{LOCK} holds facts that cannot be read: {error}.",
            f"Restore it (`git checkout HEAD -- {LOCK}`) and try again.",
        ) from error
