"""What speaks against trusting a scan. Pure."""

from __future__ import annotations

import datetime

from ..core.result import Verdict
from ..scanning.judgement import Concern
from .reports import Report
from .sbom_facts import Contents


def concerns(
    contents: Contents,
    report: Report,
    *,
    max_days: int,
    now: datetime.datetime,
) -> tuple[Concern, ...]:
    """What speaks against trusting a report that finds nothing."""
    found: list[Concern] = []
    if not contents.packages or report.packages == 0:
        found.append(
            Concern(verdict=Verdict.NO_DATA, text="no package was scanned: the list is empty")
        )
    elif contents.system_packages and not report.distribution:
        found.append(
            Concern(
                verdict=Verdict.INCONCLUSIVE,
                text=f"the scanner did not recognise the distribution, so that it looked up none "
                f"of the {contents.system_packages} packages of the system",
            )
        )
    if report.end_of_life:
        found.append(
            Concern(
                verdict=Verdict.INCONCLUSIVE,
                text=f"{report.distribution} gets no security updates any more, and its "
                "vulnerabilities are no longer recorded",
            )
        )
    found += _age(report, max_days, now)
    return tuple(found)


def _age(report: Report, max_days: int, now: datetime.datetime) -> list[Concern]:
    if report.dated is None:
        text = "the report tells neither the age of its database nor its own"
        return [Concern(verdict=Verdict.INCONCLUSIVE, text=text)]
    age = now - report.dated
    if age <= datetime.timedelta(days=max_days):
        return []
    what = "the scanner's database" if report.dates == "database" else "the report"
    return [
        Concern(
            verdict=Verdict.INCONCLUSIVE,
            text=f"{what} is of {report.dated:%Y-%m-%d}, {age.days} days old; at most "
            f"{max_days} are allowed",
        )
    ]
