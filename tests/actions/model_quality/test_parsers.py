from __future__ import annotations

import contextlib
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.actions.model_quality.outputs import NAMED, READERS, streams

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.model_quality.parse_perplexity import perplexity
from ci_gen_actions.model_quality.parse_tasks import task


def test_perplexity_of_chunks_from_rows() -> None:
    found = READERS["p1"](*streams("p1"))
    assert found.context == 128
    assert [each.tokens for each in found.chunks] == [63] * 6
    assert found.chunks[0].nll == pytest.approx(0.617657)
    assert found.chunks[1].nll == pytest.approx(2 * 1.126162 - 0.617657)
    assert found.ppl == pytest.approx(4.5340, abs=1e-4)


def test_perplexity_of_chunks_from_items_is_the_same_within_their_digits() -> None:
    rows, items = READERS["p1"](*streams("p1")), READERS["p"](*streams("p"))
    assert len(items.chunks) == 12
    assert items.ppl == pytest.approx(3.7793, abs=1e-4)
    for ours, theirs in zip(items.chunks, rows.chunks, strict=False):
        assert ours.nll == pytest.approx(theirs.nll, abs=2e-4)


def test_divergence_of_a_build_from_itself() -> None:
    found = READERS["k"](*streams("k"))
    assert found.tokens == 12 * 63
    assert (found.mean, found.se, found.same_top) == (0.0, 0.0, 1.0)
    assert found.maximum == pytest.approx(0.000058)
    assert found.p99 == pytest.approx(0.000028)
    assert found.p999 == pytest.approx(0.000046)
    assert found.ln_ppl_ratio == pytest.approx(0.000001)
    assert found.ln_ppl_ratio_se == pytest.approx(0.000003)


def test_an_error_that_could_not_be_computed_is_none() -> None:
    out, err = streams("k")
    mean = "Mean    KLD:   0.000000 ±   0.000000"
    assert mean in out.decode()
    nan = out.decode().replace(mean, "Mean    KLD:   0.000000 ±       -nan")
    assert READERS["k"](nan.encode(), err).se is None
    nan = out.decode().replace(mean, "Mean    KLD:       -nan ±   0.000000")
    with pytest.raises(CannotDecide, match="printed -nan"):
        READERS["k"](nan.encode(), err)


def test_the_tasks() -> None:
    swag = READERS["h"](*streams("h"))
    assert (swag.accuracy, swag.chance, len(swag.answers)) == (1.0, 0.25, 5)
    grande = READERS["w"](*streams("w"))
    assert (grande.accuracy, grande.chance, len(grande.answers)) == (0.0, 0.5, 5)
    choice = READERS["mc"](*streams("mc"))
    assert (choice.accuracy, len(choice.answers)) == (1.0, 4)
    assert choice.chance == pytest.approx(1 / 3, abs=1e-5)


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_every_order_of_right_and_wrong_comes_back(right: list[bool]) -> None:
    lines = []
    for number, so_far in enumerate(itertools.accumulate(map(int, right)), 1):
        lines.append(f"{number}\t{100 * so_far / number:.8f}%\t[0.0000%, 100.0000%]\n")
    out = "\ntask\tacc_norm\t95% confidence interval\n" + "".join(lines) + "\n"
    err = f"0.00.000.001 I hellaswag_score : selecting {len(right)} randomized tasks.\n"
    found = task("hellaswag", out.encode(), err.encode(), **NAMED)
    assert [each.correct for each in found.answers] == right


@given(st.lists(st.floats(0.01, 12), min_size=1, max_size=200))
def test_every_chunk_comes_back_within_the_digits_printed(nll: list[float]) -> None:
    so_far = [sum(nll[: k + 1]) / (k + 1) for k in range(len(nll))]
    out = "".join(
        f"{k * 64:8d}  {math.exp(mean):.4f}  {mean:4f}  {0.1:4f}\n" for k, mean in enumerate(so_far)
    )
    ppl = math.exp(so_far[-1])
    err = (
        f"I perplexity: calculating perplexity over {len(nll)} chunks, n_ctx=64, batch_size=64, "
        f"n_seq=1\nETA 0.00.000.001 I Final estimate: PPL = {ppl:.4f} +/- 0.10000\n"
    )
    found = perplexity(out.encode(), err.encode(), **NAMED)
    for k, (chunk, exact) in enumerate(zip(found.chunks, nll, strict=True)):
        assert chunk.nll == pytest.approx(exact, abs=1e-6 * (k + 1) + 1e-9)
    assert found.nll == pytest.approx(so_far[-1], abs=2e-6)


def test_a_failed_run_is_refused_with_its_own_reason() -> None:
    for name in READERS:
        with pytest.raises(CannotDecide):
            READERS[name](*streams("s"))
    with pytest.raises(CannotDecide, match="why: kl_divergence: failed to open nofile"):
        READERS["k"](*streams("s"))


def test_a_text_that_is_too_short_is_told_with_what_is_needed() -> None:
    err = (
        b"0.00.000.001 I perplexity: tokenizing the input ..\n"
        b"0.00.000.002 E perplexity: you need at least 1024 tokens to evaluate perplexity with a "
        b"context of 512\n"
        b"0.00.000.003 E perplexity: the data file you provided tokenizes to only 7 tokens\n"
    )
    with pytest.raises(CannotDecide) as caught:
        perplexity(b"\n", err, **NAMED)
    assert "tokenizes to only 7 tokens" in caught.value.why
    assert "at least 1024 tokens" in caught.value.next


@pytest.mark.parametrize(
    ("name", "before", "after", "says"),
    [
        ("p", b"Final estimate", b"Fatal estimate", "final estimate is missing"),
        ("p1", b" +/- ", b" +/- -nan ", "final estimate is missing"),
        ("p", b"PPL = 3.7793 +/- 0.32247", b"PPL = -nan +/- -nan", "printed -nan"),
        ("p1", b"PPL = 4.5340 +/- 0.61821", b"PPL = nan +/- nan", "printed nan"),
        ("p", b"PPL = 3.7793", b"PPL = 5.7793", "disagree"),
        ("p1", b"PPL = 4.5340", b"PPL = 4.5390", "disagree"),
        ("p", b"over 12 chunks", b"over 13 chunks", "announced 13 chunks and printed 12"),
        ("p1", b"over 6 chunks", b"over 5 chunks", "announced 5 chunks and printed 6"),
    ],
)
def test_what_does_not_agree_is_refused(name: str, before: bytes, after: bytes, says: str) -> None:
    out, err = streams(name)
    changed = err.replace(before, after)
    assert changed != err
    with pytest.raises(CannotDecide, match=says):
        READERS[name](out, changed)


def test_an_error_in_the_middle_of_a_line_is_seen() -> None:
    out, err = streams("p1")
    glued = err.replace(
        b"I Final estimate: PPL = 4.5340 +/- 0.61821",
        b"E Unexpected negative standard deviation of log(prob)",
    )
    with pytest.raises(CannotDecide, match="why: Unexpected negative standard deviation"):
        READERS["p1"](out, glued)


def test_a_divergence_from_another_vocabulary_is_refused() -> None:
    # the program says so and goes on
    out, err = streams("k")
    told = b"0.01.000.000 E kl_divergence: inconsistent vocabulary (49152 vs 32000)\n"
    with pytest.raises(CannotDecide, match="inconsistent vocabulary"):
        READERS["k"](out, told + err)


def test_too_few_tokens_for_a_summary_are_told() -> None:
    out, err = streams("k")
    rows = b"".join(out.splitlines(keepends=True)[:4])
    short = err.replace(b"over 12 chunks", b"over 1 chunks")
    with pytest.raises(CannotDecide, match="63 tokens and summarises no fewer than 100"):
        READERS["k"](rows, short)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("cut", ["out", "err"])
def test_cut_at_any_byte_a_run_is_refused_or_whole(name: str, cut: str) -> None:
    out, err = streams(name)
    whole = READERS[name](out, err)
    data = out if cut == "out" else err
    refused = 0
    for end in range(len(data)):
        parts = (data[:end], err) if cut == "out" else (out, data[:end])
        try:
            assert READERS[name](*parts) == whole, end
        except CannotDecide:
            refused += 1
    assert refused > 0


@given(
    st.sampled_from(sorted(READERS)),
    st.booleans(),
    st.integers(0, 10**6),
    st.binary(min_size=0, max_size=12),
    st.integers(0, 12),
)
def test_damaged_output_never_surprises(
    name: str, in_out: bool, at: int, put: bytes, gone: int
) -> None:
    pair = list(streams(name))
    data = pair[0 if in_out else 1]
    at %= len(data)
    pair[0 if in_out else 1] = data[:at] + put + data[at + gone :]
    with contextlib.suppress(CannotDecide):
        READERS[name](*pair)


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=300), st.binary(max_size=300))
def test_noise_is_refused(name: str, out: bytes, err: bytes) -> None:
    with pytest.raises(CannotDecide):
        READERS[name](out, err)


@pytest.mark.parametrize("name", READERS)
def test_one_run_is_not_read_as_another(name: str) -> None:
    for other in READERS:
        if {name, other} in ({"p", "p1"}, {name}):
            continue
        with pytest.raises(CannotDecide):
            READERS[name](*streams(other))


def test_a_score_that_is_nan_is_refused() -> None:
    out, err = streams("w")
    with pytest.raises(CannotDecide, match="printed -nan"):
        READERS["w"](out.replace(b" -1.846768 ", b"      -nan ", 1), err)


def test_a_long_winogrande_needs_its_final_line() -> None:
    rows = "".join(f"{k}\t100.0000\t -1.000000   -2.000000  1  1\n" for k in range(1, 101))
    err = "0.00.000.001 I winogrande_score : loaded 100 tasks from prompt.\n"
    with pytest.raises(CannotDecide, match="final score is missing"):
        task("winogrande", rows.encode(), err.encode(), **NAMED)
    err += "0.00.000.002 I Final Winogrande score(100 tasks): 100.0000 +/- 0.0000\n"
    assert task("winogrande", rows.encode(), err.encode(), **NAMED).accuracy == 1.0
