"""`python bench/quality`: how often the quality gate alarms, and what it finds.

    python bench/quality [--pipelines N] [--seed N] [--json]

From the runs that `record.py` kept of real builds of llama.cpp with a real model:

1. Pipelines that change nothing that matters (another instruction set, BLAS, other threads, the
   same build again), resampled from those runs: how many fail.
2. Models and templates that are worse: how many pipelines fail.
3. The gate beside the unpaired z test of lm-evaluation-harness's comparator, on the same draws:
   power at equal false alarms, for answers and for perplexity.

`NAME` in the tables is an arm of record.py. About five minutes on one core.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
for folder in (HERE, ROOT / "actions/lib"):
    sys.path.insert(0, str(folder))

import numpy as np  # noqa: E402
from power import power_of_answers, power_of_texts  # noqa: E402
from resampling import drawn  # noqa: E402

from ci_gen_actions.core.result import Verdict  # noqa: E402
from ci_gen_actions.model_quality.judge import compare  # noqa: E402
from ci_gen_actions.model_quality.measurement import Measurement, load  # noqa: E402
from ci_gen_actions.model_quality.options import Options  # noqa: E402
from ci_gen_actions.model_quality.run import tolerances  # noqa: E402

DATA = HERE / "data"
BASE = "avx2"
SAME = ("avx2-again", "avx512", "openblas", "threads-2", "plain")
WORSE = ("q3-k-s", "q2-k")
SHOWN = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)
TOLERANCES = tolerances(Options(package="-", model="-"))
Row = dict[str, Any]


def recorded() -> dict[str, Measurement]:
    """The arms that record.py kept, by their names."""
    return {path.stem: load(path, path.name) for path in sorted(DATA.glob("*.json"))}


def verdicts(
    now: Measurement, before: Measurement, pipelines: int, source: np.random.Generator
) -> Row:
    """How many of the drawn pipelines had which verdict, and that of the run as recorded."""
    recorded_as = compare(*_both(now, before), TOLERANCES)
    counted = dict.fromkeys(Verdict, 0)
    for _ in range(pipelines):
        counted[compare(*drawn(now, before, source), TOLERANCES).verdict] += 1
    return {
        "as recorded": recorded_as.verdict.value,
        "pipelines": pipelines,
        **{
            each.value: counted[each] for each in (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)
        },
        "sets": {f"{one.kind}:{one.name}": one.state.value for one in recorded_as.findings},
    }


def _both(now: Measurement, before: Measurement) -> tuple[Measurement, Measurement]:
    """The two as one job would have measured them: what only one was asked is left out."""
    digests = set(now.digests.values()) & set(before.digests.values())
    sides = [
        dataclasses.replace(
            side,
            answers=tuple(each for each in side.answers if each.digest in digests),
            perplexity=tuple(each for each in side.perplexity if each.digest in digests),
        )
        for side in (now, before)
    ]
    base = {"base_model": before.subject.model, "base_package": before.subject.package}
    far = tuple(dataclasses.replace(each, **base) for each in now.divergence)
    return dataclasses.replace(sides[0], divergence=far), dataclasses.replace(
        sides[1], divergence=()
    )


def measure(pipelines: int, seed: int) -> dict[str, list[Row]]:
    """All tables."""
    arms, source = recorded(), np.random.default_rng(seed)
    if BASE not in arms:
        sys.exit(f"there is no {DATA}/{BASE}.json; make it with `python bench/quality/record.py`")
    same = [name for name in SAME if name in arms]

    def row(name: str, other: str, now: Measurement, before: Measurement) -> Row:
        return {"now": name, "before": other, **verdicts(now, before, pipelines, source)}

    unchanged = [
        row(name, other, _alone(arms, name), _alone(arms, other))
        for name, other in itertools.permutations([BASE, *same], 2)
    ]
    nearby = [row(name, BASE, arms[name], arms[BASE]) for name in same]
    changed = [name for name in arms if name in WORSE or name.startswith("template-")]
    worse = [row(name, BASE, arms[name], arms[BASE]) for name in changed]
    # with one arm alone the draws have no flips but those that are put in
    others = [arms[name] for name in (BASE, *(same or [BASE]))]
    return {
        "Nothing changed that matters, every pair of arms, without divergence": unchanged,
        "Nothing changed that matters, with the divergence from the first arm": nearby,
        "Worse models and templates": worse,
        "Answers: power at equal false alarms": power_of_answers(others, pipelines, source),
        "Perplexity: power at equal false alarms": power_of_texts(others, pipelines, source),
    }


def _alone(arms: dict[str, Measurement], name: str) -> Measurement:
    """An arm without its divergence, which is from the first arm and from no other."""
    return dataclasses.replace(arms[name], divergence=())


def shown(rows: list[Row]) -> str:
    """A table of rows, whose keys are those of the first."""
    if not rows:
        return "nothing was recorded\n"
    heads = [key for key in rows[0] if key != "sets"]
    lines = [heads, *([_cell(row[key]) for key in heads] for row in rows)]
    widths = [max(len(str(line[at])) for line in lines) for at in range(len(heads))]
    return "".join(
        "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pipelines", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tables = measure(arguments.pipelines, arguments.seed)
    if arguments.json:
        print(json.dumps(tables, indent=2))
        return
    for title, rows in tables.items():
        print(f"\n{title}\n{'=' * len(title)}\n{shown(rows)}")
        if "pipelines" in (rows or [{}])[0]:
            count = sum(row["pipelines"] for row in rows)
            failed = sum(row["FAIL"] for row in rows)
            print(f"{failed} of {count} pipelines fail ({100 * failed / max(count, 1):.2f} %)")


if __name__ == "__main__":
    main()
