from __future__ import annotations

import pytest
from ruamel.yaml import YAML
from tests.support.actions import ROOT
from tests.support.readme_examples import examples

from ci_gen.render.pins import pins
from ci_gen_actions.core.options import variable
from ci_gen_actions.core.reading import read
from ci_gen_actions.scan_image.options import Options
from ci_gen_actions.scanning.pinned_tool import pin_of


def pinned(inputs: dict[str, str]) -> tuple[str, ...]:
    environ = {variable("scan-image", name): text for name, text in inputs.items()}
    return read(Options, "scan-image", environ).download


def test_the_readme_and_our_own_workflow_pin_what_pipelines_pin() -> None:
    (example,) = examples(ROOT / "actions" / "scan-image" / "README.md")
    ((_, inputs),) = example.own_steps()
    workflow = YAML(typ="safe").load((ROOT / ".github/workflows/actions.yml").read_text("utf-8"))
    (step,) = (each for each in workflow["jobs"]["scan-image"]["steps"] if each.get("id") == "scan")
    for download in (pinned(dict(inputs)), pinned(step["with"])):
        assert download
        assert set(download) <= set(pins().tool("grype"))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_pipelines_can_scan_on_both_machines(machine: str) -> None:
    found = pin_of(pins().tool("grype"), machine)
    assert found is not None
    assert found.version in found.url
