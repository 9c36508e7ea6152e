from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generator.detect.folders import LLAMA, SERVICE, SUBMODULE, TEST, facts_of
from tests.support.repositories import make_repository, write

from ci_gen.detect.model import Visibility
from ci_gen.detect.repository import detect

FILES = {
    "CMakeLists.txt": SERVICE,
    ".gitmodules": SUBMODULE,
    "third_party/llama.cpp/CMakeLists.txt": LLAMA,
    "tests/test_a.py": TEST,
    "LICENSE": "MIT",
    "Dockerfile": "FROM a\n",
    "k8s/a.yaml": "apiVersion: v1\nkind: Service\n",
    ".github/workflows/x.yml": "name: [\n",
    ".gitlab-ci.yml": "a: 1\n",
    "config/model.yaml": "m: a-Q4_0.gguf\n",
}


def test_all_facts_of_a_repository(tmp_path: Path) -> None:
    remotes = {"origin": "https://github.com/Some.One/My.Service.git"}
    repository = make_repository(tmp_path / "r", FILES, remotes, branch="trunk")
    facts = detect(repository.path)
    assert facts.name == "my-service"
    assert facts.default_branch == "trunk"
    assert facts.visibility is Visibility.PUBLIC
    assert [project.name for project in facts.projects] == ["my-service"]
    assert [str(seen) for seen in facts.dockerfiles] == ["Dockerfile:1"]
    assert [one.path for one in facts.manifests] == ["k8s/a.yaml"]
    assert [str(seen) for seen in facts.gitlab_ci] == [".gitlab-ci.yml"]
    assert [one.name for one in facts.models] == ["a-Q4_0.gguf"]
    assert [note[:40] for note in facts.notes] == [".github/workflows/x.yml:2: broken YAML: "]


def test_facts_do_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    remotes = {"origin": "https://github.com/a/b"}
    repository = make_repository(tmp_path / "one", FILES, remotes)
    copy = tmp_path / "somewhere/else"
    shutil.copytree(repository.path, copy)
    assert detect(copy) == detect(repository.path)


def test_git_or_not_the_same_is_found(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", FILES)
    tracked = detect(repository.path)
    shutil.rmtree(repository.path / ".git")
    walked = detect(repository.path)
    assert walked.workflows == tracked.workflows
    assert walked.models == tracked.models
    # Without git, .gitmodules says that the folder is not the owner's.
    assert walked.submodules == ("third_party/llama.cpp",)
    assert walked.projects[0].path == tracked.projects[0].path


def test_without_a_remote_the_name_is_the_folders(tmp_path: Path) -> None:
    assert facts_of(tmp_path / "My Folder", FILES).name == "my-folder"


def test_a_folder_inside_a_repository_is_noted(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"svc/CMakeLists.txt": SERVICE})
    facts = detect(repository.path / "svc")
    assert [project.path for project in facts.projects] == ["."]
    assert "inside a git repository" in facts.notes[0]


def test_an_empty_folder_has_nothing_to_build(tmp_path: Path) -> None:
    facts = detect(tmp_path)
    assert facts.projects == ()
    assert facts.notes == ("nothing to build was found: no CMake project and no Python project",)


def test_no_folder_no_facts(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        detect(tmp_path / "missing")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "CMakeLists.txt",
                ".gitmodules",
                "pyproject.toml",
                "setup.cfg",
                "requirements.txt",
                "tests/test_a.py",
                "Dockerfile",
                "a.yaml",
                "Chart.yaml",
                ".github/workflows/ci.yml",
                ".gitlab-ci.yml",
                "l/include/llama.h",
                "l/CMakeLists.txt",
            ]
        ),
        st.one_of(
            st.text(),
            st.sampled_from(
                ["project(", "[tool.pytest.ini_options]\ntestpaths = 1", "a: [", LLAMA]
            ),
        ),
    )
)
def test_no_text_in_any_file_is_a_crash(tmp_path: Path, files: dict[str, str]) -> None:
    folder = tmp_path / "r"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode("utf-8", "surrogatepass"))
    assert detect(folder) == detect(folder)


def test_a_hundred_nested_cmake_files_are_one_project(tmp_path: Path) -> None:
    write(tmp_path / "CMakeLists.txt", SERVICE)
    for i in range(100):
        write(tmp_path / f"lib{i}/CMakeLists.txt", "project(x)\n")
    assert len(detect(tmp_path).projects) == 1
