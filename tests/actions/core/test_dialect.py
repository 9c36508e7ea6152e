from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.actions import github_outputs

from ci_gen_actions.core.dialect import Dialect, detect
from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.github import SUMMARY_LIMIT, GitHub, escape_data, escape_property
from ci_gen_actions.core.gitlab import GitLab
from ci_gen_actions.core.terminal import Terminal


class Ear:
    """A dialect that writes into memory."""

    def __init__(self, cls: type[Dialect], environ: dict[str, str]) -> None:
        self.log, self.out = io.BytesIO(), io.BytesIO()
        self.ci = cls(environ, log=self.log, out=self.out)

    @property
    def text(self) -> str:
        return self.log.getvalue().decode()


def acted_on(log: str) -> list[str]:
    """The workflow commands that GitHub's runner would act on, the rest being text.

    A command is `::name props::data` at the start of a line, after blanks, or `##[name]data`
    anywhere in it; between stop-commands and its token nothing is one.
    """
    found: list[str] = []
    stopped = ""
    for line in re.split(r"\r\n|\r|\n", log):
        second = re.match(r"\s*::([^ :]+)[^:]*::(.*)", line)
        first = re.search(r"##\[([^ \]]+)", line)
        name = second[1] if second else first[1] if first else ""
        if stopped:
            stopped = "" if name == stopped else stopped
        elif name == "stop-commands" and second:
            stopped = second[2]
        elif name:
            found.append(name)
    assert not stopped, "commands stay stopped"
    return found


@pytest.mark.parametrize(
    ("environ", "cls"),
    [
        ({"GITHUB_ACTIONS": "true"}, GitHub),
        ({"GITLAB_CI": "true"}, GitLab),
        ({"CI": "true"}, Terminal),
        ({}, Terminal),
    ],
)
def test_the_place_is_recognised(environ: dict[str, str], cls: type[Dialect]) -> None:
    assert type(detect(environ)) is cls


# GitHub ---------------------------------------------------------------------------------------


def test_github_annotations_are_escaped() -> None:
    ear = Ear(GitHub, {})
    ear.ci.error("50% off\r\n::set-env name=A::b", file="a,b:c.py", line=3)
    ear.ci.warning("w", file="a.py")
    ear.ci.notice("n", line=9)
    assert ear.text.splitlines() == [
        "::error file=a%2Cb%3Ac.py,line=3::50%25 off%0D%0A::set-env name=A::b",
        "::warning file=a.py::w",
        "::notice::n",
    ]


@given(st.text())
def test_github_messages_are_one_command_whatever_they_hold(text: str) -> None:
    ear = Ear(GitHub, {})
    ear.ci.error(text, file=text)
    assert acted_on(ear.text.removesuffix("\n")) == ["error"]


@given(st.text())
def test_github_logged_text_is_never_a_command(text: str) -> None:
    ear = Ear(GitHub, {})
    ear.ci.log(text)
    assert acted_on(ear.text) == []


@given(st.text())
def test_github_escapes_can_be_read_back(text: str) -> None:
    escaped = escape_property(text)
    assert not set("\r\n:,") & set(escaped)
    back = escaped.replace("%3A", ":").replace("%2C", ",")
    assert back == escape_data(text)
    assert back.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") == text


def test_github_output_of_a_child_is_inert_and_our_own_commands_still_act() -> None:
    ear = Ear(GitHub, {})
    with ear.ci.child_output():
        ear.ci.write_child(b"::set-env name=PATH::/evil\n")
        ear.ci.write_child(b"text ##[add-path]/evil\n")
        ear.ci.warning("ours")
        with ear.ci.child_output():
            ear.ci.write_child(b"::error::not ours\n")
        ear.ci.write_child(b"::error::still not ours\n")
    ear.ci.notice("after")
    assert acted_on(ear.text) == ["warning", "notice"]


def test_github_tokens_are_never_used_twice() -> None:
    ear = Ear(GitHub, {})
    for _ in range(3):
        with ear.ci.child_output():
            ear.ci.notice("x")
    tokens = re.findall(r"::stop-commands::(\w{32})", ear.text)
    assert len(tokens) == len(set(tokens)) == 6


def test_github_commands_act_again_after_an_error() -> None:
    ear = Ear(GitHub, {})
    with pytest.raises(RuntimeError), ear.ci.child_output():
        raise RuntimeError
    ear.ci.notice("x")
    assert acted_on(ear.text) == ["notice"]


def test_github_groups() -> None:
    ear = Ear(GitHub, {})
    with ear.ci.group("Build\n::error::x"):
        ear.ci.log("inside")
    assert ear.text == "::group::Build ::error::x\ninside\n::endgroup::\n"


def test_github_masks_every_line_and_redacts_what_follows() -> None:
    ear = Ear(GitHub, {})
    ear.ci.mask("first\n\nsecond%\n")
    ear.ci.mask("first")
    ear.ci.log("the first and the second%")
    ear.ci.error("first", file="second%")
    ear.ci.write_child(b"first\n")
    assert ear.text.splitlines() == [
        "::add-mask::first",
        "::add-mask::second%25",
        "the *** and the ***",
        "::error file=***::***",
        "***",
    ]


def test_a_mask_that_holds_another_is_replaced_whole() -> None:
    ear = Ear(Terminal, {})
    ear.ci.mask("abc")
    ear.ci.mask("abcdef")
    ear.ci.log("abcdef abc")
    assert ear.text == "*** ***\n"


def test_github_outputs_can_hold_anything(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("earlier<<x\n1\nx\n")
    ear = Ear(GitHub, {"GITHUB_OUTPUT": str(file)})
    values = {"plain": "1", "lines": "a\nb=c\n", "hostile": "x\nEOF\nname<<EOF\nevil", "empty": ""}
    ear.ci.outputs("build", values)
    assert github_outputs(file.read_text()) == {"earlier": "1", **values}


def test_github_without_files_logs_instead() -> None:
    ear = Ear(GitHub, {})
    ear.ci.outputs("build", {"a": "1"})
    ear.ci.summary("::error::# Title")
    assert ear.text == "a=1\n: :error::# Title\n"


def test_github_summary_is_appended_and_redacted(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    ear = Ear(GitHub, {"GITHUB_STEP_SUMMARY": str(file)})
    ear.ci.mask("hush")
    ear.ci.summary("one")
    ear.ci.summary("hush\n")
    assert file.read_text() == "one\n***\n"


@given(st.integers(0, 40))
def test_github_summary_never_exceeds_the_limit(more: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "summary")
        ear = Ear(GitHub, {"GITHUB_STEP_SUMMARY": str(file)})
        ear.ci.summary("é" * (SUMMARY_LIMIT // 2 - 20 + more))
        ear.ci.summary("more" * 100)
        text = file.read_bytes()
        assert len(text) <= SUMMARY_LIMIT
        assert text.decode("utf-8")
        assert "cut here" in text.decode("utf-8")


def test_github_facts(tmp_path: Path) -> None:
    environ = {"GITHUB_WORKSPACE": str(tmp_path), "GITHUB_SHA": "a" * 40, "GITHUB_JOB": "build"}
    ci = Ear(GitHub, environ).ci
    assert (ci.workspace, ci.commit, ci.job) == (tmp_path, "a" * 40, "build")


# GitLab ---------------------------------------------------------------------------------------


def test_gitlab_sections_open_and_close_under_one_name() -> None:
    ear = Ear(GitLab, {})
    with ear.ci.group("Build"):
        ear.ci.log("inside")
    start = re.search(
        r"\x1b\[0Ksection_start:\d+:(\w+)\[collapsed=true\]\r\x1b\[0KBuild\n", ear.text
    )
    end = re.search(r"\x1b\[0Ksection_end:\d+:(\w+)\r\x1b\[0K\n", ear.text)
    assert start and end and start[1] == end[1]


def test_gitlab_annotations_name_their_place() -> None:
    ear = Ear(GitLab, {})
    ear.ci.error("bad", file="a.py", line=3)
    ear.ci.warning("odd", file="a.py")
    ear.ci.notice("so")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ear.text)
    assert plain.splitlines() == ["ERROR: a.py:3: bad", "WARNING: a.py: odd", "NOTICE: so"]


def test_gitlab_outputs_of_several_actions_share_the_dotenv_file(tmp_path: Path) -> None:
    ear = Ear(GitLab, {"CI_PROJECT_DIR": str(tmp_path)})
    ear.ci.outputs("changes", {"code": "true"})
    ear.ci.outputs("build-python", {"package-sha256": "ab=c"})
    ear.ci.outputs("changes", {"code": "false"})
    text = (tmp_path / "ci-gen.env").read_text()
    assert text == "CHANGES_CODE=false\nBUILD_PYTHON_PACKAGE_SHA256=ab=c\n"


def test_gitlab_refuses_an_output_that_would_set_another_variable(tmp_path: Path) -> None:
    ear = Ear(GitLab, {"CI_PROJECT_DIR": str(tmp_path)})
    with pytest.raises(CannotDecide, match="several lines"):
        ear.ci.outputs("changes", {"reason": "x\nLD_PRELOAD=evil"})
    assert not (tmp_path / "ci-gen.env").exists()


def test_gitlab_summary_is_in_the_log() -> None:
    ear = Ear(GitLab, {})
    ear.ci.summary("# Title")
    assert "# Title\n" in ear.text
    assert "section_start" in ear.text


@pytest.mark.parametrize(
    ("name", "job"),
    [
        ("build-cuda-llama: [12.4, sm_90]", "build-cuda-llama"),
        ("build-cuda-llama 2/3", "build-cuda-llama"),
        ("unit-tests-a", "unit-tests-a"),
        ("", ""),
    ],
)
def test_gitlab_job_without_the_matrix_row(name: str, job: str) -> None:
    assert Ear(GitLab, {"CI_JOB_NAME": name}).ci.job == job


def test_gitlab_facts(tmp_path: Path) -> None:
    ci = Ear(GitLab, {"CI_PROJECT_DIR": str(tmp_path), "CI_COMMIT_SHA": "b" * 40}).ci
    assert (ci.workspace, ci.commit) == (tmp_path, "b" * 40)


# Terminal -------------------------------------------------------------------------------------


def test_terminal_outputs_are_json_on_standard_output_alone() -> None:
    ear = Ear(Terminal, {})
    ear.ci.log("to people")
    ear.ci.outputs("build", {"package": "dist/a.tar.gz"})
    assert ear.out.getvalue() == b'{\n  "package": "dist/a.tar.gz"\n}\n'
    assert ear.text == "to people\n"


def test_terminal_is_plain_where_nobody_sees_colour(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        ci = Terminal({}, log=file, out=io.BytesIO())
        with ci.group("Title"):
            ci.error("bad", file="a.py", line=1)
        ci.summary("done")
    assert (tmp_path / "log").read_text() == "== Title\na.py:1: error: bad\n\ndone\n"


@pytest.mark.parametrize(
    ("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_terminal_colours(environ: dict[str, str], coloured: bool) -> None:
    import os
    import pty

    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, "wb", buffering=0) as file:
            Terminal(environ, log=file, out=io.BytesIO()).error("bad")
            assert (b"\x1b[31m" in os.read(ours, 1000)) is coloured
    finally:
        os.close(ours)


def test_terminal_has_no_commit_and_no_job() -> None:
    ci = Ear(Terminal, {}).ci
    assert (ci.commit, ci.job, ci.workspace) == ("", "", Path.cwd())


def test_a_dialect_speaks_to_the_standard_streams_by_default(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    ci = detect({})
    ci.log("to people")
    ci.outputs("x", {"a": "1"})
    out, err = capfdbinary.readouterr()
    assert (out, err) == (b'{\n  "a": "1"\n}\n', b"to people\n")
