from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.generator.detect.folders import SERVICE, SUBMODULE, TEST
from tests.support.repositories import Repository, make_repository, write

from ci_gen.__main__ import main
from ci_gen.detect.document import facts_from_json
from ci_gen.detect.repository import detect
from ci_gen.write.root import LOCK

FILES = {"CMakeLists.txt": SERVICE, ".gitmodules": SUBMODULE, "LICENSE": "MIT"}


@pytest.fixture
def service(tmp_path: Path) -> Repository:
    remotes = {"origin": "https://github.com/acme/answers.git"}
    return make_repository(tmp_path / "r", FILES, remotes)


@pytest.fixture
def generated(service: Repository, capsys: pytest.CaptureFixture[str]) -> Repository:
    """The service with a pipeline."""
    assert main(["init", "--yes", str(service.path)]) == 0
    service.commit()
    capsys.readouterr()
    return service


def test_facts_are_printed_with_what_shows_them(
    service: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(service.path)]) == 0
    out = capsys.readouterr().out
    assert "cmake in .  [CMakeLists.txt:2]" in out
    assert not (service.path / ".ci-gen").exists()


def test_as_json_they_can_be_read_back(
    service: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", "--json", str(service.path)]) == 0
    facts = facts_from_json(json.loads(capsys.readouterr().out))
    assert facts == detect(service.path)


def test_what_ci_gen_wrote_changes_no_fact(generated: Repository) -> None:
    assert [seen.path for seen in detect(generated.path).workflows] == []
    assert main(["detect", "--update", str(generated.path)]) == 0
    assert generated.git("status", "--porcelain") == ""


def test_an_update_shows_and_stores_what_changed(
    generated: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    generated.commit({"tests/test_a.py": TEST, "LICENSE": None})
    # A frozen fact does not change by itself.
    assert main(["check", str(generated.path)]) == 0
    assert "pytest" not in (generated.path / ".github/workflows/ci.yml").read_text()
    capsys.readouterr()
    assert main(["detect", "--update", str(generated.path / "tests")]) == 0
    out = capsys.readouterr().out
    assert "+ project answers: pytest: tests (unit)\n" in out
    assert "- visibility: looks public: forks may send changes\n" in out
    stored = json.loads((generated.path / LOCK).read_text())["facts"]
    assert facts_from_json(stored) == detect(generated.path)
    assert "pytest" in (generated.path / ".github/workflows/ci.yml").read_text()
    assert main(["check", str(generated.path)]) == 0


def test_an_update_as_json(generated: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    generated.commit({"Dockerfile": "FROM a\n"})
    assert main(["detect", "--update", "--json", str(generated.path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["changes"] == [{"sign": "+", "label": "Dockerfile", "value": "Dockerfile"}]
    assert document["generated"]["status"] == "changed"
    assert facts_from_json(document["facts"]) == detect(generated.path)


def test_an_update_of_nothing_says_so(
    generated: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", "--update", str(generated.path)]) == 0
    assert "The facts are those of the lock." in capsys.readouterr().out


def test_without_a_config_there_is_nothing_to_update(
    service: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", "--update", str(service.path)]) == 2
    assert "ci-gen init" in capsys.readouterr().err


def test_without_a_lock_there_is_nothing_to_update(
    generated: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    (generated.path / LOCK).unlink()
    assert main(["detect", "--update", str(generated.path)]) == 2
    assert "ci-gen generate" in capsys.readouterr().err


def test_facts_in_the_lock_that_cannot_be_read(
    generated: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = json.loads((generated.path / LOCK).read_text())
    del lock["facts"]["name"]
    write(generated.path / LOCK, json.dumps(lock))
    assert main(["detect", "--update", str(generated.path)]) == 3
    assert "the key 'name' is missing" in capsys.readouterr().err


def test_a_file_that_somebody_edited_is_left_and_said(
    generated: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    path = generated.path / ".github/workflows/ci.yml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(f"{line.rstrip()}  # mine\n" for line in lines if line.strip()))
    generated.commit({"tests/test_a.py": TEST})
    assert main(["detect", "--update", str(generated.path)]) == 4
    assert "# mine" in path.read_text()
