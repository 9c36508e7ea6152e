from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.llama_bench import (
    FIXTURES,
    as_csv,
    as_json,
    as_json_lines,
    as_sql,
    real_records,
    record,
)

from ci_gen_actions.benchmark_compare import llama_texts
from ci_gen_actions.benchmark_compare.llama_bench import WITHOUT_SAMPLES, parse, read
from ci_gen_actions.benchmark_compare.series import Reading
from ci_gen_actions.core.errors import ActionError, UsageError

FORMATS = (as_json, as_json_lines, as_csv, as_sql)


def test_a_real_file_is_read() -> None:
    reading = read(FIXTURES / "lb.json", "lb.json")
    (prompt, process), (generation, _) = reading.processes
    assert (prompt.name, generation.name) == ("pp64", "tg16")
    assert process.samples == (2125742854, 858193461, 1339085346, 680303418, 748624029)
    assert process.value == 858193461
    assert process.build == "0c1e570 (1)"
    assert process.environment == {"cpu_info": "AMD EPYC", "gpu_info": "", "backends": "CPU"}
    assert process.time == 1795440688
    assert reading.remarks == ()


def test_twenty_real_processes_of_one_file_are_twenty() -> None:
    reading = read(FIXTURES / "aa.jsonl", "aa.jsonl")
    keys = [benchmark.key for benchmark, _ in reading.processes]
    assert len(keys) == 40
    assert len(set(keys)) == 2


@pytest.mark.parametrize("write", FORMATS)
def test_all_formats_tell_the_same_benchmarks(write: Callable[..., bytes]) -> None:
    expected = parse(as_json(real_records()), "a")
    found = parse(write(real_records()), "b")
    assert [each.key for each, _ in found.processes] == [each.key for each, _ in expected.processes]
    if write in (as_csv, as_sql):
        assert found.remarks == (WITHOUT_SAMPLES,)
        assert [each.samples for _, each in found.processes] == [
            (float(each["avg_ns"]),) for each in real_records()
        ]
        assert all(each.averaged for _, each in found.processes)
    else:
        assert [each.samples for _, each in found.processes] == [
            each.samples for _, each in expected.processes
        ]


def test_a_deviation_that_wrapped_around_is_not_looked_at() -> None:
    wrapped = record([1.0, 1.1], stddev_ns=18446744073709551615)
    assert parse(as_json([wrapped]), "a").processes[0][1].value == 1.05e9


@pytest.mark.parametrize("printed", ["-nan", "nan", "inf", "-inf", "NaN"])
def test_what_json_has_not_is_survived(printed: str) -> None:
    text = as_json([record([1.0], model_type="a -nan b")]).decode()
    text = text.replace('"stddev_ts": 26.742172', f'"stddev_ts": {printed}')
    assert printed in text
    ((benchmark, process),) = parse(text.encode(), "a").processes
    assert process.samples == (1e9,)
    assert benchmark.parameters["model_type"] == "a -nan b"


@pytest.mark.parametrize("data", [b"[", b"[\n", b"", b"\n", b"[]"])
def test_a_failed_run_holds_nothing(data: bytes) -> None:
    assert parse(data, "a") == Reading(source="a", processes=(), remarks=(llama_texts.FAILED,))


@pytest.mark.parametrize("write", [as_json, as_json_lines, as_sql, as_csv])
def test_what_was_whole_before_a_break_counts(write: Callable[..., bytes]) -> None:
    data = write([record([1.0]), record([2.0], n_prompt=128)])
    reading = parse(data[: -len(data) // 4], "a")
    assert [each.name for each, _ in reading.processes] == ["pp64"]
    assert any(llama_texts.BROKEN_OFF in each or "not whole" in each for each in reading.remarks)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"samples_ns": []}, "samples_ns is no list"),
        ({"samples_ns": "1"}, "samples_ns is no list"),
        ({"samples_ns": [0]}, "not a positive number"),
        ({"samples_ns": [-5]}, "not a positive number"),
        ({"samples_ns": [True]}, "not a positive number"),
        ({"samples_ns": [10**400]}, "not a positive number"),
        ({"n_prompt": 0, "n_gen": 0}, "what was measured"),
        ({"n_prompt": "<b>"}, "what was measured"),
    ],
)
def test_an_unusable_record_is_left_out_and_told(changed: dict[str, object], why: str) -> None:
    reading = parse(as_json([record([1.0], **changed), record([2.0])]), "a")
    assert [each.samples for _, each in reading.processes] == [(2e9,)]
    assert why in reading.remarks[0]


def test_the_same_test_twice_in_one_process_is_one_process() -> None:
    twice = as_json([record([1.0]), record([3.0])])
    (one,) = parse(twice, "a").processes
    assert one[1].samples == (1e9, 3e9)
    assert len(parse(as_json_lines([record([1.0]), record([3.0])]), "a").processes) == 2


def test_older_names_mean_the_same() -> None:
    def key(**old: object) -> dict[str, str]:
        known = {k: v for k, v in record([1.0]).items() if k not in ("load_mode", "lazy_mode")}
        ((benchmark, _),) = parse(json.dumps([{**known, **old}]).encode(), "a").processes
        return dict(benchmark.parameters)

    assert key(use_mmap=True)["load_mode"] == "auto"
    assert key(use_mmap=True, use_direct_io=False)["load_mode"] == "auto"
    assert key(use_mmap=False)["load_mode"] == "none"
    assert key(use_mmap=True, use_direct_io=True)["load_mode"] == "dio"
    assert key(load_mode="dio", use_mmap=True)["load_mode"] == "dio"
    assert "use_mmap" not in key(use_mmap=True)


def test_neither_build_nor_path_of_the_model_tells_benchmarks_apart() -> None:
    other = record([1.0], build_commit="abcdef1", build_number=7, model_filename="/elsewhere.gguf")
    (old, _), (new, _) = (
        parse(as_json([each]), "a").processes[0] for each in (record([1.0]), other)
    )
    assert old.key == new.key


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "pp64"),
        ({"n_prompt": 0, "n_gen": 16}, "tg16"),
        ({"n_prompt": 512, "n_gen": 128}, "pp512+tg128"),
        ({"n_depth": 4096}, "pp64 @ d4096"),
    ],
)
def test_names_are_those_of_the_program(changed: dict[str, int], name: str) -> None:
    assert parse(as_json([record([1.0], **changed)]), "a").processes[0][0].name == name


@pytest.mark.parametrize("data", [b"| model | size |", b"hello", b"\xff\xfe", b"model,size\n1,2\n"])
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        parse(data, "x.txt")
    assert caught.value.where == "x.txt"


def mutated(source: random.Random, data: bytes) -> bytes:
    """`data` with a few bytes changed, cut, doubled or moved."""
    text = bytearray(data)
    for _ in range(source.randint(1, 8)):
        place, other = (source.randrange(len(text) + 1) for _ in range(2))
        kind = source.randrange(5)
        if kind == 0:
            text[place : place + source.randint(0, 40)] = b""
        elif kind == 1:
            text[place:place] = source.choice([b"-nan", b'"', b"\\", b"[", b"{", b"null", b"\0"])
        elif kind == 2:
            text[place:place] = text[other : other + 60]
        elif kind == 3:
            text[place : place + 1] = bytes([source.randrange(256)])
        else:
            del text[place:]
        text = text or bytearray(b"[")
    return bytes(text)


def fuzzed(count: int, seed: int) -> None:
    """Read `count` damaged files: each gives good processes or an error that tells."""
    source = random.Random(seed)
    whole = [write([record([1.0, 1.1]), record([2.0], n_gen=8)]) for write in FORMATS]
    whole += [(FIXTURES / name).read_bytes()[:6000] for name in ("lb.json", "aa.jsonl")]
    for _ in range(count):
        try:
            reading = parse(mutated(source, source.choice(whole)), "fuzzed")
        except ActionError:
            continue
        for benchmark, process in reading.processes:
            assert 0 < process.value < 1e18
            assert benchmark.name
        assert reading.processes or reading.remarks


def test_damaged_files_are_survived() -> None:
    fuzzed(500, seed=1)


@pytest.mark.e2e
def test_five_thousand_damaged_files_are_survived() -> None:
    fuzzed(5000, seed=2)


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    with contextlib.suppress(UsageError):
        parse(data, "any")


@pytest.mark.parametrize(
    "data", [b"[" * 200_000, b'{"a":' * 100_000, b'["' + b'\\"' * 200_000, b"[" + b"'" * 200_000]
)
def test_hostile_depth_and_length_end_soon(data: bytes) -> None:
    assert parse(data, "a").processes == ()
