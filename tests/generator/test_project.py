"""Reading a repository: its config, its models, its lock and the pin of the actions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.generator.cli.repository import CI, CONFIG, prepare

from ci_gen import project as projects
from ci_gen.errors import ConfigError, Undecided, UsageError
from ci_gen.origin import Origin
from ci_gen.project import assemble, load, render, rendering
from ci_gen.write.generate import generate
from ci_gen.write.root import LOCK

UNPINNED = "version: 1\nplatforms: [github]\n"


@pytest.fixture
def root(memory: Path) -> Path:
    prepare(memory)
    return memory


def put(root: Path, path: str, text: str | bytes) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def generated(root: Path) -> None:
    generate(str(root), lambda: rendering(load(root)))


def told(root: Path) -> str:
    """What a config that is wrong is answered with."""
    with pytest.raises(ConfigError) as raised:
        load(root)
    return str(raised.value)


def test_a_config(root: Path) -> None:
    project = load(root)
    assert project.detected_now
    assert list(project.config_digests) == ["ci-gen.yaml"]
    assert [service.kind.value for service in project.settings.services] == ["cmake"]
    assert project.pipeline.job("ci-ok")
    assert CI in render(project)


def test_a_models_config_reaches_the_manifests(root: Path) -> None:
    put(
        root,
        "ci-gen.yaml",
        f"{UNPINNED}models: [{{name: chat}}]\nimage: {{enabled: true, command: bin/llama-server}}\n"
        "kubernetes:\n  enabled: true\n"
        f"  model: {{delivery: claim, claim: models, file: m.gguf, sha256: '{'0' * 64}'}}\n",
    )
    put(root, "config/model-config.yaml", "model: {name: smol, context_size: 2048}\n")
    text = render(load(root))["kubernetes/base/server.env"]
    assert "LLAMA_ARG_CTX_SIZE=2048\n" in text
    put(root, "config/model-config.yaml", "model: {name: smol, context_size: many}\n")
    assert "context_size" in told(root)


def test_no_config(root: Path) -> None:
    (root / "ci-gen.yaml").unlink()
    with pytest.raises(UsageError, match=r"There is no ci-gen\.yaml") as raised:
        load(root)
    assert "ci-gen init" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version: [1\n", "ci-gen.yaml:"),
        ("version: 1\nplatfroms: [github]\n", "ci-gen.yaml:2:1: "),
        ("version: 1\nname: a\nname: b\n", "ci-gen.yaml:3:1: "),
        (b"version: 1\nname: \xe9\n", "ci-gen.yaml: is not UTF-8 (byte 17)"),
        (b"\xff\xfev\x00", "ci-gen.yaml: is not UTF-8 (byte 0)"),
    ],
)
def test_a_broken_config(root: Path, text: str | bytes, place: str) -> None:
    put(root, "ci-gen.yaml", text)
    assert told(root).startswith(place)


def test_every_problem_is_told_at_once(root: Path) -> None:
    put(root, "ci-gen.yaml", "version: 2\nplatfroms: [github]\nname: 1 2\n")
    assert [line.split(":")[1] for line in told(root).splitlines()[:3]] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "text",
    ["\ufeff" + CONFIG, CONFIG.replace("\n", "\r\n"), "\ufeff" + CONFIG.replace("\n", "\r\n")],
)
def test_marks_and_line_ends_of_an_editor_change_nothing(root: Path, text: str) -> None:
    expected = render(load(root))
    put(root, "ci-gen.yaml", text)
    assert render(load(root)) == expected


def test_the_text_may_be_another_than_the_files(root: Path) -> None:
    assert load(root, CONFIG + "name: other\n").settings.name == "other"


MODELS = CONFIG + "models:\n  - {name: a}\n  - {name: b, config: config/b.yaml}\n"


def test_models(root: Path) -> None:
    put(root, "ci-gen.yaml", MODELS)
    put(root, "config/model-config.yaml", "model: {name: a}\n")
    put(root, "config/b.yaml", "\ufeffmodel: {name: b}\n")
    digests = load(root).config_digests
    assert set(digests) == {"ci-gen.yaml", "config/model-config.yaml", "config/b.yaml"}
    put(root, "config/b.yaml", "model: {name: c}\n")
    changed = load(root).config_digests
    assert {path for path in digests if digests[path] != changed[path]} == {"config/b.yaml"}


def test_models_with_problems(root: Path) -> None:
    put(root, "ci-gen.yaml", MODELS)
    put(root, "config/b.yaml", "model:\n  name: b\n  contxt_size: 1\ninference: {top_p: 2}\n")
    text = told(root)
    assert 'model "a" points to config/model-config.yaml, which is not there' in text
    assert "config/b.yaml:3:3: " in text
    assert "config/b.yaml:4:20: " in text


def test_a_model_in_another_encoding(root: Path) -> None:
    put(root, "ci-gen.yaml", MODELS)
    put(root, "config/model-config.yaml", b"model: {name: \xe9}\n")
    put(root, "config/b.yaml", "model: {name: b}\n")
    assert told(root).startswith("config/model-config.yaml: is not UTF-8")


def test_a_model_that_is_still_to_be_written(root: Path) -> None:
    put(root, "ci-gen.yaml", MODELS)
    put(root, "config/b.yaml", "model: {name: b}\n")
    project = load(root, CONFIG)
    config = projects.read(MODELS, projects.Config, "ci-gen.yaml")
    path = "config/model-config.yaml"
    assert assemble(root, config, project.facts, pending=(path,)).config == config
    with pytest.raises(ConfigError):
        assemble(root, config, project.facts)


def test_the_facts_of_the_lock_win_over_the_sources(root: Path) -> None:
    generated(root)
    before = load(root)
    assert not before.detected_now
    (root / "CMakeLists.txt").unlink()
    after = load(root)
    assert after.facts == before.facts
    assert render(after) == render(before)
    (root / LOCK).unlink()
    assert "no CMake or Python project was found" in told(root)


@pytest.mark.parametrize(
    "text", ["{", "[]", b"\xff", '{"lock": 1}', "<<<<<<< a\n{\n=======\n}\n>>>>>>> b\n"]
)
def test_a_damaged_lock(root: Path, text: str | bytes) -> None:
    put(root, LOCK, text)
    with pytest.raises(Undecided, match="is damaged") as raised:
        load(root)
    assert "git checkout HEAD" in raised.value.hint


def test_damaged_facts_in_the_lock(root: Path) -> None:
    generated(root)
    put(root, LOCK, (root / LOCK).read_text().replace('"default_branch"', '"branch"'))
    with pytest.raises(Undecided, match=r"is damaged: .*branch"):
        load(root)


ORIGIN = Origin("acme/actions", "1" * 40)
NEWER = Origin("acme/elsewhere", "2" * 40)


def known(monkeypatch: pytest.MonkeyPatch, found: Origin | None) -> None:
    """Say where the installed ci-gen came from."""
    monkeypatch.setattr("ci_gen.origin.origin", lambda: found)


def test_the_pin_is_where_ci_gen_came_from(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "ci-gen.yaml", UNPINNED)
    known(monkeypatch, ORIGIN)
    source = load(root).source
    assert (source.repository, source.commit) == (ORIGIN.repository, ORIGIN.commit)
    assert f"uses: acme/actions/actions/changes@{'1' * 40} # v" in render(load(root))[CI]
    assert rendering(load(root)).actions == {"repository": "acme/actions", "commit": "1" * 40}


def test_the_config_may_name_one_half_of_the_pin(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "ci-gen.yaml", UNPINNED + "actions: {repository: mirror/actions}\n")
    known(monkeypatch, ORIGIN)
    source = load(root).source
    assert (source.repository, source.commit) == ("mirror/actions", ORIGIN.commit)


def test_the_pin_stays_while_the_generator_does(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that touched no template must not change every pipeline."""
    put(root, "ci-gen.yaml", UNPINNED)
    known(monkeypatch, ORIGIN)
    generated(root)
    known(monkeypatch, NEWER)
    assert load(root).source.commit == ORIGIN.commit
    lock = json.loads((root / LOCK).read_text())
    put(root, LOCK, (root / LOCK).read_text().replace(lock["generator"], "0" * 64))
    assert load(root).source.commit == NEWER.commit
    assert load(root).source.repository == NEWER.repository


def test_an_unknown_commit_has_a_remedy(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "ci-gen.yaml", UNPINNED)
    known(monkeypatch, None)
    with pytest.raises(UsageError, match="does not know the commit") as raised:
        load(root)
    for remedy in ("actions.repository", "actions.commit", "actions.source"):
        assert remedy in raised.value.hint
    put(root, "ci-gen.yaml", UNPINNED + "actions: {source: vendor}\n")
    source = load(root).source
    assert source.vendored
    assert source.commit == ""
    put(root, "ci-gen.yaml", CONFIG)
    assert load(root).source.repository == "ci-gen/ci-gen"
