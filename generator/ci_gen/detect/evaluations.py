"""Files that a model's quality can be measured with: questions with answers, and texts.

A file of questions counts where the action that asks them can read it; one that is named like
questions and is something else does not. A text counts by its name.
"""

from __future__ import annotations

import re

from ci_gen.detect.model import Evaluation, EvaluationKind, Seen
from ci_gen.detect.tree import MAX_BYTES, Tree, by_depth, inside_any, third_party
from ci_gen_actions.model_quality import question_file
from ci_gen_actions.model_quality.positions import BadJson

MAX_FILES = 12

_QUESTIONS = re.compile(
    r"(?:.*[._-])?(?:qa(?:[._-]?pairs)?|questions?|evals?|evaluation)(?:[._-].*)?\.(?:json|jsonl|ndjson)",
    re.IGNORECASE,
)
_TEXTS = re.compile(
    r"(?:.*[._-])?(?:validation|perplexity|ppl|wiki(?:text)?(?:-?\d+)?(?:[._-]raw)?[._-](?:test|valid))"
    r"(?:[._-].*)?\.(?:txt|raw)",
    re.IGNORECASE,
)


def find_evaluations(tree: Tree, foreign: tuple[str, ...]) -> tuple[Evaluation, ...]:
    """Find the repository owner's evaluation files, those nearest to the root first."""
    found = [
        Evaluation(path=path, kind=kind, seen=Seen(path, 1))
        for kind, names in ((EvaluationKind.TEXT, _TEXTS), (EvaluationKind.QUESTIONS, _QUESTIONS))
        for path in by_depth(tree.matching(names))
        if not third_party(path) and not inside_any(path, foreign) and _usable(tree, path, kind)
    ]
    if len(found) > MAX_FILES:
        tree.note(f"{len(found)} evaluation files were found; {MAX_FILES} are listed")
    return tuple(found[:MAX_FILES])


def _usable(tree: Tree, path: str, kind: EvaluationKind) -> bool:
    text = tree.read(path)
    if kind is EvaluationKind.TEXT or not text.strip():
        return bool(text.strip())
    lines_alone = not path.lower().endswith(".json")
    if len(text) >= MAX_BYTES:
        if not lines_alone:
            return True  # cut, and so no longer to be read: its name must do
        text = text.rpartition("\n")[0]
    try:
        questions, troubles = question_file.parse(text, lines_alone=lines_alone)
    except (BadJson, RecursionError):
        return False
    return bool(questions) and not troubles
