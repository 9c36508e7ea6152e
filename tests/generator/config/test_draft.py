"""The first config of a repository: it reads, it says what is there, whatever that is called."""

from __future__ import annotations

import dataclasses

import pytest
from ruamel.yaml import YAML
from tests.support.facts import cmake_project, facts, python_project
from tests.support.hostile import HOSTILE

from ci_gen.config.draft import (
    MODEL_CONFIG,
    Draft,
    config_text,
    likely_platforms,
    model_text,
    source_of,
)
from ci_gen.config.model import Config, Model
from ci_gen.config.model_config import ModelConfig
from ci_gen.config.reader import read
from ci_gen.detect.model import (
    Evaluation,
    EvaluationKind,
    Facts,
    ModelName,
    Platform,
    Remote,
    Seen,
)
from ci_gen.pipeline.settings import settle

FILE = "ci-gen.yaml"


def remotes(*platforms: Platform | None) -> Facts:
    named = tuple(
        Remote(name=f"r{number}", url="https://example.com/a/b", slug="a/b", platform=platform)
        for number, platform in enumerate(platforms)
    )
    return dataclasses.replace(facts(), remotes=named)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((), tuple(Platform)),
        ((None,), tuple(Platform)),
        ((Platform.GITLAB,), (Platform.GITLAB,)),
        ((Platform.GITLAB, None), (Platform.GITLAB,)),
        ((Platform.GITLAB, Platform.GITHUB), (Platform.GITHUB, Platform.GITLAB)),
    ],
)
def test_the_likely_platforms_are_those_of_the_remotes(
    found: tuple[Platform | None, ...], expected: tuple[Platform, ...]
) -> None:
    assert likely_platforms(remotes(*found)) == expected


def test_only_what_differs_from_the_defaults_stands_there() -> None:
    assert read(config_text(Draft(), facts()), Config, FILE) == Config(version=1)
    text = config_text(
        Draft(platforms=(Platform.GITHUB,), cuda=True, model="default", files={"a": "b"}), facts()
    )
    config = read(text, Config, FILE)
    assert config.platforms == (Platform.GITHUB,)
    assert config.cuda.enabled
    assert config.models[0].config == MODEL_CONFIG
    assert config.files == {"a": "b"}
    assert text.startswith("# yaml-language-server: $schema=.ci-gen/config.schema.json\n")


def test_the_services_that_were_detected_are_named() -> None:
    text = config_text(Draft(), facts(cmake_project(), python_project("answers", "py")))
    assert "#   llama-service: cmake in . (CMakeLists.txt:3)\n" in text
    assert "#   - name: answers\n#     path: py\n" in text
    assert "#   nothing yet\n" in config_text(Draft(), dataclasses.replace(facts(), projects=()))


def test_the_commented_keys_are_keys() -> None:
    """Whoever removes the hash signs has a config."""
    text = config_text(Draft(), facts(cmake_project(), python_project("answers", "a b's")))
    advice = text[text.index("# services:") :]
    lines = [line.removeprefix("# ").removeprefix("#") for line in advice.splitlines()]
    keys = [line for line in lines if ":" in line.split(" #")[0] and not line[:1].isupper()]
    document = YAML(typ="safe").load("\n".join(keys))
    read_back = read("version: 1\n" + "\n".join(keys) + "\n", Config, FILE)
    assert set(document) == {"services", "cuda", "runners", "image", "paths", "codeowners"}
    assert read_back.image.enabled
    assert read_back.services is not None
    assert [service.path for service in read_back.services] == [".", "a b's"]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_name_stays_in_its_comment(number: int) -> None:
    text = HOSTILE[number]
    project = dataclasses.replace(cmake_project(), path=text, name=text, seen=Seen(text, 3))
    drawn = config_text(Draft(), dataclasses.replace(facts(project), name=text))
    assert read(drawn, Config, FILE) == Config(version=1)
    drawn.encode()
    assert drawn.splitlines() == drawn.removesuffix("\n").split("\n")
    assert "\x1b" not in drawn


def model(name: str, quantization: str) -> Facts:
    found = ModelName(name=name, source="", quantization=quantization, seen=Seen("a.yaml", 1))
    return dataclasses.replace(facts(), models=(found,))


def test_the_model_config_has_the_lesson_s_keys() -> None:
    config = read(model_text(facts()), ModelConfig, MODEL_CONFIG)
    assert config.model.name == "llama-service-model"
    assert (config.inference.temperature, config.inference.top_p) == (0.7, 0.9)
    assert model_text(facts()).startswith(
        "# yaml-language-server: $schema=../.ci-gen/model-config.schema.json\n"
    )


@pytest.mark.parametrize(
    ("name", "quantization", "expected"),
    [
        ("llama-2-7b-chat.Q4_K_M.gguf", "Q4_K_M", ("llama-2-7b-chat.Q4_K_M", "Q4_K_M")),
        ("TheBloke/Llama-2-7B-GGUF", "", ("Llama-2-7B-GGUF", "")),
        ("unsloth/Qwen3-GGUF", "UD-Q4_K_XL", ("Qwen3-GGUF", "UD-Q4_K_XL")),
        ("qwen", "q4_k_m", ("qwen", "Q4_K_M")),
        ("qwen", "4-bit nf4!", ("qwen", "")),
        ("my model+x.gguf", "", ("my-model-x", "")),
    ],
)
def test_the_model_that_the_repository_names(
    name: str, quantization: str, expected: tuple[str, str]
) -> None:
    config = read(model_text(model(name, quantization)), ModelConfig, MODEL_CONFIG)
    assert (config.model.name, config.model.quantization) == expected


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_model_of_any_name_gives_a_config_that_reads(number: int) -> None:
    text = HOSTILE[number]
    read(model_text(model(text, text)), ModelConfig, MODEL_CONFIG)
    named = dataclasses.replace(facts(), name=text)
    read(model_text(named), ModelConfig, MODEL_CONFIG)


def test_what_a_model_can_be_measured_with_waits_in_comments() -> None:
    sets = (
        Evaluation(path="tests/data/v.txt", kind=EvaluationKind.TEXT, seen=Seen("v", 1)),
        Evaluation(path="tests/it's.json", kind=EvaluationKind.QUESTIONS, seen=Seen("q", 1)),
        Evaluation(path="bad\nname.json", kind=EvaluationKind.QUESTIONS, seen=Seen("q", 1)),
    )
    drawn = config_text(Draft(model="chat"), dataclasses.replace(facts(), evaluations=sets))
    assert read(drawn, Config, FILE).models == (Model(name="chat"),)
    lines = [line.replace("    # ", "    ", 1) for line in drawn.splitlines()]
    wanted = (
        '    quality:\n      texts: [tests/data/v.txt]\n      questions: ["tests/it\'s.json"]\n'
    )
    assert wanted in "\n".join(lines)
    assert "questions: [tests/data/qa_pairs.json]" in config_text(Draft(model="chat"), facts())


def test_whoever_removes_the_hash_signs_has_a_model_that_is_measured_and_published() -> None:
    drawn = config_text(Draft(model="chat"), facts())
    lines = []
    for line in drawn.splitlines():
        bare = line.replace("# ", "", 1)
        key = bare.strip().partition(":")[0]
        wanted = key in ("quality", "questions", "release", "publish", "model_registry", "location")
        lines.append(bare if line.strip().startswith("#") and wanted else line)
    config = read("\n".join(lines) + "\n", Config, FILE)
    settings = settle(config, facts())
    assert [model.name for model in settings.models] == ["chat"]
    assert settings.models[0].declared.release.publish


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (
            "a-Q4_0.gguf",
            "https://huggingface.co/org/a-GGUF",
            "hf://org/a-GGUF/a-Q4_0.gguf@<commit>",
        ),
        ("a-Q4_0.gguf", "https://example.com/a-Q4_0.gguf", "https://example.com/a-Q4_0.gguf"),
        ("org/a-GGUF", "https://huggingface.co/org/a-GGUF", ""),
        ("a-Q4_0.gguf", "", ""),
    ],
)
def test_the_source_of_a_model_that_is_named(name: str, source: str, expected: str) -> None:
    found = ModelName(name=name, source=source, quantization="", seen=Seen("a.yaml", 7))
    assert source_of(found) == expected
    text = model_text(dataclasses.replace(facts(), models=(found,)))
    assert (f"  # source: {expected}\n" in text) is bool(expected)
    assert ("a.yaml:7 names it" in text) is bool(expected)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_source_of_any_form_stays_in_its_comment(number: int) -> None:
    text = HOSTILE[number] + ".gguf"
    found = ModelName(name=text, source=text, quantization="", seen=Seen(text, 1))
    drawn = model_text(dataclasses.replace(facts(), models=(found,)))
    assert read(drawn, ModelConfig, MODEL_CONFIG).model.source == ""
    assert drawn.splitlines() == drawn.removesuffix("\n").split("\n")
