from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generator.detect.folders import tree_of

from ci_gen.detect.model import ModelName, Seen
from ci_gen.detect.models_named import MAX_MODELS, _in_text, find_models

HUB = "https://huggingface.co/"
URL = f"{HUB}TheBloke/Llama-2-7B-Chat-GGUF/resolve/main/llama-2-7b-chat.Q4_K_M.gguf?download=true"


def found(folder: Path, files: dict[str, str], *foreign: str) -> list[tuple[str, str, str]]:
    models = find_models(tree_of(folder, files), foreign)
    return [(one.name, one.source, one.quantization) for one in models]


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (
            f"url: '{URL}'",
            ("llama-2-7b-chat.Q4_K_M.gguf", f"{HUB}TheBloke/Llama-2-7B-Chat-GGUF", "Q4_K_M"),
        ),
        ("m: models/a-IQ3_XXS.gguf", ("a-IQ3_XXS.gguf", "", "IQ3_XXS")),
        ("m: a.f16.gguf", ("a.f16.gguf", "", "F16")),
        ("m: stories260K.gguf", ("stories260K.gguf", "", "")),
        (
            "m: https://u:pw@x.example/d/a-q8_0.gguf",
            ("a-q8_0.gguf", "https://x.example/d/a-q8_0.gguf", "Q8_0"),
        ),
        ("-hf ggml-org/a-GGUF:Q8_0", ("ggml-org/a-GGUF", f"{HUB}ggml-org/a-GGUF", "Q8_0")),
        (
            "repo: ggml-org/Qwen-GGUF\n\n\n\nfile: qwen-Q2_K.gguf",
            ("qwen-Q2_K.gguf", f"{HUB}ggml-org/Qwen-GGUF", "Q2_K"),
        ),
        (
            "repo: ggml-org/some-GGUF\nfile: other.gguf",
            ("other.gguf", f"{HUB}ggml-org/some-GGUF", ""),
        ),
        (
            "model:\n  name: llama-2-7b-chat\n  format: gguf\n  quantization: Q4_K_M",
            ("llama-2-7b-chat", "", "Q4_K_M"),
        ),
        ("x:\n  model:\n    name: a-Q4_0\n    format: gguf\n", ("a-Q4_0", "", "Q4_0")),
    ],
)
def test_models(tmp_path: Path, text: str, model: tuple[str, str, str]) -> None:
    assert found(tmp_path, {"config/app.yaml": text}) == [model]


@pytest.mark.parametrize(
    "text",
    [
        "m: $MODEL.gguf",
        "m: ${NAME}.gguf",
        "m: '*.gguf'",
        "m: your-model.gguf",
        "m: model.gguf",
        "m: ggml-model-q4_0.gguf",
        "p: $1/llama-gguf",
        "model:\n  name: x\n",
        "model:\n  type: gguf\n  quantization: Q4_0\n",
    ],
)
def test_what_names_no_model(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, {"a.yaml": text}) == []


@pytest.mark.parametrize(
    "path",
    ["docs/a.yaml", "README.md", "vendor/x/a.yaml", "theirs/a.yaml", "data/x.json", "tests/a.sh"],
)
def test_where_nothing_is_looked_for(tmp_path: Path, path: str) -> None:
    assert found(tmp_path, {path: "m: a.gguf"}, "theirs") == []


@pytest.mark.parametrize(
    "path", ["a.toml", ".env", "Dockerfile", "x/Containerfile.gpu", "config.json", "run.sh"]
)
def test_where_models_are_named(tmp_path: Path, path: str) -> None:
    models = find_models(tree_of(tmp_path, {path: "\nm: a.gguf"}), ())
    assert models == (ModelName(name="a.gguf", source="", quantization="", seen=Seen(path, 2)),)


def test_each_model_is_listed_once_with_its_source(tmp_path: Path) -> None:
    files = {"a.yaml": "m: llama-2-7b-chat.Q4_K_M.gguf", "b/b.yaml": URL, "c/c.yaml": URL}
    models = find_models(tree_of(tmp_path, files), ())
    assert [(one.name, str(one.seen)) for one in models] == [
        ("llama-2-7b-chat.Q4_K_M.gguf", "b/b.yaml:1")
    ]


def test_what_ci_gen_wrote_is_an_echo(tmp_path: Path) -> None:
    assert found(tmp_path, {"ci-gen.yaml": "# ci-gen\nm: a.gguf"}) == []


def test_a_gallery_is_cut_short(tmp_path: Path) -> None:
    text = "".join(f"- m{i}.gguf\n" for i in range(MAX_MODELS + 2))
    tree = tree_of(tmp_path, {"gallery.yaml": text})
    models = find_models(tree, ())
    assert [one.seen.line for one in models] == list(range(1, MAX_MODELS + 1))
    assert tree.notes == ("42 models are named; 40 are listed",)


@given(st.text(alphabet="amodel:name \nquantization.gguf/Q4_-https"))
def test_any_text_can_be_read(text: str) -> None:
    for model in _in_text("a", text):
        assert model.name
        assert 1 <= model.seen.line <= text.count("\n") + 1
