"""Configs and repositories that the tests of rendering share."""

from __future__ import annotations

import functools

from tests.support.facts import cmake_project, facts, python_project

from ci_gen.config.model import Config
from ci_gen.config.reader import read
from ci_gen.pipeline.model import Pipeline
from ci_gen.pipeline.plan import plan
from ci_gen.pipeline.settings import Settings, settle
from ci_gen.render import repository
from ci_gen.render.source import ActionSource

SOURCE = ActionSource(repository="ci-gen/ci-gen", commit="a" * 40, version="0.1.0")
CUDA = """\
cuda:
  enabled: true
  variants:
    - {name: cuda12, toolkit: "12.8", architectures: ["80", "90a-real"]}
    - {name: cuda13, architectures: [native]}
"""
CONFIGS = {
    "plain": "",
    "cuda": CUDA,
    "forks with approval": CUDA
    + "environments: [{name: forks, tier: testing}]\nforks: {gpu: approve, environment: forks}\n",
    "few triggers": CUDA + "triggers: {pull_request: false, tags: [], manual: false}\n",
    "several tags": 'triggers: {tags: ["v*", "release/*", "nightly"]}\n',
    "other branch": "default_branch: trunk\n",
    "times": "timeouts: {check: 3, build: 7, test: 9}\nretention: {packages: 3, evidence: 5}\n",
    "vendored": "actions: {source: vendor}\n",
    "image": "image: {enabled: true, command: bin/server}\n",
    "images for CUDA": CUDA + "image: {enabled: true, command: bin/server}\n"
    "environments: [{name: forks, tier: testing}]\nforks: {gpu: approve, environment: forks}\n",
    "models": CUDA
    + "environments: [{name: production, tier: production}]\n"
    + "services: [{name: llama-service, path: ., kind: cmake}]\n"
    + "model_registry: {location: 'oci://registry.example.com/team/models', username: U,"
    " password: P}\n" + "models:\n"
    " - {name: chat, quality: {texts: [evals/v.txt], questions: [evals/qa.json]}}\n"
    " - {name: large, source: 'hf://org/repo/m.gguf@0123456', token: HF_TOKEN,"
    " quality: {questions: [evals/large.json], variant: cuda12, on_inconclusive: block},"
    " release: {publish: true, promote_by_hand: [production], environment: production}}\n"
    " - {name: small, source: 'file:models/small.gguf', quality: {texts: [evals/v.txt],"
    " baseline: model, baseline_model: 'registry://small@latest'}, release: {publish: true}}\n"
    "image: {enabled: true, command: bin/server}\n",
    "own registry": "image: {enabled: true, command: bin/server, engine: socket,"
    " repository: registry.example.com/team/server, username: USER, password: PASSWORD}\n"
    "release: {sign: false}\nsecurity: {enabled: false}\n",
}
FACTS = {
    "cmake": facts(cmake_project()),
    "python": facts(python_project()),
    "both": facts(cmake_project(), python_project(path="service"), submodules=("vendor/x",)),
}


@functools.cache
def everything(config_name: str, facts_name: str) -> dict[str, str]:
    """All generated files of one config in one repository, by path."""
    settings, pipeline = planned(config_name, facts_name)
    source = ActionSource(**{**vars(SOURCE), "vendored": config_name == "vendored"})
    return repository.files(settings, pipeline, FACTS[facts_name], source)


def planned(config_name: str, facts_name: str) -> tuple[Settings, Pipeline]:
    """The settings and the plan behind them."""
    text = f"version: 1\nplatforms: [github, gitlab]\n{CONFIGS[config_name]}"
    settings = settle(read(text, Config, "ci-gen.yaml"), FACTS[facts_name])
    return settings, plan(settings)
