"""Every pair of option values in some config, and no linter has anything to say of any of them."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
from tests.support.configs import (
    Row,
    config_of,
    covered,
    outcome,
    pairs,
    pairwise,
    source_of,
)
from tests.support.facts import REPOSITORIES
from tests.support.linters import allowances, lint, report, unexplained
from tests.support.option_values import EXTRAS, document, forbidden, options, values

from ci_gen.config.option import Kind

AT_LEAST = 200


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return pairwise(values(), forbidden, AT_LEAST)


def rendered(row: Row) -> dict[str, str]:
    config = config_of(document(row))
    return outcome(config, REPOSITORIES[str(row["facts"])], source_of(config)).texts


def test_every_option_takes_part() -> None:
    assert {name for name, _ in options()} | EXTRAS.keys() == values().keys()
    for name, key in options():
        taken = set(values()[name])
        if key.shape.kind is Kind.BOOLEAN:
            assert {True, False} <= taken, name
        elif key.shape.kind is Kind.CHOICE:
            assert {member.value for member in key.shape.cls} <= taken  # type: ignore[union-attr]
        elif name != "version":
            assert len(taken) >= 2, name


def test_every_pair_of_values_occurs(rows: list[Row]) -> None:
    wanted = pairs(values(), forbidden)
    assert len(rows) >= AT_LEAST
    assert len(wanted) > 10_000
    assert wanted - set().union(*(covered(row) for row in rows)) == set()


@pytest.mark.e2e
def test_no_linter_finds_anything(rows: list[Row]) -> None:
    trees = {f"config {number}": rendered(row) for number, row in enumerate(rows)}
    assert len(trees) >= AT_LEAST
    found = unexplained(lint(trees), allowances())
    assert not found, report(found)


@pytest.mark.e2e
def test_without_services_everything_detected_is_built() -> None:
    """The one value of `services` that pairs with no key of a service: none."""
    trees = {}
    for number, row in enumerate(pairwise({**EXTRAS, **_global()}, forbidden)):
        config = document({**{name: texts[0] for name, texts in values().items()}, **row})
        del config["services"]
        # What starts a Python service is nothing that is detected.
        config["image"]["enabled"] = False
        config["kubernetes"]["enabled"] = False
        # What its quality is measured on is a service's.
        config["models"][0]["release"]["publish"] = False
        trees[f"config {number}"] = outcome(
            config_of(config), REPOSITORIES[str(row["facts"])]
        ).texts
    found = unexplained(lint(trees), allowances())
    assert not found, report(found)


def _global() -> dict[str, tuple[Hashable, ...]]:
    chosen = ("cuda.enabled", "compiler_cache", "platforms", "triggers.pull_request")
    return {name: values()[name] for name in chosen}
