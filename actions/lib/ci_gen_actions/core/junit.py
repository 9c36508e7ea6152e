"""Test reports in JUnit's XML, as pytest and ctest write them.

Counts come from the test cases themselves, never from the totals in the header: a header
that disagrees with its cases must not turn a run green.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .errors import CannotDecide


class ReportError(CannotDecide):
    """A report that is missing or cannot be read: which, and why."""


class Outcome(str, Enum):
    """What became of one test. XFAILED ran and failed as its author expected."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test. `file` and `line` (1-based, 0 unknown) are where it is defined, "" unknown."""

    name: str
    classname: str = ""
    file: str = ""
    line: int = 0
    outcome: Outcome
    message: str = ""
    details: str = ""
    seconds: float = 0.0

    @property
    def bad(self) -> bool:
        """Whether the test failed or could not run to its end."""
        return self.outcome in (Outcome.FAILED, Outcome.ERROR)

    @property
    def title(self) -> str:
        """The name with its class or module before it, where that says more."""
        if not self.classname or self.classname == self.name:
            return self.name
        return f"{self.classname}::{self.name}"


@dataclass(frozen=True)
class Report:
    """All test cases of a run."""

    cases: tuple[Case, ...]

    @property
    def tests(self) -> int:
        """How many tests there were, skipped ones included."""
        return len(self.cases)

    @property
    def failed(self) -> tuple[Case, ...]:
        """The tests that failed or could not run to their end."""
        return tuple(case for case in self.cases if case.bad)

    @property
    def skipped(self) -> int:
        """How many tests did not run."""
        return sum(case.outcome is Outcome.SKIPPED for case in self.cases)

    @property
    def measured(self) -> int:
        """How many tests ran; none means that nothing is known."""
        return self.tests - self.skipped

    @property
    def seconds(self) -> float:
        """The sum of the tests' times."""
        return sum(case.seconds for case in self.cases)


def read(path: Path) -> Report:
    """The report in a file. Raises ReportError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ReportError(f"the test report {path} cannot be read: {error.strerror}") from None
    try:
        return parse(text)
    except ReportError as error:
        raise ReportError(f"{path}: {error}") from None


def parse(text: bytes) -> Report:
    """The report in a text. Raises ReportError."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - expat bounds entity expansion
    except ElementTree.ParseError as error:
        raise ReportError(f"no JUnit report: {error}") from None
    if root.tag not in ("testsuites", "testsuite"):
        raise ReportError(f"no JUnit report: the outermost element is <{root.tag}>")
    return Report(tuple(_case(element) for element in root.iter("testcase")))


def _case(element: ElementTree.Element) -> Case:
    outcome, reason = _outcome(element)
    line = element.get("line", "")
    return Case(
        name=element.get("name", ""),
        classname=element.get("classname", ""),
        file=element.get("file", ""),
        # pytest counts lines from 0
        line=int(line) + 1 if line.isdigit() else 0,
        outcome=outcome,
        message=reason.get("message", "") if reason is not None else "",
        details=_details(element, reason),
        seconds=_seconds(element.get("time", "")),
    )


def _outcome(element: ElementTree.Element) -> tuple[Outcome, ElementTree.Element | None]:
    for tag, outcome in (("failure", Outcome.FAILED), ("error", Outcome.ERROR)):
        found = element.find(tag)
        if found is not None:
            return outcome, found
    status = element.get("status", "")
    skipped = element.find("skipped")
    if status == "fail":
        return Outcome.FAILED, skipped
    if skipped is None:
        # ctest writes status="disabled" or "notrun"; a test that did not run has not passed
        return (Outcome.SKIPPED if status in ("disabled", "notrun") else Outcome.PASSED), None
    if skipped.get("type") == "pytest.xfail":
        return Outcome.XFAILED, skipped
    if status == "notrun" and skipped.get("message", "").startswith("Unable to find"):
        return Outcome.ERROR, skipped
    return Outcome.SKIPPED, skipped


def _details(element: ElementTree.Element, reason: ElementTree.Element | None) -> str:
    if reason is not None and reason.text and reason.text.strip():
        return reason.text
    return element.findtext("system-out") or ""


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
