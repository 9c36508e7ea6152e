from __future__ import annotations

import datetime
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.actions import ROOT

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.result import Result, Verdict
from ci_gen_actions.scan_image import run as module
from ci_gen_actions.scan_image.options import Options
from ci_gen_actions.scan_image.run import run

SCANS = ROOT / "tests" / "fixtures" / "scans"
NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.timezone.utc)
ID = f"sha256:{'1' * 64}"

SCANNER = """\
#!/bin/sh
# Stands in for a scanner: tells its version, keeps what it was called with, copies a report.
case "$1" in
  version) echo "Application: grype"; echo "Version:    0.116.1"; exit 0 ;;
esac
echo "$@" > "{folder}/argv"
env > "{folder}/environ"
pwd > "{folder}/cwd"
if [ -e "{folder}/fails" ]; then
  echo "failed to load vulnerability db: no such host" >&2
  exit 1
fi
while [ "$#" -gt 0 ]; do
  case "$1" in --file|--output) out="$2" ;; esac
  shift
done
cp "{report}" "$out"
"""


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "now_in_utc", lambda: NOW)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    shutil.copytree(SCANS, tmp_path / "w" / "scans")
    return tmp_path / "w"


def scanned(workspace: Path, environ: dict[str, str] | None = None, **options: Any) -> Result:
    ci = GitHub({"GITHUB_WORKSPACE": str(workspace), **(environ or {})}, log=io.BytesIO())
    return run(Options(sbom="scans/parrot.spdx.json", **options), ci)


def accept(workspace: Path, *ids: str, expires: str = "2026-11-24") -> None:
    entries = "".join(
        f"  - id: {each}\n    reason: looked at\n    expires: {expires}\n" for each in ids
    )
    (workspace / "config").mkdir(exist_ok=True)
    (workspace / "config" / "security-ignore.yaml").write_text(f"ignore:\n{entries}")


def test_findings_fail(workspace: Path) -> None:
    result = scanned(workspace, report="scans/grype.json", service="parrot")
    assert result.verdict is Verdict.FAIL
    told = result.evidence["findings"]
    assert [each["id"] for each in told["blocking"]] == [
        "CVE-2026-0001",
        "CVE-2026-0003",
        "GHSA-aaaa-bbbb-cccc",
    ]
    assert told["counts"]["negligible"] == 1
    assert told["packages"] == 3
    assert result.evidence["inputs"]["image"] == ID
    assert result.evidence["tools"] == {"grype": "0.116.1"}
    assert "| `libssl3 3.0.17-1~deb12u1` | `3.0.17-1~deb12u2` | critical |" in result.summary


def test_accepted_and_unfixed_findings_pass(workspace: Path) -> None:
    accept(workspace, "CVE-2026-0001", "CVE-2026-0002")
    result = scanned(workspace, report="scans/grype.json", only_fixed=True)
    assert result.verdict is Verdict.PASS
    assert len(result.evidence["findings"]["ignored"]) == 2
    assert scanned(workspace, report="scans/grype.json").verdict is Verdict.FAIL


def test_an_expired_entry_holds_no_more(workspace: Path) -> None:
    accept(workspace, "CVE-2026-0001", expires="2026-11-23")
    result = scanned(workspace, report="scans/trivy.json")
    assert result.verdict is Verdict.FAIL
    assert result.evidence["findings"]["expired"][0]["expires"] == "2026-11-23"
    accept(workspace, "CVE-2026-0001")
    assert scanned(workspace, report="scans/trivy.json").verdict is Verdict.PASS


def test_an_old_report_is_inconclusive(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(workspace, "CVE-2026-0001", expires="2027-01-01")
    monkeypatch.setattr(module, "now_in_utc", lambda: NOW + datetime.timedelta(days=8))
    assert scanned(workspace, report="scans/trivy.json").verdict is Verdict.INCONCLUSIVE


def test_what_the_scanner_left_out_is_told(workspace: Path) -> None:
    value = json.loads((SCANS / "grype.json").read_bytes())
    value["ignoredMatches"], value["matches"] = value["matches"], []
    (workspace / "report.json").write_text(json.dumps(value))
    result = scanned(workspace, report="report.json")
    assert result.evidence["findings"]["suppressed-by-scanner"] == 5


def test_the_sbom_must_be_of_the_image(workspace: Path) -> None:
    evidence = workspace / "image.json"
    digest = f"sha256:{'2' * 64}"
    evidence.write_text(json.dumps({"outputs": {"image-id": ID, "digest": digest}}))
    options = {"report": "scans/trivy.json", "image_evidence": "image.json"}
    assert scanned(workspace, **options).evidence["inputs"]["image"] == digest
    evidence.write_text(json.dumps({"outputs": {"image-id": digest}}))
    with pytest.raises(UsageError, match="another image"):
        scanned(workspace, **options)
    evidence.write_text("[]")
    with pytest.raises(UsageError, match="no evidence of image-build"):
        scanned(workspace, **options)


@pytest.mark.parametrize("name", ["sbom", "report", "image_evidence"])
def test_a_missing_file_is_told(workspace: Path, name: str) -> None:
    options = {"sbom": "scans/parrot.spdx.json", "report": "scans/grype.json", name: "none.json"}
    ci = GitHub({"GITHUB_WORKSPACE": str(workspace)}, log=io.BytesIO())
    with pytest.raises(UsageError, match=r"no file none\.json"):
        run(Options(**options), ci)


def stand_in(tmp_path: Path, name: str = "grype") -> dict[str, str]:
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(SCANNER.format(folder=folder, report=SCANS / f"{name}.json"))
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(tmp_path)}


def test_the_scanner_is_called_out_of_reach_of_the_repository(
    workspace: Path, tmp_path: Path
) -> None:
    environ = stand_in(tmp_path)
    environ.update(GRYPE_ONLY_FIXED="true", GRYPE_DB_UPDATE_URL="https://mirror.example/db")
    result = scanned(workspace, environ, evidence_name="scan-image-parrot")
    assert result.verdict is Verdict.FAIL
    argv = (tmp_path / "bin" / "argv").read_text().split()
    assert argv[:3] == [f"sbom:{workspace}/scans/parrot.spdx.json", "--output", "json"]
    assert "--config" in argv
    assert str(workspace) not in (tmp_path / "bin" / "cwd").read_text()
    seen = (tmp_path / "bin" / "environ").read_text()
    assert "GRYPE_ONLY_FIXED" not in seen
    assert "GRYPE_DB_UPDATE_URL=https://mirror.example/db" in seen
    assert getattr(result.outputs, "report") == "reports/scan-image-parrot.json"  # noqa: B009


def test_trivy_is_called_likewise(workspace: Path, tmp_path: Path) -> None:
    result = scanned(workspace, stand_in(tmp_path, "trivy"), scanner="trivy")
    assert [each["id"] for each in result.evidence["findings"]["blocking"]] == ["CVE-2026-0001"]
    argv = (tmp_path / "bin" / "argv").read_text().split()
    assert argv[0] == "sbom"
    assert {"--list-all-pkgs", "--ignorefile", "--format"} <= set(argv)


def test_a_scanner_without_a_database_decides_nothing(workspace: Path, tmp_path: Path) -> None:
    environ = stand_in(tmp_path)
    (tmp_path / "bin" / "fails").touch()
    (workspace / "reports").mkdir()
    (workspace / "reports" / "scan-image.json").write_text("{}")
    with pytest.raises(CannotDecide, match="made no report") as caught:
        scanned(workspace, environ)
    assert "no such host" in caught.value.why
    assert not (workspace / "reports" / "scan-image.json").exists()


def test_without_a_scanner_nothing_is_decided(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotDecide, match="there is no grype"):
        scanned(workspace, {"PATH": str(tmp_path)})
