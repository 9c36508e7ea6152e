"""The action as a pipeline calls it: a process of its own, the scanner on PATH."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.actions import ROOT, bare_environment, read_evidence, run_action
from tests.support.scanners import stand_in_grype

from ci_gen.render.pins import pins

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("vulnerable", "code", "verdict"), [({}, 0, "PASS"), ({"bash": "CVE-2026-9"}, 1, "FAIL")]
)
def test_the_pinned_version_on_path_is_taken(
    tmp_path: Path, vulnerable: dict[str, str], code: int, verdict: str
) -> None:
    environ = bare_environment(
        CI_GEN_SCAN_IMAGE_SBOM=str(ROOT / "tests/fixtures/scans/parrot.spdx.json"),
        CI_GEN_SCAN_IMAGE_DOWNLOAD="\n".join(pins().tool("grype")),
    )
    environ["PATH"] = stand_in_grype(tmp_path / "bin", vulnerable)
    ended = run_action("scan-image", tmp_path, environ)
    assert ended.code == code, ended.stderr
    told = read_evidence(tmp_path, "scan-image")
    assert (told["verdict"], told["tools"]) == (verdict, {"grype": "0.116.1"})


def test_without_a_way_out_nothing_is_decided(tmp_path: Path) -> None:
    line = f"http://127.0.0.1:9/grype.tar.gz sha256:{'0' * 64}"
    environ = bare_environment(
        CI_GEN_SCAN_IMAGE_SBOM=str(ROOT / "tests/fixtures/scans/parrot.spdx.json"),
        CI_GEN_SCAN_IMAGE_DOWNLOAD=f"linux/amd64 1.0 {line}\nlinux/arm64 1.0 {line}",
        CI_GEN_CACHE="",
        XDG_CACHE_HOME="",
    )
    ended = run_action("scan-image", tmp_path, environ)
    assert ended.code == 3
    assert "a program could not be downloaded" in ended.stderr
    assert read_evidence(tmp_path, "scan-image")["verdict"] == "ERROR"
