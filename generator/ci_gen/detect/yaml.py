"""Whether a YAML file can be read at all. Facts themselves are read line by line.

A line-wise reading finds a manifest's kind and its line also in a Helm template, which is
no YAML, and in a file that is broken further down. A real parser is then asked only to
tell the reader of broken files; it is slow, so it gets a fixed amount of text and no more.
"""

from __future__ import annotations

from collections.abc import Iterable

from ci_gen.detect.tree import Tree

BUDGET_CHARACTERS = 48 * 1024
"""How much YAML is parsed in one detection; at some 400 KB/s that is an eighth of a second."""


def note_broken(tree: Tree, paths: Iterable[str]) -> None:
    """Note which of these YAML files are broken, and where, as far as the budget reaches."""
    left = BUDGET_CHARACTERS
    for path in paths:
        text = tree.read(path)
        if len(text) > left:
            continue
        left -= len(text)
        problem = _problem(text)
        if problem:
            tree.note(f"{path}{problem}")


def _problem(text: str) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        for _ in YAML(typ="safe", pure=True).parse(text):
            pass
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return f"{f':{line}' if line else ''}: broken YAML: {error.problem or error.context}"
    except (YAMLError, RecursionError, ValueError, AttributeError) as error:
        return f": broken YAML: {str(error).splitlines()[0] if str(error) else 'unreadable'}"
    return ""
