"""`ci-gen generate`: render everything again and keep hand edits.

`--json` prints one document, stable across versions of ci-gen:

    {"status": "clean" | "changed" | "drift",
     "ci_gen": "<version>",
     "files": [{"path": "<path>", "status": "<status>", "why": "<sentence>"}],
     "notes": ["<sentence>", ...]}

`drift` means that a file was left alone for somebody to decide about (exit status 4). The
status of a file is one of `ci_gen.write.plan.Status`: created, updated, unchanged, merged
(a hand edit was kept), removed, kept (an edited file that is generated no longer), conflict,
foreign.
"""

from __future__ import annotations

import json
import posixpath

import click

from ci_gen.cli.repository import locate, path_argument, render

_FORCE = "Overwrite this file, whoever changed it; a copy is kept. Repeatable."
_KEEP = "Take this file as it is on disk, and only merge later changes. Repeatable."


@click.command(short_help="Render everything again and keep hand edits.")
@path_argument
@click.option("--force", metavar="FILE", multiple=True, help=_FORCE)
@click.option("--keep", metavar="FILE", multiple=True, help=_KEEP)
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    path: str, force: tuple[str, ...], keep: tuple[str, ...], dry_run: bool, as_json: bool
) -> int:
    """Render everything again and keep hand edits.

    Lines that you changed by hand are carried over to the new text. Where both changed the
    same lines, or where a file is not ci-gen's own, the file is left alone and the command
    exits with 4. Name files as ci-gen prints them.
    """
    from ci_gen.write.generate import generate
    from ci_gen.write.plan import Choices
    from ci_gen.write.report import generated_json, generated_text

    root = locate(path)
    done = generate(
        root,
        lambda: render(root),
        Choices(force=_plain(force), keep=_plain(keep)),
        dry_run=dry_run,
        say=lambda text: click.echo(text, err=True),
    )
    if as_json:
        click.echo(json.dumps(generated_json(done), indent=2))
    else:
        click.echo(generated_text(done, dry_run), nl=False)
    return done.exit_status


def _plain(paths: tuple[str, ...]) -> frozenset[str]:
    """Paths as the lock writes them, however a shell completed them."""
    return frozenset(posixpath.normpath(path.replace("\\", "/")) for path in paths)
