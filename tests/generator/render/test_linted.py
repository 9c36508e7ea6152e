"""No linter says anything of what is generated, but for what the allow-list explains."""

from __future__ import annotations

import pytest
from tests.generator.render.cases import CONFIGS, FACTS, everything
from tests.support.linters import allowances, lint, report, unexplained

pytestmark = pytest.mark.e2e


def test_the_linters_accept_every_case() -> None:
    trees = {f"{config} / {seen}": everything(config, seen) for config in CONFIGS for seen in FACTS}
    left = unexplained(lint(trees), allowances())
    assert not left, report(left)


@pytest.mark.parametrize("entry", allowances(), ids=lambda entry: f"{entry.tool} {entry.rule}")
def test_no_allowance_is_left_over(entry: object) -> None:
    """An allowance that nothing needs any more would hide the next fault of its kind."""
    trees = {f"{config} / {seen}": everything(config, seen) for config in CONFIGS for seen in FACTS}
    assert any(entry.covers(finding) for finding in lint(trees))  # type: ignore[attr-defined]
