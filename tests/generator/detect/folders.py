"""Folders with files in them, without git, as detectors read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.support.repositories import write

from ci_gen.detect.files import list_files
from ci_gen.detect.model import Facts, Project
from ci_gen.detect.repository import detect
from ci_gen.detect.tree import Tree

LLAMA = 'cmake_minimum_required(VERSION 3.14)\nproject("llama.cpp" C CXX)\n'
GGML = 'option(GGML_CUDA "ggml: use CUDA" OFF)\n'
TEST = "def test_it():\n    assert 1\n"
SERVICE = "cmake_minimum_required(VERSION 3.14)\nproject(answers CXX)\nadd_executable(a a.cpp)\n"
SUBMODULE = (
    '[submodule "llama"]\n\tpath = third_party/llama.cpp\n'
    "\turl = https://github.com/ggml-org/llama.cpp\n"
)


def tree_of(folder: Path, files: Mapping[str, str]) -> Tree:
    for path, text in files.items():
        write(folder / path, text)
    return Tree(folder, list_files(folder))


def facts_of(folder: Path, files: Mapping[str, str]) -> Facts:
    tree_of(folder, files)
    return detect(folder)


def project_of(folder: Path, files: Mapping[str, str]) -> Project:
    """The only project of a folder with these files."""
    projects = facts_of(folder, files).projects
    assert len(projects) == 1, [project.path for project in projects]
    return projects[0]
