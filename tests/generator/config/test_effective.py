"""The config as it takes effect."""

from __future__ import annotations

import json

from tests.support.configs import config_of, document_text
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.config.effective import effective
from ci_gen.config.model import Config
from ci_gen.config.reader import read
from ci_gen.pipeline.settings import settle

FACTS = facts(cmake_project(), python_project(path="py"))


def test_detected_values_stand_in_their_places() -> None:
    document = effective(settle(config_of({}), FACTS))
    assert document["name"] == "llama-service"
    assert document["default_branch"] == "main"
    cmake, python = document["services"]
    assert (cmake["kind"], cmake["ctest"]["enabled"], cmake["cuda_option"]) == (
        "cmake", True, "GGML_CUDA",
    )  # fmt: skip
    assert python["pytest"]["manager"] == "pip"
    assert python["pytest"]["requirements"] == ["requirements.txt"]


def test_it_is_a_config_that_gives_the_same() -> None:
    """Freezing what is effective changes nothing."""
    settings = settle(config_of({}), FACTS)
    document = json.loads(json.dumps(effective(settings)))
    for service in document["services"]:
        if service["cuda_option"] == "auto":
            service["cuda_option"] = None
    frozen = read(document_text(document), Config, "ci-gen.yaml")
    again = effective(settle(frozen, FACTS))
    assert again == effective(settings)
