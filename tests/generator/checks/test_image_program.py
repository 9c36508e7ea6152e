"""Where only a name tells what the image starts, that is said before a job finds out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.cli.repository import CONFIG, prepare

from ci_gen.checks import image_program
from ci_gen.project import load

IMAGE = "image: {enabled: true%s}\n"


@pytest.mark.parametrize(
    ("more", "service", "said"),
    [
        ("", "", True),
        ("", "targets: [chat-server, chat]", False),
        ("", "targets: [chat-cli]", False),
        ("", "targets: [one, two]", True),
        (", command: bin/chat", "", False),
    ],
)
def test_a_program_that_is_a_guess(more: str, service: str, said: bool, tmp_path: Path) -> None:
    prepare(tmp_path)
    keys = "\n    ".join(["name: chat", "path: .", "kind: cmake", *filter(None, [service])])
    text = f"{CONFIG}{IMAGE % more}services:\n  - {keys}\n"
    (tmp_path / "ci-gen.yaml").write_text(text, encoding="utf-8")
    found = list(image_program.check(load(tmp_path)))
    assert len(found) == said
    for problem in found:
        assert problem.message == 'nothing tells what the image of "chat" starts: bin/chat is taken'
        assert "image.command" in problem.hint


def test_no_image_no_program(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert list(image_program.check(load(tmp_path))) == []
