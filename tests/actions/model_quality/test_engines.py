"""What the engines share, and what of them needs neither a model nor llama.cpp."""

from __future__ import annotations

import io
import math
import stat
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.archive import Entry, write_tar_gz
from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.terminal import Terminal
from ci_gen_actions.model_quality import base_file, capacity, divergence_statistics
from ci_gen_actions.model_quality.arm_facts import digest_of_files
from ci_gen_actions.model_quality.clock import Clock
from ci_gen_actions.model_quality.engine_binding import gpu_layers
from ci_gen_actions.model_quality.engine_programs import backend_of
from ci_gen_actions.model_quality.measure import check_sizes
from ci_gen_actions.model_quality.options import Options
from ci_gen_actions.model_quality.perplexity_program import (
    Launch,
    check_base,
    divergence_arguments,
    room_for,
    run,
    task_arguments,
    text_arguments,
)
from ci_gen_actions.model_quality.programs import environment, threads, unpacked

LAUNCH = Launch(
    program=Path("/p/llama-perplexity"),
    model=Path("/m.gguf"),
    context=256,
    batch=512,
    ubatch=128,
    threads=3,
    seed=42,
    chunks=7,
    arguments=("--n-gpu-layers", "99"),
)
COMMON = [
    *("/p/llama-perplexity", "--model", "/m.gguf", "--ctx-size", "256"),
    *("--batch-size", "512", "--ubatch-size", "128"),
    *("--threads", "3", "--threads-batch", "3", "--seed", "42"),
]


def terminal() -> tuple[Terminal, io.BytesIO]:
    log = io.BytesIO()
    return Terminal({}, log=log, out=io.BytesIO()), log


def package(folder: Path, *names: str, manifest: bytes = b"{}") -> Path:
    entries = [Entry(name=name, data=b"#!/bin/sh\n") for name in names]
    entries.append(Entry(name="manifest.json", data=manifest))
    write_tar_gz(folder / "package.tar.gz", entries, mtime=0)
    return folder / "package.tar.gz"


# What programs are started with -------------------------------------------------------------------


def test_a_text_is_measured_chunk_by_chunk_and_its_probabilities_are_kept() -> None:
    text = ["--file", "/t.txt", "--ppl-output-type", "1"]
    rest = ["--chunks", "7", "--n-gpu-layers", "99"]
    assert text_arguments(LAUNCH, Path("/t.txt")) == [*COMMON, *text, *rest]
    kept = ["--kl-divergence-base", "/b.kld"]
    assert text_arguments(LAUNCH, Path("/t.txt"), Path("/b.kld")) == [
        *COMMON, *text, *kept, *rest,
    ]  # fmt: skip
    everything = text_arguments(replace(LAUNCH, chunks=0), Path("/t.txt"))
    assert "--chunks" not in everything


def test_the_divergence_takes_its_text_from_the_base() -> None:
    assert divergence_arguments(LAUNCH, Path("/b.kld")) == [
        *COMMON,
        *("--kl-divergence", "--kl-divergence-base", "/b.kld", "--n-gpu-layers", "99"),
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("hellaswag", ["--hellaswag", "--hellaswag-tasks", "0", "--file", "/f"]),
        ("winogrande", ["--winogrande", "--winogrande-tasks", "0", "--file", "/f"]),
        (
            "multiple-choice",
            ["--multiple-choice", "--multiple-choice-tasks", "0", "--binary-file", "/f"],
        ),
    ],
)
def test_tasks_are_run_whole(kind: str, words: list[str]) -> None:
    expected = [*COMMON, *words, "--n-gpu-layers", "99"]
    assert task_arguments(LAUNCH, kind, Path("/f")) == expected


def test_the_callers_environment_does_not_steer_the_programs() -> None:
    given = {
        "PATH": "/bin",
        "LLAMA_ARG_TEMP": "2",
        "LLAMA_API_KEY": "x",
        "HF_TOKEN": "x",
        "CUDA_VISIBLE_DEVICES": "1",
    }
    assert environment(given) == {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "1"}


def test_threads_are_those_asked_for_or_all_that_may_be_used() -> None:
    assert threads(3) == 3
    assert threads(0) >= 1


@pytest.mark.parametrize(
    ("listed", "backend"),
    [
        ("Available devices:\n  (none)\n", "CPU"),
        ("Available devices:\n  BLAS: OpenBLAS (0 MiB, 0 MiB free)\n", "BLAS"),
        ("Available devices:\n  CUDA0: NVIDIA (1 MiB)\n  CUDA1: NVIDIA (1 MiB)\n", "CUDA"),
        ("  CUDA0: a\n  Vulkan0: b\n", "CUDA+Vulkan"),
        ("error: invalid argument: --list-devices", "CPU"),
    ],
)
def test_the_backend_is_what_the_program_lists(listed: str, backend: str) -> None:
    assert backend_of(listed) == backend


@pytest.mark.parametrize(
    ("batch", "context", "fits"),
    [(512, 512, True), (1024, 512, True), (128, 512, True), (600, 512, False), (513, 512, False)],
)
def test_a_batch_that_llama_perplexity_aborts_on_is_refused(
    batch: int, context: int, fits: bool
) -> None:
    options = Options(package="p", model="m", texts=("t",), batch=batch, context=context)
    if fits:
        check_sizes(options)
    else:
        with pytest.raises(UsageError, match="no whole number of chunks"):
            check_sizes(options)
    check_sizes(replace(options, texts=()))


# Packages and models ------------------------------------------------------------------------------


def test_a_package_is_unpacked_and_gone_afterwards(tmp_path: Path) -> None:
    archive = package(
        tmp_path, "bin/llama-server", "lib/libllama.so", manifest=b'{"llama-build": "b1-abc"}'
    )
    with unpacked(archive, "package.tar.gz", tmp_path) as one:
        assert one.program("llama-server").is_file()
        assert one.library().name == "libllama.so"
        assert one.build == "b1-abc"
        assert one.digest.startswith("sha256:")
    assert not one.folder.exists()


def test_a_program_that_the_package_lacks_is_named_with_a_way_out(tmp_path: Path) -> None:
    with (
        unpacked(package(tmp_path, "bin/llama-server"), "package.tar.gz", tmp_path) as one,
        pytest.raises(CannotDecide, match="the package has no bin/llama-perplexity") as caught,
    ):
        one.program("llama-perplexity")
    assert "add llama-perplexity to the targets" in str(caught.value)


def test_a_package_with_static_libraries_has_no_libllama(tmp_path: Path) -> None:
    with (
        unpacked(package(tmp_path, "bin/llama-server"), "package.tar.gz", tmp_path) as one,
        pytest.raises(CannotDecide, match=r"the package has no lib/libllama\.so") as caught,
    ):
        one.library()
    assert "shared libraries" in str(caught.value)


def test_a_damaged_package_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "package.tar.gz"
    archive.write_bytes(b"no archive")
    with (
        pytest.raises(CannotDecide, match="damaged"),
        unpacked(archive, "package.tar.gz", tmp_path),
    ):
        raise AssertionError
    broken = package(tmp_path, "bin/x", manifest=b"{")
    with pytest.raises(CannotDecide, match="no JSON"), unpacked(broken, "package.tar.gz", tmp_path):
        raise AssertionError


def test_a_model_in_one_file_has_the_digest_of_the_file_and_a_split_one_of_all(
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    whole = digest_of_files([one])
    assert whole == "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
    assert len({whole, digest_of_files([one, two]), digest_of_files([two, one])}) == 3


MEMINFO = "MemTotal:       1000 kB\nMemFree: 1 kB\nSwapTotal:       24 kB\n"


@pytest.mark.parametrize(
    ("meminfo", "limits", "usable"),
    [
        (MEMINFO, [], 1024 << 10),
        (MEMINFO, ["max\n"], 1024 << 10),
        (MEMINFO, ["4096\n"], 4096),
        (MEMINFO, ["9223372036854771712\n"], 1024 << 10),
        ("", [], 0),
        ("", ["4096"], 4096),
    ],
)
def test_memory_is_that_of_the_machine_or_the_limit_of_the_group(
    meminfo: str, limits: list[str], usable: int
) -> None:
    assert capacity.usable_memory(meminfo, limits) == usable


def test_a_model_larger_than_the_memory_is_refused_with_both_figures() -> None:
    capacity.check(10, 10, "m.gguf")
    capacity.check(10, 0, "m.gguf")
    with pytest.raises(CannotDecide, match=r"it has 3\.0 GiB|3072\.0 MiB.*2048\.0 MiB"):
        capacity.check(3 << 30, 2 << 30, "m.gguf")


# Running llama-perplexity -------------------------------------------------------------------------


def script(folder: Path, text: str) -> Launch:
    program = folder / "llama-perplexity"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return replace(LAUNCH, program=program, model=folder / "m.gguf")


def test_progress_is_told_every_ten_seconds_and_no_more(tmp_path: Path) -> None:
    launch = script(tmp_path, 'for n in 0 256 512; do echo "  $n  1.0  1.0  0.1"; done')
    now = iter([0.0, *(11.0 * n for n in range(1, 99))])
    ci, log = terminal()
    clock = Clock(seconds=1000, now=lambda: next(now))
    done = run([str(launch.program)], launch, {}, clock, ci, "perplexity of t")
    assert done.stdout.count(b"\n") == 3
    assert "perplexity of t: 3 of 7" in log.getvalue().decode()


def test_a_run_over_its_time_is_ended_and_says_what_it_did(tmp_path: Path) -> None:
    launch = script(tmp_path, "echo half >&2; exec sleep 60")
    ci, _ = terminal()
    with pytest.raises(CannotDecide, match="the time is over: 1 s") as caught:
        run([str(launch.program)], launch, {}, Clock(seconds=1), ci, "perplexity of t")
    assert "llama-perplexity worked on perplexity of t\nhalf" in str(caught.value)


def test_a_run_that_is_killed_says_how_and_its_last_words(tmp_path: Path) -> None:
    launch = script(tmp_path, "echo 'terminate: std::bad_alloc' >&2; kill -ABRT $$")
    (tmp_path / "m.gguf").write_bytes(b"0" * 1024)
    ci, _ = terminal()
    with pytest.raises(CannotDecide, match="was killed by SIGABRT on t") as caught:
        run([str(launch.program)], launch, {}, Clock(seconds=30), ci, "t")
    assert "it ran out of memory: the model has 1.0 KiB" in str(caught.value)


def test_an_illegal_instruction_is_explained(tmp_path: Path) -> None:
    launch = script(tmp_path, "kill -ILL $$")
    ci, _ = terminal()
    with pytest.raises(CannotDecide, match="was killed by SIGILL") as caught:
        run([str(launch.program)], launch, {}, Clock(seconds=30), ci, "t")
    assert "instructions that this processor lacks" in str(caught.value)


def test_the_clock_never_gives_less_than_a_moment() -> None:
    now = 0.0
    clock = Clock(seconds=10, now=lambda: now)
    assert clock.left() == 10
    assert clock.left(3) == 3
    clock.check("nothing")
    now = 11
    assert 0 < clock.left() < 1
    with pytest.raises(CannotDecide, match="input timeout"):
        clock.check("the model was loaded")


# The file of probabilities ------------------------------------------------------------------------


def base(folder: Path, context: int = 8, vocabulary: int = 5, chunks: int = 2) -> Path:
    path = folder / "base.kld"
    counted = context - 1 - context // 2
    body = chunks * (context * 4 + counted * 2 * (2 * ((vocabulary + 1) // 2) + 4))
    path.write_bytes(struct.pack("<8sIii", b"_logits_", context, vocabulary, chunks) + bytes(body))
    return path


def test_a_whole_file_is_as_long_as_its_head_says(tmp_path: Path) -> None:
    path = base(tmp_path)
    header = base_file.read_header(path, "t")
    assert (header.context, header.vocabulary, header.chunks, header.counted) == (8, 5, 2, 3)
    check_base(path, "t")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def headless(path: Path) -> None:
    path.write_bytes(b"_logits_")


def other(path: Path) -> None:
    path.write_bytes(b"x" * 100)


@pytest.mark.parametrize("spoil", [cut, headless, other, Path.unlink])
def test_a_file_that_a_full_disk_cut_short_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    path = base(tmp_path)
    spoil(path)
    with pytest.raises(CannotDecide, match="probabilities"):
        check_base(path, "t")


def test_too_little_room_is_said_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "t.txt"
    text.write_bytes(b"x" * 4096)
    room_for(tmp_path / "base", text, 1000, 256, 0)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(CannotDecide, match="the disk has too little room"):
        room_for(tmp_path / "base", text, 1000, 256, 0)


# The binding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("--n-gpu-layers=7",), ("-ngl 7",), ("--gpu-layers", "7")])
def test_the_binding_takes_the_layers_of_the_gpu(words: tuple[str, ...]) -> None:
    assert gpu_layers(words) == 7
    assert gpu_layers(()) == 0


@pytest.mark.parametrize("words", [("--flash-attn",), ("-ngl",), ("-ngl=7", "--top-k=1")])
def test_the_binding_refuses_other_arguments(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="does not know"):
        gpu_layers(words)


COLUMNS = {
    "kld": [0.1, 0.3],
    "nll": [1.0, 2.0],
    "base_nll": [1.0, 1.0],
    "dp": [0.0, -0.2],
    "same": [1.0, 0.0],
}


def test_statistics_of_the_divergence_are_those_of_llama_perplexity() -> None:
    found = divergence_statistics.divergence(
        [COLUMNS, COLUMNS],
        name="t",
        digest="sha256:" + "0" * 64,
        context=8,
        base_model="sha256:" + "1" * 64,
        base_package="",
    )
    assert found.tokens == 4
    assert found.mean == pytest.approx(0.2)
    assert found.se == pytest.approx(0.1 / math.sqrt(3))
    assert found.median == pytest.approx(0.2)
    assert found.maximum == 0.3
    assert found.same_top == 0.5
    assert found.rms_dp == pytest.approx(math.sqrt(0.02))
    assert found.ln_ppl_ratio == pytest.approx(0.5)
    assert found.chunks == (pytest.approx(0.2), pytest.approx(0.2))


def test_no_token_gives_no_divergence() -> None:
    with pytest.raises(CannotDecide, match="no tokens"):
        divergence_statistics.divergence(
            [], name="t", digest="", context=8, base_model="", base_package=""
        )


@given(st.lists(st.floats(-1e6, 1e6), min_size=2), st.floats(0, 1))
def test_a_percentile_lies_between_the_smallest_and_the_largest(
    values: list[float], share: float
) -> None:
    ordered = sorted(values)
    found = divergence_statistics.percentile(ordered, share)
    assert ordered[0] - 1e-6 <= found <= ordered[-1] + 1e-6
