"""What the config says of models: which files concern each, what contradicts, and its jobs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.configs import config_of
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.detect.model import Facts
from ci_gen.errors import ConfigError
from ci_gen.pipeline.model import (
    AFTER_MERGE,
    VARIANT,
    ActionCall,
    Event,
    Job,
    JobTokenRef,
    KeptRef,
    Pipeline,
    SecretRef,
    StepRef,
    TokenRef,
)
from ci_gen.pipeline.plan import plan
from ci_gen.pipeline.settings import Settings, settle

BOTH = facts(cmake_project(), python_project(path="answers"))
CUDA = {"enabled": True, "variants": [{"name": "a"}, {"name": "b"}]}
QUALITY = {"texts": ["evals/v.txt"], "questions": ["evals/qa.json"]}
CHAT: dict[str, Any] = {"name": "chat", "quality": QUALITY}
REGISTRY = {"location": "oci://registry.example.com/models", "username": "U", "password": "P"}
PUBLISHED = {**CHAT, "release": {"publish": True}}


def settled(document: dict[str, Any], seen: Facts = BOTH) -> Settings:
    return settle(config_of(document), seen)


def planned(*models: dict[str, Any], **more: Any) -> Pipeline:
    return plan(settled({"models": list(models), **more}))


def job(job_id: str, *models: dict[str, Any], **more: Any) -> Job:
    return planned(*models, **more).job(job_id)


def call(job: Job, action: str) -> ActionCall:
    (found,) = [each for each in job.calls if each.action == action]
    return found


def refusal(document: dict[str, Any], seen: Facts = BOTH) -> str:
    with pytest.raises(ConfigError) as caught:
        settled(document, seen)
    (problem,) = caught.value.problems
    return problem.message


def test_a_model_that_nothing_measures_has_no_job() -> None:
    pipeline = planned({"name": "chat"})
    assert not [each for each in pipeline.jobs() if each.id.startswith("model-")]
    assert (
        "areas" not in pipeline.job("changes").calls[0].inputs
        or not (pipeline.job("changes").calls[0].inputs["areas"])
    )
    assert "areas" not in pipeline.job("ci-ok").calls[0].inputs


@pytest.mark.parametrize(
    ("model", "more", "part"),
    [
        ({**CHAT, "source": "https://example.com/m.gguf"}, {}, "an https:// source needs a sha256"),
        ({**CHAT, "quality": {**QUALITY, "baseline": "model"}}, {}, "baseline_model names none"),
        (
            {**CHAT, "quality": {**QUALITY, "baseline_model": "file:b.gguf"}},
            {},
            "baseline_model is set, but quality.baseline is stored",
        ),
        ({**CHAT, "source": "registry://chat@1"}, {}, "model_registry.location is not set"),
        ({**CHAT, "service": "answers"}, {}, '"answers" is none'),
        ({**CHAT, "service": "gone"}, {}, '"gone" is none'),
        ({**CHAT, "quality": {**QUALITY, "variant": "b"}}, {}, 'variant "b" is no package'),
        (
            {**CHAT, "quality": {**QUALITY, "variant": "c"}},
            {"cuda": CUDA},
            'variant "c" is no package',
        ),
        (PUBLISHED, {}, "release.publish is set, but model_registry.location is not"),
        (
            {"name": "chat", "release": {"publish": True}},
            {"model_registry": REGISTRY},
            "nothing measures its quality",
        ),
        (
            {**CHAT, "release": {"publish": True, "promote_by_hand": ["production"]}},
            {"model_registry": REGISTRY},
            "names none of environments",
        ),
        (
            {
                **CHAT,
                "release": {
                    "publish": True,
                    "promote_by_hand": ["latest"],
                    "environment": "production",
                },
            },
            {"model_registry": REGISTRY, "environments": [{"name": "production"}]},
            'the pointer "latest" is promoted on PASS and by hand',
        ),
        (CHAT, {"model_registry": {**REGISTRY, "password": ""}}, "password is not"),
    ],
)
def test_what_contradicts_is_told(model: dict[str, Any], more: dict[str, Any], part: str) -> None:
    assert part in refusal({"models": [model], **more})


def test_models_have_names_of_their_own() -> None:
    assert refusal({"models": [CHAT, CHAT]}) == '"chat" stands twice in models'


def test_without_a_cmake_service_there_is_no_package_to_measure_with() -> None:
    assert "there is none" in refusal({"models": [CHAT]}, facts(python_project()))


def test_the_package_is_that_of_the_image_else_of_the_first_cmake_service() -> None:
    seen = facts(cmake_project("a"), cmake_project("b", "b"), python_project(path="py"))
    assert settled({"models": [CHAT]}, seen).models[0].service.name == "a"
    image = {"image": {"enabled": True, "service": "b"}}
    assert settled({"models": [CHAT], **image}, seen).models[0].service.name == "b"
    python = {"image": {"enabled": True, "service": "answers", "command": "x"}}
    assert settled({"models": [CHAT], **python}, seen).models[0].service.name == "a"
    named = {"models": [{**CHAT, "service": "b"}]}
    assert settled(named, seen).models[0].service.name == "b"


def test_a_file_that_others_may_read_does_not_concern_the_model_alone() -> None:
    quality = {
        "texts": ["evals/v.txt"],
        "questions": ["tests/integration/qa.json"],  # inside a suite
        "tasks": ["hellaswag=evals/h.txt"],
        "chat_template": "config/template.jinja",
    }
    model = {"name": "chat", "source": "file:docker/m.gguf", "quality": quality}
    image = {"enabled": True, "command": "bin/x", "embed_model": "docker/m.gguf"}
    (found,) = settled({"models": [model], "image": image}).models
    alone = (
        *("config/model-config.yaml", "evals/v.txt"),
        *("evals/h.txt", "config/template.jinja"),
    )
    assert set(found.files) == {*alone, "tests/integration/qa.json", "docker/m.gguf"}
    assert found.apart == alone
    (without,) = settled({"models": [model]}).models
    assert set(without.apart) == {*alone, "docker/m.gguf"}


def test_the_path_filter_knows_the_files_of_each_model() -> None:
    other = {"name": "b", "config": "config/[b].yaml", "quality": {"texts": ["evals/v.txt"]}}
    inputs = planned(CHAT, other).job("changes").calls[0].inputs
    assert str(inputs["areas"]).split("\n") == [
        "model-chat: config/model-config.yaml",
        "model-chat: evals/v.txt",
        "model-chat: evals/qa.json",
        "model-b: config/\\[b].yaml",
        "model-b: evals/v.txt",
    ]
    assert str(inputs["ignore"]).split("\n")[-5:] == [
        "config/model-config.yaml",
        "evals/v.txt",
        "evals/qa.json",
        "config/\\[b].yaml",
        ".ci-gen/lock.json",
    ]


def test_the_package_s_build_runs_for_the_model_too() -> None:
    pipeline = planned(
        CHAT, {**CHAT, "name": "gpu", "quality": {**QUALITY, "variant": "b"}}, cuda=CUDA
    )
    assert pipeline.job("build-cpu-llama-service").areas == ("model-chat",)
    assert pipeline.job("build-cuda-llama-service").areas == ("model-gpu",)
    assert pipeline.job("model-quality-gpu").areas == ("model-gpu",)
    assert pipeline.job("integration-tests-llama-service").areas == ()


def test_quality_takes_the_package_and_the_model() -> None:
    found = job("model-quality-chat", CHAT)
    inputs = call(found, "model-quality").inputs
    assert found.needs[1].job == "build-cpu-llama-service"
    assert found.needs[1].artifacts == ("package-llama-service-cpu",)
    assert inputs["package"] == "dist/llama-service-cpu/*.tar.gz"
    assert inputs["model"] == StepRef("fetch", "fetch-model", "path")
    assert inputs["texts"] == "evals/v.txt"
    assert inputs["questions"] == "evals/qa.json"
    assert (
        inputs["baseline"] == inputs["measurement"] == ".ci-gen-cache/quality-chat/measurement.json"
    )
    assert int(str(inputs["timeout"])) < found.timeout_minutes * 60
    fetched = call(found, "fetch-model").inputs
    assert (fetched["source"], fetched["config"]) == ("", "config/model-config.yaml")


def test_the_measurement_is_kept_by_the_default_branch_alone() -> None:
    stored, model = sorted(job("model-quality-chat", CHAT).caches, key=lambda each: each.exact)
    assert (stored.key, stored.path) == ("quality-chat-cpu", ".ci-gen-cache/quality-chat")
    assert (stored.guarded, stored.exact, model.guarded, model.exact) == (True, False, True, True)
    compared = {**CHAT, "quality": {**QUALITY, "baseline": "none"}}
    assert [each.exact for each in job("model-quality-chat", compared).caches] == [True]


def test_the_key_of_a_model_says_which_one_it_is() -> None:
    def key(**more: Any) -> tuple[str, tuple[str, ...]]:
        (cache,) = [c for c in job("model-quality-chat", {**CHAT, **more}).caches if c.exact]
        return cache.key, cache.files

    source = "hf://org/repo/m.gguf@0123456"
    assert key()[1] == ("config/model-config.yaml",)
    assert key(source=source)[1] == ()
    assert len({key(), key(source=source), key(source=source, sha256="a" * 64)}) == 3


@pytest.mark.parametrize(
    ("model", "more", "kept"),
    [
        ({}, {}, True),
        ({"cache": False}, {}, False),
        ({"source": "file:models/m.gguf"}, {}, False),
        ({}, {"runners": {"hosted": {"labels": ["self-hosted", "x"]}}}, False),
        ({"quality": {**QUALITY, "variant": "a"}}, {"cuda": CUDA}, False),
    ],
)
def test_the_platform_keeps_a_model_for_hosted_runners(
    model: dict[str, Any], more: dict[str, Any], kept: bool
) -> None:
    found = job("model-quality-chat", {**CHAT, **model}, **more)
    assert any(cache.exact for cache in found.caches) is kept
    cache = call(found, "fetch-model").inputs.get("cache")
    assert cache == (KeptRef(".ci-gen-cache/models") if kept else None)
    assert found.large_files is ("source" in model)


def test_on_a_gpu_runner_one_row_of_the_matrix_is_measured() -> None:
    model = {**CHAT, "quality": {**QUALITY, "variant": "b"}}
    found = job("model-quality-chat", model, cuda=CUDA)
    assert found.runner.gpu
    assert not found.forks
    assert [dict(row) for row in found.rows] == [{"variant": "b"}]
    assert found.needs[1].artifacts == (f"package-llama-service-{VARIANT}",)
    approved = {
        "cuda": CUDA,
        "environments": [{"name": "gpu"}],
        "forks": {"gpu": "approve", "environment": "gpu"},
    }
    reached = job("model-quality-chat", model, **approved)
    assert (reached.forks, reached.approval, reached.by_hand) == (True, "gpu", False)
    secret = job("model-quality-chat", {**model, "token": "HF_TOKEN"}, **approved)
    assert (secret.forks, secret.approval) == (False, "")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ({}, {"username", "password"}),  # its config may name the registry
        ({"source": "hf://org/repo/m.gguf@0123456"}, set()),
        ({"source": "registry://chat@latest"}, {"username", "password"}),
        ({"source": "hf://org/repo/m.gguf@0123456", "token": "HF_TOKEN"}, {"token"}),
    ],
)
def test_secrets_go_where_they_are_needed_and_never_to_a_fork(
    model: dict[str, Any], told: set[str]
) -> None:
    found = job("model-quality-chat", {**CHAT, **model}, model_registry=REGISTRY)
    inputs = call(found, "fetch-model").inputs
    assert {name for name, value in inputs.items() if isinstance(value, TokenRef)} == told
    assert found.forks is not bool(told)
    assert not any(isinstance(value, SecretRef) for value in inputs.values())


def test_a_model_of_an_oci_registry_is_found_on_a_branch_that_may_be_private() -> None:
    kept = {**CHAT, "source": "registry://chat@latest"}
    found = call(job("model-quality-chat", kept, model_registry=REGISTRY), "fetch-model")
    assert found.inputs["token"] == JobTokenRef()
    folder = {"location": "/srv/models"}
    found = call(job("model-quality-chat", kept, model_registry=folder), "fetch-model")
    assert "token" not in found.inputs
    # The platform's token goes to no other place: the source may be any where the config says it.
    found = call(job("model-quality-chat", CHAT, model_registry=REGISTRY), "fetch-model")
    assert "token" not in found.inputs


def test_another_model_to_compare_with_is_fetched_beside_it() -> None:
    quality = {**QUALITY, "baseline": "model", "baseline_model": "registry://chat@latest"}
    found = job("model-quality-chat", {**CHAT, "quality": quality}, model_registry=REGISTRY)
    own, other, measure = found.calls
    assert (own.id, other.id) == ("fetch", "fetch-baseline")
    assert other.inputs["source"] == "registry://chat@latest"
    assert measure.inputs["baseline-model"] == StepRef("fetch-baseline", "fetch-model", "path")
    assert "baseline" not in measure.inputs


def test_what_could_not_decide_warns_or_blocks() -> None:
    def gate(on_inconclusive: str) -> tuple[object, tuple[str, ...]]:
        quality = {**QUALITY, "on_inconclusive": on_inconclusive}
        pipeline = planned({**CHAT, "quality": quality})
        measured = call(pipeline.job("model-quality-chat"), "model-quality").inputs
        warned: Any = pipeline.job("ci-ok").calls[0].inputs["warn-inconclusive"]
        return measured["on-inconclusive"], warned.jobs

    assert gate("warn") == ("warn", ("model-quality-chat",))
    assert gate("block") == ("block", ())


def test_the_gate_knows_which_jobs_a_model_alone_runs() -> None:
    allowed: Any = planned(CHAT).job("ci-ok").calls[0].inputs["skip-unaffected"]
    assert "build-cpu-llama-service: model-chat" in allowed.jobs
    assert "model-quality-chat: model-chat" in allowed.jobs
    assert "integration-tests-llama-service" in allowed.jobs
    assert "fetch-chat: model-chat" in allowed.evidence


def test_nothing_is_published_where_nobody_asked() -> None:
    assert "model-release" not in [stage.id for stage in planned(CHAT).stages]


def test_publishing_waits_for_the_merge_and_demands_the_measurement() -> None:
    found = job("model-release-chat", PUBLISHED, model_registry=REGISTRY)
    assert (found.events, found.forks, found.by_hand) == (AFTER_MERGE, False, False)
    assert Event.PULL_REQUEST not in found.events
    assert [need.job for need in found.needs] == ["changes", "model-quality-chat"]
    inputs = call(found, "model-release").inputs
    assert inputs["require"] == "model-quality-chat"
    assert (inputs["promote"], inputs["stage"]) == ("on-pass", "latest")
    assert inputs["registry"] == "oci://registry.example.com/models"
    assert inputs["password"] == SecretRef("P")
    assert inputs["model-sha256"] == StepRef("fetch", "fetch-model", "sha256")
    needed = [
        each.name
        for each in job("model-quality-chat", PUBLISHED, model_registry=REGISTRY).artifacts
    ]
    assert set(found.needs[1].artifacts) <= set(needed)


def test_promotion_by_hand_waits_in_its_environment_and_nothing_waits_for_it() -> None:
    release = {
        "publish": True,
        "promote_on_pass": [],
        "promote_by_hand": ["production"],
        "environment": "production",
    }
    more: dict[str, Any] = {"model_registry": REGISTRY, "environments": [{"name": "production"}]}
    pipeline = planned({**CHAT, "release": release}, **more)
    promoted, published = pipeline.job("model-promote-chat"), pipeline.job("model-release-chat")
    assert (promoted.approval, promoted.by_hand, promoted.forks) == ("production", True, False)
    assert call(published, "model-release").inputs["promote"] == "manual"
    assert call(promoted, "model-release").inputs["stage"] == "production"
    waited_for = {need.job for each in pipeline.jobs() for need in each.needs}
    assert "model-release-chat" in waited_for
    assert "model-promote-chat" not in waited_for


def test_the_release_record_waits_for_the_measurement_and_not_for_the_registry() -> None:
    image = {"enabled": True, "command": "bin/x"}
    found = job("release", PUBLISHED, model_registry=REGISTRY, image=image)
    needs = {need.job for need in found.needs}
    assert "model-quality-chat" in needs
    assert "model-release-chat" not in needs
