"""`ci-gen check`: which generated file is out of date, and why.

`--json` prints one document, stable across versions of ci-gen:

    {"status": "clean" | "drift",
     "ci_gen": "<version>",
     "files": [{"path": "<path>",
                "status": "clean" | "kept" | <cause>,
                "why": "<sentence>",
                "causes": [<cause>, ...],
                "diff": "<unified diff>"}],       with --diff
     "notes": ["<sentence>", ...]}

A cause is one of those of `ci_gen.write.drift.Cause`; `kept` is a hand edit on record,
which is no drift. `status` of a file is its first cause.
"""

from __future__ import annotations

import json

import click

from ci_gen.cli.repository import locate, path_argument, render
from ci_gen.errors import DRIFT, Busy
from ci_gen.write.fast import clean_files, clean_text


@click.command(short_help="Say which generated file is out of date, and why.")
@path_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--diff", "diffs", is_flag=True, help="Show how each file differs.")
def command(path: str, as_json: bool, diffs: bool) -> int:
    """Say which generated file is out of date, and why.

    Compares what would be generated now with what is on disk, and changes nothing. Exits
    with 0 where all is as it should be, 4 where a file drifted, 2 where the config is wrong.
    """
    from ci_gen.write.drift import clean, report

    root = locate(path)
    files = clean_files(root)
    if files is not None:
        if as_json:
            click.echo(json.dumps(clean(files).to_json(diffs), indent=2))
        else:
            click.echo(clean_text(files), nl=False)
        return 0
    from ci_gen.write.assess import assess
    from ci_gen.write.guard import is_held

    if is_held(root):
        raise Busy(f"another ci-gen is at work in {root}.", "Check again when it has ended.")
    found = report(assess(root, render(root)))
    if as_json:
        click.echo(json.dumps(found.to_json(diffs), indent=2))
    else:
        from ci_gen.write.report import drift_text

        click.echo(drift_text(found, diffs), nl=False)
    return DRIFT if found.drifted else 0
