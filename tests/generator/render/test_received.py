"""What the plan says is what the actions read: texts unchanged, and nothing refused on arrival."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from tests.generator.render.test_hostile import FACTS, NAMING, accepted, document
from tests.generator.render.test_hostile import _put as put
from tests.support.configs import Row, config_of, pairwise
from tests.support.facts import REPOSITORIES
from tests.support.hostile import HOSTILE
from tests.support.option_values import document as document_of
from tests.support.option_values import forbidden, values

from ci_gen.local.jobs import environment, rows
from ci_gen.pipeline.model import ActionCall, Job, Pipeline, ResultsRef, StepRef
from ci_gen.pipeline.plan import plan
from ci_gen.pipeline.settings import settle
from ci_gen_actions.core.options import declarations, variable
from ci_gen_actions.core.reading import read, unknown_variables


def options_of(action: str) -> Any:
    return importlib.import_module(f"ci_gen_actions.{action.replace('-', '_')}.options").Options


def sent(job: Job, call: ActionCall, row: dict[str, str]) -> dict[str, str]:
    """What a runner tells the action, earlier calls of the job having told something."""
    told = {
        (job.id, value.call, value.output): {"sha256": "a" * 64}.get(value.output, "told")
        for value in call.inputs.values()
        if isinstance(value, StepRef)
    }
    return environment(job, call, row, told)


def received(job: Job, call: ActionCall, row: dict[str, str]) -> dict[str, Any]:
    """The action's options by their kebab-case names, read as on a runner."""
    cls = options_of(call.action)
    environ = sent(job, call, row)
    assert unknown_variables(cls, call.action, environ) == []
    options = read(cls, call.action, environ)
    return {each.name: getattr(options, each.field) for each in declarations(cls)}


def all_arrive(pipeline: Pipeline) -> None:
    for job in pipeline.jobs():
        for call in job.calls:
            for row in rows(job):
                found = received(job, call, dict(row))
                given = sent(job, call, dict(row))
                for name, value in call.inputs.items():
                    if not isinstance(value, str | ResultsRef):
                        continue
                    text = given.get(variable(call.action, name), "")
                    one = found[name]
                    if isinstance(one, tuple):
                        assert list(one) == (text.split("\n") if text else []), (call.action, name)
                    elif isinstance(one, bool | int):
                        assert str(one).lower() == text, (call.action, name)
                    elif isinstance(one, float):
                        assert one == float(text), (call.action, name)
                    elif isinstance(value, str):
                        assert one == text, (call.action, name)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_text_that_is_accepted_is_what_the_action_reads(number: int) -> None:
    changed = document()
    for field in accepted(HOSTILE[number]):
        # Mappings name files and nodes; no action reads one.
        if field not in NAMING and "{" not in field:
            put(changed, field.split("."), HOSTILE[number])
    all_arrive(plan(settle(config_of(changed), FACTS)))


def test_every_option_s_value_is_what_the_action_reads() -> None:
    plans: list[Row] = pairwise(values(), forbidden)
    for row in plans:
        config = config_of(document_of(row))
        all_arrive(plan(settle(config, REPOSITORIES[str(row["facts"])])))


def test_what_is_empty_in_the_config_is_empty_for_the_action() -> None:
    service = {
        "name": "a",
        "kind": "cmake",
        "cmake_args": [],
        "targets": [],
        "package_paths": [],
        "pytest": {"unit": ["t"], "args": [], "requirements": [], "extras": [], "groups": []},
    }
    config = config_of(
        {"services": [service], "paths": {"ignore": []}, "quick_checks": {"exclude": []}}
    )
    all_arrive(plan(settle(config, FACTS)))
