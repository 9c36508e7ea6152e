from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generator.detect.folders import SERVICE, tree_of

from ci_gen.detect.cmake import (
    MANY_PROJECTS,
    Call,
    CMakeFiles,
    calls,
    find_cmake_projects,
    find_ctest,
    strip_comments,
)
from ci_gen.detect.model import Seen

TESTS = "add_executable(t t.cpp)\nadd_test(NAME t COMMAND t)\n"


def projects(folder: Path, files: dict[str, str], *foreign: str) -> list[str]:
    return sorted(find_cmake_projects(CMakeFiles(tree_of(folder, files)), foreign))


def test_calls_are_found_with_their_lines() -> None:
    text = '# project(no)\nPROJECT(yes\n  CXX)\n#[[ add_test(no)\n]]\nadd_test("a)" $<F:(x)>)\n'
    assert list(calls(text)) == [
        Call("project", "yes\n  CXX", 2),
        Call("add_test", '"a)" $<F:(x)>', 6),
    ]


def test_a_hash_in_a_string_is_no_comment() -> None:
    assert strip_comments('set(a "#x")# y') == 'set(a "#x")'


def test_an_unclosed_call_ends_with_the_file() -> None:
    assert list(calls("project(a (b)")) == [Call("project", "a (b)", 1)]


@given(st.text(alphabet='()"#[]=\\\n project'))
def test_any_text_can_be_scanned(text: str) -> None:
    assert strip_comments(text).count("\n") == text.count("\n")
    assert all(1 <= call.line <= text.count("\n") + 1 for call in calls(text))


def test_the_top_project_counts_and_not_those_below_it(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": SERVICE, "lib/CMakeLists.txt": "project(lib)"}
    assert projects(tmp_path, files) == ["."]


def test_services_side_by_side(tmp_path: Path) -> None:
    files = {
        "a/CMakeLists.txt": SERVICE,
        "b/CMakeLists.txt": SERVICE,
        "b/src/CMakeLists.txt": "project(src)",
        "c/CMakeLists.txt": "add_library(c c.cpp)",
        "examples/d/CMakeLists.txt": SERVICE,
        "third_party/e/CMakeLists.txt": SERVICE,
        "theirs/CMakeLists.txt": SERVICE,
    }
    assert projects(tmp_path, files, "theirs") == ["a", "b"]


def test_of_many_projects_those_that_speak_of_llama(tmp_path: Path) -> None:
    files = {f"backend/b{i}/CMakeLists.txt": SERVICE for i in range(MANY_PROJECTS)}
    files["backend/chat/CMakeLists.txt"] = SERVICE + "target_link_libraries(a llama)\n"
    tree = tree_of(tmp_path, files)
    assert list(find_cmake_projects(CMakeFiles(tree), ())) == ["backend/chat"]
    assert tree.notes == (
        "5 folders have a CMake project; those that speak of llama count: backend/chat",
    )


@pytest.mark.parametrize(
    ("top", "tests", "seen"),
    [
        ("enable_testing()\n", TESTS, Seen("CMakeLists.txt", 4)),
        ("include( CTest )\n", TESTS, Seen("CMakeLists.txt", 4)),
        ("include(cmake/t.cmake)\n", "gtest_discover_tests(t)", Seen("cmake/t.cmake", 1)),
        ("enable_testing()\n", "# add_test(t)", None),
    ],
)
def test_ctest_needs_tests_that_are_enabled(
    tmp_path: Path, top: str, tests: str, seen: Seen | None
) -> None:
    files = {"CMakeLists.txt": SERVICE + top, "tests/CMakeLists.txt": tests}
    if "cmake/" in top:
        files["cmake/t.cmake"] = "enable_testing()"
    assert find_ctest(CMakeFiles(tree_of(tmp_path, files)), ".", ()) == seen


def test_tests_that_ctest_would_not_find_are_noted(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": SERVICE, "tests/CMakeLists.txt": "enable_testing()\n" + TESTS}
    tree = tree_of(tmp_path, files)
    assert find_ctest(CMakeFiles(tree), ".", ()) is None
    assert "tests/CMakeLists.txt:3" in tree.notes[0]


def test_other_peoples_tests_do_not_count(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": SERVICE + "enable_testing()\n",
        "vendor/x/CMakeLists.txt": TESTS,
        "llama.cpp/CMakeLists.txt": TESTS,
    }
    assert find_ctest(CMakeFiles(tree_of(tmp_path, files)), ".", ("llama.cpp",)) is None


def test_a_project_below_a_third_partys_name_owns_its_files(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"deps/a/CMakeLists.txt": SERVICE})
    assert CMakeFiles(tree).owned("deps/a", ()) == ["deps/a/CMakeLists.txt"]
