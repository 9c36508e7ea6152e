from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.support.actions import ROOT
from tests.support.benchmarks import benchmark, case, measurement
from tests.support.browser import Browser, browser

from ci_gen_actions.benchmark_compare import comparison, report, summary, verdicts, wording
from ci_gen_actions.benchmark_compare.accepted import Accepted
from ci_gen_actions.benchmark_compare.cases import Case, Finding
from ci_gen_actions.benchmark_compare.deciding import Judged, Rules, judge
from ci_gen_actions.benchmark_compare.matching import of_measurement
from ci_gen_actions.benchmark_compare.verdicts import Judgement
from ci_gen_actions.core.result import Verdict

RULES = Rules()
TODAY = datetime.date(2026, 1, 1)
HOSTILE = (
    "<script>window.hurt = 1</script>",
    "</script><script>window.hurt = 2</script>",
    "\"><img src=x onerror='window.hurt = 3'>",
    "javascript:window.hurt=4",
    "<svg/onload=window.hurt=5>",
    "a\u202eb\ud800\x00c",
    "{{7*7}} ${window.hurt=6} `x`",
)


def judgement(changes: dict[str, float], **more: Any) -> Judgement:
    matched = of_measurement(measurement(changes, **more))
    return verdicts.sort(judge(matched.cases, RULES), (), today=TODAY)


def page(found: Judgement, **more: Any) -> str:
    value = comparison.of(found, RULES, verdict="FAIL", remarks=["<b>remark</b>"])
    return report.page(value, **more)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with whatever could hurt in names, machine, builds, reasons and the service."""
    changes = {name: 0.08 if place % 2 else 0.0 for place, name in enumerate(HOSTILE)}
    found = judgement(changes, environment={"gpu_info": HOSTILE[0], HOSTILE[1]: HOSTILE[2]})
    path = tmp_path_factory.mktemp("report") / "benchmark.html"
    text = page(found, service=HOSTILE[0], commit=HOSTILE[1])
    path.write_bytes(text.encode("utf-8", "backslashreplace"))
    return path


def test_nothing_from_outside_makes_a_tag(shown: Path) -> None:
    text = shown.read_text("utf-8")
    assert len(re.findall(r"<script\b", text)) == 2
    assert "<img" not in text
    assert "<b>" not in text
    assert "onload=window" not in text.replace("&lt;svg/onload=window", "")


def test_the_policy_of_the_page_names_its_own_script_and_style_alone(shown: Path) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', shown.read_text("utf-8"))
    assert policy.startswith("default-src &#x27;none&#x27;; script-src &#x27;sha256-")
    assert "unsafe" not in policy


def test_a_comparison_without_benchmarks_has_a_page() -> None:
    assert "Nothing was measured." in page(verdicts.sort((), (), today=TODAY))


def test_the_comparison_is_strict_json() -> None:
    value = comparison.of(judgement({"pp64": 0.0}), RULES, verdict="PASS", remarks=())
    assert json.loads(comparison.text(value), parse_constant=pytest.fail) == value


def test_the_comparison_meets_its_schema() -> None:
    path = ROOT / "docs" / "schemas" / "benchmark-comparison.schema.json"
    schema = Draft202012Validator(json.loads(path.read_text("utf-8")))
    found = judgement({"pp64": 0.0, "tg16": 0.1}, control=True)
    entries = (
        Accepted(benchmark="tg*", change=1.0, reason="r", expires=datetime.date.max),
        Accepted(benchmark="tg*", change=1.0, reason="r", expires=datetime.date.min),
    )
    for accepted in (entries, entries[1:], ()):
        shown = verdicts.sort([each.judged for each in found.entries], accepted, today=TODAY)
        schema.validate(comparison.of(shown, RULES, verdict="FAIL", remarks=["r"]))


def test_the_worst_comes_first() -> None:
    found = judgement({"a": 0.0, "b": 0.09, "c": -0.09})
    assert [each.finding for each in found.entries] == [
        Finding.REGRESSION,
        Finding.IMPROVEMENT,
        Finding.PASS,
    ]


def one(finding: Finding, *, control: bool = False) -> Judged:
    described = benchmark("x", control=control)
    return Judged(case=Case(name="x", benchmark=described), finding=finding)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], Verdict.NO_DATA),
        ([Finding.PASS], Verdict.PASS),
        ([Finding.PASS, Finding.NEW, Finding.IMPROVEMENT], Verdict.PASS),
        ([Finding.NEW], Verdict.NO_DATA),
        ([Finding.PASS, Finding.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Finding.PASS, Finding.REMOVED], Verdict.NO_DATA),
        ([Finding.PASS, Finding.ENV_MISMATCH], Verdict.NO_DATA),
        ([Finding.PASS, Finding.NO_DATA], Verdict.NO_DATA),
        ([Finding.NO_DATA, Finding.REGRESSION], Verdict.FAIL),
    ],
)
def test_the_worst_finding_is_the_verdict(found: list[Finding], verdict: Verdict) -> None:
    judged = verdicts.sort([one(each) for each in found], (), today=TODAY)
    assert judged.verdict(confirm=False) is verdict


def test_an_alarm_to_be_confirmed_hides_nothing_worse() -> None:
    alarm = verdicts.sort([one(Finding.REGRESSION), one(Finding.PASS)], (), today=TODAY)
    assert alarm.verdict(confirm=True) is Verdict.INCONCLUSIVE
    both = verdicts.sort([one(Finding.REGRESSION), one(Finding.NO_DATA)], (), today=TODAY)
    assert both.verdict(confirm=True) is Verdict.NO_DATA


def test_controls_alone_are_no_comparison() -> None:
    judged = verdicts.sort([one(Finding.PASS, control=True)], (), today=TODAY)
    assert judged.verdict(confirm=False) is Verdict.NO_DATA


def test_a_long_summary_says_what_it_leaves_out() -> None:
    found = verdicts.sort([one(Finding.NO_DATA)] * 70, (), today=TODAY)
    text = summary.markdown(
        found, Verdict.NO_DATA, service="", remarks=(), notes=(), accept_file=""
    )
    assert "and 10 more, in the report" in text


def test_numbers_in_words() -> None:
    (judged,) = judge([case(0.08)], RULES)
    assert re.fullmatch(r"[78]\.\d % slower", wording.change(judged))
    assert wording.value(373_950_476, "ns") == "374 ms"
    assert wording.value(12.5, "t/s") == "12.5 t/s"
    assert wording.sparkline([0.0, 1.0, float("nan")]) == "▁█"
    assert wording.sparkline([]) == ""
    assert wording.percent(float("nan")) == ""
    assert wording.percent(float("inf")) == "unbounded"


@pytest.mark.e2e
def test_the_report_in_a_browser(shown: Path) -> None:
    with browser() as page:
        page.open(shown)
        assert page.run("document.querySelectorAll('details.benchmark').length") == len(HOSTILE)
        _charts_are_drawn(page)
        _the_keyboard_is_enough(page)
        _benchmarks_are_found_by_name_and_verdict(page)
        _it_fits_a_phone_and_the_dark(page)
        assert page.run("window.hurt") is None
        assert page.run("document.querySelectorAll('img').length") == 0
        assert page.requests == [shown.as_uri()]
        assert page.complaints == []


def _charts_are_drawn(page: Browser) -> None:
    assert page.run("document.querySelectorAll('svg.spark polyline').length") == len(HOSTILE)
    assert page.run("document.querySelectorAll('svg.chart').length") == 0
    for number in range(len(HOSTILE)):
        page.run(f"document.querySelectorAll('details.benchmark')[{number}].open = true")
    # Opening is told to the page's script a moment later.
    page.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))", wait=True)
    assert page.run("document.querySelectorAll('svg.chart').length") == 2 * len(HOSTILE)
    points = "document.querySelector('svg.chart').querySelectorAll('circle.pair').length"
    assert page.run(points) == 32
    outside = """[...document.querySelectorAll('svg.chart')].some(chart => {
      const room = chart.viewBox.baseVal;
      return [...chart.querySelectorAll('circle')].some(dot =>
        !(dot.cx.baseVal.value >= 0 && dot.cx.baseVal.value <= room.width &&
          dot.cy.baseVal.value >= 0 && dot.cy.baseVal.value <= room.height));
    })"""
    assert page.run(outside) is False


def _the_keyboard_is_enough(page: Browser) -> None:
    reached = set()
    for _ in range(12):
        page.press("Tab")
        reached.add(page.run("document.activeElement.id || document.activeElement.tagName"))
        if page.run("document.activeElement.classList.contains('chart')"):
            break
    assert {"search", "finding", "SUMMARY", "svg"} <= reached
    page.press("ArrowRight")
    caption = "document.activeElement.parentElement.querySelector('figcaption').textContent"
    assert page.run(caption).startswith("Pair 1: ")
    page.press("End")
    assert page.run(caption).startswith("Pair 32: ")
    assert page.run("document.querySelectorAll('.chosen').length") == 1
    page.run("document.querySelector('summary').focus()")
    page.press("Enter")
    assert page.run("document.querySelector('details.benchmark').open") is False


def _benchmarks_are_found_by_name_and_verdict(page: Browser) -> None:
    shown = "[...document.querySelectorAll('details.benchmark')].filter(one => !one.hidden).length"
    page.run(
        "search.value = 'javascript'; search.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert page.run(shown) == 1
    page.run("search.value = ''; finding.value = 'REGRESSION'")
    page.run("finding.dispatchEvent(new Event('change', {bubbles: true}))")
    assert page.run(shown) == len(HOSTILE) // 2
    assert page.run("told.textContent") == f"{len(HOSTILE) // 2} of {len(HOSTILE)} benchmarks"


def _it_fits_a_phone_and_the_dark(page: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.run(paper)
    page.send(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    assert page.run(paper) != light
    page.send(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=700,
        deviceScaleFactor=2,
        mobile=True,
    )
    assert page.run("document.documentElement.scrollWidth") <= 360
