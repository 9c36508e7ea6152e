"""What the verbs of `ci-gen model` share: where the registry is, and how an error is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ci_gen.errors import Drift, Undecided, UsageError

if TYPE_CHECKING:
    from ci_gen_actions.model_registry.operations import Stamp
    from ci_gen_actions.model_registry.registry import ModelRegistry

REGISTRY = "CI_GEN_MODEL_REGISTRY"
USERNAME, PASSWORD = "CI_GEN_MODEL_USERNAME", "CI_GEN_MODEL_PASSWORD"
KEY_PASSWORD = "CI_GEN_MODEL_KEY_PASSWORD"  # noqa: S105 - a name

Command = TypeVar("Command", bound=Callable[..., Any])


def registry_option(function: Command) -> Command:
    """The option that says which registry is meant."""
    option = click.option(
        "--registry",
        "location",
        default="models",
        show_default=True,
        envvar=REGISTRY,
        show_envvar=True,
        help="A folder, or oci://host/repository.",
    )
    return option(function)


def opened(location: str) -> ModelRegistry:
    """The registry; a login comes from the environment alone."""
    from ci_gen_actions.model_registry import open_registry

    return open_registry(
        location,
        username=os.environ.get(USERNAME, ""),
        password=os.environ.get(PASSWORD, ""),
    )


def stamp(reason: str = "") -> Stamp:
    """Who does this, and when."""
    from ci_gen_actions.model_registry.operations import Stamp, actor, now

    return Stamp(at=now(), by=actor(os.environ), reason=reason)


@contextmanager
def told() -> Iterator[None]:
    """Turn what stops the actions' code into what ci-gen shows."""
    from ci_gen_actions.core.errors import ActionError, ChangedMeanwhile
    from ci_gen_actions.core.errors import UsageError as WrongInput

    try:
        yield
    except WrongInput as error:
        raise UsageError(shown(error.what), _rest(error)) from error
    except ChangedMeanwhile as error:
        raise Drift(shown(error.what), _rest(error)) from error
    except ActionError as error:
        rest = _rest(error)
        if "refused access" in error.what:
            rest += f"\n  a login is taken from the variables {USERNAME} and {PASSWORD}"
        raise Undecided(shown(error.what), rest) from error


def shown(text: str) -> str:
    """Text from outside as a terminal may show it: nothing in it is obeyed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text; the last one is as wide as it likes."""
    cells = [list(head), *([shown(each) for each in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    lines = []
    for row in cells:
        padded = [each.ljust(width) for each, width in zip(row[:-1], widths, strict=False)]
        lines.append("  ".join([*padded, row[-1]]).rstrip())
    return "\n".join(lines)


def _rest(error: Exception) -> str:
    return shown("\n".join(str(error).splitlines()[1:]))
