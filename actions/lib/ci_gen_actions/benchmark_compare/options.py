"""What the action `benchmark-compare` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output
from . import tolerances
from .matching import AUTO, NONE, ROUNDS

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `benchmark-compare`. Paths are relative to the checkout unless absolute."""

    service: str = option(doc="The service that was measured.", default="", pattern=NAME)
    measurement: str = option(
        doc="A measurement of both builds in rounds, as the action `benchmark` writes it. Then "
        "`baseline` and `current` stay empty.",
        default="",
    )
    baseline: tuple[str, ...] = option(
        doc="Outputs of llama-bench (json, jsonl, sql, csv) of the build to compare with: files, "
        "folders or globs.",
        default=(),
    )
    current: tuple[str, ...] = option(
        doc="Outputs of llama-bench of the build under test: files, folders or globs.", default=()
    )
    pairing: str = option(
        doc="Whether the n-th process of one side belongs to the n-th of the other: `rounds` says "
        "so, `none` says no, `auto` goes by the times at which they ran.",
        default=AUTO,
        choices=(AUTO, ROUNDS, NONE),
    )
    history: tuple[str, ...] = option(
        doc="Outputs of llama-bench, or measurements with a control arm, of processes of one and "
        "the same build: how noisy each benchmark is. Files, folders or globs.",
        default=(),
    )
    controls: tuple[str, ...] = option(
        doc="Names of benchmarks that the change cannot affect, with `*` and `?` as wildcards: "
        "where one moves, the machine drifted and nothing is decided.",
        default=(),
    )
    tolerance: float = option(
        doc="Percent by which a benchmark may become slower.", default=5.0, minimum=0.1, maximum=500
    )
    tolerances: tuple[str, ...] = option(
        doc="Percent for single benchmarks, `<name>=<slower>` or `<name>=<slower>/<faster>`, with "
        "`*` and `?` as wildcards; the last that fits counts. Faster is what an improvement must "
        "reach to be told.",
        default=(),
        pattern=tolerances.LINE,
    )
    no_change: float = option(
        doc="Percent up to which a difference is no change at all.",
        default=1.0,
        minimum=0,
        maximum=100,
    )
    false_alarms: float = option(
        doc="Percent of comparisons of unchanged builds that may raise an alarm, all benchmarks "
        "together.",
        default=1.0,
        minimum=0.001,
        maximum=20,
    )
    accept_file: str = option(
        doc="The list of accepted regressions, each with a reason and a last day. Where there is "
        "no such file, nothing is accepted.",
        default="config/benchmark-accept.yaml",
    )
    first: str = option(
        doc="The comparison of an earlier run (its output `comparison`) whose alarms this one, in "
        "a fresh job, confirms or not.",
        default="",
    )
    on_alarm: str = option(
        doc="What becomes of an alarm that no second run has confirmed: `fail`, or `confirm`, "
        "which makes it INCONCLUSIVE and names what to measure again in the output `alarms`.",
        default="fail",
        choices=("fail", "confirm"),
    )
    on_inconclusive: str = option(
        doc="What becomes of INCONCLUSIVE: `block` ends with exit status 3; `warn` ends with 0 "
        "and a warning, and the verdict in the evidence stays INCONCLUSIVE.",
        default="warn",
        choices=("block", "warn"),
    )
    comparison: str = option(
        doc="Where the comparison is written, as JSON.", default="reports/benchmark.json"
    )
    report: str = option(
        doc="Where the report is written, an HTML file that needs no network.",
        default="reports/benchmark.html",
    )
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.",
        default="benchmark-compare",
        pattern=NAME,
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `benchmark-compare`; empty where the action did not come so far."""

    verdict: str = output(
        doc="PASS (new benchmarks and improvements among them), FAIL, INCONCLUSIVE, NO_DATA or "
        "ERROR.",
        default="",
    )
    compared: int = output(doc="How many benchmarks were compared.", default=0)
    regressions: int = output(
        doc="How many of them became slower, accepted ones left out.", default=0
    )
    alarms: str = output(
        doc="The names of the benchmarks that a fresh job should measure again, one a line."
    )
    comparison: str = output(doc="The path of the comparison.")
    report: str = output(doc="The path of the report.")
