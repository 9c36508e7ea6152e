"""The `uses:` examples of the actions' READMEs, so that tests run what readers copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A YAML block that uses an action: the file and line it stands at, its text, its data."""

    readme: Path
    line: int
    text: str
    data: Mapping[str, Any]

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """Every step of every job."""
        return [step for job in self.data["jobs"].values() for step in job["steps"]]

    def own_steps(self) -> Iterator[tuple[Path, dict[str, str]]]:
        """The action.yml and the inputs of each step that uses an action of this repository."""
        for step in self.steps:
            used = str(step.get("uses", ""))
            if used.startswith("./"):
                inputs = {name: _text(value) for name, value in step.get("with", {}).items()}
                yield (ROOT / used / "action.yml").resolve(), inputs

    def workflow(self) -> str:
        """The example as a whole workflow file, for tools that run or check one."""
        return f"name: example\non: push\npermissions: {{}}\n{self.text}"


def examples(readme: Path) -> list[Example]:
    """The examples in a README: fenced blocks of YAML that hold `jobs:` and `uses:`."""
    text = readme.read_text("utf-8")
    found = []
    for block in re.finditer(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if "uses:" in block[1] and "jobs:" in block[1]:
            found.append(
                Example(
                    readme=readme,
                    line=text.count("\n", 0, block.start()) + 2,
                    text=block[1],
                    data=YAML(typ="safe").load(block[1]),
                )
            )
    return found


def all_examples() -> list[Example]:
    """The examples of every action."""
    readmes = sorted((ROOT / "actions").glob("**/README.md"))
    return [example for readme in readmes for example in examples(readme)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
