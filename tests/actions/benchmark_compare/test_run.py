from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import Ran, act
from tests.support.actions import ROOT, github_environment, read_evidence, run_composite
from tests.support.benchmarks import measurement
from tests.support.llama_bench import FIXTURES, Record, as_csv, as_json, record
from tests.support.readme_examples import examples

from ci_gen_actions.benchmark_compare.measurement_file import Arm, to_json

HOSTILE = "<img src=x onerror=alert(1)>|`@everyone"


def write_rounds(
    workspace: Path,
    changes: dict[str, float],
    *,
    rounds: int = 12,
    sd: float = 0.01,
    **more: Any,
) -> None:
    """Files of llama-bench as processes in turns write them: one a side and round."""
    source = random.Random(7)
    for number in range(rounds):
        for side in ("baseline", "current") if number % 2 == 0 else ("current", "baseline"):
            records = [
                _record(name, by if side == "current" else 0.0, source.gauss(0, sd), side, number)
                for name, by in changes.items()
            ]
            put(workspace, f"{side}/{number + 1}.json", [{**each, **more} for each in records])


def _record(name: str, change: float, noise: float, side: str, number: int) -> Record:
    second = 4 * number + (0 if (side == "baseline") == (number % 2 == 0) else 2)
    seconds = (1 + change) * (1 + noise)
    return record(
        [seconds, seconds * 1.001, seconds * 0.999],
        n_prompt=int(name.removeprefix("pp")),
        build_commit="aaaaaaa" if side == "baseline" else "bbbbbbb",
        test_time=f"2026-11-23T13:{second // 60:02d}:{second % 60:02d}Z",
    )


def put(workspace: Path, name: str, records: Sequence[Record] | bytes) -> None:
    path = workspace / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(records if isinstance(records, bytes) else as_json(records))


def compared(workspace: Path, **options: Any) -> Ran:
    if "measurement" not in options:
        options = {"baseline": ("baseline",), "current": ("current",), **options}
    return act("benchmark-compare", workspace, **options)


def found(workspace: Path) -> dict[str, str]:
    value = json.loads((workspace / "reports/benchmark.json").read_text("utf-8"))
    return {each["name"]: each["finding"] for each in value["benchmarks"]}


def test_a_slower_build_fails_and_the_log_says_what_and_by_how_much(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0, "pp512": 0.08})
    ran = compared(tmp_path)
    assert (ran.verdict, ran.status) == ("FAIL", 1)
    assert found(tmp_path) == {"pp64": "PASS", "pp512": "REGRESSION"}
    assert ran.outputs.regressions == 1
    assert ran.outputs.compared == 2
    assert ran.outputs.alarms == "pp512"
    assert "::error::pp512 REGRESSION 8." in ran.log
    assert ran.result is not None
    assert "| `pp512` | **REGRESSION** | 8." in ran.result.summary
    page = (tmp_path / ran.outputs.report).read_text("utf-8")
    assert "REGRESSION" in page
    assert ran.findings["counts"] == {"PASS": 1, "REGRESSION": 1}
    assert set(ran.result.evidence["inputs"]) == {"baseline", "current"}
    assert "scipy" in ran.result.evidence["tools"]


def test_an_unchanged_build_passes(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0, "pp512": 0.0})
    ran = compared(tmp_path)
    assert (ran.verdict, ran.status) == ("PASS", 0)
    assert ran.findings["benchmarks"][0]["paired"] is True


def test_an_improvement_and_a_new_benchmark_pass(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": -0.1})
    put(tmp_path, "current/new.json", [_record("pp8", 0, 0, "current", 0)])
    ran = compared(tmp_path, pairing="rounds")
    assert found(tmp_path) == {"pp64": "IMPROVEMENT", "pp8": "NEW"}
    assert ran.verdict == "PASS"


def test_what_was_not_measured_is_never_green(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0, "pp512": 0.0})
    for path in (tmp_path / "current").iterdir():
        path.write_bytes(b"[\n")
    ran = compared(tmp_path)
    assert (ran.verdict, ran.status) == ("NO_DATA", 3)
    assert set(found(tmp_path).values()) == {"NO-DATA"}
    assert "llama-bench failed" in ran.log + str(ran.findings["remarks"])


def test_both_sides_failed_is_no_data(tmp_path: Path) -> None:
    put(tmp_path, "baseline/1.json", b"[\n")
    put(tmp_path, "current/1.json", b"")
    ran = compared(tmp_path)
    assert (ran.verdict, ran.status) == ("NO_DATA", 3)
    assert ran.result is not None
    assert "Nothing was compared" in ran.result.summary


def test_a_benchmark_that_is_gone_is_no_pass(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0})
    put(tmp_path, "baseline/gone.json", [_record("pp8", 0, 0, "baseline", 0)])
    ran = compared(tmp_path, pairing="rounds")
    assert found(tmp_path)["pp8"] == "REMOVED"
    assert (ran.verdict, ran.status) == ("NO_DATA", 3)


def test_another_machine_is_never_compared(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0})
    for path in (tmp_path / "current").iterdir():
        path.write_bytes(path.read_bytes().replace(b"AMD EPYC", b"Other"))
    ran = compared(tmp_path)
    assert found(tmp_path) == {"pp64": "ENV-MISMATCH"}
    assert (ran.verdict, ran.status) == ("NO_DATA", 3)


@pytest.mark.parametrize(("policy", "status"), [("warn", 0), ("block", 3)])
def test_what_is_undecided_warns_loudly_or_blocks(tmp_path: Path, policy: str, status: int) -> None:
    write_rounds(tmp_path, {"pp64": 0.03}, rounds=8, sd=0.2)
    ran = compared(tmp_path, on_inconclusive=policy)
    assert ran.result is not None
    assert (ran.verdict, ran.result.status) == ("INCONCLUSIVE", status)
    assert "can find a change of +" in ran.log
    assert ("Not decided" in ran.result.summary) == (policy == "warn")


def test_csv_carries_no_samples_and_says_so(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0})
    for path in tmp_path.glob("*/*.json"):
        text = as_csv(json.loads(path.read_text("utf-8")))
        path.with_suffix(".csv").write_bytes(text)
        path.unlink()
    ran = compared(tmp_path)
    assert ran.verdict == "PASS"
    assert any("no samples" in each for each in ran.findings["remarks"])


def test_sides_that_did_not_run_in_turns_are_a_weaker_comparison(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.1})
    ran = compared(tmp_path, pairing="none")
    assert ran.verdict == "FAIL"
    assert ran.findings["benchmarks"][0]["paired"] is False
    assert ran.result is not None
    assert "a side, unpaired" in ran.result.summary
    assert "weaker comparison" in ran.log


def accept(workspace: Path, expires: str, name: str = "pp512", up_to: int = 12) -> None:
    path = workspace / "config/benchmark-accept.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"accept:\n  - benchmark: {name}\n    up_to: {up_to}\n    reason: exact now\n"
        f"    expires: {expires}\n"
    )


def test_an_accepted_regression_passes_until_its_day(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0, "pp512": 0.08})
    accept(tmp_path, "2999-12-31")
    ran = compared(tmp_path)
    assert (ran.verdict, ran.outputs.regressions) == ("PASS", 0)
    assert ran.result is not None
    assert "accepted until 2999-12-31" in ran.result.summary
    assert "accept" in ran.result.evidence["inputs"]
    accept(tmp_path, "2020-01-01")
    ran = compared(tmp_path)
    assert ran.verdict == "FAIL"
    assert "pp512 is no longer accepted" in ran.log
    accept(tmp_path, "2999-12-31", up_to=2)
    assert compared(tmp_path).verdict == "FAIL"
    accept(tmp_path, "2999-12-31", name="tg*")
    assert "the entry for tg* matches nothing" in compared(tmp_path).log


def test_a_control_that_moved_leaves_nothing_decided(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0, "pp512": 0.08, "pp8": 0.09})
    ran = compared(tmp_path, controls=("pp8",))
    assert ran.verdict == "INCONCLUSIVE"
    assert "the control pp8 moved by +9" in ran.log


def test_an_alarm_waits_for_a_fresh_job(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0, "pp512": 0.08})
    first = compared(tmp_path, on_alarm="confirm", comparison="first.json")
    assert first.verdict == "INCONCLUSIVE"
    assert first.outputs.alarms == "pp512"
    for change, verdict in ((0.08, "FAIL"), (0.0, "PASS")):
        write_rounds(tmp_path / "again", {"pp512": change})
        second = compared(
            tmp_path,
            baseline=("again/baseline",),
            current=("again/current",),
            first="first.json",
            on_alarm="confirm",
        )
        assert second.verdict == verdict, second.log


def test_an_alarm_that_is_not_measured_again_stays_unknown(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0, "pp512": 0.08})
    compared(tmp_path, on_alarm="confirm", comparison="first.json")
    write_rounds(tmp_path / "again", {"pp64": 0.0})
    ran = compared(
        tmp_path, baseline=("again/baseline",), current=("again/current",), first="first.json"
    )
    assert ran.verdict == "NO_DATA"
    assert "found pp512 slower, and this run did not measure it" in ran.log


def test_what_the_first_run_could_not_decide_stays_so(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0, "pp512": 0.08})
    put(tmp_path, "baseline/gone.json", [_record("pp8", 0, 0, "baseline", 0)])
    first = compared(tmp_path, on_alarm="confirm", comparison="first.json", pairing="rounds")
    assert first.verdict == "NO_DATA"
    write_rounds(tmp_path / "again", {"pp512": 0.0})
    ran = compared(
        tmp_path, baseline=("again/baseline",), current=("again/current",), first="first.json"
    )
    assert ran.verdict == "NO_DATA"


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 9}', '{"schema": 1, "benchmarks": [1]}'])
def test_no_comparison_of_a_first_run(tmp_path: Path, text: str) -> None:
    write_rounds(tmp_path, {"pp64": 0.0}, rounds=5)
    (tmp_path / "first.json").write_text(text)
    ran = compared(tmp_path, first="first.json")
    assert ran.status == 2
    assert "first run's comparison" in str(ran.error)


def test_a_measurement_in_rounds_is_decided_as_it_was_looked_at(tmp_path: Path) -> None:
    arms = {"baseline": Arm(build="a"), "current": Arm(build="b", package="sha256:" + "a" * 64)}
    given = measurement({"pp64": 0.0, "tg16": 0.1}, arms=arms)
    (tmp_path / "m.json").write_text(to_json(given))
    ran = compared(tmp_path, measurement="m.json")
    assert ran.result is not None
    assert ran.result.evidence["inputs"].keys() == {"measurement", "package"}
    assert found(tmp_path) == {"tg16": "REGRESSION", "pp64": "PASS"}
    value = json.loads((tmp_path / "reports/benchmark.json").read_text("utf-8"))
    assert value["rules"]["looks"] == [5, 8, 12, 18, 24, 32]
    assert {each["pairs_used"] for each in value["benchmarks"]} <= {5, 8}
    assert ran.verdict == "FAIL"


def test_a_history_is_believed(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0}, rounds=5)
    source = random.Random(3)
    processes = [_record("pp64", 0, source.gauss(0, 0.01), "baseline", 0) for _ in range(30)]
    for number, each in enumerate(processes):
        put(tmp_path, f"history/{number}.json", [each])
    compared(tmp_path, history=("history",))
    (one,) = json.loads((tmp_path / "reports/benchmark.json").read_text("utf-8"))["benchmarks"]
    assert one["history"] == 14
    write = to_json(measurement({"pp64": 0.0}, rounds=12))
    (tmp_path / "history/m.json").write_text(write)
    ran = compared(tmp_path, history=("history",))
    assert "history/m.json has no control arm" in str(ran.findings["remarks"])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"baseline": ()}, "there is nothing to compare"),
        ({"measurement": "m.json", "baseline": ("b",)}, "goes without baseline and current"),
        ({"current": ("nowhere",)}, "there is no file nowhere"),
        ({"tolerances": ("pp64=0",)}, "lies above 0"),
        ({"current": ("notes.txt",)}, "a benchmark file cannot be used"),
        ({"measurement": "notes.txt", "baseline": (), "current": ()}, "cannot be used"),
    ],
)
def test_wrong_inputs_are_told(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    put(tmp_path, "baseline/1.json", [record([1.0])])
    put(tmp_path, "current/1.json", [record([1.0])])
    put(tmp_path, "notes.txt", b"hello")
    given = {"baseline": ("baseline",), "current": ("current",), **options}
    ran = act("benchmark-compare", tmp_path, **given)
    assert ran.status == 2
    assert why in str(ran.error)


def test_hostile_names_are_inert_in_the_summary(tmp_path: Path) -> None:
    changes = {HOSTILE: 0.1, "pp64\n::error::x": 0.0}
    (tmp_path / "m.json").write_text(to_json(measurement(changes)))
    ran = compared(tmp_path, measurement="m.json")
    assert ran.result is not None
    assert "\n::error::x" not in ran.log
    assert "pp64\\n::error::x" in found(tmp_path)
    row = next(line for line in ran.result.summary.splitlines() if "onerror" in line)
    assert "``<img src=x onerror=alert(1)>\\|`@everyone``" in row
    page = (tmp_path / "reports/benchmark.html").read_text("utf-8")
    assert "<img" not in page


def test_files_are_taken_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_rounds(tmp_path, {"pp64": 0.0}, rounds=12)
    compared(tmp_path, baseline=("baseline/*.json",), current=("current/**/*.json",))
    (one,) = json.loads((tmp_path / "reports/benchmark.json").read_text("utf-8"))["benchmarks"]
    assert one["paired"] is True


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    (example,) = examples(ROOT / "actions" / "benchmark-compare" / "README.md")
    workspace = tmp_path / "repo"
    write_rounds(workspace / "bench", {"pp64": 0.0, "pp512": 0.08})
    put(workspace, "bench/history.jsonl", (FIXTURES / "aa.jsonl").read_bytes())
    ((manifest, inputs),) = example.own_steps()
    environ = github_environment(tmp_path / "github", workspace)
    ended = run_composite(manifest, inputs, workspace, environ)
    assert ended.code == 1, ended.stderr
    assert ended.outputs["verdict"] == "FAIL"
    assert ended.outputs["alarms"] == "pp512"
    evidence = read_evidence(workspace, "benchmark-compare")
    assert evidence["verdict"] == "FAIL"
    assert "### Benchmarks" in ended.summary
