"""`ci-gen init`: look at a repository, write its config and render its pipeline."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import click

from ci_gen.detect.description import Line, table
from ci_gen.setup import Answers, Report, initialise

_VENDORED = ".ci-gen/actions/"


@click.command(name="init")
@click.argument("path", type=click.Path(file_okay=False, exists=True), default=".")
@click.option("--yes", is_flag=True, help="Ask nothing: take what was detected.")
@click.option(
    "--platform",
    type=click.Choice(["github", "gitlab", "both"]),
    help="The platforms to generate for; those of the remotes by default.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a key of ci-gen.yaml, such as cuda.enabled=true. May be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    path: str,
    yes: bool,
    platform: str | None,
    settings: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Look at the repository at PATH, write its ci-gen.yaml and render its pipeline.

    A file that ci-gen did not write is never overwritten. Run again, init keeps ci-gen.yaml
    and brings the rest up to date.
    """
    ask = not yes and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    answers = Answers(
        platform=platform,
        settings=tuple(_pair(setting) for setting in settings),
        ask=_ask if ask else None,
        found=_ignore if as_json else _show_facts,
        say=lambda line: click.echo(line, err=True),
    )
    report = initialise(Path(path), answers, dry_run=dry_run)
    click.echo(json.dumps(report.to_json(), indent=2) if as_json else _shown(report, dry_run))
    return report.exit_status


def _pair(setting: str) -> tuple[str, str]:
    key, equals, value = setting.partition("=")
    if not equals:
        raise click.BadParameter(f"{setting!r} is not KEY=VALUE", param_hint="--set")
    return key.strip(), value


def _ask(question: str, default: str, choices: tuple[str, ...]) -> str:
    if choices == ("yes", "no"):
        return "yes" if click.confirm(question, default=default == "yes") else "no"
    kind = click.Choice(choices) if choices else None
    answer: str = click.prompt(question, default=default, type=kind)
    return answer


def _show_facts(facts: list[Line]) -> None:
    click.echo("Detected\n" + textwrap.indent(table(facts), "  ") + "\n")


def _ignore(facts: list[Line]) -> None:
    """With --json the facts stand in the document."""


def _shown(report: Report, dry_run: bool) -> str:
    lines = ["Would write" if dry_run else "Files"]
    lines += [
        f"  {status:<9}  {path}" + (f"  ({why})" if why else "")
        for status, path, why in _folded(report.files)
    ]
    lines += ["", "Next", *(f"  {number}. {step}" for number, step in enumerate(report.next, 1))]
    return "\n".join(lines)


def _folded(files: tuple[tuple[str, str, str], ...]) -> list[tuple[str, str, str]]:
    """The files with the vendored actions, which are many, as one line a status."""
    shown = [file for file in files if not file[1].startswith(_VENDORED)]
    for status in dict.fromkeys(status for status, path, _ in files if path.startswith(_VENDORED)):
        count = sum(file[0] == status and file[1].startswith(_VENDORED) for file in files)
        shown.append((status, _VENDORED, f"{count} files: the actions"))
    return shown
