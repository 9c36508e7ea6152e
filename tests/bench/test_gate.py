"""The small form of bench/gate: what the gate promises, on fewer pipelines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

HERE = Path(__file__).resolve().parents[2] / "bench" / "gate"
if not HERE.is_dir():
    pytest.skip("a source release carries no bench/", allow_module_level=True)


@pytest.fixture(scope="module")
def gate() -> Any:
    """The modules of bench/gate, which lie in no package."""
    sys.path.insert(0, str(HERE))
    try:
        import noise  # type: ignore[import-not-found]
        import peers  # type: ignore[import-not-found]
        import simulation  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(HERE))
    return type("Gate", (), {"noise": noise, "peers": peers, "simulation": simulation})


# At most 1 % of pipelines may raise a false alarm; of so many, chance alone makes it no more than
# `allowed` in all but one run of thousands. The seed is fixed all the same.
PIPELINES = 250


@pytest.mark.parametrize("kind", ["clean", "shared", "hiccups", "throttling", "heteroscedastic"])
def test_unchanged_builds_raise_hardly_any_alarm(gate: Any, kind: str) -> None:
    tallies = gate.simulation.simulate(kind, PIPELINES, seed=3, peers=False)
    allowed = stats.binom.ppf(0.9999, PIPELINES, 0.01)
    ours = tallies[gate.simulation.OURS]
    assert ours.alarmed <= allowed
    assert ours.power[3] >= 0.98 * PIPELINES


def test_a_change_of_five_percent_is_found_and_unchanged_code_is_soon_done(gate: Any) -> None:
    ours = gate.simulation.simulate("clean", PIPELINES, seed=4, peers=False)[gate.simulation.OURS]
    least = stats.binom.ppf(0.0001, PIPELINES, 0.97)
    assert ours.power[2] >= least
    assert ours.rounds / PIPELINES <= 6.2


def test_more_noise_is_undecided_and_not_wrong(gate: Any) -> None:
    tallies = gate.simulation.simulate("noisy 4 %", PIPELINES, seed=5, peers=False)
    for name in (gate.simulation.OURS, gate.simulation.STALE):
        ours = tallies[name]
        assert ours.alarmed <= stats.binom.ppf(0.9999, PIPELINES, 0.01)
        assert ours.passed[2] <= 0.08 * PIPELINES
        assert PIPELINES - ours.power[2] - ours.passed[2] >= 0.3 * PIPELINES


def test_no_other_rule_is_right_as_often(gate: Any) -> None:
    tallies = gate.simulation.simulate("shared", 100, seed=6)
    ours = tallies.pop(gate.simulation.OURS)
    assert set(tallies) == set(gate.peers.RULES)
    for name, theirs in tallies.items():
        assert ours.both_errors < theirs.both_errors, name


def test_real_processes_of_one_build_raise_no_alarm(gate: Any) -> None:
    from tests.support.llama_bench import FIXTURES

    from ci_gen_actions.benchmark_compare import llama_bench

    medians: dict[str, list[float]] = {}
    for benchmark, process in llama_bench.read(FIXTURES / "aa.jsonl", "aa.jsonl").processes:
        medians.setdefault(benchmark.name, []).append(process.value)
    tally = gate.simulation.resampled(np.log(np.array(list(medians.values()))), 400, seed=1)
    assert tally.alarmed == 0


def test_the_command_prints_a_table() -> None:
    command = [sys.executable, str(HERE), "--pipelines", "20", "--kind", "clean", "--kind", "drift"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.count("this gate") == 4
    assert done.stdout.count("rustc-perf's fence") == 2
    assert ("MISSED" in done.stderr) == (done.returncode == 1)


def test_the_test_of_mann_and_whitney_is_exact(gate: Any) -> None:
    source = np.random.default_rng(1)
    old, new = source.normal(0, 1, (20, 10)), source.normal(0.7, 1, (20, 10))
    p, slower = gate.peers.mann_whitney(old, new)
    known = stats.mannwhitneyu(new, old, axis=1, method="exact")
    np.testing.assert_allclose(p, known.pvalue)
    assert (slower == (known.statistic > 50)).all()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("clean", 0.02), ("autocorrelation", 0.02), ("bimodal", 0.02), ("noisy 4 %", 0.04)],
)
def test_the_noise_is_as_large_as_it_says(gate: Any, kind: str, expected: float) -> None:
    here = gate.noise.world(kind, np.random.default_rng(2), 200)
    level = here.job(1, 30)[:, :, :, 0]
    assert float(np.std(level, axis=1, ddof=1).mean()) == pytest.approx(expected, rel=0.05)
