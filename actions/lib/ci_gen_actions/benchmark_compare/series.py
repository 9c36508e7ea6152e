"""Benchmarks and what processes measured of them, whatever program wrote it down."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

LOWER, HIGHER = "lower", "higher"


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What is measured. Two are the same where `parameters` and `metric` are.

    `name` is short and may be shared by several; `unit` is that of the values; `better` is
    "lower" (times, sizes) or "higher" (throughput). `control` marks one that the change cannot
    affect.
    """

    name: str
    metric: str
    unit: str
    better: str = LOWER
    parameters: Mapping[str, str] = field(default_factory=dict)
    control: bool = False

    @cached_property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What tells it from others: the metric and every parameter."""
        return self.metric, tuple(sorted(self.parameters.items()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """What one process measured of a benchmark: the replicate that is compared.

    `samples` are its repetitions, in the benchmark's unit; a program that tells only their mean
    gives that alone, and `averaged` is true. `time` is in seconds since 1970, 0 where unknown.
    """

    samples: tuple[float, ...]
    averaged: bool = False
    build: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    time: float = 0.0
    source: str = ""

    @property
    def value(self) -> float:
        """The median of the samples."""
        return statistics.median(self.samples)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one file holds: each benchmark with its process, in the order of the file.

    `remarks` are what the reader should know of it: values that are missing or unusable.
    """

    source: str
    processes: tuple[tuple[Benchmark, Process], ...]
    remarks: tuple[str, ...] = ()
