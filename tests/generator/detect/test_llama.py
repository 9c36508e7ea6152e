from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.detect.folders import GGML, LLAMA, SERVICE, SUBMODULE, project_of, tree_of
from tests.support.repositories import make_repository, write

from ci_gen.detect.llama import find_roots
from ci_gen.detect.model import CudaOption, Llama, LlamaOrigin, Seen
from ci_gen.detect.repository import detect

DECLARE = "include(FetchContent)\nFetchContent_Declare(llama\n  {})\n"


def llama_of(folder: Path, files: dict[str, str]) -> Llama | None:
    return project_of(folder, files).llama


def found(folder: Path, files: dict[str, str]) -> Llama:
    llama = llama_of(folder, files)
    assert llama is not None
    return llama


def test_the_repository_itself(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": LLAMA,
        "ggml/CMakeLists.txt": "project(ggml)\n" + GGML,
        "examples/server/CMakeLists.txt": "project(server)",
    }
    assert found(tmp_path, files) == Llama(
        origin=LlamaOrigin.SELF,
        path=".",
        cuda_option=CudaOption.GGML_CUDA,
        cuda_seen=Seen("ggml/CMakeLists.txt", 2),
        seen=Seen("CMakeLists.txt", 2),
    )


def test_a_renamed_fork_is_known_by_its_layout(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": SERVICE, "include/llama.h": "", "src/llama.cpp": ""}
    llama = found(tmp_path, files)
    assert (llama.origin, llama.path) == (LlamaOrigin.SELF, ".")


def test_a_submodule_that_was_not_fetched(tmp_path: Path) -> None:
    repository = make_repository(
        tmp_path / "r", {"CMakeLists.txt": SERVICE, ".gitmodules": SUBMODULE}
    )
    entry = f"160000,{repository.head},third_party/llama.cpp"
    repository.git("update-index", "--add", "--cacheinfo", entry)
    assert detect(repository.path).projects[0].llama == Llama(
        origin=LlamaOrigin.SUBMODULE,
        path="third_party/llama.cpp",
        cuda_option=None,
        seen=Seen(".gitmodules", 2),
    )
    write(repository.path / "third_party/CMakeLists.txt", "\nset(LLAMA_CUDA ON)")
    repository.git("add", "third_party/CMakeLists.txt")
    llama = detect(repository.path).projects[0].llama
    assert llama is not None
    assert llama.cuda_option is CudaOption.LLAMA_CUDA
    assert llama.cuda_seen == Seen("third_party/CMakeLists.txt", 2)


def test_a_submodule_under_another_address_is_known_by_its_sources(tmp_path: Path) -> None:
    files = {
        ".gitmodules": '[submodule "l"]\n\tpath = l\n\turl = https://example.com/fork\n',
        "CMakeLists.txt": SERVICE,
        "l/CMakeLists.txt": LLAMA,
        "l/ggml/CMakeLists.txt": GGML,
    }
    llama = found(tmp_path, files)
    assert (llama.origin, llama.path) == (LlamaOrigin.SUBMODULE, "l")
    assert llama.cuda_option is CudaOption.GGML_CUDA


@pytest.mark.parametrize(
    "url",
    ["https://github.com/go-skynet/go-llama.cpp", "https://github.com/x/llama", "../llamacpp"],
)
def test_a_binding_is_not_llama_cpp(tmp_path: Path, url: str) -> None:
    modules = f'[submodule "l"]\n\tpath = l\n\turl = {url}\n'
    assert find_roots(tree_of(tmp_path, {".gitmodules": modules})) == ()


@pytest.mark.parametrize(
    "url",
    ["git@github.com:nomic-ai/llama.cpp.git", "../llama.cpp", "https://x.example/ik_llama.cpp/"],
)
def test_forks_and_mirrors_are(tmp_path: Path, url: str) -> None:
    modules = (
        f'[submodule "a"]\n\tpath = a\n\turl = b\n[submodule "l"]\n\turl = {url}\n\tpath = l\n'
    )
    (root,) = find_roots(tree_of(tmp_path, {".gitmodules": modules}))
    assert (root.path, root.seen) == ("l", Seen(".gitmodules", 6))


def test_vendored_by_its_project(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": SERVICE,
        "vendor/llama.cpp/CMakeLists.txt": "# x\nproject(llama.cpp)\noption(LLAMA_CUBLAS)\n",
        "vendor/llama.cpp/examples/talk/llama.h": "",
        "vendor/llama.cpp/examples/talk/llama.cpp": "",
        "vendor/llama.cpp/examples/talk/ggml.h": "",
    }
    assert found(tmp_path, files) == Llama(
        origin=LlamaOrigin.VENDORED,
        path="vendor/llama.cpp",
        cuda_option=CudaOption.LLAMA_CUBLAS,
        cuda_seen=Seen("vendor/llama.cpp/CMakeLists.txt", 3),
        seen=Seen("vendor/llama.cpp/CMakeLists.txt", 2),
    )


@pytest.mark.parametrize(
    ("files", "path"),
    [
        (("x/include/llama.h", "x/ggml/CMakeLists.txt"), "x"),
        (("x/llama.h", "x/llama.cpp", "x/ggml.c"), "x"),
        (("x/llama.h", "x/llama.cpp"), None),
        (("x/include/llama.h",), None),
        (("llama.h",), None),
    ],
)
def test_vendored_by_its_layout(tmp_path: Path, files: tuple[str, ...], path: str | None) -> None:
    roots = find_roots(tree_of(tmp_path, dict.fromkeys(files, "")))
    assert [root.path for root in roots] == ([path] if path else [])


def test_of_two_copies_the_one_that_is_added(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": SERVICE + "add_subdirectory()\nadd_subdirectory(new/llama.cpp)\n",
        "a/llama.cpp/CMakeLists.txt": LLAMA,
        "new/llama.cpp/CMakeLists.txt": LLAMA,
    }
    assert found(tmp_path, files).path == "new/llama.cpp"
    write(tmp_path / "CMakeLists.txt", SERVICE)
    assert found(tmp_path, {}).path == "a/llama.cpp"


GIT = "GIT_REPOSITORY https://github.com/ggml-org/llama.cpp.git"


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (f"{GIT}\n  GIT_TAG b3000", CudaOption.LLAMA_CUDA),
        (f'{GIT}\n  GIT_TAG "b4567"', CudaOption.GGML_CUDA),
        (f"{GIT}\n  GIT_TAG ${{LLAMA_TAG}}", CudaOption.LLAMA_CUBLAS),
        (f"{GIT}\n  GIT_TAG ${{UNSET}}", None),
        (f"{GIT}\n  GIT_TAG 63d20469b85467c5729cc9a97bd44cc3da63423f", None),
        (GIT, CudaOption.GGML_CUDA),
        (
            "URL https://github.com/ggml-org/llama.cpp/archive/refs/tags/b2600.tar.gz",
            CudaOption.LLAMA_CUDA,
        ),
        ("URL https://example.com/llama.cpp.tar.gz", None),
    ],
)
def test_fetch_content(tmp_path: Path, arguments: str, option: CudaOption | None) -> None:
    text = SERVICE + 'set(LLAMA_TAG "b1500" CACHE STRING "")\n' + DECLARE.format(arguments)
    llama = llama_of(tmp_path, {"CMakeLists.txt": text})
    if "llama.cpp.tar.gz" in arguments:
        assert llama is None
        return
    assert llama is not None
    assert (llama.origin, llama.path) == (LlamaOrigin.FETCH_CONTENT, "")
    assert llama.seen == Seen("CMakeLists.txt", 6)
    assert llama.cuda_option is option


@pytest.mark.parametrize(
    ("call", "option"),
    [
        ('CPMAddPackage("gh:ggml-org/llama.cpp#b3000")', CudaOption.LLAMA_CUDA),
        (
            "CPMAddPackage(NAME l GITHUB_REPOSITORY ggml-org/llama.cpp GIT_TAG b5000)",
            CudaOption.GGML_CUDA,
        ),
        (f"ExternalProject_Add(l {GIT} GIT_TAG b100)", CudaOption.LLAMA_CUBLAS),
    ],
)
def test_other_downloads(tmp_path: Path, call: str, option: CudaOption) -> None:
    files = {"CMakeLists.txt": SERVICE, "deps/llama/l.cmake": call}
    llama = found(tmp_path, files)
    assert llama.origin is LlamaOrigin.FETCH_CONTENT
    assert llama.cuda_option is option


def test_a_download_in_an_example_is_not_the_projects(tmp_path: Path) -> None:
    text = DECLARE.format(GIT) + "find_package(llama)\n"
    files = {"CMakeLists.txt": SERVICE, "examples/talk/CMakeLists.txt": text}
    assert llama_of(tmp_path, files) is None


@pytest.mark.parametrize(
    "call",
    [
        "find_package(llama REQUIRED)",
        "find_package(Llama 0.0 CONFIG)",
        "find_library(LLAMA_LIB NAMES llama)",
        "pkg_check_modules(LLAMA REQUIRED IMPORTED_TARGET llama)",
    ],
)
def test_an_installed_library(tmp_path: Path, call: str) -> None:
    llama = found(tmp_path, {"CMakeLists.txt": SERVICE + call})
    assert llama == Llama(
        origin=LlamaOrigin.SYSTEM, path="", cuda_option=None, seen=Seen("CMakeLists.txt", 4)
    )


def test_no_llama_at_all(tmp_path: Path) -> None:
    assert llama_of(tmp_path, {"CMakeLists.txt": SERVICE + "find_package(OpenSSL)"}) is None
