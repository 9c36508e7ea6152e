"""The verbs of `ci-gen model` that change nothing: list, show, verify, diff."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_gen.cli.model_common import opened, registry_option, shown, table, told
from ci_gen.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_gen_actions.model_registry.registry import ModelRegistry, Problem


@click.command(name="list", help="List models, or the versions of one.")
@click.argument("name", required=False)
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(name: str | None, location: str, as_json: bool) -> int:
    """Print a table, or JSON."""
    with told():
        registry = opened(location)
        if name:
            found = _versions(registry, name, as_json=as_json)
        else:
            found = _models(registry, as_json=as_json)
    click.echo(found)
    return 0


def _models(registry: ModelRegistry, *, as_json: bool) -> str:
    rows, value = [], []
    for name in registry.models():
        versions, pointers = registry.versions(name), registry.pointers(name)
        newest = versions[-1].version if versions else ""
        named = ", ".join(f"{each} {target or '?'}" for each, target in pointers.items())
        rows.append((name, str(len(versions)), newest, named))
        value.append({"name": name, "versions": len(versions), "pointers": dict(pointers)})
    if as_json:
        return json.dumps(value, indent=2)
    if not rows:
        there = "://" in registry.location or Path(registry.location).is_dir()
        return f"no models in {registry.location}{'' if there else ', which is not there'}"
    return table(("MODEL", "VERSIONS", "HIGHEST", "POINTERS"), rows)


def _versions(registry: ModelRegistry, text: str, *, as_json: bool) -> str:
    from ci_gen_actions.model_registry.names import model_name
    from ci_gen_actions.model_registry.operations import total
    from ci_gen_actions.model_registry.registry import no_model

    name = model_name(text)
    versions, pointers = registry.versions(name), registry.pointers(name)
    if not versions:
        raise no_model(name, registry.models(), registry.location)
    named: dict[str, list[str]] = {}
    for pointer, version in sorted(pointers.items()):
        named.setdefault(version, []).append(pointer)
    if as_json:
        value = [{**vars(each), "pointers": named.get(each.version, [])} for each in versions]
        return json.dumps(value, indent=2)
    rows = [
        (
            each.version,
            each.quantization or "-",
            total([each.size]),
            each.created_at,
            each.checksum[:19],
            " ".join(named.get(each.version, ())),
        )
        for each in versions
    ]
    return table(("VERSION", "QUANTIZATION", "SIZE", "PUBLISHED", "MODEL", "POINTERS"), rows)


@click.command(name="show", help="Show what is known of a version: NAME, or NAME@VERSION.")
@click.argument("model", metavar="NAME[@VERSION]")
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print metadata.json itself.")
def show_command(model: str, location: str, as_json: bool) -> int:
    """Print a version's metadata, where its files are and what names it."""
    from ci_gen_actions.model_registry import metadata
    from ci_gen_actions.model_registry.operations import split_name
    from ci_gen_actions.model_registry.show import text

    with told():
        registry = opened(location)
        name, wanted = split_name(model)
        found = registry.resolve(name, wanted or "latest")
        if as_json:
            click.echo(metadata.to_bytes(found.metadata).decode(), nl=False)
        else:
            moves, pointers = registry.history(name), registry.pointers(name)
            click.echo(shown(text(found, pointers, moves)))
    return 0


@click.command(name="verify", help="Read every byte and name each file that is damaged.")
@click.argument("model", metavar="[NAME[@VERSION]]", required=False)
@click.option("--public-key", type=click.Path(path_type=Path), help="Check signatures by it.")
@registry_option
def verify_command(model: str | None, public_key: Path | None, location: str) -> int:
    """0 where all is as it was published, 1 where something is not."""
    from ci_gen_actions.model_registry.operations import split_name
    from ci_gen_actions.model_registry.signatures import signatures
    from ci_gen_actions.model_registry.signing import checker

    with told():
        check = checker(public_key) if public_key else None
        registry = opened(location)
        if model:
            name, wanted = split_name(model)
            chosen = [registry.resolve(name, wanted).version] if wanted else []
            checked = {name: chosen or [each.version for each in registry.versions(name)]}
            found = list(registry.problems(name, chosen))
        else:
            checked = {
                each: [row.version for row in registry.versions(each)] for each in registry.models()
            }
            found = [problem for each in checked for problem in registry.problems(each)]
        if check:
            found += signatures(registry, checked, check)
    if not checked:
        raise Undecided(f"there is no model in {location} to verify.")
    return _told(found, checked)


def _told(found: Sequence[Problem], checked: Mapping[str, Sequence[str]]) -> int:
    bad = [each for each in found if not each.note]
    for each in found:
        click.echo(shown(f"{'note' if each.note else 'damaged'}: {each}"), err=True)
    count = sum(len(each) for each in checked.values())
    noun = "version" if count == 1 else "versions"
    if bad:
        problems = "problem" if len(bad) == 1 else "problems"
        click.echo(f"{len(bad)} {problems} in {count} {noun}")
        return 1
    left = f"; {len(found)} notes, see above (`ci-gen model gc` removes leftovers)" if found else ""
    click.echo(f"{count} {noun} as published{left}")
    return 0


@click.command(name="diff", help="Show what differs between two versions.")
@click.argument("before", metavar="NAME@VERSION")
@click.argument("after", metavar="[NAME]@VERSION")
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff_command(before: str, after: str, location: str, as_json: bool) -> int:
    """Compare facts, files, headers and tensors; 0 also where they differ."""
    from dataclasses import asdict

    from ci_gen_actions.model_registry.difference import difference
    from ci_gen_actions.model_registry.difference import told as in_words
    from ci_gen_actions.model_registry.headers import headers
    from ci_gen_actions.model_registry.operations import split_name

    with told():
        registry = opened(location)
        name, old = split_name(before)
        other, new = split_name(after if not after.startswith("@") else f"{name}{after}")
        first = registry.resolve(name, old or "latest")
        second = registry.resolve(other, new or "latest")
        changes = difference(
            first.metadata, second.metadata, headers(registry, first), headers(registry, second)
        )
    if as_json:
        click.echo(json.dumps([asdict(each) for each in changes], indent=2))
    else:
        click.echo(f"{name} {first.version} -> {other} {second.version}")
        click.echo(shown(in_words(changes)))
    return 0


COMMANDS = (list_command, show_command, verify_command, diff_command)
