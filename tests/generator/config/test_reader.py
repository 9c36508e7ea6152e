"""Reading ci-gen.yaml: every problem at once, each at its place, and never a traceback."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_gen.config.model import Config
from ci_gen.config.model_config import ModelConfig
from ci_gen.config.option import keys
from ci_gen.config.reader import read, suggest
from ci_gen.errors import ConfigError

FILE = "ci-gen.yaml"


def problems(text: str, section: type = Config) -> list[str]:
    """`line:column: message (hint)` of each problem."""
    with pytest.raises(ConfigError) as caught:
        read(text, section, FILE)
    for problem in caught.value.problems:
        assert problem.file == FILE
        assert str(problem).isprintable()
    return [str(problem).removeprefix(f"{FILE}:") for problem in caught.value.problems]


def service(line: str) -> str:
    return f"version: 1\nservices:\n  - name: chat\n    {line}\n"


def test_an_empty_mapping_but_the_version_is_a_whole_config() -> None:
    assert read("version: 1\n", Config, FILE) == Config(version=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty (ci-gen init writes one)"),
        ("# only a comment\n", "1:1: the file is empty (ci-gen init writes one)"),
        ("{}", '1:1: the key "version" is missing (The version of this schema.)'),
        ("[]", "1:1: the file must be a mapping of keys (found a list)"),
        ("text", '1:1: the file must be a mapping of keys (found "text")'),
        ("~", "1:1: the file must be a mapping of keys (found nothing)"),
        ("version: 2", "1:10: version cannot be 2 (it must be 1)"),
        ("version: '1'", '1:10: version must be a whole number (found "1")'),
        ("version: 1.0", '1:10: version must be a whole number (found "1.0")'),
        ("version: true", '1:10: version must be a whole number (found "true")'),
        ("version: [1]", "1:10: version must be a whole number (found a list)"),
        ("version: {a: 1}", "1:10: version must be a whole number (found a mapping)"),
        ("version:", "1:9: version has no value (give one, or remove it)"),
        ("version: 99999999999999999", "1:10: version must be a whole number"),
        ("version: 1\nversion: 1", '2:1: the key "version" stands twice'),
        ("version: 1\n? [a, b]\n: 1", "2:3: a key must be a plain word"),
        ("version: 1\nservices:\n- {name: a}\n- {name: a}", '4:3: "a" stands twice in services'),
        ("version: 1\nservices: []", "2:11: services has 0 items; it may have 1 to 12"),
        (
            "version: 1\nservices: [~]",
            "2:12: services[0] must be a mapping of keys (found nothing)",
        ),
        ("version: 1\nservices:\n- path: .", '3:3: the key "name" is missing in services[0]'),
        ("version: 1\nplatforms: github", '2:12: platforms must be a list (found "github")'),
        (
            "version: 1\nplatforms: [github, github]",
            '2:21: "github" stands twice in platforms',
        ),
        (
            "version: 1\nplatforms: [gihub]",
            '2:13: platforms[0] cannot be "gihub" (did you mean "github"?)',
        ),
        (
            "version: 1\nplatforms: [bitbucket]",
            '2:13: platforms[0] cannot be "bitbucket" (one of github, gitlab)',
        ),
        (
            "version: 1\ntriggers: {manual: yes}",
            '2:20: triggers.manual must be true or false (found "yes")',
        ),
        (
            'version: 1\ntriggers: {manual: "true"}',
            '2:20: triggers.manual must be true or false (found "true")',
        ),
        ("version: 1\nfiles: [a]", "2:8: files must be a mapping (found a list)"),
        ("version: 1\nfiles: {a: [b]}", "2:12: files.a must be a text (found a list)"),
        ("version: 1\nfiles: {a: /b}", '2:12: files.a cannot be "/b" (it must be a path'),
        (
            "version: 1\nfiles: {../a: b}",
            '2:9: the key of files cannot be "../a" (it must be a path',
        ),
        ("version: 1\nname: A", '2:7: name cannot be "A" (it must be lower-case letters'),
        (
            "version: 1\ntimeouts: {build: 0}",
            "2:19: timeouts.build cannot be 0 (it must lie in 1 to 7200)",
        ),
        (
            "version: 1\ntimeouts: {biuld: 1}",
            '2:12: unknown key "timeouts.biuld" (did you mean "build"?)',
        ),
        ("version: 1\nvesion: 1", '2:1: unknown key "vesion" (did you mean "version"?)'),
        ("version: 1\nzzz: 1", '2:1: unknown key "zzz" (known: version, name, platforms'),
        ("version: 1\n<<: {name: a}", '2:1: unknown key "<<" (known:'),
        (
            "version: 1\nname: !secret x",
            '2:7: name carries the YAML tag "!secret" (tags are not accepted)',
        ),
        ("version: 1\nname: !!binary aGk=", "2:7: name carries the YAML tag"),
        ("version: 1\ntriggers: !x {manual: true}", '2:11: triggers carries the YAML tag "!x"'),
        ("version: 1\nplatforms: !x [github]", '2:12: platforms carries the YAML tag "!x"'),
        ("version: 1\nfiles: !x {}", '2:8: files carries the YAML tag "!x"'),
        ("version: 1\n!x name: a", '2:1: the key "name" carries the YAML tag "!x"'),
        (
            "version: 1\ntriggers: {manual: !!bool perhaps}",
            "2:20: triggers.manual must be true or false",
        ),
        ("version: 1\nname: !!null a", "2:7: name carries the YAML tag"),
        (
            "version: 1\ntriggers: &a {manual: *a}",
            "2:11: triggers.manual must be true or false (found a mapping)",
        ),
        ("version: 1\nfiles: {a: $b/c}", '2:12: files.a cannot be "$b/c"'),
        (
            "version: 1\nservices: &a [*a]",
            "2:11: services[0] must be a mapping of keys (found a list)",
        ),
        ("&a\nversion: 1\ntriggers: *a", "1:1: triggers contains itself through an alias"),
    ],
)
def test_a_problem_is_told_with_its_place(text: str, expected: str) -> None:
    assert problems(text)[0].startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\nname: [a", "2:9: not valid YAML: while parsing a flow sequence"),
        ("version: 1\n\tname: a", "2:1: not valid YAML: while scanning for the next token"),
        ('version: "1', "1:12: not valid YAML: while scanning a quoted scalar"),
        ("version: *none", "1:10: not valid YAML: found undefined alias 'none'"),
        ("version: 1\n---\nversion: 1", "2:1: not valid YAML: expected a single document"),
        ("version: 1\nname: a\x00b", "2:8: not valid YAML: unacceptable character #x0000"),
        ("version: 1\nname: \x1b[31m", "2:7: not valid YAML: unacceptable character #x001b"),
        ("version: 1\nname: \ud800", "2:7: not valid YAML: unacceptable character #xd800"),
        ("version: @x", "1:10: not valid YAML: while scanning for the next token"),
        ("%YAML 9.9\n---\nversion: 1", "1:1: not valid YAML: found incompatible YAML document"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text: str, expected: str) -> None:
    (found,) = problems(text)
    assert found.startswith(expected)


@pytest.mark.parametrize("bracket", ["[", "{a: "])
def test_very_deep_nesting_is_a_problem_and_no_crash(bracket: str) -> None:
    (found,) = problems("version: " + bracket * 1_000)
    assert found == "1:1: not valid YAML: nested too deeply"


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = "naem: a\nversion: 3\ntriggers:\n  tags: [-x]\n  manual: no\n"
    assert [one.split(" ")[0] for one in problems(text)] == ["1:1:", "2:10:", "4:10:", "5:11:"]


def test_windows_line_ends_and_a_byte_order_mark_move_no_place() -> None:
    text = "\ufeffversion: 1\r\nname: a\r\nzzz: 1\r\n"
    assert problems(text)[0].startswith("3:1: unknown key")


@pytest.mark.parametrize("value", ["12.10", "13.0", "12", "12.8"])
def test_a_version_that_looks_like_a_number_stays_the_text_that_was_written(value: str) -> None:
    text = f"version: 1\ncuda:\n  variants: [{{name: a, toolkit: {value}, architectures: [80]}}]\n"
    (variant,) = read(text, Config, FILE).cuda.variants
    assert (variant.toolkit, variant.architectures) == (value, ("80",))


@pytest.mark.parametrize("word", ["true", "null-x", "on", "0x10", "1e3", "12"])
def test_words_that_yaml_reads_as_something_else_stay_words(word: str) -> None:
    assert read(f"version: 1\nname: {word}\n", Config, FILE).name == word


def test_an_alias_is_what_it_stands_for() -> None:
    text = (
        "version: 1\nservices:\n- {name: a, ctest: &c {include: x}}\n- {name: b, ctest: *c}\n"
        "runners: {hosted: {labels: &l [one]}, gpu: {labels: *l}}\n"
    )
    config = read(text, Config, FILE)
    assert config.services is not None
    assert config.services[0].ctest == config.services[1].ctest
    assert config.runners.gpu.labels == ("one",)


def test_a_nullable_key_may_be_null_and_others_may_not() -> None:
    assert read("version: 1\nname: ~\nservices: null\ndefault_branch:\n", Config, FILE) == Config(
        version=1
    )
    assert problems("version: 1\ncompiler_cache: null\n")[0].startswith(
        "2:17: compiler_cache has no value"
    )


@pytest.mark.parametrize(
    "line",
    [
        "cmake_args: [~]",
        "cmake_args: [null]",
        "cmake_args: [-DX=1, ]\n    pytest: {unit: [a, ~]}",
        "targets: [ , ]",
    ],
)
def test_nothing_in_a_list_is_not_the_word_null(line: str) -> None:
    assert problems(service(line))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('version: 1\nservices: [{name: ""}]', "2:19: services[0].name"),
        (service('path: ""'), "4:11: services[0].path"),
        (service('cmake_args: [""]'), "4:18: services[0].cmake_args[0]"),
        ('version: 1\nfiles: {.gitlab-ci.yml: ""}', "2:25: files..gitlab-ci.yml"),
        ('version: 1\nfiles: {"": a}', "2:9: the key of files"),
        ('version: 1\ndefault_branch: ""', "2:17: default_branch"),
        ('version: 1\nactions: {commit: ""}', "2:19: actions.commit"),
        ('version: 1\nmodels: [{name: a, config: ""}]', "2:28: models[0].config"),
        ('version: 1\nenvironments: [{name: ""}]', "2:23: environments[0].name"),
    ],
)
def test_an_empty_text_is_refused_where_it_would_name_nothing(text: str, place: str) -> None:
    assert problems(text)[0].startswith(f"{place} is empty")


def test_an_empty_text_is_the_default_where_that_is_empty() -> None:
    text = (
        "version: 1\nservices: [{name: a, ctest: {include: '', exclude: ''}}]\n"
        "cuda: {variants: [{name: v, toolkit: ''}]}\n"
        "forks: {environment: ''}\nrunners: {gpu: {image: ''}}\n"
    )
    config = read(text, Config, FILE)
    assert config.cuda.variants[0].toolkit == ""


def test_arguments_may_repeat_and_names_may_not() -> None:
    config = read(service("pytest: {args: [-k, a, -W, x, -W, y]}"), Config, FILE)
    assert config.services is not None
    assert config.services[0].pytest.args == ("-k", "a", "-W", "x", "-W", "y")
    config = read(service("cmake_args: [-D, A=1, -D, B=2]"), Config, FILE)
    assert config.services is not None
    assert config.services[0].cmake_args == ("-D", "A=1", "-D", "B=2")
    assert '"a" stands twice' in problems(service("targets: [a, a]"))[0]


def test_lists_have_a_longest_length() -> None:
    many = ", ".join(f"a{number}" for number in range(51))
    assert problems(service(f"targets: [{many}]"))[0].startswith(
        "4:14: services[0].targets has 51 items; it may have 0 to 50"
    )


def test_a_thousand_characters_are_enough() -> None:
    read(service(f"cmake_args: [{'x' * 1000}]"), Config, FILE)
    assert problems(service(f"cmake_args: [{'x' * 1001}]"))[0].startswith(
        "4:18: services[0].cmake_args[0] is longer than 1,000 characters"
    )


def test_a_long_wrong_value_is_shown_shortened_and_harmless() -> None:
    (found,) = problems(f'version: 1\nname: "\\e[31m{"x" * 200}"')
    assert '"\\u001b[31mxxx' in found
    assert "..." in found
    assert len(found) < 300


@pytest.mark.parametrize("owner", ["acme", "@", "a@", "@acme/", "@a b", "@a\\n@b"])
def test_an_owner_whom_no_platform_knows_is_refused(owner: str) -> None:
    assert problems(f'version: 1\ncodeowners: ["{owner}"]')[0].startswith("2:14: codeowners[0]")


@pytest.mark.parametrize("owner", ["@acme", "@acme/team", "@acme/a/b", "x.y+z@example.com"])
def test_owners(owner: str) -> None:
    assert read(f'version: 1\ncodeowners: ["{owner}"]', Config, FILE).codeowners == (owner,)


@pytest.mark.parametrize(
    ("number", "value"),
    [("0.7", 0.7), ("1", 1.0), ("1e-07", 1e-07), ("0.30000000000000004", 0.30000000000000004)],
)
def test_numbers_with_a_fraction(number: str, value: float) -> None:
    text = f"model: {{name: a}}\ninference: {{temperature: {number}}}\n"
    assert read(text, ModelConfig, FILE).inference.temperature == value


@pytest.mark.parametrize("number", [".nan", ".inf", "1.", "'1'", "abc", "-1", "10.01", "1e9"])
def test_wrong_numbers(number: str) -> None:
    text = f"model: {{name: a}}\ninference: {{temperature: {number}}}\n"
    assert problems(text, ModelConfig)[0].startswith("2:26: inference.temperature")


def test_suggestions_come_from_what_is_known() -> None:
    assert suggest("servces", ["services", "files"]) == 'did you mean "services"?'
    assert suggest("xyzzy", ["services", "files"]) == ""


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_config_or_a_list_of_problems(text: str) -> None:
    try:
        read(text, Config, FILE)
    except ConfigError as error:
        assert error.problems
        assert all(problem.line >= 1 for problem in error.problems)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "version: 1",
                "\n",
                " ",
                "- ",
                "services:",
                "name",
                ": ",
                "[",
                "]",
                "{",
                "}",
                "&a ",
                "*a",
                "!!map ",
                "!x ",
                "<<",
                "? ",
                "|\n",
                ">",
                "'",
                '"',
                "#",
                ",",
                "~",
                "\t",
                "\x00",
                "---",
                "...",
            ]
        ),
        max_size=14,
    )
)
def test_any_yaml_is_a_config_or_a_list_of_problems(parts: list[str]) -> None:
    try:
        read("".join(parts), Config, FILE)
    except ConfigError as error:
        assert error.problems


NO_REFS = ("-a", "/a", "a/", "a.", ".a", "a/.b", "a..b", "a//b", "a.lock", "a.lock/b", "a b", "@{")


@pytest.mark.parametrize("name", NO_REFS)
def test_what_git_refuses_as_a_name_is_refused(name: str) -> None:
    done = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
    assert done.returncode != 0 or name == "-a"
    assert problems(f'version: 1\ndefault_branch: "{name}"')[0].startswith("2:17: default_branch")
    assert problems(f'version: 1\ntriggers: {{tags: ["{name}"]}}')[0].startswith("2:19: triggers")


@given(st.from_regex(re.compile(keys(Config)["default_branch"].limits.pattern), fullmatch=True))
@settings(deadline=None, max_examples=30)
def test_every_branch_that_is_accepted_is_one_for_git(name: str) -> None:
    subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=True)
