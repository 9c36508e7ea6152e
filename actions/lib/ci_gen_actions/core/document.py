"""From the declarations to what people read: action.yml, README tables, `--help`.

`python -m ci_gen_actions.core.document` rewrites the generated blocks in actions/*/action.yml
and actions/*/README.md, and `--check` names those that are stale. A block lies between the
lines `# >>> <name>` and `# <<< <name>` (in Markdown `<!-- >>> <name> -->`); the rest of a file is
its author's. An action.yml or README.md that does not exist yet is begun.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .errors import UsageError
from .options import Declaration, declarations, variable
from .runner import load, names

WIDTH = 92
ROOT_ACTION = "ci-gen"
"""The action whose action.yml is the repository's own."""


def inputs_block(options: type, indent: str = "") -> str:
    """The `inputs:` of an action.yml."""
    lines = ["inputs:"]
    for each in declarations(options):
        lines.append(f"  {each.name}:")
        lines += _folded("description", _sentence(each))
        lines.append(f"    required: {'true' if each.required else 'false'}")
        if not each.required:
            lines.append(f"    default: {_scalar(each.default_text)}")
    return _text(lines, indent)


def outputs_block(outputs: type, indent: str = "") -> str:
    """The `outputs:` of an action.yml; its step has the id `run`."""
    lines = ["outputs:"]
    for each in declarations(outputs):
        lines.append(f"  {each.name}:")
        lines += _folded("description", each.doc)
        lines.append(f"    value: ${{{{ steps.run.outputs.{each.name} }}}}")
    return _text(lines, indent)


def env_block(options: type, action: str, indent: str = "      ") -> str:
    """The `env:` of the action's step: the only way an input takes."""
    lines = ["env:"]
    for each in declarations(options):
        lines.append(f"  {variable(action, each.name)}: ${{{{ inputs.{each.name} }}}}")
    return _text(lines, indent)


def inputs_table(options: type, action: str) -> str:
    """The inputs as a Markdown table, with the variable for GitLab and a terminal."""
    lines = ["| Input | Variable | Default | Meaning |", "|---|---|---|---|"]
    for each in declarations(options):
        default = "_required_" if each.required else _code(each.default_text)
        cells = (_code(each.name), _code(variable(action, each.name)), default, _sentence(each))
        lines.append(_row(cells))
    return _text(lines, "")


def outputs_table(outputs: type, action: str) -> str:
    """The outputs as a Markdown table, with the name in GitLab's dotenv file."""
    lines = ["| Output | In GitLab | Meaning |", "|---|---|---|"]
    for each in declarations(outputs):
        dotenv = re.sub("[^A-Z0-9]", "_", f"{action}_{each.name}".upper())
        lines.append(_row((_code(each.name), _code(dotenv), each.doc)))
    return _text(lines, "")


def command_help(options: type, action: str) -> str:
    """What `ci-gen-action <action> --help` prints."""
    lines = [f"usage: ci-gen-action {action} [--<input> <value> ...]", "", "inputs:"]
    for each in declarations(options):
        default = "required" if each.required else f"default: {each.default_text or 'empty'}"
        lines.append(f"  --{each.name}  ({' '.join(default.split())})")
        lines += textwrap.wrap(
            _sentence(each), WIDTH, initial_indent="      ", subsequent_indent="      "
        )
        lines.append(f"      environment: {variable(action, each.name)}")
    return _text(lines, "")


def updated(text: str, blocks: Mapping[str, str]) -> str:
    """`text` with the generated blocks that it has places for replaced."""
    for name, block in blocks.items():
        places = re.compile(
            rf"^(?P<start>[^\n]*>>> {re.escape(name)}\b[^\n]*\n).*?"
            rf"(?P<end>^[^\n]*<<< {re.escape(name)}\b[^\n]*$)",
            re.MULTILINE | re.DOTALL,
        )
        text = places.sub(_filled(block), text)
    return text


def _filled(block: str) -> Callable[[re.Match[str]], str]:
    return lambda found: f"{found['start']}{block}{found['end']}"


def files_of(root: Path, action: str) -> dict[Path, str]:
    """The action's action.yml and README.md as they should be."""
    loaded = load(action)
    folder = root if action == ROOT_ACTION else root / "actions" / action
    manifest = {
        "inputs": inputs_block(loaded.options),
        "outputs": outputs_block(loaded.outputs),
        "env": env_block(loaded.options, action),
    }
    tables = {
        "inputs": "\n" + inputs_table(loaded.options, action) + "\n",
        "outputs": "\n" + outputs_table(loaded.outputs, action) + "\n",
    }
    readme = root / "actions" / "README.md" if action == ROOT_ACTION else folder / "README.md"
    wanted: dict[Path, str] = {}
    for path, begun, blocks in (
        (folder / "action.yml", _new_manifest(action), manifest),
        (readme, _new_readme(action), tables),
    ):
        text = path.read_text(encoding="utf-8") if path.is_file() else begun
        wanted[path] = updated(text, blocks)
    return wanted


def stale(root: Path) -> dict[Path, str]:
    """The files that are not as the declarations make them, with what they should be."""
    return {
        path: text
        for action in names()
        for path, text in files_of(root, action).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def main(arguments: Sequence[str]) -> int:
    """Rewrite the stale files, or name them with `--check`."""
    if set(arguments) - {"--check"}:
        raise UsageError("usage: python -m ci_gen_actions.core.document [--check]")
    root = Path(__file__).resolve().parents[4]
    found = stale(root)
    for path, text in found.items():
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{path.relative_to(root)}\n")
    return 1 if found and "--check" in arguments else 0


def _new_manifest(action: str) -> str:
    launcher = "actions/launch.py" if action == ROOT_ACTION else "../launch.py"
    return f"""\
name: {action}
description: What the action does, in one sentence
author: ci-gen

# >>> inputs (generated from options.py)
# <<< inputs
# >>> outputs (generated from options.py)
# <<< outputs

runs:
  using: composite
  steps:
    - id: run
      shell: bash
      # >>> env (generated from options.py)
      # <<< env
      run: exec python3 -I "$GITHUB_ACTION_PATH/{launcher}" {action}
"""


def _new_readme(action: str) -> str:
    return f"""\
# {action}

## Inputs
<!-- >>> inputs (generated from options.py) -->
<!-- <<< inputs -->

## Outputs
<!-- >>> outputs (generated from options.py) -->
<!-- <<< outputs -->
"""


def _sentence(each: Declaration) -> str:
    doc = each.doc.strip()
    doc = doc if doc.endswith((".", "!", "?")) else f"{doc}."
    if each.kind == "lines":
        doc += " One a line."
    return f"{doc} Allowed: {each.allowed}." if each.allowed else doc


def _folded(key: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(
        " ".join(text.split()), WIDTH - 6, break_long_words=False, break_on_hyphens=False
    )
    return [f"    {key}: >-", *(f"      {line}" for line in wrapped)]


def _scalar(text: str) -> str:
    """A double-quoted YAML scalar: JSON's, but for characters that YAML wants escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(
        each if each.isprintable() or ord(each) > 0xFFFF else f"\\u{ord(each):04x}"
        for each in quoted
    )


def _code(text: str) -> str:
    return " ".join(f"`{line}`" for line in text.splitlines())


def _row(cells: Sequence[str]) -> str:
    inner = " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {inner} |"


def _text(lines: Sequence[str], indent: str) -> str:
    return "".join(f"{indent}{line}\n" if line else "\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
