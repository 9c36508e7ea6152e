"""Whether two measurements may be compared. Pure.

What is under test may differ: package, model, build, backend, threads, chat template. Everything
else must be alike, or a difference in the results would have two explanations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .measurement import AnswerSet, Conditions, Divergence, Measurement, Perplexity


def differing_conditions(current: Measurement, baseline: Measurement) -> tuple[str, ...]:
    """Why nothing of both can be compared, in words; empty where it can."""
    found = [
        f"{each.name.replace('_', ' ')} is {_shown(now)}, and was {_shown(before)}"
        for each in dataclasses.fields(Conditions)
        if (now := getattr(current.conditions, each.name))
        != (before := getattr(baseline.conditions, each.name))
    ]
    return tuple(found)


def _shown(value: object) -> str:
    return " ".join(map(str, value)) or "empty" if isinstance(value, tuple) else str(value)


def differing_texts(current: Perplexity, baseline: Perplexity) -> str:
    """Why the perplexities of a text cannot be compared, "" where they can."""
    if current.digest != baseline.digest:
        return _digests("the text", current.digest, baseline.digest)
    if current.context != baseline.context:
        return f"chunks have {current.context} tokens, and had {baseline.context}"
    ours, theirs = (tuple(each.tokens for each in side.chunks) for side in (current, baseline))
    if ours != theirs or current.text_tokens != baseline.text_tokens:
        return (
            f"the text has {len(ours)} chunks ({current.text_tokens or sum(ours)} tokens), and had "
            f"{len(theirs)} ({baseline.text_tokens or sum(theirs)}): the tokenizers differ"
        )
    return ""


def differing_vocabularies(current: Measurement, baseline: Measurement) -> str:
    """Why a perplexity a token means another thing, "" where it does not or is not known."""
    ours, theirs = current.subject.vocabulary, baseline.subject.vocabulary
    if not ours or not theirs or ours == theirs:
        return ""
    return f"the vocabulary has {ours} tokens, and had {theirs}: perplexity a token differs by that"


def differing_questions(current: AnswerSet, baseline: AnswerSet) -> str:
    """Why two sets of answers cannot be compared, "" where they can."""
    if current.digest != baseline.digest:
        return _digests("the questions or their grading", current.digest, baseline.digest)
    if _ids(current) != _ids(baseline):
        return "the ids of the questions differ"
    return ""


def differing_bases(current: Divergence, baseline: Measurement) -> str:
    """Why a divergence is not from this baseline, "" where it is."""
    subject = baseline.subject
    if (current.base_model, current.base_package) != (subject.model, subject.package):
        return "the divergence was measured from another build or model than this baseline"
    return ""


def _ids(answers: AnswerSet) -> Sequence[str]:
    return [each.id for each in answers.answers]


def _digests(what: str, now: str, before: str) -> str:
    return f"{what} changed: {now[:19]}…, and was {before[:19]}…"
