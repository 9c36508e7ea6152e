"""The evidence files of a run, read once, with the digest of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import ActionError
from ..core.oci_reference import digest_of
from ..core.result import Verdict

EVIDENCE_BYTES = 16 * 1024 * 1024


class Refused(ActionError):  # noqa: N818 - reads as the sentence it is
    """Digests disagree: what was tested is not what would be released (exit status 1).

    `problems` are sentences, each naming the evidence and both digests.
    """

    exit_status = 1

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        noun = "contradiction" if count == 1 else "contradictions"
        super().__init__(
            f"the evidence does not make a release: {count} {noun}",
            why="\n       ".join(self.problems),
            next="run the jobs that are named again, all of one commit, and release what they made",
        )


@dataclass(frozen=True, kw_only=True)
class Found:
    """One evidence file. `digest` is that of the file's bytes, `path` how it is shown."""

    path: str
    digest: str
    value: Mapping[str, Any]

    @property
    def stage(self) -> str:
        """The id of the stage, which is the name of the evidence."""
        return str(self.value["stage"])

    @property
    def action(self) -> str:
        """The action that wrote it."""
        return str(self.value["action"])

    @property
    def service(self) -> str:
        """The service that it is about, "" for the whole repository."""
        return str(self.value.get("service", ""))

    @property
    def commit(self) -> str:
        """The commit that its pipeline ran for."""
        return str(self.value.get("commit", ""))

    @property
    def verdict(self) -> Verdict:
        """What it found."""
        return Verdict(self.value["verdict"])

    @property
    def inputs(self) -> Mapping[str, str]:
        """What it looked at, by digest."""
        found: Mapping[str, str] = self.value.get("inputs", {})
        return found

    @property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of its action, as text."""
        found: Mapping[str, str] = self.value.get("outputs", {})
        return found

    @property
    def findings(self) -> Mapping[str, Any]:
        """What it found, in its action's terms."""
        found: Mapping[str, Any] = self.value.get("findings", {})
        return found


def read_folder(folder: Path, own: str = "") -> tuple[Found, ...]:
    """Every evidence file below the folder, by stage; of several of a stage, the newest.

    `own` is the name of the evidence that this run writes itself. Raises Refused where a file
    is no evidence, and OSError.
    """
    found, problems = [], []
    for path in sorted(folder.rglob("*.json")):
        if path.is_file() and path.stem != own:
            shown = path.relative_to(folder).as_posix()
            try:
                found.append(parse(path.read_bytes()[: EVIDENCE_BYTES + 1], shown))
            except ValueError as error:
                problems.append(f"{shown} is no evidence: {error}")
    if problems:
        raise Refused(problems)
    return newest(found)


def parse(data: bytes, shown: str) -> Found:
    """One file. Raises ValueError, which says why it is no evidence."""
    if len(data) > EVIDENCE_BYTES:
        raise ValueError(f"it is larger than {EVIDENCE_BYTES} bytes")
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    for name in ("stage", "action", "commit", "verdict", "started"):
        if not isinstance(value.get(name), str):
            raise ValueError(f"it has no text {name}")
    Verdict(value["verdict"])
    for name in ("inputs", "outputs"):
        texts = value.get(name, {})
        if not isinstance(texts, dict) or not all(isinstance(each, str) for each in texts.values()):
            raise ValueError(f"its {name} are no texts")
    if not isinstance(value.get("findings", {}), dict):
        raise ValueError("its findings are no object")
    return Found(path=shown, digest=digest_of(data), value=value)


def newest(found: Iterable[Found]) -> tuple[Found, ...]:
    """One evidence a stage, by stage: the one that started last, whatever the order of files.

    A job that was run again leaves a second file where artifacts are kept by attempt.
    """
    kept: dict[str, Found] = {}
    for each in sorted(found, key=lambda one: (str(one.value["started"]), one.digest)):
        kept[each.stage] = each
    return tuple(kept[stage] for stage in sorted(kept))
