"""Config and facts joined: the config wins, the facts fill in, and what is left is told."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tests.support.configs import config_of
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.detect.model import (
    CudaOption,
    Facts,
    Llama,
    LlamaOrigin,
    PackageManager,
    Project,
    ProjectKind,
    Seen,
)
from ci_gen.errors import ConfigError
from ci_gen.pipeline.settings import ServiceSettings, Settings, settle

BOTH = facts(cmake_project(), python_project(path="py"), submodules=("vendor/llama.cpp",))
NOTHING = dataclasses.replace(facts(), projects=())


def settled(document: dict[str, Any], found: Facts = BOTH) -> Settings:
    return settle(config_of(document), found)


def service(document: dict[str, Any], found: Facts = BOTH) -> ServiceSettings:
    (one,) = settled({"services": [{"name": "chat", **document}]}, found).services
    return one


def problems(document: dict[str, Any], found: Facts = BOTH) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settled(document, found)
    return [str(problem) for problem in caught.value.problems]


def test_without_services_everything_detected_is_one() -> None:
    cmake, python = settled({}).services
    assert (cmake.name, cmake.kind, cmake.path) == ("llama-service", ProjectKind.CMAKE, ".")
    assert (cmake.ctest, cmake.cuda_option) == (True, "GGML_CUDA")
    assert (cmake.unit, cmake.integration) == ((), ("tests/integration",))
    assert (python.name, python.kind, python.path) == ("answers", ProjectKind.PYTHON, "py")
    assert (python.manager, python.requirements) == (PackageManager.PIP, ("requirements.txt",))
    assert (python.extras, python.groups) == (("test",), ())
    assert (python.ctest, python.cuda_option) == (False, "auto")


def test_a_declared_service_takes_the_facts_of_its_folder() -> None:
    one = service({"path": "py"})
    assert (one.kind, one.unit) == (ProjectKind.PYTHON, ("tests/unit",))


@pytest.mark.parametrize("path", ["py", "./py", "py/", "./py/."])
def test_a_folder_may_be_written_in_several_ways(path: str) -> None:
    assert service({"path": path}).kind is ProjectKind.PYTHON


def test_the_config_wins_over_the_facts() -> None:
    one = service(
        {
            "path": "py",
            "ctest": {"enabled": True},
            "cuda_option": "LLAMA_CUBLAS",
            "pytest": {
                "unit": [],
                "integration": ["elsewhere"],
                "manager": "uv",
                "requirements": [],
                "extras": ["dev"],
                "groups": ["ci"],
            },
        }
    )
    assert (one.unit, one.integration) == ((), ("elsewhere",))
    assert (one.manager, one.requirements) == (PackageManager.UV, ())
    assert (one.extras, one.groups) == (("dev",), ("ci",))
    assert (one.ctest, one.cuda_option) == (True, "LLAMA_CUBLAS")
    assert not service({"ctest": {"enabled": False}}).ctest


def test_the_kind_chooses_between_two_projects_of_one_folder() -> None:
    both = facts(cmake_project(path="x"), python_project(path="x"))
    assert service({"path": "x", "kind": "python"}, both).manager is PackageManager.PIP
    assert service({"path": "x", "kind": "cmake"}, both).ctest
    assert [one.kind for one in settled({}, both).services] == [
        ProjectKind.CMAKE,
        ProjectKind.PYTHON,
    ]


def test_a_folder_without_a_project_needs_a_kind_and_then_nothing_more() -> None:
    one = service({"path": "elsewhere", "kind": "cmake"})
    assert (one.ctest, one.unit, one.cuda_option, one.llama) == (False, (), "auto", "")
    assert one.python_path == "elsewhere"
    assert problems({"services": [{"name": "chat", "path": "elsewhere"}]}) == [
        'ci-gen.yaml: nothing to build was found in the folder "elsewhere" of service "chat" '
        "(correct its path, or say its kind: cmake or python)"
    ]


def test_nothing_to_build() -> None:
    assert problems({}, NOTHING) == [
        "ci-gen.yaml: no CMake or Python project was found to build "
        "(name one under services:, with its name, path and kind)"
    ]


@pytest.mark.parametrize(
    ("document", "bad"),
    [
        ({"forks": {"gpu": "approve"}}, True),
        ({"forks": {"gpu": "approve", "environment": "a"}}, True),
        ({"forks": {"gpu": "approve", "environment": "a"}, "environments": [{"name": "b"}]}, True),
        ({"forks": {"gpu": "approve", "environment": "a"}, "environments": [{"name": "a"}]}, False),
        ({"forks": {"gpu": "never", "environment": "a"}}, False),
    ],
)
def test_an_approval_needs_an_environment(document: dict[str, Any], bad: bool) -> None:
    if bad:
        assert problems(document)[0].startswith("ci-gen.yaml: forks.gpu is approve")
    else:
        settled(document)


def test_all_that_is_undecided_is_told_at_once() -> None:
    assert len(problems({"forks": {"gpu": "approve"}}, NOTHING)) == 2


def test_name_and_branch() -> None:
    assert (settled({}).name, settled({}).default_branch) == ("llama-service", "main")
    one = settled({"name": "other", "default_branch": "trunk"})
    assert (one.name, one.default_branch) == ("other", "trunk")
    assert settled({}, dataclasses.replace(BOTH, default_branch="")).default_branch == "main"


def test_submodules_are_fetched_where_there_are_some() -> None:
    assert settled({}).submodules
    assert not settled({}, facts(cmake_project())).submodules


@pytest.mark.parametrize(
    ("origin", "path", "expected"),
    [
        (LlamaOrigin.SELF, ".", "self"),
        (LlamaOrigin.SUBMODULE, "vendor/llama.cpp", "vendor/llama.cpp (submodule)"),
        (LlamaOrigin.FETCH_CONTENT, "", "fetch-content"),
    ],
)
def test_where_llama_comes_from(origin: LlamaOrigin, path: str, expected: str) -> None:
    llama = Llama(origin=origin, path=path, cuda_option=CudaOption.LLAMA_CUDA, seen=Seen("a"))
    found = facts(dataclasses.replace(cmake_project(), llama=llama))
    assert settled({}, found).services[0].llama == expected
    assert settled({}, found).services[0].cuda_option == "LLAMA_CUDA"


def test_the_names_of_files_are_in_their_plainest_form() -> None:
    files = settled({"files": {".gitlab-ci.yml": "./a/b.yml"}}).config.files
    assert files == {".gitlab-ci.yml": "a/b.yml"}


def with_project(**changes: Any) -> Facts:
    return facts(dataclasses.replace(python_project(path="py"), **changes))


def python(**changes: Any) -> Facts:
    project = python_project(path="py")
    assert project.python is not None
    return facts(
        dataclasses.replace(project, python=dataclasses.replace(project.python, **changes))
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (with_project(path="${{ x }}"), 'the folder "${{ x }}" was detected and cannot be used'),
        (with_project(path="a\nb"), 'the folder "a\\u000ab" was detected'),
        (with_project(path="-rf"), 'the folder "-rf" was detected'),
        (with_project(path="\u202egpj"), 'the folder "\\u202egpj" was detected'),
        (with_project(path="x" * 1001), "the folder"),
        (with_project(name="Not A Name"), 'the service "Not A Name" was detected'),
        (python(path="../up"), 'the folder "../up" was detected'),
        (python(requirements=("-r x",)), 'the entry of pytest.requirements "-r x" was detected'),
        (python(extras=("a b",)), 'the entry of pytest.extras "a b" was detected'),
        (python(groups=("$x",)), 'the entry of pytest.groups "$x" was detected'),
        (
            dataclasses.replace(BOTH, default_branch="it's"),
            'the branch "it\'s" was detected and cannot be used (it must be a git branch name; '
            "set default_branch)",
        ),
        (dataclasses.replace(BOTH, name="É"), 'the name "É" was detected'),
    ],
)
def test_what_was_detected_is_held_to_the_limits_of_the_config(found: Facts, said: str) -> None:
    assert f"ci-gen.yaml: {said}" in problems({}, found)[0]


def test_a_hostile_suite_is_refused_and_a_declared_one_replaces_it() -> None:
    project = python_project(path="py")
    suite = dataclasses.replace(project.pytest[0], path="te\nst")
    found = facts(dataclasses.replace(project, pytest=(suite,)))
    (said,) = problems({}, found)
    assert 'the entry of pytest.unit "te\\u000ast"' in said
    assert 'set pytest.unit of service "answers"' in said
    one = service({"path": "py", "pytest": {"unit": ["tests"]}}, found)
    assert one.unit == ("tests",)


def test_what_no_service_uses_is_not_looked_at() -> None:
    hostile: Project = dataclasses.replace(python_project(path="-x"), name="A")
    found = facts(cmake_project(), hostile)
    settled({"services": [{"name": "chat"}]}, found)


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"cuda": {"enabled": True, "variants": [{"name": "cpu"}]}}, "llama-service-cpu"),
        (
            {
                "services": [{"name": "a"}, {"name": "a-b"}],
                "cuda": {"enabled": True, "variants": [{"name": "b-c"}, {"name": "c"}]},
            },
            "a-b-c",
        ),
    ],
)
def test_packages_of_one_name_are_refused(document: dict[str, Any], name: str) -> None:
    said = f'2 builds would leave a package of the name "{name}"'
    assert said in problems(document)[0]
    settled({**document, "cuda": {**document["cuda"], "enabled": False}})


def test_names_that_begin_alike_are_no_clash() -> None:
    services = [{"name": "a", "path": "py"}, {"name": "a-cpu", "path": "py"}, {"name": "a-cpu-x"}]
    settled({"services": services, "cuda": {"enabled": True, "variants": [{"name": "y"}]}})
