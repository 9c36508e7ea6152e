from __future__ import annotations

from dataclasses import replace

from tests.generator.detect.test_document import FACTS

from ci_gen.detect.description import MOST, changes, describe, table
from ci_gen.detect.model import Manifest, Seen, Visibility


def test_every_fact_has_a_line() -> None:
    lines = [(label, value, str(seen or "")) for label, value, seen in describe(FACTS)]
    assert lines[:4] == [
        ("repository", "a", ""),
        ("default branch", "main", ""),
        ("remote o", "u (github)", ""),
        ("visibility", "looks public: forks may send changes", "LICENSE"),
    ]
    assert (
        "project llama-service: llama.cpp",
        "submodule, vendor/llama.cpp",
        ".gitmodules:1",
    ) in lines
    assert ("project llama-service: ctest", "yes", "CMakeLists.txt:12") in lines
    assert ("project llama-service: CUDA option", "GGML_CUDA", "") in lines
    assert ("project answers: CUDA option", "unknown", "") in lines
    assert ("Kubernetes", "Pod, applied by kubectl", "k:1") in lines
    assert lines[-2:] == [("model", "m.gguf", "c:1"), ("note", "n", "")]


def test_what_deploys_and_where_a_model_comes_from() -> None:
    manifest = replace(FACTS.manifests[0], deployed_by=Seen("up.sh", 2))
    model = replace(FACTS.models[0], source="https://x.example/m.gguf")
    unknown = replace(FACTS.remotes[0], platform=None)
    facts = replace(
        FACTS,
        manifests=(manifest,),
        models=(model,),
        remotes=(unknown,),
        visibility=Visibility.UNKNOWN,
        visibility_seen=None,
    )
    values = [value for _, value, _ in describe(facts)]
    assert "Pod, applied by kubectl in up.sh:2" in values
    assert "m.gguf from https://x.example/m.gguf" in values
    assert "u (unknown platform)" in values
    assert values[3] == "unknown"


def test_many_of_a_kind_are_counted() -> None:
    many = tuple(
        Manifest(path=f"{i}", kind=f"K{i}", tool="kubectl", seen=Seen(f"{i}", 1)) for i in range(20)
    )
    facts = replace(FACTS, manifests=many)
    shown = [line for line in describe(facts) if line[0] == "Kubernetes"]
    assert len(shown) == MOST
    assert shown[-1] == ("Kubernetes", "and 13 more", None)
    assert len([line for line in describe(facts, None) if line[0] == "Kubernetes"]) == 20


def test_changes_are_what_a_person_would_call_so() -> None:
    project = replace(FACTS.projects[0], ctest=None, seen=Seen("CMakeLists.txt", 99))
    new = replace(FACTS, default_branch="trunk", projects=(project, FACTS.projects[1]))
    assert changes(FACTS, new) == [
        ("-", "default branch", "main"),
        ("+", "default branch", "trunk"),
        ("-", "project llama-service: ctest", "yes"),
    ]
    assert changes(FACTS, FACTS) == []


def test_a_table_is_aligned() -> None:
    assert table([("a", "x", Seen("f", 2)), ("long", "y", None)]) == "a     x  [f:2]\nlong  y"
    assert table([]) == ""
