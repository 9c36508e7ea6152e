from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from tests.support.actions import ROOT

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.result import Verdict
from ci_gen_actions.scan_image.plan import concerns
from ci_gen_actions.scan_image.reports import Report, first_line, moment, parse
from ci_gen_actions.scan_image.sbom_facts import Contents, contents
from ci_gen_actions.scanning.findings import Finding, Severity

SCANS = ROOT / "tests" / "fixtures" / "scans"
UTC = datetime.timezone.utc
NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=UTC)
FULL = Contents(packages=3, system_packages=2)


def document(name: str) -> Any:
    return json.loads((SCANS / name).read_bytes())


def parsed(value: Any) -> Report:
    return parse(json.dumps(value).encode(), "report.json")


def test_a_report_of_grype() -> None:
    report = parse((SCANS / "grype.json").read_bytes(), "grype.json")
    assert (report.scanner, report.version) == ("grype", "0.116.1")
    assert (report.distribution, report.end_of_life) == ("debian 12", False)
    assert report.dated == datetime.datetime(2026, 11, 24, 6, 32, 14, tzinfo=UTC)
    assert report.dates == "database"
    assert report.findings[0] == Finding(
        id="CVE-2026-0001",
        severity=Severity.CRITICAL,
        title="libssl3 does something wrong.",
        package="libssl3",
        version="3.0.17-1~deb12u1",
        fixed="3.0.17-1~deb12u2",
        link="https://security-tracker.debian.org/tracker/CVE-2026-0001",
    )
    assert [(each.id, each.severity.value, each.aliases) for each in report.findings[1:]] == [
        ("CVE-2026-0003", "high", ()),
        ("GHSA-aaaa-bbbb-cccc", "high", ("CVE-2026-0002",)),
        ("CVE-2011-3374", "negligible", ()),
        ("CVE-2026-0004", "unknown", ()),
    ]


def test_a_report_of_an_older_grype_has_its_date_elsewhere() -> None:
    value = document("grype.json")
    value["descriptor"]["db"] = {"built": "2024-01-15T00:00:00Z", "schemaVersion": 5}
    assert parsed(value).dated == datetime.datetime(2024, 1, 15, tzinfo=UTC)
    del value["descriptor"]["db"]
    assert parsed(value).dates == "report"
    del value["descriptor"]["timestamp"]
    assert parsed(value).dated is None


def test_a_report_of_trivy() -> None:
    report = parse((SCANS / "trivy.json").read_bytes(), "trivy.json")
    assert (report.scanner, report.version, report.packages) == ("trivy", "0.70.0", 3)
    assert (report.distribution, report.dates) == ("debian 12.13", "report")
    assert [(each.id, each.fixed, each.aliases) for each in report.findings] == [
        ("CVE-2026-0001", "3.0.17-1~deb12u2", ("DSA-6000-1",)),
        ("CVE-2019-18276", "", ()),
    ]


def test_a_report_of_trivy_without_results_saw_nothing() -> None:
    value = document("trivy.json")
    del value["Results"]
    assert parsed(value).packages == 0


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"[" * 100_000, b'{"SchemaVersion": 1}', b'{"matches": []}']
)
def test_anything_else_is_no_report(data: bytes) -> None:
    with pytest.raises(CannotDecide, match="cannot be read"):
        parse(data, "report.json")


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, [[]], [None, {"vulnerability": 3}]])
def test_odd_values_do_not_stop_the_reading(junk: Any) -> None:
    value = document("grype.json")
    value.update(distro=junk, ignoredMatches=junk, matches=[{"vulnerability": junk}])
    assert parsed(value).scanner == "grype"
    value = document("trivy.json")
    value.update(Metadata=junk, Results=junk, CreatedAt=junk)
    assert parsed(value).scanner == "trivy"


def test_times() -> None:
    assert moment("2026-01-02T03:04:05.123456789Z") == moment("2026-01-02T04:04:05+01:00")
    assert moment("2026-13-02T03:04:05Z") is None
    assert moment("yesterday") is None
    assert first_line("\n  a \nb") == "a"


def test_an_sbom_of_spdx() -> None:
    found = contents((SCANS / "parrot.spdx.json").read_bytes(), "x")
    assert found == Contents(packages=3, system_packages=2, image_id=f"sha256:{'1' * 64}")


def test_an_sbom_of_cyclonedx() -> None:
    value = {
        "bomFormat": "CycloneDX",
        "metadata": {"properties": [{"name": "ci-gen:image-id", "value": "sha256:1"}]},
        "components": [
            {"type": "library", "purl": "pkg:deb/debian/bash@5"},
            {"type": "library", "purl": "pkg:pypi/requests@2"},
            {"type": "operating-system", "name": "debian"},
            {"type": "file", "name": "/etc/passwd"},
        ],
    }
    found = contents(json.dumps(value).encode(), "x")
    assert found == Contents(packages=2, system_packages=1, image_id="sha256:1")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"spdxVersion": "SPDX-3.0"}'])
def test_anything_else_is_no_sbom(data: bytes) -> None:
    with pytest.raises(UsageError, match="no SBOM"):
        contents(data, "x")


def report(**more: Any) -> Report:
    values = {"distribution": "debian 12", "dated": NOW, "findings": (), "version": "1", **more}
    return Report(scanner="grype", **values)


def verdicts(contents: Contents, found: Report) -> list[Verdict]:
    return [each.verdict for each in concerns(contents, found, max_days=7, now=NOW)]


def test_a_full_and_fresh_report_is_of_no_concern() -> None:
    edge = NOW - datetime.timedelta(days=7)
    assert verdicts(FULL, report(dated=edge)) == []


@pytest.mark.parametrize(
    ("listed", "more", "wanted"),
    [
        (Contents(packages=0, system_packages=0), {}, Verdict.NO_DATA),
        (FULL, {"packages": 0}, Verdict.NO_DATA),
        (FULL, {"distribution": ""}, Verdict.INCONCLUSIVE),
        (FULL, {"end_of_life": True}, Verdict.INCONCLUSIVE),
        (FULL, {"dated": None}, Verdict.INCONCLUSIVE),
        (FULL, {"dated": NOW - datetime.timedelta(days=8)}, Verdict.INCONCLUSIVE),
    ],
)
def test_what_a_report_cannot_prove(
    listed: Contents, more: dict[str, Any], wanted: Verdict
) -> None:
    assert verdicts(listed, report(**more)) == [wanted]


def test_packages_of_languages_alone_need_no_distribution() -> None:
    listed = Contents(packages=1, system_packages=0)
    assert verdicts(listed, report(distribution="")) == []


def test_the_age_is_told_in_words() -> None:
    old = report(dated=NOW - datetime.timedelta(days=30), dates="report")
    (concern,) = concerns(FULL, old, max_days=7, now=NOW)
    assert concern.text == "the report is of 2026-10-25, 30 days old; at most 7 are allowed"
