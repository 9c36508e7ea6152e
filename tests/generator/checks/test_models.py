"""What is said of a model in two places, and what it is measured with."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from tests.generator.cli.repository import CONFIG, prepare
from tests.support.repositories import PROJECT

from ci_gen.checks.models import check
from ci_gen.errors import ConfigError
from ci_gen.project import load

MODEL = """\
models:
  - name: chat
    SOURCE
    quality: {texts: [evals/v.txt], questions: [evals/qa.json], SETTINGS}
"""
HUB = "hf://org/repo/chat-Q4_K_M.gguf@0123456"


def told(
    root: Path,
    *,
    source: str = "cache: true",
    settings: str = "context: 512",
    config: str = f"source: '{HUB}'",
    more: str = "",
    without: tuple[str, ...] = (),
) -> list[str]:
    """The problems of a repository with one model, every file there but those `without`."""
    root.mkdir(exist_ok=True)
    prepare(root)
    for path in ("evals/v.txt", "evals/qa.json", "models/m.gguf"):
        if path not in without:
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text("text\n")
    text = MODEL.replace("SOURCE", source).replace("SETTINGS", settings)
    (root / "ci-gen.yaml").write_text(CONFIG + text + more)
    (root / "config").mkdir()
    (root / "config/model-config.yaml").write_text(f"model: {{name: chat, {config}}}\n")
    return [str(problem) for problem in check(load(root))]


def test_a_model_of_which_all_is_known_and_there(tmp_path: Path) -> None:
    assert told(tmp_path, config=f"source: '{HUB}', quantization: Q4_K_M") == []


def test_a_file_that_it_is_measured_with_is_not_there(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, without=("evals/qa.json",))
    assert 'what model "chat" is measured with is not there: evals/qa.json' in problem


@pytest.mark.parametrize("where", ["config", "source"])
def test_its_own_file_is_not_there(tmp_path: Path, where: str) -> None:
    given = {where: "source: 'file:models/m.gguf'", "config": "source: 'file:models/m.gguf'"}
    (problem, *_) = told(tmp_path, **given, without=("models/m.gguf",))  # type: ignore[arg-type]
    assert 'the file of model "chat" is not there: models/m.gguf' in problem


def test_what_the_file_itself_says(tmp_path: Path) -> None:
    script = PROJECT / "examples/llama-service/tests/integration/alphabet_model.py"
    write = runpy.run_path(str(script))["write"]
    config = "source: 'file:models/m.gguf', quantization: Q4_0"
    assert "models/m.gguf is no model" in told(tmp_path, config=config)[0]
    write(tmp_path / "models/m.gguf")
    (context, quantization) = [str(problem) for problem in check(load(tmp_path))]
    assert "context_size is 4096, and models/m.gguf was made for 256 tokens" in context
    assert "quantization is Q4_0, and models/m.gguf holds F32" in quantization


def test_two_sources_that_differ(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, source=f"source: '{HUB}8'")
    assert 'model.source is not that of model "chat" in ci-gen.yaml, which counts' in problem


def test_a_quantization_that_the_file_does_not_bear(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, config=f"source: '{HUB}', quantization: Q8_0")
    assert "model.quantization is Q8_0, and the file is called chat-Q4_K_M.gguf" in problem


def test_a_package_without_the_program_that_measures(tmp_path: Path) -> None:
    services = "services: [{name: s, kind: cmake, path: ., targets: [llama-server]}]\n"
    (problem,) = told(tmp_path, more=services)
    assert 'measured with llama-perplexity, and service "s" does not build it' in problem
    python = told(tmp_path / "b", settings="engine: llama-cpp-python", more=services)
    assert python == []


def test_a_folder_that_is_gone_after_the_job(tmp_path: Path) -> None:
    release = "    release: {publish: true}\n"
    registry = "model_registry: {location: /srv/models}\n"
    (problem,) = told(tmp_path, more=release + registry)
    assert "are gone after each job" in problem
    own = "runners: {hosted: {labels: [self-hosted, linux]}}\n"
    assert told(tmp_path / "b", more=release + registry + own) == []


def test_a_model_that_is_measured_comes_from_somewhere(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing says where it comes from"):
        told(tmp_path, config="format: gguf")


def test_an_address_needs_a_digest_wherever_it_stands(tmp_path: Path) -> None:
    address = "source: 'https://example.com/m.gguf'"
    with pytest.raises(ConfigError, match="needs a sha256"):
        told(tmp_path, config=address)
    digest = "a" * 64
    assert told(tmp_path / "b", config=f"{address}, sha256: {digest}") == []
