"""Options and fixtures of all tests."""

from __future__ import annotations

import pytest
from tests.support.golden import Golden, comparison


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files anew; then look at them",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(name, text)` compares with tests/golden/<name>."""
    return comparison(bool(request.config.getoption("--update-golden")))
