from __future__ import annotations

from pathlib import Path

import pytest

from ci_gen_actions.build.cmake_files import scan


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "cuda", "native"),
    [
        (
            {
                # today's llama.cpp refuses the old names in a function of its own
                "CMakeLists.txt": "llama_option_depr(WARNING LLAMA_CUDA GGML_CUDA)\n",
                "ggml/CMakeLists.txt": 'option(GGML_CUDA "ggml: use CUDA" OFF)\n'
                'option(GGML_NATIVE "x" ${GGML_NATIVE_DEFAULT})\n',
            },
            ("GGML_CUDA",),
            ("GGML_NATIVE",),
        ),
        (
            {
                "CMakeLists.txt": "OPTION ( LLAMA_CUDA  OFF)\noption(LLAMA_CUBLAS OFF)\n"
                "option(LLAMA_NATIVE ON)\n"
            },
            ("LLAMA_CUDA", "LLAMA_CUBLAS"),
            ("LLAMA_NATIVE",),
        ),
        ({"CMakeLists.txt": "# option(GGML_CUDA OFF)\nproject(x C)\n"}, (), ()),
        (
            {
                "CMakeLists.txt": "FetchContent_Declare(\n  llama\n  GIT_REPOSITORY "
                "https://example.com/llama.cpp)\n"
            },
            (),
            ("GGML_NATIVE",),
        ),
        ({".hidden/CMakeLists.txt": "option(GGML_CUDA OFF)"}, (), ()),
        (
            {"old/CMakeCache.txt": "", "old/CMakeLists.txt": "option(GGML_CUDA OFF)"},
            (),
            (),
        ),
        ({"b/CMakeLists.txt": "option(GGML_CUDA OFF)"}, (), ()),
        ({"a/b/c/d/e/f/g/CMakeLists.txt": "option(GGML_CUDA OFF)"}, (), ()),
    ],
)
def test_scan(
    tmp_path: Path, files: dict[str, str], cuda: tuple[str, ...], native: tuple[str, ...]
) -> None:
    found = scan(write(tmp_path, files), tmp_path, tmp_path / "b")
    assert (found.cuda, found.native) == (cuda, native)
    assert found.llama == bool(cuda or native)


def test_sources_beside_the_service(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app/CMakeLists.txt": "add_subdirectory(../llama.cpp x)",
            "llama.cpp/ggml/CMakeLists.txt": "option(GGML_CUDA OFF)",
        },
    )
    assert scan(tmp_path / "app", tmp_path, tmp_path / "b").cuda == ("GGML_CUDA",)


def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.cmake").symlink_to("nowhere")
    write(tmp_path, {"CMakeLists.txt": "option(LLAMA_CUBLAS OFF)"})
    assert scan(tmp_path, tmp_path, tmp_path / "b").cuda == ("LLAMA_CUBLAS",)
