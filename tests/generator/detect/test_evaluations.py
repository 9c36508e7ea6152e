from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.generator.detect.folders import tree_of

from ci_gen.detect.evaluations import MAX_FILES, find_evaluations
from ci_gen.detect.tree import MAX_BYTES

PAIRS = json.dumps([{"question": "What follows a?", "answer": "b"}])
LINE = json.dumps({"question": "What follows a?", "answer": "b"})


def found(folder: Path, files: dict[str, str], *foreign: str) -> dict[str, str]:
    return {one.path: one.kind.value for one in find_evaluations(tree_of(folder, files), foreign)}


def test_the_usual_names(tmp_path: Path) -> None:
    files = {
        "tests/data/qa_pairs.json": PAIRS,
        "tests/data/validation.txt": "Once upon a time.\n",
        "evals/questions.jsonl": f"{LINE}\n{LINE.replace('a?', 'c?')}\n",
        "evals/chat-qa.json": json.dumps({"qa_pairs": json.loads(PAIRS)}),
        "data/wiki.test.raw": "= Robert =\n",
        "data/wikitext-2-raw_valid.txt": "= Robert =\n",
    }
    assert found(tmp_path, files) == {
        "data/wiki.test.raw": "text",
        "data/wikitext-2-raw_valid.txt": "text",
        "tests/data/validation.txt": "text",
        "evals/chat-qa.json": "questions",
        "evals/questions.jsonl": "questions",
        "tests/data/qa_pairs.json": "questions",
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("questions.json", '"a"'),
        ("qa.json", "[]"),
        ("qa.json", "{"),
        ("qa.json", ""),
        ("qa.json", "[" * 100_000),
        ("questions.jsonl", '{"question": "only"}\n'),
        ("validation.txt", " \n"),
        ("validation.py", "x = 1"),
        ("squad.json", PAIRS),
        ("vendor/llama.cpp/qa.json", PAIRS),
    ],
)
def test_what_nothing_can_be_measured_with(tmp_path: Path, path: str, text: str) -> None:
    assert found(tmp_path, {path: text}) == {}


def test_other_people_s_files_are_not_the_owner_s(tmp_path: Path) -> None:
    assert found(tmp_path, {"llama/tests/qa.json": PAIRS}, "llama") == {}


def test_long_files_are_not_read_to_their_end(tmp_path: Path) -> None:
    lines = "".join(
        json.dumps({"question": f"What is {number}?", "answer": str(number)}) + "\n"
        for number in range(MAX_BYTES // 40)
    )
    files = {"evals/qa.jsonl": lines, "evals/qa.json": f"[{LINE}" + f", {LINE}" * 9000}
    assert found(tmp_path, files) == {"evals/qa.jsonl": "questions", "evals/qa.json": "questions"}


def test_of_many_the_nearest_are_listed(tmp_path: Path) -> None:
    files = {f"deep/{number}/qa.json": PAIRS for number in range(20)} | {"qa.json": PAIRS}
    tree = tree_of(tmp_path, files)
    listed = find_evaluations(tree, ())
    assert len(listed) == MAX_FILES
    assert listed[0].path == "qa.json"
    assert "21 evaluation files were found; 12 are listed" in tree.notes
