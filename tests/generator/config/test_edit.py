"""Setting single keys: what was there stays as it was, comments and order and all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.drawn import documents
from tests.support.option_values import options, values

from ci_gen.config.edit import get, known, parse, set_value, steps
from ci_gen.config.model import Config
from ci_gen.config.reader import read
from ci_gen.config.schema import plain
from ci_gen.errors import ConfigError, UsageError

TEXT = """\
# The first line is a comment.
version: 1   # and so is this

platforms: ["github"]  # one for now

# Before the services.
services:
  - name: chat
    path: 'server'   # quoted on purpose
    # inside
    cmake_args:
      - "-DA=1"
  - name: embeddings

timeouts:
  build: 45
# The end.
"""


def comments(text: str) -> list[str]:
    return re.findall(r"#.*", text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("name", ["name"]),
        ("a.b.c", ["a", "b", "c"]),
        ("services[0].path", ["services", 0, "path"]),
        ("services[10]", ["services", 10]),
        ("a[0][1].b", ["a", 0, 1, "b"]),
    ],
)
def test_a_path_is_keys_and_indices(path: str, expected: list[Any]) -> None:
    assert steps(path) == expected


@pytest.mark.parametrize("path", ["", ".", "a..b", ".a", "a.", "a[", "a[x]", "a[0", "a[-1]", "a]b"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(UsageError, match="is no key"):
        steps(path)


def test_every_option_is_known() -> None:
    for name, _ in options():
        known(name, Config)
    known("services", Config)
    known("files", Config)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nmae", 'There is no key "nmae".\nDid you mean "name"?'),
        ("timeouts.biuld", 'There is no key "timeouts.biuld".\nDid you mean "build"?'),
        ("zzz", "Known: version, name"),
        ("name.x", 'nothing lies below "x"'),
        ("services.name", 'nothing lies below "name"'),
        ("services[0].nmae", 'Did you mean "name"?'),
        ("triggers.tags[0].x", 'nothing lies below "x"'),
        ("files.a.b", 'nothing lies below "b"'),
        ("name[0]", 'nothing lies below "0"'),
        ("[0]", "Known: version"),
    ],
)
def test_an_unknown_key_is_refused_with_the_one_that_was_meant(path: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        known(path, Config)
    assert said in str(caught.value)


def test_reading() -> None:
    document = {"a": [{"b": 1}, {"b": None}], "c": {}}
    assert get(document, "a[0].b") == 1
    assert get(document, "a[1].b") is None
    for path in ("a[2]", "a[0].c", "a.b", "c.d", "a[0].b.c", "d"):
        with pytest.raises(UsageError, match=r'There is no "'):
            get(document, path)


def test_a_value_in_place_keeps_everything_else() -> None:
    after = set_value(TEXT, "timeouts.build", 90)
    assert after == TEXT.replace("build: 45", "build: 90")


def test_one_key_after_the_other_keeps_all_comments() -> None:
    text = TEXT
    for path, value in (
        ("name", "bot"),
        ("cuda.enabled", True),
        ("services[0].cmake_args[0]", "-DB=2"),
        ("services[0].cmake_args[1]", "-DC=3"),
        ("services[1].path", "embed"),
        ("services[2]", {"name": "third", "kind": "python", "path": "third"}),
        ("platforms", ["gitlab", "github"]),
    ):
        text = set_value(text, path, value)
    assert sorted(comments(text)) == sorted(comments(TEXT))
    config = read(text, Config, "ci-gen.yaml")
    assert config.services is not None
    assert [service.name for service in config.services] == ["chat", "embeddings", "third"]
    assert config.services[0].cmake_args == ("-DB=2", "-DC=3")
    order = [text.index(word) for word in ("version:", "platforms:", "services:", "timeouts:")]
    assert order == sorted(order)
    assert "path: 'server'" in text


def test_the_last_line_s_comment_stays_at_the_end_of_what_it_ended() -> None:
    assert set_value("# a\nversion: 1\n# b\n", "name", "x").startswith("# a\nversion: 1\n")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("services[5].name", "the list has no item 5"),
        ("services[5]", "the list has 2 items"),
        ("timeouts[0]", "it lies in no mapping or list"),
        ("timeouts[0].x", "the list has no item 0"),
        ("platforms.x", "it lies in no mapping or list"),
        ("platforms.x.y", '"x" lies in no mapping'),
        ("services[0].name.x", "it lies in no mapping or list"),
    ],
)
def test_what_cannot_be_set(path: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        set_value(TEXT, path, 1)


def test_an_empty_file_takes_keys() -> None:
    assert set_value("", "version", 1) == "version: 1\n"
    assert set_value("# hello\n", "version", 1).endswith("version: 1\n")


def test_windows_line_ends_stay() -> None:
    after = set_value(TEXT.replace("\n", "\r\n"), "timeouts.build", 90)
    assert after == TEXT.replace("build: 45", "build: 90").replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text", ["version: [", "a: 1\na: 2\n", "version: *x\n", "\tversion: 1", "a: b\x00", "[" * 900]
)
def test_a_broken_file_is_a_config_error_with_its_place(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        set_value(text, "name", "x")
    assert caught.value.problems[0].line >= 1
    assert caught.value.problems[0].file == "ci-gen.yaml"


@pytest.mark.parametrize("text", ["text", "- a\n", "1"])
def test_a_file_that_is_no_mapping(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be set"):
        set_value(text, "name", "x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("12", 12),
        ("yes", "yes"),
        ("[a, b]", ["a", "b"]),
        ("{a: 1}", {"a": 1}),
        ("", None),
        ("~", None),
        ("'1'", "1"),
        ("a b", "a b"),
    ],
)
def test_a_typed_value_is_yaml(text: str, value: Any) -> None:
    assert parse(text) == value


@pytest.mark.parametrize("text", ["[a", "@x", "a: b: c", "*a", "\x00", "[" * 900, "a\n---\nb"])
def test_a_typed_value_that_is_no_yaml(text: str) -> None:
    with pytest.raises(UsageError, match="is not YAML"):
        parse(text)


@pytest.mark.parametrize("value", ["!!int x", "!!float y", "!!omap [a]", "!!bool a"])
def test_a_tag_that_its_value_belies_is_no_crash(value: str) -> None:
    with pytest.raises(UsageError, match="is not YAML"):
        parse(value)
    with pytest.raises(ConfigError, match="not valid YAML"):
        set_value(f"version: 1\nname: {value}\n", "default_branch", "x")


@pytest.mark.parametrize("typed", ["12.10", "13.0", "0x10", "1_000", "1e3", "12.80"])
def test_a_number_is_written_as_it_was_typed(typed: str) -> None:
    text = "version: 1\ncuda:\n  variants:\n    - name: a\n"
    after = set_value(text, "cuda.variants[0].toolkit", parse(typed))
    assert f"toolkit: {typed}\n" in after


@pytest.mark.parametrize("name", [name for name, _ in options()])
def test_what_is_set_is_what_is_read(name: str) -> None:
    text = (
        "version: 1\n# kept\nservices:\n  - name: a\nmodels:\n  - name: a\n"
        "cuda:\n  variants: [{name: v}]\n"
        "kubernetes:\n  tolerations: [{key: t}]\n"
    )
    known(name, Config)
    for value in values()[name]:
        chosen: Any = list(value) if isinstance(value, tuple) else value
        if name == "environments":
            chosen = [{"name": one} for one in chosen]
        elif name in ("files", "kubernetes.node_selector"):
            chosen = dict(chosen)
        after = set_value(text, name, chosen)
        assert "# kept" in after
        document = plain(read(after, Config, "ci-gen.yaml"))
        if name == "environments":
            assert [one["name"] for one in get(document, name)] == list(value)  # type: ignore[call-overload]
        else:
            assert get(document, name) == chosen
        assert set_value(after, name, chosen) == after


@given(documents(), st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_setting_a_key_to_what_it_is_changes_nothing_that_is_read(
    document: dict[str, Any], data: st.DataObject
) -> None:
    text = "version: 1\n"
    for key, value in document.items():
        text = set_value(text, key, value)
    try:
        before = read(text, Config, "ci-gen.yaml")
    except ConfigError as error:
        assert all("stands twice" in problem.message for problem in error.problems)
        return
    key = data.draw(st.sampled_from(sorted(document)))
    again = set_value(text, key, document[key])
    assert read(again, Config, "ci-gen.yaml") == before
    assert set_value(again, key, document[key]) == again


DRAFT = """\
version: 1
models:
  - name: chat
    config: c.yaml # where
    # quality:
    #   texts: []
# model_registry:

# The last line.
"""


@pytest.mark.parametrize(
    ("path", "value", "lines"),
    [
        ("models[0].source", "file:a", "    source: file:a\n"),
        ("models[0].quality.texts", "[a, b]", "    quality:\n      texts: [a, b]\n"),
        ("models[0].release", "{publish: true}", "    release: {publish: true}\n"),
    ],
)
def test_a_new_key_of_an_item_stands_in_it_and_not_below_what_follows(
    path: str, value: str, lines: str
) -> None:
    head, tail = DRAFT.split("    # quality:")
    written = set_value(DRAFT, path, parse(value))
    assert written == head + lines + "    # quality:" + tail
