"""Options and fixtures of all tests."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from tests.support.golden import Golden, comparison

# How long an example takes says more about the machine's other work than about the code.
# Few examples by default, since everybody waits for them, and the same ones each time, so that a
# change is judged by what it changed; `--hypothesis-profile=thorough` looks longer, and anew.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci-gen", _PATIENT, max_examples=30, derandomize=True)
settings.register_profile("thorough", _PATIENT, max_examples=500)
settings.load_profile("ci-gen")


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
