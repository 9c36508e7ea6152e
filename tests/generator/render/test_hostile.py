"""A hostile text in any field is a clear error, or arrives as the very text and acts nowhere."""

from __future__ import annotations

import dataclasses
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cache, lru_cache
from typing import Any

import pytest
import yaml
from tests.support.configs import Outcome, config_of, outcome
from tests.support.facts import cmake_project, facts, python_project
from tests.support.hostile import HOSTILE

from ci_gen.config.model import Config
from ci_gen.config.option import Kind, keys
from ci_gen.detect.model import Facts, ModelName, Remote, Seen
from ci_gen.errors import ConfigError, UsageError
from ci_gen.pipeline.model import VARIANT, ActionCall, Pipeline, ResultsRef
from ci_gen.pipeline.settings import settle
from ci_gen.render.gitlab_values import variable

FACTS = facts(cmake_project(), python_project(path="py"), submodules=("vendor/llama.cpp",))
FACTS = dataclasses.replace(
    FACTS,
    dockerfiles=(Seen("docker/Dockerfile"),),
    models=(ModelName(name="m", source="s", quantization="Q4_K_M", seen=Seen("a.yaml", 1)),),
    notes=("note",),
)
PLACEHOLDER = "placeholder"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, forty times as fast
VALID: dict[str, Any] = {
    # Values for the fields in which the placeholder would be wrong, and all that they need.
    "cuda.variants[].toolkit": "12.8",
    "cuda.variants[].architectures[]": "80",
    "runners.hosted.image": "python:3@sha256:" + "a" * 64,
    "runners.gpu.image": "cuda:12@sha256:" + "b" * 64,
    "actions.repository": "acme/ci-gen",
    "actions.commit": "c" * 40,
    "codeowners[]": "@acme/team",
    "files{}": ".github/workflows/other.yml",
    "files{key}": ".github/workflows/ci.yml",
    "services[].path": "service",
    "forks.environment": "gpu-forks",
    "environments[].name": "gpu-forks",
    "image.health": "/health",
    "image.properties": "/props",
    "image.username": "REGISTRY_USER",
    "image.password": "REGISTRY_PASSWORD",
    "image.embed_model": "docker/model.gguf",
    "image.base": "debian:13@sha256:" + "d" * 64,
    "image.build_base": "debian:13@sha256:" + "e" * 64,
    "image.cuda_base": "cuda:12@sha256:" + "f" * 64,
    "image.cuda_build_base": "cuda:12@sha256:" + "0" * 64,
    "image.python_base": "python:3@sha256:" + "1" * 64,
    "models[].source": "hf://org/repo/model.gguf@" + "0" * 40,
    "models[].sha256": "2" * 64,
    "models[].token": "HF_TOKEN",
    "models[].quality.tasks[]": "hellaswag=tests/hellaswag.txt",
    "models[].quality.variant": "cpu",
    "models[].quality.baseline_model": "registry://placeholder@latest",
    "models[].quality.baseline_sha256": "3" * 64,
    "models[].release.promote_by_hand[]": "production",
    "models[].release.environment": "gpu-forks",
    "model_registry.location": "oci://registry.example.com/team/models",
    "model_registry.username": "MODELS_USER",
    "model_registry.password": "MODELS_PASSWORD",
    "kubernetes.version": "1.33",
    "kubernetes.cpu": "2",
    "kubernetes.memory": "4Gi",
    "kubernetes.model.image": "models:1@sha256:" + "2" * 64,
    "kubernetes.model.sha256": "3" * 64,
}


def text_fields(section: type[Any], path: str = "") -> Iterator[str]:
    """The path of every text in the config: lists as `[]`, mappings as `{key}` and `{}`."""
    for key in keys(section).values():
        name, shape = f"{path}{key.name}", key.shape
        if shape.kind is Kind.LIST and shape.item is not None:
            name, shape = f"{name}[]", shape.item
        if shape.kind is Kind.SECTION and shape.cls is not None:
            yield from text_fields(shape.cls, f"{name}.")
        elif shape.kind is Kind.MAPPING:
            yield from (f"{name}{{key}}", f"{name}{{}}")
        elif shape.kind is Kind.TEXT:
            yield name


FIELDS = tuple(text_fields(Config))


def document(changed: str = "", value: str = "") -> dict[str, Any]:
    """A config that gives every text field a value, `value` to the field `changed`."""
    root: dict[str, Any] = {}
    for field in FIELDS:
        text = value if field == changed else VALID.get(field, PLACEHOLDER)
        _set(root, field, text)
    root["services"][0]["kind"] = "cmake"
    root["services"][0]["ctest"]["enabled"] = True
    root["cuda"]["enabled"] = True
    root["forks"]["gpu"] = "approve"
    root["image"]["enabled"] = True
    root["image"]["source"] = "compile"
    model = root["models"][0]
    model["quality"]["baseline"] = "model"
    model["release"]["publish"] = True
    for field, place in (("image.service", root["image"]), ("models[].service", model)):
        if changed != field:
            place["service"] = root["services"][0]["name"]
    root["kubernetes"]["enabled"] = True
    root["kubernetes"]["gpus"] = 1
    root["kubernetes"]["service_monitor"] = True
    root["kubernetes"]["model"]["delivery"] = "claim"
    return root


def _set(root: dict[str, Any], field: str, text: str) -> None:
    """Give a field its text; of a mapping the key, then the value of each key."""
    path, _, part = field.partition("{")
    if not part:
        _put(root, field.split("."), text)
        return
    *outer, name = path.split(".")
    place = root
    for step in outer:
        place = place.setdefault(step, {})
    place[name] = {text: "a"} if part == "key}" else dict.fromkeys(place.get(name, ["a"]), text)


def _put(place: dict[str, Any], steps: list[str], text: str) -> None:
    name, *rest = steps
    many = name.endswith("[]")
    name = name.removesuffix("[]")
    if not rest:
        place[name] = [text] if many else text
    elif many:
        place.setdefault(name, [{}])
        _put(place[name][0], rest, text)
    else:
        _put(place.setdefault(name, {}), rest, text)


# Where each text of the config must be found: an action and its input, or a file.
INPUTS: dict[str, tuple[str, str]] = {
    "paths.ignore[]": ("changes", "ignore"),
    "quick_checks.exclude[]": ("quick-checks", "exclude"),
    "services[].name": ("build", "service"),
    "services[].path": ("build", "source"),
    "services[].cmake_args[]": ("build", "cmake-args"),
    "services[].targets[]": ("build", "targets"),
    "services[].package_paths[]": ("build", "package-paths"),
    "services[].ctest.include": ("build", "ctest-include"),
    "services[].ctest.exclude": ("build", "ctest-exclude"),
    "services[].pytest.unit[]": ("pytest", "paths"),
    "services[].pytest.integration[]": ("pytest", "paths"),
    "services[].pytest.args[]": ("pytest", "args"),
    "services[].pytest.requirements[]": ("pytest", "requirements"),
    "services[].pytest.extras[]": ("pytest", "extras"),
    "services[].pytest.groups[]": ("pytest", "groups"),
    "image.health": ("image-build", "health"),
    "image.properties": ("image-build", "properties"),
    "image.repository": ("image-build", "repository"),
    "cuda.smoke_model": ("build", "smoke-model"),
    "image.test_model": ("image-build", "test-model"),
    "image.test_args[]": ("image-build", "test-args"),
    "security.ignore": ("scan-source", "ignore-file"),
    "release.require[]": ("release", "require"),
    "models[].name": ("model-release", "name"),
    "models[].config": ("fetch-model", "config"),
    "models[].source": ("fetch-model", "source"),
    "models[].sha256": ("fetch-model", "sha256"),
    "models[].quality.texts[]": ("model-quality", "texts"),
    "models[].quality.questions[]": ("model-quality", "questions"),
    "models[].quality.tasks[]": ("model-quality", "tasks"),
    "models[].quality.baseline_model": ("fetch-model", "source"),
    "models[].quality.baseline_sha256": ("fetch-model", "sha256"),
    "models[].quality.chat_template": ("model-quality", "chat-template"),
    "models[].quality.args[]": ("model-quality", "args"),
    "models[].release.promote_on_pass[]": ("model-release", "stage"),
    "models[].release.promote_by_hand[]": ("model-release", "stage"),
    "model_registry.location": ("model-release", "registry"),
}
ELSEWHERE = {
    "name": ".gitlab-ci.yml",
    "default_branch": ".gitlab-ci.yml",
    "triggers.tags[]": ".gitlab-ci.yml",
    "cuda.variants[].name": ".gitlab/ci-gen/build-cuda.yml",
    "cuda.variants[].toolkit": ".gitlab/ci-gen/build-cuda.yml",
    "cuda.variants[].architectures[]": ".gitlab/ci-gen/build-cuda.yml",
    "runners.hosted.labels[]": "ci.yml",
    "runners.gpu.labels[]": "ci.yml",
    "runners.hosted.tags[]": ".gitlab/ci-gen/base.yml",
    "runners.gpu.tags[]": ".gitlab/ci-gen/base.yml",
    "runners.hosted.image": ".gitlab-ci.yml",
    "runners.gpu.image": ".gitlab/ci-gen/base.yml",
    "forks.environment": "ci.yml",
    "environments[].name": "ci.yml",
    "models[].service": "ci.yml",
    "models[].token": "ci.yml",
    "models[].quality.variant": "ci.yml",
    "models[].release.environment": "ci.yml",
    "model_registry.username": "ci.yml",
    "model_registry.password": "ci.yml",
    "actions.repository": "",  # the tests render with an ActionSource of their own
    "actions.commit": "",
    "codeowners[]": ".github/CODEOWNERS",
    "image.service": "docker/placeholder-cpu.Dockerfile",
    "image.command": "docker/placeholder-cpu.Dockerfile",
    "image.args[]": "docker/placeholder-cpu.Dockerfile",
    "image.base": "docker/placeholder-cpu.Dockerfile",
    "image.build_base": "docker/placeholder-cpu.Dockerfile",
    "image.cuda_base": ".gitlab/ci-gen/image.yml",
    "image.cuda_build_base": ".gitlab/ci-gen/image.yml",
    "image.python_base": "",  # of another kind of service
    "image.packages[]": "docker/placeholder-cpu.Dockerfile",
    "image.embed_model": "docker/placeholder-cpu.Dockerfile",
    "image.username": "ci.yml",
    "image.password": "ci.yml",
    "files{key}": "ci.yml",
    "files{}": "ci.yml",
    "environments[].namespace": "placeholder/overlays/gpu-forks/kustomization.yaml",
    "kubernetes.folder": "placeholder/base/deployment.yaml",
    "kubernetes.version": "placeholder/base/pod-disruption-budget.yaml",
    "kubernetes.model.claim": "placeholder/base/deployment.yaml",
    "kubernetes.model.image": "",  # another way to deliver it
    "kubernetes.model.file": "placeholder/base/server.env",
    "kubernetes.model.sha256": "placeholder/base/deployment.yaml",
    "kubernetes.cpu": "placeholder/base/deployment.yaml",
    "kubernetes.memory": "placeholder/base/deployment.yaml",
    "kubernetes.gpu_resource": "placeholder/base/deployment.yaml",
    "kubernetes.node_selector{key}": "placeholder/base/deployment.yaml",
    "kubernetes.node_selector{}": "placeholder/base/deployment.yaml",
    "kubernetes.tolerations[].key": "placeholder/base/deployment.yaml",
    "kubernetes.args[]": "placeholder/base/deployment.yaml",
    "kubernetes.api_key.secret": "placeholder/base/deployment.yaml",
    "kubernetes.api_key.key": "placeholder/base/deployment.yaml",
    "kubernetes.pull_secret": "placeholder/base/deployment.yaml",
    "kubernetes.network.from_namespaces[]": "placeholder/base/network-policy.yaml",
}


def test_every_text_of_the_config_has_a_place_in_these_tests() -> None:
    assert sorted(FIELDS) == sorted({*INPUTS, *ELSEWHERE})
    texts = outcome(config_of(document()), FACTS).texts
    assert all(arrives(outcome(config_of(document()), FACTS), field, None) for field in FIELDS)
    assert ".github/workflows/other.yml" in texts


@cache
def benign() -> Outcome:
    return outcome(config_of(document()), FACTS)


def arrives(result: Outcome, field: str, text: str | None) -> bool:
    """Whether the plan holds the text as an item of the input that the field speaks of."""
    text = VALID.get(field, PLACEHOLDER) if text is None else text
    if field not in INPUTS:
        return True
    action, name = INPUTS[field]
    if name in ("paths", "requirements"):
        text = posixpath.relpath(text, VALID["services[].path"])
    return any(
        text in str(call.inputs.get(name, "")).split("\n")
        for job in result.pipeline.jobs()
        for call in job.calls
        if call.action == action
    )


@lru_cache(maxsize=4000)
def load(text: str) -> Any:
    return yaml.load(text, LOADER)


def workflow(result: Outcome) -> dict[str, Any]:
    (text,) = (text for text in result.texts.values() if text.startswith(HEADERS["ci"]))
    document: dict[str, Any] = load(text)
    return document


HEADERS = {"ci": "# .github/workflows/ci.yml:"}


def gitlab(result: Outcome) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for path, text in result.texts.items():
        if path.startswith(".gitlab") and path.endswith(".yml"):
            merged.update(load(text))
    return merged


def github_value(text: str) -> str:
    """An input as GitHub passes it on: our own expressions evaluated, no other left."""
    text = text.replace("${{ matrix.variant }}", VARIANT)
    return re.sub(r"\$\{\{ '\$\{\{' \}\}", "$\x01{{", text)


def gitlab_value(text: str) -> str:
    """A variable as GitLab passes it on: $$ is a dollar, and one variable is ours."""
    out = re.sub(
        r"\$\$|\$CI_GEN_VARIANT|\$",
        lambda match: {"$$": "\x01", "$CI_GEN_VARIANT": VARIANT}.get(match[0], "expanded!"),
        text,
    )
    return out.replace("\x01", "$")


def inputs_arrive(result: Outcome) -> None:
    """Every text of the plan is, on either platform, the very text that its action reads."""
    jobs, gitlab_jobs = workflow(result)["jobs"], gitlab(result)
    for job in result.pipeline.jobs():
        for call in job.calls:
            (step,) = (step for step in jobs[job.id]["steps"] if step.get("id") == call.id)
            for name, value in call.inputs.items():
                if not isinstance(value, str | ResultsRef):
                    continue
                own = "\n".join(value.jobs) if isinstance(value, ResultsRef) else value
                seen = github_value(str(step["with"].get(name, ""))).replace("$\x01{{", "${{")
                assert seen == own
                own = "\n".join(value.evidence) if isinstance(value, ResultsRef) else value
                assert gitlab_value(on_gitlab(gitlab_jobs[job.id], call, name)) == own


def on_gitlab(job: Mapping[str, Any], call: ActionCall, name: str) -> str:
    """The variable from which the call reads an input: a flag's, or that of the action."""
    (line,) = [line for line in job["script"] if re.search(_launched(call), line)]
    flag = re.search(rf'--{name}=(?:"\$(\w+)")?(?: |$)', line)
    own = flag[1] if flag else variable(call.action, name)
    return str(job["variables"].get(own, "")) if own else ""


def _launched(call: ActionCall) -> str:
    """What tells the line of a call: of two calls of an action the second has flags."""
    again = "-baseline" in call.id
    return rf'launch\.py" {call.action}{" --" if again else "$"}'


def scripts(result: Outcome) -> list[str]:
    """Everything that a shell runs, on both platforms."""
    found = [
        str(step["run"])
        for job in workflow(result)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    for job in gitlab(result).values():
        if isinstance(job, Mapping):
            found += [str(job.get("before_script", "")), str(job.get("script", ""))]
    return sorted(set(found))


def runs(result: Outcome, text: str) -> bool:
    """Whether a shell now sees the text, which is more than a name of letters and digits."""
    ours = str(scripts(benign()))
    return text in str(scripts(result)) and text not in ours and not _NAME.fullmatch(text)


_NAME = re.compile("[A-Za-z0-9._-]+")


def expressions(result: Outcome) -> set[str]:
    """Every expression that GitHub evaluates."""
    found = {
        match
        for text in result.texts.values()
        if text.startswith("# .github/workflows/")
        for match in re.findall(r"\$\{\{.*?\}\}", text, re.DOTALL)
    }
    found |= {str(job.get("if", "")) for job in workflow(result)["jobs"].values()}
    return found


def shape(node: Any, depth: int = 3) -> Any:
    """The keys of a document down to a depth: what a text could add by breaking out."""
    if isinstance(node, Mapping) and depth:
        return {key: shape(value, depth - 1) for key, value in node.items()}
    return None


def inert(result: Outcome, before: Outcome, mapped: Callable[[str], str] = lambda t: t) -> None:
    """Nothing is run, evaluated or declared that was not before."""
    if result.texts == before.texts:
        return
    assert scripts(result) == [mapped(text) for text in scripts(before)]
    assert expressions(result) == {mapped(text) for text in expressions(before)}
    inputs_arrive(result)
    for path, text in result.texts.items():
        text.encode()
        if path.endswith((".yml", ".yaml")):
            load(text)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]", text)


def error_or_result(make: Callable[[], Outcome]) -> Outcome | None:
    try:
        return make()
    except (ConfigError, UsageError) as error:
        assert str(error).replace("\n", "").isprintable()
        assert error.message
        return None


# What names jobs, files or branches changes what is run and evaluated, harmlessly.
NAMING = (
    "default_branch",
    "services[].name",
    "services[].path",
    "forks.environment",
    "environments[].name",
    "files{key}",
    "files{}",
    "image.service",
    "cuda.variants[].name",
    "image.username",
    "image.password",
    "models[].name",
    "models[].service",
    "models[].token",
    "models[].quality.variant",
    "models[].release.environment",
    "models[].release.promote_by_hand[]",
    "model_registry.location",
    "model_registry.username",
    "model_registry.password",
)


REQUIRED = {"kubernetes.tolerations": "key"}


@cache
def accepted(text: str) -> tuple[str, ...]:
    """The fields of the config that take the text; each other one says why not."""
    found = []
    for field in FIELDS:
        small: dict[str, Any] = {}
        if "[]." in field:
            item, _, _ = field.partition("[].")
            _put(small, f"{item}[].{REQUIRED.get(item, 'name')}".split("."), "a")
        _set(small, field, text)
        try:
            config_of(small)
        except ConfigError as error:
            assert str(error).isprintable()
            assert len(error.problems) == 1
        else:
            found.append(field)
    return tuple(found)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_text_in_the_config(number: int) -> None:
    text = HOSTILE[number]
    fields = [field for field in accepted(text) if field not in NAMING]
    values = document()
    for field in fields:
        _set(values, field, text)
    result = outcome(config_of(values), FACTS)
    assert all(arrives(result, field, text) for field in fields)
    inert(result, benign())


@pytest.mark.parametrize("field", NAMING)
def test_a_hostile_name(field: str) -> None:
    for text in HOSTILE:
        if field not in accepted(text):
            continue
        result = error_or_result(lambda text=text: outcome(config_of(document(field, text)), FACTS))
        if result is not None:
            inputs_arrive(result)
            assert arrives(result, field, text)
            assert not runs(result, text)


def test_every_field_refuses_most_of_it_and_line_ends_in_any_case() -> None:
    lines = [text for text in HOSTILE if re.search("[\n\r\u2028\u2029\x85\x00\x1b]", text)]
    assert len(lines) >= 10
    assert not any(accepted(text) for text in lines)
    assert not any(accepted(text) for text in HOSTILE if "${{" in text)
    for field in FIELDS:
        assert sum(field not in accepted(text) for text in HOSTILE) > 20


@dataclasses.dataclass(frozen=True)
class Place:
    """One text in the facts: the way to it from the root."""

    path: tuple[str | int, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.path))


def fact_fields(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[Place]:
    if isinstance(node, Enum) or node is None or isinstance(node, bool | int):
        return
    if isinstance(node, str):
        yield Place(path)
    elif isinstance(node, tuple):
        for index, item in enumerate(node):
            yield from fact_fields(item, (*path, index))
    else:
        for field in dataclasses.fields(node):
            yield from fact_fields(getattr(node, field.name), (*path, field.name))


def with_fact(node: Any, path: tuple[str | int, ...], text: str) -> Any:
    if not path:
        return text
    step, *rest = path
    if isinstance(step, int):
        return (*node[:step], with_fact(node[step], tuple(rest), text), *node[step + 1 :])
    return dataclasses.replace(
        node, **{str(step): with_fact(getattr(node, step), tuple(rest), text)}
    )


@cache
def detected() -> Outcome:
    return outcome(config_of({"codeowners": ["@a"]}), FACTS)


PLACES = tuple(fact_fields(FACTS))


def plain(place: Place) -> bool:
    """Whether the text names no job and no branch."""
    return place.path[0] != "default_branch" and place.path[-1] != "name"


@cache
def settled(text: str) -> tuple[Place, ...]:
    """The facts that may have this text; each other one says why not."""
    config, found = config_of({"codeowners": ["@a"]}), []
    for place in PLACES:
        try:
            settle(config, with_fact(FACTS, place.path, text))
        except ConfigError as error:
            assert str(error).replace("\n", "").isprintable()
        else:
            found.append(place)
    return tuple(found)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_text_in_the_facts(number: int) -> None:
    changed: Facts = FACTS
    for place in filter(plain, settled(HOSTILE[number])):
        changed = with_fact(changed, place.path, HOSTILE[number])
    inert(outcome(config_of({"codeowners": ["@a"]}), changed), detected())


@pytest.mark.parametrize("place", [place for place in PLACES if not plain(place)], ids=str)
def test_a_hostile_name_in_the_facts(place: Place) -> None:
    for text in HOSTILE:
        if place in settled(text):
            changed: Facts = with_fact(FACTS, place.path, text)
            result = outcome(config_of({"codeowners": ["@a"]}), changed)
            inputs_arrive(result)
            assert not runs(result, text)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_what_reaches_the_pipeline_is_held_to_the_limits_of_the_config(place: Place) -> None:
    used = ("name", "path", "requirements", "extras", "groups")
    reaches = place.path[0] in ("name", "default_branch") or (
        place.path[0] == "projects"
        and place.path[2] != "llama"
        and not {"seen", "ctest"} & set(place.path)
        and bool({*used} & {*place.path})
    )
    assert (sum(place not in settled(text) for text in HOSTILE) > 20) == reaches


def test_the_plan_gives_every_text_to_the_actions() -> None:
    """A sanity check of the checks: they notice a text that does not arrive."""
    result = benign()
    broken = dataclasses.replace(
        result,
        texts={
            path: text.replace("cmake-args: placeholder", "cmake-args: other")
            for path, text in result.texts.items()
        },
    )
    with pytest.raises(AssertionError):
        inputs_arrive(broken)


def test_remotes_are_not_rendered() -> None:
    remote = Remote(name="o", url="https://user:secret@example.com/a", slug="a", platform=None)
    result = outcome(config_of({}), dataclasses.replace(FACTS, remotes=(remote,)))
    assert "secret@" not in "".join(result.texts.values())
    assert isinstance(result.pipeline, Pipeline)
