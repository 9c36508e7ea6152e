"""What linters say of pipelines for configs drawn from the JSON Schema.

    python bench/configs [--count N] [--seed N] [--chunk N]

Hypothesis draws configs from nothing but the schema. A schema cannot say that an environment
must exist, that a renamed file must be generated, or what a folder holds: `consistent` changes
in a drawn config what these three rules demand, and nothing else. Each config is rendered for
one of several repositories, and every file goes to actionlint, zizmor (pedantic, offline),
check-jsonschema (four schemas) and shellcheck. Ends with 1 where a linter found anything that
tests/support/lint-allow.yaml does not explain.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "generator"), str(ROOT / "actions" / "lib")]

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from tests.support.configs import config_of, outcome, source_of  # noqa: E402
from tests.support.drawn import documents  # noqa: E402
from tests.support.facts import REPOSITORIES  # noqa: E402
from tests.support.linters import Finding, allowances, lint, report, unexplained  # noqa: E402

from ci_gen.errors import ConfigError, UsageError  # noqa: E402

LINTERS = ("actionlint", "zizmor", "check-jsonschema", "shellcheck", "yaml", "suppression")
RENAMED = (".github/workflows/ci.yml", ".gitlab-ci.yml", ".gitlab/ci-gen/base.yml")


@dataclass
class Tally:
    """What was counted."""

    configs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    files: int = 0
    distinct: set[int] = field(default_factory=set)
    findings: Counter[str] = field(default_factory=Counter)
    left: list[Finding] = field(default_factory=list)
    seconds: Counter[str] = field(default_factory=Counter)


def draw(count: int, number: int) -> list[dict[str, Any]]:
    """`count` different documents of the schema."""
    found: dict[str, dict[str, Any]] = {}

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(documents())
    def collect(document: dict[str, Any]) -> None:
        found.setdefault(json.dumps(document, sort_keys=True), document)

    collect()
    return list(found.values())


def drawn(count: int, start: int) -> Iterator[dict[str, Any]]:
    """Different documents without end, drawn in lots."""
    seen: set[str] = set()
    for number in itertools.count(start):
        for document in draw(min(count, 200), number):
            text = json.dumps(document, sort_keys=True)
            if text not in seen:
                seen.add(text)
                yield document


def consistent(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what the rules beyond the schema demand."""
    for number, service in enumerate(document.get("services") or ()):
        service["kind"] = service.get("kind") or ("cmake", "python")[number % 2]
    forks = document.get("forks", {})
    if forks.get("gpu") == "approve":
        forks["environment"] = forks.get("environment") or "gpu-forks"
        named = document.setdefault("environments", [])
        if forks["environment"] not in [one["name"] for one in named]:
            named.append({"name": forks["environment"]})
    if "files" in document:
        platforms = document.get("platforms", ["github", "gitlab"])
        names = [path for path in RENAMED if any(path.startswith(f".{one}") for one in platforms)]
        document["files"] = dict(zip(names, document["files"].values(), strict=False))
    return document


def rendered(document: dict[str, Any], number: int) -> dict[str, str]:
    """The files for one config. Raises ConfigError where it says what cannot be."""
    config = config_of(document)
    facts = list(REPOSITORIES.values())[number % len(REPOSITORIES)]
    return outcome(config, facts, source_of(config)).texts


def look(trees: dict[str, dict[str, str]], tally: Tally) -> None:
    """Lint one lot of trees."""
    started = time.monotonic()
    findings = lint(trees)
    tally.seconds["lint"] += time.monotonic() - started  # type: ignore[assignment]
    tally.findings.update(finding.tool for finding in findings)
    tally.left += unexplained(findings, allowances())
    for tree in trees.values():
        tally.files += len(tree)
        tally.distinct.update(hash((path, text)) for path, text in tree.items())


def measure(count: int, number: int, chunk: int) -> Tally:
    """Draw, render and lint until `count` configs were accepted."""
    tally, trees = Tally(), {}
    documents = drawn(count, number)
    while tally.configs < count:
        started = time.monotonic()
        document = consistent(next(documents))
        tally.seconds["draw"] += time.monotonic() - started  # type: ignore[assignment]
        started = time.monotonic()
        try:
            trees[f"config {tally.configs}"] = rendered(document, tally.configs)
            tally.configs += 1
        except (ConfigError, UsageError) as error:
            tally.refused[_reason(error)] += 1
        tally.seconds["render"] += time.monotonic() - started  # type: ignore[assignment]
        if len(trees) == chunk or tally.configs == count:
            look(trees, tally)
            trees = {}
            print(f"{tally.configs} of {count}", file=sys.stderr, flush=True)
    return tally


def _reason(error: UsageError) -> str:
    """The kind of problem: its message without what was quoted."""
    message = error.problems[0].message if isinstance(error, ConfigError) else error.message
    return " ".join(message.split('"')[::2])[:70]


def table(tally: Tally) -> str:
    """Everything that was counted, one thing a line."""
    rows = [
        ("configs", f"{tally.configs}"),
        ("refused by rules beyond the schema", f"{tally.refused.total()}"),
        *((f"  {reason}", f"{count}") for reason, count in tally.refused.most_common()),
        ("files", f"{tally.files}"),
        ("  different ones", f"{len(tally.distinct)}"),
        ("findings", f"{tally.findings.total()}"),
        *((f"  {tool}", f"{tally.findings[tool]}") for tool in LINTERS),
        ("  not explained", f"{len(tally.left)}"),
        *((f"seconds to {what}", f"{tally.seconds[what]:.0f}") for what in tally.seconds),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value:>8}" for name, value in rows)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python bench/configs", description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other configs")
    parser.add_argument("--chunk", type=int, default=200, help="configs a batch of the linters")
    given_ = parser.parse_args()
    tally = measure(given_.count, given_.seed, given_.chunk)
    print(table(tally))
    if tally.left:
        print(report(tally.left))
    return 1 if tally.left else 0


if __name__ == "__main__":
    sys.exit(main())
