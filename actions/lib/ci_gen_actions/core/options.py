"""Options and outputs of actions, each declared once.

An action has a frozen keyword-only dataclass `Options`, its fields made by `option(...)`, and
a frozen dataclass `Outputs`, its fields made by `output(...)`. From them come the reading of
the environment, the command-line flags, the `inputs:` and `outputs:` of action.yml, the GitLab
variables and the reference. An empty value means the default: a platform cannot tell an input
that was left out from one that an unset expression made empty.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from dataclasses import MISSING, dataclass
from typing import Any

_META = "ci-gen"


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One option or output as it was declared. `kind` is str, int, float, bool or lines."""

    field: str
    kind: str
    doc: str
    default: Any
    required: bool = False
    choices: tuple[str, ...] = ()
    secret: bool = False
    multiline: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""

    @property
    def name(self) -> str:
        """The kebab-case name of the input, output or flag."""
        return self.field.replace("_", "-")

    @property
    def default_text(self) -> str:
        """The default as an input's text, "" where there is none."""
        return "" if self.required else to_text(self.default)

    @property
    def allowed(self) -> str:
        """What a value must be, in words; "" where any text will do."""
        if self.choices:
            return ", ".join(choice or '""' for choice in self.choices)
        if self.kind == "bool":
            return "true, false"
        if self.pattern:
            return f"text that matches {self.pattern}"
        return self._range() if self.kind in ("int", "float") else ""

    def _range(self) -> str:
        noun = "a whole number" if self.kind == "int" else "a number"
        if self.minimum is not None and self.maximum is not None:
            return f"{noun} from {self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f"{noun}, at least {self.minimum:g}"
        if self.maximum is not None:
            return f"{noun}, at most {self.maximum:g}"
        return noun


def option(
    *,
    doc: str,
    default: Any = MISSING,
    choices: tuple[str, ...] = (),
    secret: bool = False,
    multiline: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    pattern: str = "",
) -> Any:
    """Declare an option; without `default` it is required.

    `choices` are the allowed texts (of each item, for a tuple). `secret` values are masked,
    never shown, and not taken from the command line, where other users could see them.
    `multiline` marks a text that may span lines. `minimum` and `maximum` bound numbers,
    inclusively. `pattern` is a regular expression that the whole text (each item) must match.
    """
    facts = {
        "doc": doc,
        "choices": choices,
        "secret": secret,
        "multiline": multiline,
        "minimum": minimum,
        "maximum": maximum,
        "pattern": pattern,
    }
    return dataclasses.field(default=default, metadata={_META: facts})


def output(*, doc: str, default: Any = "") -> Any:
    """Declare an output. `default` is what later steps see where the action set nothing."""
    return dataclasses.field(default=default, metadata={_META: {"doc": doc}})


def declarations(cls: type) -> tuple[Declaration, ...]:
    """What the fields of `cls` declare, in their order.

    Raises TypeError for a field that no option can have: that is a mistake in the action.
    """
    hints = typing.get_type_hints(cls)
    return tuple(_declaration(each, hints[each.name]) for each in dataclasses.fields(cls))


def _declaration(each: dataclasses.Field[Any], hint: Any) -> Declaration:
    facts = each.metadata.get(_META)
    if facts is None:
        raise TypeError(f"field {each.name} was not made by option(...) or output(...)")
    kinds: dict[Any, str] = {str: "str", int: "int", float: "float", bool: "bool"}
    kind = kinds.get(hint, "lines" if hint == tuple[str, ...] else "")
    if not kind:
        raise TypeError(f"field {each.name}: {hint} is no type of an option")
    required = each.default is MISSING
    default = None if required else each.default
    return Declaration(
        field=each.name,
        kind=kind,
        default=default,
        required=required,
        **{**facts, "multiline": facts.get("multiline", False) or kind == "lines"},
    )


def variable(action: str, name: str) -> str:
    """The environment variable of an option: `build`, `cmake-args` -> CI_GEN_BUILD_CMAKE_ARGS."""
    return f"{prefix(action)}{re.sub('[^A-Za-z0-9]', '_', name).upper()}"


def prefix(action: str) -> str:
    """What the environment variables of an action's options begin with."""
    return f"CI_GEN_{re.sub('[^A-Za-z0-9]', '_', action).upper()}_"


def package_of(action: str) -> str:
    """The Python package of an action: `build-python` -> `build_python`."""
    return action.replace("-", "_")


def to_text(value: Any) -> str:
    """A value as platforms carry it: true/false, items one a line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "\n".join(value)
    return str(value)


def texts(outputs: Any) -> dict[str, str]:
    """The kebab-case names and texts of an `Outputs` instance."""
    declared = declarations(type(outputs))
    return {each.name: to_text(getattr(outputs, each.field)) for each in declared}
