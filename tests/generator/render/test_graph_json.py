"""The graph for programs."""

from __future__ import annotations

import json

from tests.support.golden import Golden
from tests.support.pipelines import job, pipeline, service

from ci_gen.pipeline.graph import build
from ci_gen.pipeline.model import VARIANT, Need
from ci_gen.render.graph_json import render


def test_golden(golden: Golden) -> None:
    golden("graph/service.json", render(build(service(), {"ci-ok": 3.5, "gone": 1})))


def test_every_edge_is_there_with_what_it_carries() -> None:
    need = Need(job="a", artifacts=(f"package-{VARIANT}",))
    data = json.loads(render(build(pipeline(job("a"), job("b", needs=[need])))))
    assert data["edges"] == [
        {
            "from": "a",
            "to": "b",
            "artifacts": ["package-<variant>"],
            "implied": False,
            "critical": True,
        }
    ]
    assert data["critical-path"] == ["a", "b"]
    assert [(each["start"], each["finish"], each["step"]) for each in data["jobs"]] == [
        (0.0, 60.0, 1),
        (60.0, 120.0, 2),
    ]
