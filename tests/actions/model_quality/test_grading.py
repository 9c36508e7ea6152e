from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.model_quality import question_file
from ci_gen_actions.model_quality.grading import grade_all
from ci_gen_actions.model_quality.measurement import AnswerSet
from ci_gen_actions.model_quality.question import ChoiceScore, Reply


def graded(
    tmp_path: Path, items: list[Any], replies: list[str | Reply], timeout: float = 5
) -> AnswerSet:
    path = tmp_path / "qa.json"
    path.write_text(json.dumps(items))
    asked = question_file.load(path, "qa", tmp_path)
    given = {
        question.id: reply if isinstance(reply, Reply) else Reply(text=reply)
        for question, reply in zip(asked.questions, replies, strict=False)
    }
    return grade_all(asked, given, timeout=timeout, workspace=tmp_path)


def test_replies_become_answers_in_the_order_of_the_questions(tmp_path: Path) -> None:
    items = [
        {"q": "Capital of France?", "a": "Paris"},
        {"q": "1+1?", "a": 2},
        {"q": "?", "grader": {"type": "regex", "pattern": "^a+b$", "flags": "i"}},
        {"q": "?", "choices": ["x", "y"], "answer": "y"},
    ]
    scores = (ChoiceScore(logprob=-3, tokens=1), ChoiceScore(logprob=-1, tokens=1))
    found = graded(tmp_path, items, ["Paris!", "it is 3", "AAB", Reply(choices=scores)])
    assert [each.correct for each in found.answers] == [True, False, True, True]
    assert found.answers[1].note == "the number is 3"
    assert found.answers[3].text == "-3.0000 'x'; -1.0000 'y'"
    assert found.accuracy == 0.75
    assert found.chance == 0.125


def test_an_answer_in_json_is_held_to_a_schema(tmp_path: Path) -> None:
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    item = {"q": "?", "grader": {"type": "json-schema", "schema": schema}}
    replies = [
        '{"n": 1}',
        'Sure:\n```json\n{"n": 2}\n```\nDone.',
        'Here: {"n": 3} as asked',
        '{"n": "x"}',
        "none",
        "{}",
    ]
    found = graded(tmp_path, [item] * 6, list(replies))
    assert [each.correct for each in found.answers] == [True, True, True, False, False, False]
    assert found.answers[3].note == "$.n: 'x' is not of type 'integer'"
    assert found.answers[4].note == "there is no JSON in it"


def test_a_schema_that_is_none_and_one_that_lies_elsewhere_are_refused(tmp_path: Path) -> None:
    for schema, says in (
        ({"type": "objekt"}, "SchemaError"),
        ({"$ref": "http://127.0.0.1:9/x.json"}, "Unresolvable"),
    ):
        item = {"q": "?", "grader": {"type": "json-schema", "schema": schema}}
        with pytest.raises(UsageError, match="failed on question '1'") as caught:
            graded(tmp_path, [item], ["{}"])
        assert says in caught.value.why


def test_a_pattern_without_end_is_stopped_and_the_rest_is_graded(tmp_path: Path) -> None:
    items = [
        {"q": "?", "grader": {"type": "regex", "pattern": "(a|a)*$"}, "id": "hangs"},
        {"q": "?", "grader": {"type": "regex", "pattern": "b"}, "id": "quick"},
    ]
    found = graded(tmp_path, items, ["a" * 60 + "!", "b"], timeout=0.3)
    hangs, quick = found.answers
    assert (hangs.correct, hangs.note) == (False, "grading took longer than 0.3 s")
    assert quick.correct


HOOK = """
import os, sys, time

def grade(question, reply):
    print("a word from the grader")
    if reply == "score":
        return 0.75
    if reply == "both":
        return {"score": 0.9, "correct": False, "note": "nearly"}
    if reply == "hang":
        while True:
            time.sleep(1)
    if reply == "raise":
        raise ValueError("no idea")
    if reply == "text":
        return "yes"
    if reply == "exit":
        os._exit(0)
    if reply == "leave":
        sys.exit(7)
    if reply == "many":
        return 3
    if reply == "secret":
        return "TOKEN" not in os.environ
    return reply in question["expected"] and question["settings"]["level"] == 3

def deaf(question, reply):
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass
"""


def hooked(tmp_path: Path, *replies: str, function: str = "grade", timeout: float = 5) -> AnswerSet:
    (tmp_path / "grader.py").write_text(HOOK)
    grader = {"type": "custom", "file": "grader.py", "level": 3, "function": function}
    items = [{"q": "?", "answer": "fine", "grader": grader} for _ in replies]
    return graded(tmp_path, items, list(replies), timeout)


def test_a_custom_grader_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "x")
    found = hooked(tmp_path, "fine", "other", "score", "both", "secret").answers
    assert [each.correct for each in found] == [True, False, True, False, True]
    assert (found[2].score, found[3].score, found[3].note) == (0.75, 0.9, "nearly")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ("raise", "ValueError: no idea"),
        ("text", "it returned 'yes', which is no grade"),
        ("exit", "its process ended with exit status 0"),
        ("leave", "SystemExit: 7"),
        ("many", "it returned the score 3"),
    ],
)
def test_a_custom_grader_that_fails_is_no_wrong_answer(
    tmp_path: Path, reply: str, says: str
) -> None:
    with pytest.raises(UsageError, match=r"the grader grader.py failed on question '2'") as caught:
        hooked(tmp_path, "fine", reply, "fine")
    assert says in caught.value.why
    assert "qa.json:1:" in caught.value.where


def test_a_custom_grader_without_its_function_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        hooked(tmp_path, "x", function="judge")
    assert "there is no function judge in it" in caught.value.why


def test_a_custom_grader_that_hangs_makes_the_answer_wrong(tmp_path: Path) -> None:
    found = hooked(tmp_path, "hang", "fine", timeout=0.2).answers
    assert [each.correct for each in found] == [False, True]
    assert found[0].note == "grading took longer than 0.2 s"


def test_a_custom_grader_that_cannot_be_interrupted_is_ended(tmp_path: Path) -> None:
    (answer,) = hooked(tmp_path, "x", function="deaf", timeout=0.2).answers
    assert not answer.correct
    assert "took longer than 0.2 s" in answer.note


def test_a_reply_that_is_missing_is_no_wrong_answer(tmp_path: Path) -> None:
    with pytest.raises(CannotDecide, match="1 of 2 questions have no reply"):
        graded(tmp_path, [{"q": "?", "a": "x"}] * 2, ["x"])


@pytest.mark.parametrize("reply", [Reply(), Reply(problem="the context is too short")])
def test_silence_is_no_measurement(tmp_path: Path, reply: Reply) -> None:
    with pytest.raises(CannotDecide, match="not one question was answered"):
        graded(tmp_path, [{"q": "?", "a": "x"}] * 2, [reply, reply])


@pytest.mark.parametrize(
    "scores", [(), ((float("nan"), 1), (-1, 1)), ((0.5, 1), (-1, 1)), ((-1, 1),)]
)
def test_scores_that_no_engine_may_give_are_refused(tmp_path: Path, scores: Any) -> None:
    reply = Reply(choices=tuple(ChoiceScore(logprob=p, tokens=n) for p, n in scores))
    with pytest.raises(CannotDecide, match="were not scored"):
        graded(tmp_path, [{"q": "?", "choices": ["x", "y"], "answer": 0}], [reply])
