"""What people and machines are told of a comparison."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.actions.model_quality.test_judge import (
    BASE,
    NOISE,
    TOLERANCES,
    answers,
    far,
    flipped,
    measured,
    text,
)

from ci_gen_actions.core.result import Verdict
from ci_gen_actions.model_quality import measurement as m
from ci_gen_actions.model_quality import page, registry_report, told, wording
from ci_gen_actions.model_quality.finding import Comparison, Kind
from ci_gen_actions.model_quality.judge import compare
from ci_gen_actions.model_quality.question import Grader, Message, Question, QuestionSet
from ci_gen_actions.model_quality.regressed import Regressed, worst
from ci_gen_actions.model_quality.summary import summary

HOSTILE = '</pre><script src="http://x/"></script>\n| `a` |\x1b[31m @team ${{ x }} \ud800 ::error::'


def joined(*sides: m.Measurement) -> m.Measurement:
    return measured(
        perplexity=tuple(each for side in sides for each in side.perplexity),
        answers=tuple(each for side in sides for each in side.answers),
        divergence=tuple(each for side in sides for each in side.divergence),
    )


def with_texts(side: m.Measurement, said: str) -> m.Measurement:
    (asked,) = side.answers
    given = tuple(dataclasses.replace(each, text=said, note=said[:99]) for each in asked.answers)
    return dataclasses.replace(side, answers=(dataclasses.replace(asked, answers=given),))


NOW, BEFORE = flipped(30, 2)
ASKED = QuestionSet(
    name="qa",
    path="qa.json",
    questions=tuple(
        Question(
            id=str(number),
            messages=(Message(role="user", content=HOSTILE),),
            grader=Grader(kind="exact", expected=(HOSTILE,)),
        )
        for number in range(400)
    ),
)


def regression(said: str = "wrong") -> tuple[Comparison, m.Measurement, m.Measurement]:
    now = joined(text(BASE + NOISE + 0.02), with_texts(NOW, said))
    before = joined(text(BASE), with_texts(BEFORE, "right"))
    return compare(now, before, TOLERANCES), now, before


def test_the_summary_shows_numbers_with_units_and_the_questions() -> None:
    found, now, before = regression()
    told_ = summary(found, worst(found, now, before, [ASKED]), service="llama", warned=False)
    assert told_.startswith("### Model quality of llama: FAIL\n\n2 of 2 evaluation sets became")
    rows = [line for line in told_.splitlines() if line.startswith("| `")]
    assert re.search(
        r"\| perplexity \(60\) \| \d+\.\d{4} \| \d+\.\d{4} \| \+2\.0\d\d % \|", rows[0]
    )
    assert "| right answers (400) | 50.0 % | 43.0 % | -7.0 points |" in rows[1]
    assert "| 5.0 points |" in rows[1]
    assert rows[1].endswith("| **REGRESSION** |")
    assert "and 20 more, in the report" in told_


class _Checked(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "onclick")]
        if tag not in ("meta", "line", "circle", "path", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "circle", "path", "polyline"):
            assert self.open.pop() == tag


def checked(html: str) -> _Checked:
    parser = _Checked()
    parser.feed(html)
    assert parser.open == []
    assert "script" not in parser.seen
    assert parser.links == []
    return parser


@pytest.mark.parametrize("said", ["wrong", HOSTILE])
def test_the_page_is_whole_and_what_a_model_said_is_inert(said: str) -> None:
    found, now, before = regression(said)
    html = page.page(found, now, before, worst(found, now, before, [ASKED]), service="a<b>")
    parser = checked(html)
    assert {"svg", "table", "pre"} <= parser.seen
    assert "Right before, wrong now (30)" in html
    assert "default-src 'none'" in html


def test_what_a_model_said_is_inert_in_the_summary() -> None:
    found, now, before = regression(HOSTILE)
    told_ = summary(found, worst(found, now, before, [ASKED]), service="<b>", warned=False)
    lines = [line for line in told_.splitlines() if line.startswith("| `` ") or "script" in line]
    assert lines
    assert "\x1b" not in told_
    assert "\n::error" not in told_
    for line in lines:
        cells = re.split(r"(?<!\\)\|", line)
        assert len(cells) == 7, line


def test_lost_questions_stand_in_the_order_of_their_fall() -> None:
    found, now, before = regression()
    lost = worst(found, now, before, [ASKED])
    assert len(lost) == 30
    assert [each.fall for each in lost] == sorted((each.fall for each in lost), reverse=True)
    assert lost[0].asked == HOSTILE
    assert worst(found, now, before, [])[0].asked == ""
    assert worst(found, now, None, []) == ()


def test_a_warning_says_that_nothing_is_proven() -> None:
    found = compare(text(BASE + 60 * NOISE), text(BASE), TOLERANCES)
    told_ = summary(found, (), service="", warned=True)
    assert "INCONCLUSIVE" in told_.splitlines()[0]
    assert "passes with a warning, and proves nothing" in told_
    assert "The smallest change that it could have shown is" in told_
    assert "A text of more chunks would decide it" in told_


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (compare(text(BASE), None, TOLERANCES), "there is no baseline to compare with yet"),
        (compare(text(BASE), text(BASE), TOLERANCES), "none became worse by what is tolerated"),
        (compare(answers("+-"), text(BASE), TOLERANCES), "None of 2 evaluation sets could be"),
        (far(0.05), "1 of 1 evaluation set became worse"),
    ],
)
def test_one_sentence_for_all(found: Comparison, says: str) -> None:
    assert says in wording.headline(found)
    for each in found.findings:
        assert each.name in wording.sentence(each)
    checked(page.page(found, text(BASE), None, (), service=""))
    summary(found, (), service="", warned=False)


def test_numbers_in_words() -> None:
    assert wording.change(Kind.PERPLEXITY, math.log(1.01)) == "+1.000 %"
    assert wording.change(Kind.ANSWERS, 0.05) == "-5.0 points"
    assert wording.change(Kind.ANSWERS, 0.05, signed=False) == "5.0 points"
    assert wording.change(Kind.ANSWERS, 0.0) == wording.change(Kind.ANSWERS, 1e-9) == "+0.0 points"
    assert wording.change(Kind.DIVERGENCE, 0.01) == "+0.010000"
    assert wording.change(Kind.PERPLEXITY, math.inf) == "unbounded"
    assert wording.change(Kind.PERPLEXITY, None) == ""
    assert wording.change(Kind.PERPLEXITY, 1e4).endswith("%")


def evidence_of(found: Comparison, now: m.Measurement, before: m.Measurement | None) -> str:
    evidence = told.evidence(
        found, now, before, service="llama", on_inconclusive="warn", tools={"llama.cpp": "b1"}
    )
    return json.dumps(evidence, allow_nan=False)


def test_the_evidence_names_every_digest_and_number() -> None:
    found, now, before = regression()
    values = json.loads(evidence_of(found, now, before))
    assert values["inputs"]["model"] == now.subject.model
    assert values["inputs"]["baseline-model"] == before.subject.model
    assert values["inputs"]["perplexity:wiki"].startswith("sha256:")
    assert values["inputs"]["answers:qa"].startswith("sha256:")
    assert all(each.startswith("sha256:") for each in values["inputs"].values())
    told_ = {each["name"]: each for each in values["findings"]["sets"]}
    assert told_["qa"]["lost-total"] == 30
    assert told_["wiki"]["state"] == "REGRESSION"
    assert values["findings"]["performance"]["perplexity"] == now.perplexity[0].ppl


def test_the_registrys_report_follows_from_the_measurement() -> None:
    found, now, _ = regression()
    values = json.loads(registry_report.report(now, found))
    assert values["model"] == now.subject.model
    assert values["verdict"] == "FAIL"
    assert values["perplexity"]["wiki"] == pytest.approx(now.perplexity[0].ppl)
    assert values["accuracy"]["qa"] == {"right": now.answers[0].accuracy, "questions": 400}
    assert values["states"] == {"answers:qa": "REGRESSION", "perplexity:wiki": "REGRESSION"}
    hopeless = text([1e6] * 9)
    assert registry_report.performance(hopeless) == {}
    assert json.loads(registry_report.report(hopeless, found))["perplexity"]["wiki"] is None


@given(
    st.lists(st.floats(0, 1e4), min_size=2, max_size=30),
    st.lists(st.floats(-1e3, 1e3), min_size=30, max_size=30),
)
def test_any_numbers_make_a_page_and_evidence(base: list[float], moved: list[float]) -> None:
    now = text([nll + step for nll, step in zip(base, moved, strict=False)])
    found = compare(now, text(base), TOLERANCES)
    checked(page.page(found, now, text(base), (), service=""))
    evidence_of(found, now, text(base))
    assert found.verdict in Verdict
    registry_report.report(now, found)


@given(st.text(), st.text())
def test_any_answer_is_inert_on_the_page(said: str, asked: str) -> None:
    found, now, before = regression()
    (lost, *_) = worst(found, now, before, [])
    each = Regressed(
        set_name="qa",
        id=asked or "x",
        asked=asked,
        expected=said,
        before=lost.before,
        now=dataclasses.replace(lost.now, text=said),
    )
    checked(page.page(found, now, before, [each], service=asked))
    row = summary(found, [each], service=asked, warned=False).splitlines()
    assert [line for line in row if line.startswith("| ") and len(line) > 1]
