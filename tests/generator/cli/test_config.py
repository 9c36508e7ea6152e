"""`ci-gen config`: what it prints is what is in force, and what it sets is all that changes."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.generator.cli.repository import CONFIG, Shell, prepare

from ci_gen.cli.config import changed
from ci_gen.config import model_config, schema
from ci_gen.config.model import Config
from ci_gen.config.reader import read
from ci_gen.config.reference import reference
from ci_gen.errors import ConfigError
from ci_gen.write.atomic import Change
from ci_gen.write.guard import exclusive

FILE = "ci-gen.yaml"
COMMENTED = """\
# Ours.
version: 1  # the schema
name: "chat"

platforms: [github]
# cuda:
#   enabled: true
#   variants:
#     - name: cuda12
# the end
"""


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Commands in a repository whose files were not generated: quicker, and all that is needed."""
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


def test_schemas_and_reference_are_printed_as_they_are(here: Shell) -> None:
    assert here("config", "schema") == (0, schema.schema_text(), "")
    assert here("config", "schema", "--model") == (0, model_config.schema_text(), "")
    assert here("config", "reference") == (0, reference(), "")


def test_show_fills_in_defaults_and_what_was_detected(here: Shell) -> None:
    as_yaml = YAML(typ="safe").load(here("config", "show").out)
    as_json = json.loads(here("config", "show", "--json").out)
    assert as_yaml == as_json
    (service,) = as_json["services"]
    assert service["kind"] == "cmake"
    assert service["ctest"]["enabled"] is True
    assert as_json["timeouts"]["build"] == Config(version=1).timeouts.build
    assert list(as_json)[:2] == ["version", "name"]


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        ("version", "1\n"),
        ("services[0].kind", "cmake\n"),
        ("services[0].ctest.enabled", "true\n"),
        ("cuda.enabled", "false\n"),
        ("runners.hosted.image", "\n"),
        ("platforms", "- github\n"),
        ("services[0].targets", "[]\n"),
        ("triggers", "pull_request: true\ntags:\n- v*\nmanual: true\n"),
    ],
)
def test_get(here: Shell, key: str, printed: str) -> None:
    assert here("config", "get", key) == (0, printed, "")


@pytest.mark.parametrize("verb", [["get"], ["set"]])
@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("platfroms", 'Did you mean "platforms"?'),
        ("cuda.enable", 'Did you mean "enabled"?'),
        ("services[0].nmae", 'Did you mean "name"?'),
        ("name.x", 'nothing lies below "x"'),
        ("a..b", '"a..b" is no key'),
    ],
)
def test_a_key_that_is_none(here: Shell, verb: list[str], key: str, said: str) -> None:
    done = here("config", *verb, key, *(["x"] if verb == ["set"] else []))
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert here.read(FILE) == CONFIG


def test_get_of_an_item_that_is_not_there(here: Shell) -> None:
    done = here("config", "get", "services[4].name")
    assert done.status == 2
    assert '"4" is not there' in done.err


def test_set_changes_one_line(here: Shell) -> None:
    done = here("config", "set", "platforms", "[github, gitlab]")
    assert (done.status, done.out) == (0, "")
    assert "ci-gen generate" in done.err
    assert here.read(FILE) == CONFIG.replace("[github]", "[github, gitlab]")
    assert here("config", "get", "platforms").out == "- github\n- gitlab\n"


def test_set_to_what_it_is_writes_nothing(here: Shell) -> None:
    file = here.root / FILE
    before = file.stat()
    done = here("config", "set", "platforms", "[github]")
    assert done.status == 0
    assert "has that value already" in done.err
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_set_below_a_section_that_is_only_a_comment(here: Shell) -> None:
    here.put(FILE, COMMENTED)
    assert here("config", "set", "cuda.enabled", "true").status == 0
    after = here.read(FILE)
    assert after.replace("cuda:\n  enabled: true\n", "", 1) == COMMENTED
    assert here("config", "get", "cuda.enabled").out == "true\n"


def test_set_from_a_folder_below(here: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.root / "src/deep").mkdir(parents=True)
    monkeypatch.chdir(here.root / "src/deep")
    assert here("config", "set", "name", "below").status == 0
    assert "name: below\n" in here.read(FILE)


def test_windows_line_ends_and_byte_order_mark_stay(here: Shell) -> None:
    before = b"\xef\xbb\xbf" + COMMENTED.replace("\n", "\r\n").encode()
    (here.root / FILE).write_bytes(before)
    assert here("config", "set", "name", '"talk"').status == 0
    assert (here.root / FILE).read_bytes() == before.replace(b"chat", b"talk")


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_the_file_s_mode_stays(here: Shell, mode: int) -> None:
    file = here.root / FILE
    file.chmod(mode)
    assert here("config", "set", "name", "talk").status == 0
    assert file.stat().st_mode & 0o7777 == mode


def test_a_link_stays_a_link(here: Shell) -> None:
    (here.root / "shared").mkdir()
    (here.root / FILE).rename(here.root / "shared/pipeline.yaml")
    (here.root / FILE).symlink_to("shared/pipeline.yaml")
    assert here("config", "set", "name", "talk").status == 0
    assert (here.root / FILE).is_symlink()
    assert "name: talk\n" in here.read("shared/pipeline.yaml")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("platforms", "[bitbucket]", "platforms[0] cannot be"),
        ("timeouts.build", "soon", "timeouts.build must be a whole number"),
        ("name", "!!python/name:os.system x", "tags are not accepted"),
        ("name", "Not A Name", "name cannot be"),
        ("name", "${{ github.token }}", "name"),
        ("services[3]", "{name: x}", "services"),
        ("version", "2", "version cannot be 2"),
        ("name", "[", "is not YAML"),
    ],
)
def test_a_wrong_value_leaves_the_file_alone(here: Shell, key: str, value: str, said: str) -> None:
    done = here("config", "set", key, value)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert here.read(FILE) == CONFIG
    assert not list(here.root.glob(".ci-gen-tmp*"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"version: 1\nplatforms: [github,\n", "ci-gen.yaml:3:1: not valid YAML"),
        (b"version: 1\nversion: 1\n", "ci-gen.yaml:2:1: "),
        (b"version: 1\nplatfroms: [github]\n", 'ci-gen.yaml:2:1: unknown key "platfroms"'),
        (b"version: 1\n\tname: x\n", "ci-gen.yaml:2:1: not valid YAML"),
        (b"version: 1\nname: \xff\n", "ci-gen.yaml: is not UTF-8 (byte 17)"),
        (b"- version\n", "cannot be set"),
    ],
)
def test_a_broken_file_is_refused_with_its_problems(here: Shell, text: bytes, said: str) -> None:
    (here.root / FILE).write_bytes(text)
    done = here("config", "set", "timeouts.build", "5")
    assert done.status == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert (here.root / FILE).read_bytes() == text


def test_a_wrong_key_can_be_corrected(here: Shell) -> None:
    """The file is judged as it would be, not as it was."""
    here.put(FILE, "version: 1\ntimeouts:\n  build: soon\n")
    assert here("config", "set", "timeouts.build", "5").status == 0
    assert here.read(FILE) == "version: 1\ntimeouts:\n  build: 5\n"


def test_what_a_killed_run_left_is_in_nobody_s_way(here: Shell) -> None:
    leftover = Path(Change(str(here.root / FILE), b"").temporary)
    leftover.write_text("half a f")
    assert here("config", "set", "name", "talk").status == 0
    assert not leftover.exists()


def test_a_folder_that_cannot_be_written(here: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, seen where the text is synced: the file is as it was, nothing lies about."""

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device", "disk")

    monkeypatch.setattr(os, "fsync", full)
    done = here("config", "set", "name", "talk")
    assert done.status == 3
    assert "No space left on device" in done.err
    assert here.read(FILE) == CONFIG
    assert not list(here.root.glob(".ci-gen-tmp*"))


def test_set_waits_for_its_turn(here: Shell) -> None:
    held = exclusive(str(here.root), print)
    held.__enter__()
    release = threading.Timer(0.3, held.__exit__, (None, None, None))
    release.start()
    done = here("config", "set", "name", "talk")
    release.join()
    assert done.status == 0
    assert "waiting" in done.err
    assert "name: talk\n" in here.read(FILE)


def test_without_a_config(here: Shell) -> None:
    (here.root / FILE).unlink()
    (here.root / ".git").mkdir()
    for arguments in (["show"], ["get", "name"], ["set", "name", "x"]):
        done = here("config", *arguments)
        assert (done.status, done.out) == (2, "")
        assert "ci-gen init" in done.err


def test_several_at_once_are_judged_together() -> None:
    text = changed("version: 1\n", [("cuda.enabled", "true"), ("name", "a-b")])
    assert read(text, Config, FILE) == changed_config("name: a-b\ncuda: {enabled: true}\n")
    with pytest.raises(ConfigError):
        changed("version: 1\n", [("name", "a"), ("name", "A B")])


def changed_config(text: str) -> Config:
    return read("version: 1\n" + text, Config, FILE)


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
PLAIN = st.one_of(
    NAMES, st.from_regex(r"[0-9]{1,36}e[0-9]{1,2}", fullmatch=True), st.dates().map(str)
).filter(lambda name: name != "null")


@given(PLAIN)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_text_that_is_set_unquoted_is_read_letter_by_letter(name: str) -> None:
    """Also where YAML takes it for a number, a date or a truth."""
    text = changed(COMMENTED, [("name", name)])
    kept = changed(text, [("timeouts.build", "5")])
    assert read(kept, Config, FILE).name == name
    assert read(text, Config, FILE).name == name
    assert text.count("#") == COMMENTED.count("#")


def test_a_commit_that_looks_like_a_number_is_kept() -> None:
    for commit in ("1234567890123456789012345678901234567e12", "0" * 39 + "1", "9" * 40):
        text = changed("version: 1\n", [("actions.commit", commit)])
        assert read(text, Config, FILE).actions.commit == commit


def test_a_file_of_comments_keeps_them() -> None:
    assert changed("# one\n\n# two\n", [("version", "1")]) == "# one\n# two\nversion: 1\n"
    assert changed("---\n", [("version", "1")]) == "version: 1\n"


def test_numbers_elsewhere_in_the_file_are_not_touched() -> None:
    """Also one with an anchor, and what is used twice."""
    before = "version: 1\nactions:\n  commit: 1234567890123456789012345678901234567e12\n"
    assert changed(before, [("name", "x")]) == before + "name: x\n"
    anchored = "version: 1\ntimeouts: {build: &n 45, test: *n}\n"
    assert changed(anchored, [("name", "x")]) == anchored + "name: x\n"
