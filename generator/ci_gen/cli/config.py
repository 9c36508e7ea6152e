"""`ci-gen config`: print the schema, show all keys, read one, set one."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import click

from ci_gen.errors import UsageError
from ci_gen.write.root import CONFIG


@click.group(name="config", help="Show, read, set and describe the keys of ci-gen.yaml.")
def command() -> None:
    """The group; each verb is a function below."""


@command.command(name="schema", help="Print the JSON Schema of ci-gen.yaml.")
@click.option("--model", is_flag=True, help="That of model-config.yaml instead.")
def schema_command(model: bool) -> None:
    """Print a schema as it is committed."""
    from ci_gen.config import model_config
    from ci_gen.config import schema as config_schema

    click.echo(model_config.schema_text() if model else config_schema.schema_text(), nl=False)


@command.command(name="reference", help="Print the reference of all keys as Markdown.")
def reference_command() -> None:
    """Print the page that docs/reference/config.md holds."""
    from ci_gen.config.reference import reference

    click.echo(reference(), nl=False)


@command.command(name="show", help="Print every key with its value, detected ones filled in.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(as_json: bool) -> None:
    """Print the effective config."""
    document = _effective(_root())
    click.echo(json.dumps(document, indent=2) if as_json else _yaml(document), nl=as_json)


@command.command(name="get", help="Print one key's value, such as services[0].path.")
@click.argument("key")
def get_command(key: str) -> None:
    """Print a scalar bare, anything else as YAML."""
    from ci_gen.config.edit import get, known
    from ci_gen.config.model import Config

    known(key, Config)
    value = get(_effective(_root()), key)
    scalar = not isinstance(value, dict | list)
    click.echo(_scalar(value) if scalar else _yaml(value), nl=scalar)


@command.command(name="set", help="Set one key; comments and order are kept.")
@click.argument("key")
@click.argument("value")
def set_command(key: str, value: str) -> None:
    """Set a key to a value read as YAML, if the config is right with it."""
    from ci_gen.project import text_of
    from ci_gen.write.guard import exclusive

    root = _root()
    with exclusive(str(root), lambda line: click.echo(line, err=True)):
        before = text_of(root, CONFIG)
        after = changed(before, [(key, value)])
        if after == before:
            click.echo(f"{key} has that value already", err=True)
            return
        _write(root / CONFIG, after)
    click.echo(f"set {key}; run `ci-gen generate` to render the change", err=True)


def changed(text: str, settings: list[tuple[str, str]]) -> str:
    """The config's text with keys set. Raises ConfigError where it is wrong with them."""
    from ci_gen.config.edit import known, parse, set_value
    from ci_gen.config.model import Config
    from ci_gen.config.reader import read

    for key, value in settings:
        known(key, Config)
        text = set_value(text, key, parse(value))
    read(text, Config, CONFIG)
    return text


def _write(path: Path, text: str) -> None:
    """Put the text in place of the file, which is old or new at every moment."""
    from ci_gen.write.atomic import Change, Staged, commit, stage

    mark = codecs.BOM_UTF8 if path.read_bytes().startswith(codecs.BOM_UTF8) else b""
    # A config that is a link is written where it lies.
    changes = [Change(str(path.resolve()), mark + text.encode())]
    Staged(changes).discard()  # what a killed run left
    commit(stage(changes), str(path.parent))


def _root() -> Path:
    from ci_gen.write.root import find_root

    found = find_root(str(Path.cwd()))
    if found is None:
        raise UsageError(
            "There is no ci-gen.yaml here or in a folder above.", "Run `ci-gen init` to write one."
        )
    return Path(found)


def _effective(root: Path) -> dict[str, Any]:
    """The config with every default and every detected value in its place."""
    from ci_gen.config.effective import effective
    from ci_gen.project import load

    return effective(load(root).settings)


def _yaml(document: Any) -> str:
    import io

    from ruamel.yaml import YAML

    out = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(document, out)
    return out.getvalue()


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
