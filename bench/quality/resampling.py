"""Pipelines made of recorded ones: questions drawn anew, chunks drawn in blocks.

A draw takes the same questions and the same chunks of both arms, so that what is paired stays
paired. Chunks are drawn in blocks of neighbours, so that what is alike in neighbours stays so.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ci_gen_actions.model_quality.measurement import (
    AnswerSet,
    Divergence,
    Measurement,
    Perplexity,
)

BLOCK = 5


def drawn(
    now: Measurement, before: Measurement, source: np.random.Generator
) -> tuple[Measurement, Measurement]:
    """One pipeline: both arms, drawn alike; sets that only one of them has are left out."""
    answers = [
        _answers(ours, theirs, source)
        for ours in now.answers
        for theirs in before.answers
        if ours.digest == theirs.digest
    ]
    texts = [
        _texts(ours, theirs, source)
        for ours in now.perplexity
        for theirs in before.perplexity
        if ours.digest == theirs.digest
    ]
    apart = tuple(
        dataclasses.replace(
            _divergence(each, source),
            base_model=before.subject.model,
            base_package=before.subject.package,
        )
        for each in now.divergence
    )
    sides = (
        dataclasses.replace(
            side,
            answers=tuple(pair[index] for pair in answers),
            perplexity=tuple(pair[index] for pair in texts),
            divergence=apart if index == 0 else (),
        )
        for index, side in enumerate((now, before))
    )
    first, second = sides
    return first, second


def _answers(
    now: AnswerSet, before: AnswerSet, source: np.random.Generator
) -> tuple[AnswerSet, AnswerSet]:
    chosen = source.integers(0, len(now.answers), len(now.answers))
    sides = (
        dataclasses.replace(
            side,
            answers=tuple(
                dataclasses.replace(side.answers[at], id=str(number))
                for number, at in enumerate(chosen)
            ),
        )
        for side in (now, before)
    )
    first, second = sides
    return first, second


def _texts(
    now: Perplexity, before: Perplexity, source: np.random.Generator
) -> tuple[Perplexity, Perplexity]:
    chosen = _blocks(len(now.chunks), source)
    first, second = (
        dataclasses.replace(side, chunks=tuple(side.chunks[at] for at in chosen))
        for side in (now, before)
    )
    return first, second


def _divergence(each: Divergence, source: np.random.Generator) -> Divergence:
    """Chunks drawn in blocks; where only an error is known, a mean drawn by it."""
    if each.chunks:
        chosen = _blocks(len(each.chunks), source)
        values = [each.chunks[at] for at in chosen]
        return dataclasses.replace(each, chunks=tuple(values), mean=float(np.mean(values)))
    return dataclasses.replace(each, mean=float(source.normal(each.mean, each.se or 0.0)))


def _blocks(count: int, source: np.random.Generator) -> list[int]:
    """`count` places of chunks, blocks of BLOCK neighbours from anywhere."""
    places: list[int] = []
    while len(places) < count:
        start = int(source.integers(0, count))
        places += [(start + step) % count for step in range(BLOCK)]
    return places[:count]
