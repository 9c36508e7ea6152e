from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.model_quality import positions, question_file
from ci_gen_actions.model_quality.question import Question, QuestionSet


def load(tmp_path: Path, text: str | object, name: str = "qa_pairs.json") -> QuestionSet:
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return question_file.load(path, "qa", tmp_path)


def refused(tmp_path: Path, text: str | object, name: str = "qa_pairs.json") -> str:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text, name)
    return str(caught.value)


def only(tmp_path: Path, item: object) -> Question:
    (question,) = load(tmp_path, [item]).questions
    return question


PAIR = {"question": "What is the capital of France?", "answer": "Paris"}


@pytest.mark.parametrize(
    "text",
    [
        [PAIR],
        {"qa_pairs": [PAIR]},
        {"questions": [PAIR], "version": 3},
        {"name": "capitals", "data": [{"q": PAIR["question"], "a": PAIR["answer"]}]},
        {PAIR["question"]: PAIR["answer"]},
        [{"prompt": PAIR["question"], "expected": PAIR["answer"], "category": "capitals"}],
        [{"instruction": PAIR["question"], "expected_answer": [PAIR["answer"]]}],
        json.dumps(PAIR) + "\n",
        "\ufeff" + json.dumps([PAIR]),
    ],
)
def test_the_usual_forms_mean_the_same(tmp_path: Path, text: object) -> None:
    name = "qa.jsonl" if isinstance(text, str) and text.startswith("{") else "qa.json"
    (question,) = load(tmp_path, text, name).questions
    assert question.shown == "What is the capital of France?"
    assert question.messages[0].role == "user"
    assert (question.grader.kind, question.grader.expected) == ("contains", ("Paris",))
    assert question.id == "1"


def test_json_lines_under_another_name_are_seen(tmp_path: Path) -> None:
    text = "\n".join(json.dumps({**PAIR, "id": each}) for each in "abc")
    assert [each.id for each in load(tmp_path, text).questions] == ["a", "b", "c"]
    assert [each.line for each in load(tmp_path, text).questions] == [1, 2, 3]


def test_defaults_hold_for_every_question(tmp_path: Path) -> None:
    defaults = {"system": "Be brief.", "grader": "exact", "max_tokens": 9, "stop": ["\n"]}
    items = [PAIR, {**PAIR, "grader": {"type": "contains", "all": True}, "max_tokens": 5}]
    for text in (
        json.dumps({"defaults": defaults, "questions": items}),
        "\n".join(json.dumps(each) for each in ({"defaults": defaults}, *items)),
    ):
        first, second = load(tmp_path, text).questions
        assert [turn.role for turn in first.messages] == ["system", "user"]
        assert (first.grader.kind, first.max_tokens, first.stop) == ("exact", 9, ("\n",))
        assert (second.grader.kind, second.max_tokens) == ("contains", 5)
        assert second.grader.settings["all"] is True


def test_context_messages_and_raw_prompts(tmp_path: Path) -> None:
    assert only(tmp_path, {**PAIR, "context": "France is a country."}).shown == (
        "France is a country.\n\nWhat is the capital of France?"
    )
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    turns.append({"role": "user", "content": "Capital of France?"})
    question = only(tmp_path, {"messages": turns, "answer": "Paris"})
    assert [turn.role for turn in question.messages] == ["user", "assistant", "user"]
    raw = only(tmp_path, {"raw_prompt": "The capital of France is", "answer": "Paris"})
    assert (raw.messages, raw.prompt) == ((), "The capital of France is")


@pytest.mark.parametrize("answer", ["Rome", "B", "b", 1, [1]])
def test_the_right_choice_is_a_text_a_letter_or_an_index(tmp_path: Path, answer: object) -> None:
    question = only(
        tmp_path, {"question": "Capital of Italy?", "options": ["Paris", "Rome"], "answer": answer}
    )
    assert (question.grader.kind, question.grader.expected) == ("choice", ("Rome",))
    assert question.choices == ("Paris", "Rome")


def test_choices_with_labels(tmp_path: Path) -> None:
    for choices in ({"text": ["x", "y"], "label": ["A", "B"]}, {"A": "x", "B": "y"}):
        assert only(tmp_path, {"q": "?", "choices": choices, "answer": "B"}).grader.expected == (
            "y",
        )


def test_a_number_as_answer_is_graded_as_one(tmp_path: Path) -> None:
    assert only(tmp_path, {"q": "1+1?", "a": 2}).grader.kind == "number"
    assert only(tmp_path, {"q": "1+1?", "a": "2"}).grader.kind == "contains"


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"question": "?"}, "1:2: the question lacks an answer"),
        ({"question": "?", "answer": ""}, "1:30: an answer is empty"),
        ({"question": "?", "answer": True}, "an answer must be a text, a number"),
        ({"question": "?", "anwser": "x"}, "1:20: `anwser` is no key of a question - did you mean"),
        ({"answer": "x"}, "needs one of question, messages and raw_prompt"),
        ({"question": "", "answer": "x"}, "1:15: `question` must be a text, not empty"),
        ({"question": 3, "answer": "x"}, "`question` must be a text"),
        ({"question": "?", "q": "!", "answer": "x"}, "`q` says again"),
        ({"question": "?", "raw_prompt": "!", "answer": "x"}, "either question or raw_prompt"),
        ({"messages": [], "answer": "x"}, "`messages` must be a list of turns"),
        ({"messages": [{"role": "bot", "content": "x"}], "answer": "x"}, "a role is one of"),
        ({"messages": [{"role": "assistant", "content": "x"}], "answer": "x"}, "last turn must"),
        ({"messages": [{"role": "user"}], "answer": "x"}, "a turn has role and content"),
        ({**PAIR, "grader": "exakt"}, "there is no grader 'exakt' - did you mean exact?"),
        ({**PAIR, "grader": 3}, "a grader is a name"),
        ({**PAIR, "grader": {"type": "exact", "cases": True}}, "did you mean case?"),
        ({**PAIR, "grader": {"type": "exact", "case": 1}}, "`case` of the grader exact"),
        ({**PAIR, "grader": {"type": "regex", "pattern": "("}}, "the pattern '(' is wrong"),
        ({**PAIR, "grader": {"type": "regex", "flags": "g"}}, "`flags` may hold"),
        ({"q": "?", "grader": "regex"}, "needs a pattern"),
        ({**PAIR, "grader": {"type": "number"}}, "needs a number as answer, and this is 'Paris'"),
        ({"q": "?", "a": 1, "grader": {"type": "number", "absolute": -1}}, "at least 0"),
        ({"q": "?", "a": 1, "grader": {"type": "number", "which": "any"}}, "`which` is one of"),
        ({"q": "?", "grader": "json-schema"}, "needs a schema"),
        ({"q": "?", "grader": "custom"}, "needs a file"),
        ({"q": "?", "grader": {"type": "custom", "file": "g.py", "function": "a b"}}, "name of a"),
        ({"q": "?", "grader": {"type": "custom", "file": "none.py"}}, "no grader none.py in the"),
        ({"q": "?", "grader": {"type": "custom", "file": "/bin/sh"}}, "no grader /bin/sh in the"),
        ({**PAIR, "grader": "choice"}, "needs choices"),
        ({"q": "?", "choices": ["a", "b"], "answer": "c"}, "the answer is none of the choices"),
        ({"q": "?", "choices": ["a", "b"], "answer": 2}, "there is no choice 2"),
        ({"q": "?", "choices": ["a", "b"]}, "none of the choices"),
        ({"q": "?", "choices": ["a", "a"], "answer": 0}, "two of `choices` are the same"),
        ({"q": "?", "choices": ["a"], "answer": 0}, "at least two texts"),
        ({"q": "?", "choices": ["a", 1], "answer": 0}, "must be a text"),
        ({**PAIR, "max_tokens": 0}, "`max_tokens` must be a whole number from 1"),
        ({**PAIR, "stop": [1]}, "`stop` must be a text"),
        ({**PAIR, "id": 1.5}, "`id` must be a text or a whole number"),
        ({**PAIR, "id": "x" * 300}, "longer than 256"),
        ("text", "1:2: a question must be an object"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, item: object, says: str) -> None:
    told = refused(tmp_path, [item])
    assert says in told
    assert "qa_pairs.json:1:" in told


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = '[\n  {"question": "?"},\n  {"q": "?", "answer": "x", "id": "a"},\n'
    text += '  {"q": "?", "answer": "x", "id": "a"}\n]\n'
    told = refused(tmp_path, text)
    assert "qa_pairs.json:2:3: the question lacks an answer" in told
    assert "qa_pairs.json:4:3: the id 'a' is that of the question in line 3" in told


def test_many_problems_are_counted(tmp_path: Path) -> None:
    assert "and 5 more" in refused(tmp_path, [{"question": "?"}] * 25)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1:1: a value is missing"),
        ("[]", "there is no question"),
        ("3", "neither a list of questions nor an object"),
        ("{}", "no list of questions"),
        ('{"a": {"b": 1}}', "no list of questions"),
        ('[{"q": "?", "a": "x"},]', "1:23: a value is missing"),
        ('[{"q": "?" "a": "x"}]', "1:12: a comma or } is missing"),
        ('[{"q": "?", "q": "!"}]', "1:13: the key 'q' stands here twice"),
        ("[{q: 1}]", "1:3: a key in double quotes is missing"),
        ('["\n"]', "invalid control character"),
        ("[NaN]", "this is no number of JSON"),
        ("[1e999]", "this is no number of JSON"),
        ("[" * 300, "nested more than 200 deep"),
        ("[" + "9" * 5000 + "]", "1:2:"),
        ('[{"q": "?", "a": "x"}', "a comma or ] is missing"),
        ('[{"q": "?", "a": "x"}] x', "1:24: there is more behind the value"),
        ('{"defaults": 1, "questions": []}', "`defaults` must be an object"),
    ],
)
def test_json_that_is_none_is_placed(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, text)


def test_a_line_that_is_no_json_is_placed(tmp_path: Path) -> None:
    text = json.dumps(PAIR) + "\n\n" + json.dumps(PAIR) + " x\n"
    column = len(json.dumps(PAIR)) + 1
    told = refused(tmp_path, text, "qa.jsonl")
    assert f"qa.jsonl:3:{column}: there is more behind" in told
    assert "qa.jsonl:1:1: the value does not end" in refused(
        tmp_path, '{\n"q": "?", "a": "x"}', "qa.jsonl"
    )


def test_a_file_that_is_not_utf8_is_placed(tmp_path: Path) -> None:
    path = tmp_path / "qa.json"
    path.write_bytes(b'[\n"\xff"]')
    with pytest.raises(UsageError, match=r"qa.json:2"):
        question_file.load(path, "qa", tmp_path)


def test_the_digest_is_of_what_is_meant(tmp_path: Path) -> None:
    first = load(tmp_path, [PAIR]).digest
    assert load(tmp_path, json.dumps([PAIR], indent=4)).digest == first
    assert load(tmp_path, {"qa_pairs": [PAIR]}).digest == first
    for other in (
        {**PAIR, "answer": "Lyon"},
        {**PAIR, "id": "x"},
        {**PAIR, "grader": "exact"},
        {**PAIR, "max_tokens": 3},
        {**PAIR, "stop": "."},
    ):
        assert load(tmp_path, [other]).digest != first


def test_a_custom_grader_is_part_of_the_digest(tmp_path: Path) -> None:
    item = {"q": "?", "grader": {"type": "custom", "file": "g.py", "level": 3}}
    (tmp_path / "g.py").write_text("def grade(question, reply): return True\n")
    first = load(tmp_path, [item])
    assert first.questions[0].grader.settings["level"] == 3
    assert list(first.hooks) == ["g.py"]
    (tmp_path / "g.py").write_text("def grade(question, reply): return False\n")
    assert load(tmp_path, [item]).digest != first.digest


def test_guessing_has_a_share(tmp_path: Path) -> None:
    items = [{"q": "?", "choices": list("abcd"), "answer": 0}, PAIR]
    assert load(tmp_path, items).chance == pytest.approx(0.125)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values, st.sampled_from([None, 0, 3]))
def test_json_with_places_is_json(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert positions.read(text).plain == json.loads(text)


@given(st.text(alphabet='{}[]",:01e.-\\ \ntrufalsn', max_size=60))
def test_what_json_refuses_is_refused_here(text: str) -> None:
    try:
        wanted = json.loads(text)
    except (ValueError, RecursionError):
        with pytest.raises(positions.BadJson):
            positions.read(text)
        return
    try:
        assert positions.read(text).plain == wanted
    except positions.BadJson as bad:
        assert "twice" in str(bad) or "no number" in str(bad)


@given(st.dictionaries(st.sampled_from(["q", "a", "id", "choices", "grader", "x"]), json_values))
def test_any_item_is_a_question_or_refused_in_words(item: dict[str, Any]) -> None:
    questions, troubles = question_file.parse(json.dumps([item]))
    assert questions or troubles


@given(st.text(alphabet="ab\n\r\u2028", max_size=40), st.integers(0, 40))
def test_places_are_counted_as_editors_do(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    before = text[:offset].split("\n")
    assert positions.Places(text).of(offset) == (len(before), len(before[-1]) + 1)
