"""Benchmarks, processes and measurements in rounds, made up or resampled from real ones."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from ci_gen_actions.benchmark_compare.cases import Case
from ci_gen_actions.benchmark_compare.measurement_file import (
    BASELINE,
    CONTROL,
    CURRENT,
    Arm,
    Measurement,
    Round,
)
from ci_gen_actions.benchmark_compare.series import Benchmark, Process

MACHINE = {"cpu_info": "AMD EPYC", "gpu_info": "", "backends": "CPU"}


def benchmark(name: str = "pp64", **more: Any) -> Benchmark:
    """A benchmark of times, told from others by its name."""
    values = {"metric": "time", "unit": "ns", "parameters": {"test": name}, **more}
    return Benchmark(name=name, **values)


def processes(
    values: Sequence[float | None], build: str = "a", environment: Mapping[str, str] = MACHINE
) -> tuple[Process | None, ...]:
    """A process for each value, None where there is none."""
    return tuple(
        None if each is None else Process(samples=(each,), build=build, environment=environment)
        for each in values
    )


def noise(seed: int, count: int, change: float = 0.0, sd: float = 0.01) -> list[float]:
    """Times around 1e9 ns, `change` slower."""
    source = random.Random(seed)
    return [1e9 * (1 + change) * math.exp(source.gauss(0, sd)) for _ in range(count)]


def case(change: float = 0.0, *, count: int = 32, seed: int = 1, **more: Any) -> Case:
    """A paired case whose current build is `change` slower."""
    described = more.pop("benchmark", benchmark(more.get("name", "pp64")))
    values = {
        "name": described.name,
        "benchmark": described,
        "baseline": processes(noise(seed, count), "a"),
        "current": processes(noise(seed + 1, count, change), "b"),
        "paired": True,
        **more,
    }
    return Case(**values)


def measurement(
    changes: Mapping[str, float], *, rounds: int = 32, control: bool = False, **more: Any
) -> Measurement:
    """A measurement in rounds of benchmarks that became slower by `changes`."""
    arms = (BASELINE, CURRENT, *((CONTROL,) if control else ()))
    found = []
    for number in range(rounds):
        samples = {
            arm: {
                name: (noise(97 * number + 7 * place + len(name), 1, by * (arm == CURRENT))[0],)
                for name, by in changes.items()
            }
            for place, arm in enumerate(arms)
        }
        order = arms if number % 2 == 0 else arms[::-1]
        found.append(Round(order=order, samples=samples))
    values = {
        "benchmarks": {name: benchmark(name) for name in changes},
        "arms": {arm: Arm(build="b" if arm == CURRENT else "a") for arm in arms},
        "rounds": tuple(found),
        "environment": MACHINE,
        "looks": (5, 8, 12, 18, 24, 32),
        **more,
    }
    return Measurement(**values)
