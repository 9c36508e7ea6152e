"""`ci-gen init` as a person and a program see it."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.generator.cli.repository import CI, CMAKE, Said, Shell

from ci_gen.__main__ import main

PIN = ("--set", "actions.repository=acme/actions", "--set", f"actions.commit={'a' * 40}")


@pytest.fixture
def bare(
    memory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Commands in a repository that was not set up."""
    (memory / "CMakeLists.txt").write_text(CMAKE)
    (memory / "service.c").write_text("int main(void) { return 0; }\n")
    monkeypatch.chdir(memory)
    return Shell(memory, capsys)


def names(shell: Shell) -> set[str]:
    return {path.name for path in shell.root.iterdir()}


def test_without_questions(bare: Shell) -> None:
    said = bare("init", "--yes", "--platform", "github", *PIN)
    assert said.status == 0, said
    assert said.out.index("Detected") < said.out.index("Files") < said.out.index("Next")
    assert re.search(r"^  project \S+ +cmake in \.  \[CMakeLists.txt:2\]$", said.out, re.M)
    assert "  created    ci-gen.yaml  (yours to edit)\n" in said.out
    assert f"  created    {CI}\n" in said.out
    assert "  1. Read docs/pipeline.md" in said.out
    assert said.err == ""
    assert bare("check").status == 0


def test_standard_input_that_is_no_terminal_is_not_asked(bare: Shell) -> None:
    assert bare("init", *PIN).status == 0
    assert "platforms" not in bare.read("ci-gen.yaml")


def test_again(bare: Shell) -> None:
    bare("init", "--yes", *PIN)
    said = bare("init", "--yes")
    assert said.status == 0
    assert "  kept       ci-gen.yaml" in said.out
    assert f"  unchanged  {CI}" in said.out


def test_a_dry_run(bare: Shell) -> None:
    before = names(bare)
    said = bare("init", "--dry-run", "--platform", "both", *PIN)
    assert said.status == 0
    assert "Would write\n" in said.out
    assert f"  create     {CI}\n" in said.out
    assert names(bare) == before


def test_json(bare: Shell) -> None:
    said = bare("init", "--json", "--platform", "gitlab", *PIN)
    assert said.status == 0
    document = json.loads(said.out)
    assert set(document) == {"facts", "files", "next"}
    assert {"path": ".gitlab-ci.yml", "status": "created", "why": ""} in document["files"]
    (cmake,) = [fact for fact in document["facts"] if fact["value"] == "cmake in ."]
    assert cmake["seen"] == "CMakeLists.txt:2"


def test_json_with_an_error_leaves_standard_output_empty(bare: Shell) -> None:
    said = bare("init", "--json", "--set", "cuda.enabeld=true")
    assert (said.status, said.out) == (2, "")
    assert 'Did you mean "enabled"?' in said.err


def test_nothing_to_build(bare: Shell) -> None:
    (bare.root / "CMakeLists.txt").unlink()
    before = names(bare)
    said = bare("init", "--yes")
    assert said.status == 2
    assert "Nothing to build was found" in said.err
    assert "ci-gen init --set 'services=" in said.err
    assert said.out == ""
    assert names(bare) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--set", "cuda"), "'cuda' is not KEY=VALUE"),
        (("--set", "cuda.enabeld=true"), 'Did you mean "enabled"?'),
        (("--set", "cuda.enabled=perhaps"), "ci-gen.yaml:"),
        (("--platform", "travis"), "'travis' is not one of"),
    ],
)
def test_wrong_arguments(bare: Shell, arguments: tuple[str, ...], told: str) -> None:
    before = names(bare)
    said = bare("init", "--yes", *arguments)
    assert said.status == 2
    assert told in said.err
    assert "Traceback" not in said.err
    assert names(bare) == before


def test_a_config_in_another_encoding(bare: Shell) -> None:
    (bare.root / "ci-gen.yaml").write_bytes(b"name: \xe9\n")
    said = bare("init", "--yes")
    assert said.status == 2
    assert "ci-gen.yaml: is not UTF-8 (byte 6) (save it as UTF-8)" in said.err


def test_a_foreign_file(bare: Shell) -> None:
    bare.put(CI, "mine\n")
    said = bare("init", "--yes", *PIN)
    assert said.status == 0
    assert bare.read(CI) == "mine\n"
    assert f"{CI} is a file of yours and was left alone" in said.out
    assert f"  {CI}: .github/workflows/ci-gen-ci.yml\n" in bare.read("ci-gen.yaml")


def test_a_file_that_is_in_the_way_of_a_platform_added_later(bare: Shell) -> None:
    bare("init", "--yes", "--platform", "github", *PIN)
    bare.put(".gitlab-ci.yml", "mine\n")
    said = bare("init", "--yes", "--platform", "both")
    assert said.status == 4
    assert "  foreign    .gitlab-ci.yml  (" in said.out
    assert ".gitlab-ci.yml is a file of yours and was left alone: choose another name" in said.out
    assert bare.read(".gitlab-ci.yml") == "mine\n"


def test_the_vendored_actions_are_one_line(bare: Shell) -> None:
    said = bare("init", "--yes", "--set", "actions.source=vendor")
    assert said.status == 0
    assert re.search(
        r"^  created    \.ci-gen/actions/  \(\d+ files: the actions\)$", said.out, re.M
    )
    assert said.out.count(".ci-gen/actions/") == 1
    (bare.root / ".ci-gen/actions/build/action.yml").unlink()
    lines = re.findall(r"^  (\w+) +\.ci-gen/actions/  \((\d+) files", bare("init").out, re.M)
    assert len(lines) == 2
    assert "1" in [count for _, count in lines]


def test_warnings_are_among_the_next_steps(bare: Shell) -> None:
    services = "[{name: a, path: gone, kind: cmake}]"
    said = bare("init", "--yes", *PIN, "--set", f"services={services}")
    assert said.status == 0
    assert re.search(r'\d\. Look at this: .*the folder of service "a" is not there: gone', said.out)


INTERRUPT = "\x03"


def converse(root: Path, *answers: str) -> Said:
    """Run `ci-gen init` on a pseudo-terminal; type each answer once a question stands there."""
    import pty

    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "dumb"}
    child = subprocess.Popen(
        [sys.executable, "-m", "ci_gen", "init", *PIN], cwd=root, env=environment,
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    seen = ""
    left = list(answers)
    interrupted = False
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 3)[0]:
            if interrupted:
                # It came a moment before the terminal was read: a person presses it again.
                child.send_signal(signal.SIGINT)
            continue
        try:
            data = os.read(master, 4096)
        except OSError:  # Linux reports the end of a terminal so.
            break
        if not data:
            break
        seen += data.decode()
        if left and seen.endswith("]: "):
            answer = left.pop(0)
            if interrupted := answer == INTERRUPT:
                child.send_signal(signal.SIGINT)
            else:
                os.write(master, answer.encode() + b"\n")
    os.close(master)
    return Said(child.wait(60), seen.replace("\r\n", "\n"), "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_questions_on_a_terminal(bare: Shell) -> None:
    said = converse(bare.root, "travis", "gitlab", "y")
    assert said.status == 0, said.out
    places = [
        said.out.index(text)
        for text in ("Detected\n", "cmake in .", "Generate for which platform?",
                     "'travis' is not one of", "self-hosted runner with a GPU", "Files\n")
    ]  # fmt: skip
    assert places == sorted(places)
    assert "platforms: [gitlab]" in bare.read("ci-gen.yaml")
    assert "cuda:\n  enabled: true\n" in bare.read("ci-gen.yaml")
    assert "build-cuda" in bare.read(".gitlab/ci-gen/build-cuda.yml")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_questions_in_this_process(bare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on a terminal of this very process, with the answers typed ahead."""
    import pty

    master, slave = pty.openpty()
    os.write(master, b"github\ny\n")
    with (
        os.fdopen(os.dup(slave)) as keyboard,
        os.fdopen(slave, "w") as screen,
        monkeypatch.context() as patch,
    ):
        patch.setattr(sys, "stdin", keyboard)
        patch.setattr(sys, "stdout", screen)
        reader = threading.Thread(target=drain, args=(master,), daemon=True)
        reader.start()
        assert main(["init", *PIN]) == 0
    reader.join(60)
    os.close(master)
    assert "platforms: [github]" in bare.read("ci-gen.yaml")
    assert "cuda:\n  enabled: true\n" in bare.read("ci-gen.yaml")


def drain(terminal: int) -> None:
    """Read what a terminal shows until it is closed."""
    with suppress(OSError):
        while os.read(terminal, 4096):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_defaults_are_taken_with_return(bare: Shell) -> None:
    said = converse(bare.root, "", "")
    assert said.status == 0, said.out
    assert "platforms:" not in bare.read("ci-gen.yaml")
    assert "\n# cuda:\n" in bare.read("ci-gen.yaml")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_interrupted_at_a_question_nothing_is_written(bare: Shell) -> None:
    before = names(bare)
    said = converse(bare.root, INTERRUPT)
    assert said.status == 130, said.out
    assert "Traceback" not in said.out
    assert names(bare) == before
