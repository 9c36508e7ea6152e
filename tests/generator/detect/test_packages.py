from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.detect.folders import tree_of

from ci_gen.detect.model import CudaOption, Llama, LlamaOrigin, Seen
from ci_gen.detect.packages import find_dependents

WHEEL = "https://example.com/v0.2.56/llama_cpp_python-0.2.56+cu121-cp311-linux_x86_64.whl"


@pytest.mark.parametrize(
    ("name", "text", "line", "option"),
    [
        ("requirements.txt", "fastapi\nllama-cpp-python==0.2.57\n", 2, CudaOption.LLAMA_CUBLAS),
        ("requirements.txt", "llama_cpp_python[server]\n", 1, CudaOption.GGML_CUDA),
        ("requirements.txt", f"{WHEEL}\n", 1, CudaOption.LLAMA_CUBLAS),
        ("requirements-gpu.txt", "llama-cpp-python~=0.3.1", 1, CudaOption.GGML_CUDA),
        (
            "pyproject.toml",
            '[project]\nname="a"\ndependencies = ["llama-cpp-python>=0.2.60,<1"]',
            3,
            None,
        ),
        ("setup.py", "setup(install_requires=['llama-cpp-python'])", 1, CudaOption.GGML_CUDA),
        ("Pipfile", '[packages]\nllama-cpp-python = "*"\n', 2, CudaOption.GGML_CUDA),
        ("environment.yml", "- pip:\n  - llama-cpp-python\n", 2, CudaOption.GGML_CUDA),
        ("requirements.txt", "llama-index-llms-llama-cpp\n", 1, None),
    ],
)
def test_dependents(
    tmp_path: Path, name: str, text: str, line: int, option: CudaOption | None
) -> None:
    seen = Seen(f"a/{name}", line)
    assert find_dependents(tree_of(tmp_path, {f"a/{name}": text}), ()) == {
        "a": Llama(
            origin=LlamaOrigin.PYTHON_PACKAGE,
            path="",
            cuda_option=option,
            cuda_seen=seen if option else None,
            seen=seen,
        )
    }


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "# llama-cpp-python\nmy-llama-cpp-python\nllama-cpp-python-x\n"},
        {"pyproject.toml": '[project]\nname = "llama-cpp-python"\n'},
        {"docs/requirements.txt": "llama-cpp-python\n"},
        {"vendor/x/requirements.txt": "llama-cpp-python\n"},
        {"theirs/requirements.txt": "llama-cpp-python\n"},
        {"data/main.txt": "llama-cpp-python\n"},
    ],
)
def test_what_is_no_dependency_of_the_owner(tmp_path: Path, files: dict[str, str]) -> None:
    assert find_dependents(tree_of(tmp_path, files), ("theirs",)) == {}


def test_a_service_below_a_service_is_part_of_it(tmp_path: Path) -> None:
    line = "llama-cpp-python\n"
    files = {
        "a/requirements/base.txt": line,
        "a/tools/requirements.txt": line,
        "b/requirements.txt": line,
    }
    assert list(find_dependents(tree_of(tmp_path, files), ())) == ["b", "a"]
