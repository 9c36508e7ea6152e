"""Config and facts joined: the config wins, the facts fill in, the rest is a problem."""

from __future__ import annotations

from dataclasses import replace
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
    ProjectKind,
    Seen,
)
from ci_gen.errors import ConfigError
from ci_gen.pipeline.settings import ServiceSettings, Settings, settle

BOTH = facts(cmake_project(), python_project(path="service"))


def settled(document: dict[str, Any], seen: Facts = BOTH) -> Settings:
    return settle(config_of(document), seen)


def service(declared: dict[str, Any], seen: Facts = BOTH) -> ServiceSettings:
    """The one service of a config that declares one."""
    (found,) = settled({"services": [{"name": "s", **declared}]}, seen).services
    return found


def test_the_facts_speak_where_the_config_is_silent() -> None:
    settings = settled({})
    assert settings.name == "llama-service"
    assert settings.default_branch == "main"
    assert not settings.submodules
    compiled, python = settings.services
    assert (compiled.name, compiled.kind, compiled.ctest) == (
        "llama-service",
        ProjectKind.CMAKE,
        True,
    )
    assert (compiled.cuda_option, compiled.llama) == ("GGML_CUDA", "vendor/llama.cpp (submodule)")
    assert (compiled.unit, compiled.integration) == ((), ("tests/integration",))
    assert (python.name, python.kind, python.ctest) == ("answers", ProjectKind.PYTHON, False)
    assert (python.unit, python.integration) == (("tests/unit",), ("tests/integration",))
    assert (python.requirements, python.extras) == (("requirements.txt",), ("test",))
    assert (python.path, python.python_path, python.llama) == (
        "service",
        "service",
        "python-package",
    )


@pytest.mark.parametrize(
    ("declared", "attribute", "value"),
    [
        ({"path": "./service/."}, "kind", ProjectKind.PYTHON),
        ({"path": "service", "kind": "cmake"}, "kind", ProjectKind.CMAKE),
        ({"path": "service", "kind": "cmake"}, "unit", ()),
        ({"path": "service"}, "manager", PackageManager.PIP),
        ({"path": "service", "pytest": {"manager": "uv"}}, "manager", PackageManager.UV),
        ({"path": "service", "pytest": {"unit": []}}, "unit", ()),
        ({"path": "service", "pytest": {"unit": ["a"]}}, "unit", ("a",)),
        ({"path": "service", "pytest": {"integration": ["b"]}}, "integration", ("b",)),
        ({"path": "service", "pytest": {"requirements": []}}, "requirements", ()),
        ({"path": "service", "pytest": {"extras": ["dev"]}}, "extras", ("dev",)),
        ({"path": "service", "pytest": {"groups": ["dev"]}}, "groups", ("dev",)),
        ({"ctest": {"enabled": False}}, "ctest", False),
        ({"path": "service", "ctest": {"enabled": True}}, "ctest", True),
        ({"cuda_option": "LLAMA_CUBLAS"}, "cuda_option", "LLAMA_CUBLAS"),
        ({"path": "service"}, "cuda_option", "auto"),
        ({"path": "new", "kind": "python"}, "python_path", "new"),
        ({"path": "new", "kind": "cmake"}, "llama", ""),
    ],
)
def test_the_config_wins(declared: dict[str, Any], attribute: str, value: object) -> None:
    assert getattr(service(declared), attribute) == value


def llama(origin: LlamaOrigin, path: str, option: CudaOption | None) -> Facts:
    found = Llama(origin=origin, path=path, cuda_option=option, seen=Seen("CMakeLists.txt"))
    return facts(replace(cmake_project(), llama=found))


@pytest.mark.parametrize(
    ("origin", "path", "shown"),
    [
        (LlamaOrigin.SELF, ".", "self"),
        (LlamaOrigin.VENDORED, "third_party/llama.cpp", "third_party/llama.cpp (vendored)"),
        (LlamaOrigin.FETCH_CONTENT, "", "fetch-content"),
    ],
)
def test_where_llama_cpp_lies(origin: LlamaOrigin, path: str, shown: str) -> None:
    found = service({}, llama(origin, path, None))
    assert (found.llama, found.cuda_option) == (shown, "auto")


def test_no_llama_cpp() -> None:
    found = service({}, facts(replace(cmake_project(), llama=None)))
    assert (found.llama, found.cuda_option) == ("", "auto")


def test_names_and_branch() -> None:
    settings = settled({"name": "other", "default_branch": "trunk"})
    assert (settings.name, settings.default_branch) == ("other", "trunk")
    assert settled({}, replace(BOTH, default_branch="")).default_branch == "main"
    assert settled({}, replace(BOTH, submodules=("x",))).submodules


def test_names_of_files_are_normal_paths() -> None:
    files = {".gitlab-ci.yml": "./ci/x.yml"}
    assert settled({"files": files}).config.files == {".gitlab-ci.yml": "ci/x.yml"}


@pytest.mark.parametrize(
    ("document", "seen", "message"),
    [
        ({}, replace(BOTH, projects=()), "no CMake or Python project was found to build"),
        (
            {"services": [{"name": "a", "path": "gone"}]},
            BOTH,
            'nothing to build was found in the folder "gone" of service "a"',
        ),
        ({"forks": {"gpu": "approve"}}, BOTH, "forks.environment names none of environments"),
        (
            {"forks": {"gpu": "approve", "environment": "x"}, "environments": [{"name": "y"}]},
            BOTH,
            "forks.environment names none of environments",
        ),
    ],
)
def test_what_stays_undecided(document: dict[str, Any], seen: Facts, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        settled(document, seen)
    (problem,) = raised.value.problems
    assert message in problem.message
    assert problem.hint


def test_several_problems_are_told_at_once() -> None:
    document = {
        "services": [{"name": "a", "path": "x"}, {"name": "b", "path": "y"}],
        "forks": {"gpu": "approve"},
    }
    with pytest.raises(ConfigError) as raised:
        settled(document)
    assert len(raised.value.problems) == 3


def image(declared: dict[str, Any], seen: Facts = BOTH, **more: Any) -> Any:
    return settled({"image": {"enabled": True, **declared}, **more}, seen).image


def test_there_is_no_image_until_one_is_asked_for() -> None:
    assert settled({}).image is None


def test_the_image_is_of_the_first_service_unless_one_is_named() -> None:
    first = image({})
    assert (first.service.name, first.variant, first.cuda) == ("llama-service", "cpu", ())
    named = image({"service": "answers", "command": "uvicorn"})
    assert (named.service.name, named.variant, named.command) == ("answers", "python", "uvicorn")


@pytest.mark.parametrize(
    ("declared", "origin", "expected"),
    [
        ({}, LlamaOrigin.SUBMODULE, "bin/server"),
        ({}, LlamaOrigin.SELF, "bin/llama-server"),
        ({"targets": ["other"]}, LlamaOrigin.SELF, "bin/other"),
        ({"targets": ["a", "b"]}, LlamaOrigin.SELF, "bin/server"),
        ({"targets": ["a", "my-server"]}, LlamaOrigin.SUBMODULE, "bin/my-server"),
        ({"targets": ["a", "llama-server"]}, LlamaOrigin.SUBMODULE, "bin/llama-server"),
        ({"package_paths": ["bin/llama-server"]}, LlamaOrigin.SUBMODULE, "bin/llama-server"),
    ],
)
def test_what_the_image_starts(declared: Any, origin: LlamaOrigin, expected: str) -> None:
    llama = Llama(origin=origin, path="", cuda_option=None, seen=Seen("CMakeLists.txt", 1))
    seen = facts(replace(cmake_project(), llama=llama))
    services = [{"name": "server", **declared}]
    assert image({}, seen, services=services).command == expected
    assert image({"command": "x"}, seen, services=services).command == "x"


def test_each_cuda_variant_gets_an_image_where_the_service_has_them() -> None:
    cuda = {"enabled": True, "variants": [{"name": "a"}, {"name": "b"}]}
    assert [one.name for one in image({}, cuda=cuda).cuda] == ["a", "b"]
    assert image({"service": "answers", "command": "x"}, cuda=cuda).cuda == ()
    services = [{"name": "s", "cuda": False}]
    assert image({}, cuda=cuda, services=services).cuda == ()


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"service": "other"}, 'image.service "other" is no service'),
        ({"service": "answers"}, "image.command is not set"),
        ({"service": "answers", "command": "x", "source": "compile"}, "is a Python one"),
        ({"platforms": ["linux/amd64", "linux/arm64"]}, "a package is for one processor"),
        ({"embed_model": "models/a.gguf"}, "out of the build's reach"),
        ({"embed_model": "docker/../a.gguf"}, "embed_model"),
        ({"username": "USER"}, "image.username is set, but image.password is not"),
        ({"password": "PASSWORD"}, "image.password is set, but image.username is not"),
    ],
)
def test_an_image_that_cannot_be(declared: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        image(declared)
    assert all(problem.hint for problem in raised.value.problems)


def test_what_hangs_together_is_accepted_together() -> None:
    both = ["linux/amd64", "linux/arm64"]
    image({"source": "compile", "platforms": both, "embed_model": "models/a.gguf"})
    image({"embed_model": "docker/a.gguf", "username": "USER", "password": "PASSWORD"})
