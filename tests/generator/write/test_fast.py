"""The fast path says `clean` only where the full check does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.generator.write.repo import CI, TEXTS, put, rendering

from ci_gen.write.assess import Rendering, assess
from ci_gen.write.digest import digest_file
from ci_gen.write.drift import clean, report
from ci_gen.write.fast import announce_if_clean, clean_files, clean_text
from ci_gen.write.generate import generate
from ci_gen.write.identity import generator_digest
from ci_gen.write.report import drift_text
from ci_gen.write.root import BASE, LOCK, PENDING

EDITED = TEXTS[CI].replace("test:\n    runs-on: one", "test:\n    runs-on: mine")


def current(root: Path) -> Rendering:
    """Rendered by this very generator from the config on disk."""
    return Rendering(
        texts=TEXTS,
        config={"ci-gen.yaml": digest_file(str(root / "ci-gen.yaml")) or ""},
        facts={"name": "é"},
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "ci-gen.yaml", "version: 1\n")
    generate(str(tmp_path), lambda: current(tmp_path))
    return tmp_path


def test_a_generated_repository_is_clean(root: Path) -> None:
    assert clean_files(str(root)) == dict.fromkeys(TEXTS, False)


def test_a_recorded_hand_edit_is_clean_and_mentioned(root: Path) -> None:
    put(root, CI, EDITED)
    generate(str(root), lambda: current(root))
    files = clean_files(str(root))
    assert files == dict.fromkeys(TEXTS, False) | {CI: True}
    assert CI in clean_text(files)


def test_both_paths_print_the_same(root: Path) -> None:
    for text in (TEXTS[CI], EDITED):
        put(root, CI, text)
        generate(str(root), lambda: current(root))
        files = clean_files(str(root))
        assert files is not None
        full = report(assess(str(root), current(root)))
        assert clean(files).to_json(True) == full.to_json(True)
        assert clean_text(files) == drift_text(full)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "config": lambda root: put(root, "ci-gen.yaml", "version: 2\n"),
    "no config": lambda root: (root / "ci-gen.yaml").unlink(),
    "edited": lambda root: put(root, CI, EDITED),
    "missing": lambda root: (root / CI).unlink(),
    "base": lambda root: put(root, f"{BASE}/{CI}", EDITED),
    "no base": lambda root: (root / BASE / CI).unlink(),
    "pending": lambda root: put(root, PENDING, "{}"),
    "no lock": lambda root: (root / LOCK).unlink(),
    "broken lock": lambda root: put(root, LOCK, "{"),
    "empty lock": lambda root: put(root, LOCK, "[]"),
    "version": lambda root: amend(root, "ci_gen", "0.0.1"),
    "format": lambda root: amend(root, "lock", 2),
    "generator": lambda root: amend(root, "generator", "0" * 64),
    "facts": lambda root: amend(root, "facts", {}),
    "actions": lambda root: amend(root, "actions", {"commit": "1"}),
    "unresolved": lambda root: amend(root, "inputs", ""),
    "no files": lambda root: amend(root, "files", None),
}


def amend(root: Path, key: str, value: object) -> None:
    lock = json.loads((root / LOCK).read_text())
    put(root, LOCK, json.dumps({**lock, key: value}))


@pytest.mark.parametrize("what", DAMAGE)
def test_any_doubt_is_left_to_the_full_check(root: Path, what: str) -> None:
    DAMAGE[what](root)
    assert clean_files(str(root)) is None


def test_line_endings_are_no_doubt(root: Path) -> None:
    for path in ("ci-gen.yaml", LOCK, *TEXTS, *(f"{BASE}/{path}" for path in TEXTS)):
        put(root, path, (root / path).read_bytes().replace(b"\n", b"\r\n"))
    assert clean_files(str(root)) is not None


def test_what_two_branches_joined_without_rendering_is_doubted(root: Path) -> None:
    """Every line of the lock is right on its own, but no run ever rendered from all of them."""
    put(root, "ci-gen.yaml", "version: 1 # other\n")
    config = {"ci-gen.yaml": digest_file(str(root / "ci-gen.yaml"))}
    amend(root, "config", config)
    assert clean_files(str(root)) is None


def test_a_bare_check_is_answered_from_below(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root / "docs")
    assert announce_if_clean()
    assert capsys.readouterr().out == "clean: 3 generated files as they should be\n"
    put(root, CI, EDITED)
    assert not announce_if_clean()
    assert capsys.readouterr().out == ""


def test_outside_of_a_repository_there_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not announce_if_clean()


def loaded_by(code: str, folder: Path) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sys.modules))"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.splitlines())


def test_it_imports_nothing_heavy(root: Path) -> None:
    loaded = loaded_by("from ci_gen.__main__ import main; assert main(['check']) == 0", root)
    bare = loaded_by("import json, hashlib", root)
    more = {name for name in loaded - bare if not name.startswith(("ci_gen", "clean: "))}
    assert more <= {"__future__", "collections.abc"}
    assert "ci_gen.write.fast" in loaded
    assert "ci_gen.project" not in loaded


def test_help_imports_no_command(root: Path) -> None:
    loaded = loaded_by("from ci_gen.__main__ import main; main(['--help'])", root)
    assert {name for name in loaded if name.startswith("ci_gen")} <= {
        "ci_gen", "ci_gen._version", "ci_gen.__main__", "ci_gen.cli", "ci_gen.errors",
    }  # fmt: skip
    assert not {"jinja2", "ruamel.yaml"} & loaded


def package(folder: Path) -> str:
    """A package with the same rooms as ours, in a source checkout."""
    for path in (
        "generator/ci_gen/render/a.py", "generator/ci_gen/config/b.py",
        "generator/ci_gen/pipeline/stages/c.py", "generator/ci_gen/pins.json",
        "templates/github/ci.yml.j2", "actions/build/action.yml",
    ):  # fmt: skip
        put(folder, path, "text\n")
    return str(folder / "generator/ci_gen")


def test_the_generator_is_told_by_its_contents(tmp_path: Path) -> None:
    one, two = package(tmp_path / "one"), package(tmp_path / "two")
    digest = generator_digest(one)
    assert generator_digest(two) == digest
    put(tmp_path / "two", "generator/ci_gen/render/__pycache__/a.pyc", "x")
    put(tmp_path / "two", "generator/ci_gen/cli/x.py", "x")
    put(tmp_path / "two", "generator/ci_gen/render/a.py", "text\r\n")
    assert generator_digest(two) == digest
    for path in (
        "generator/ci_gen/render/new.py", "generator/ci_gen/pins.json",
        "templates/github/ci.yml.j2", "actions/build/action.yml",
    ):  # fmt: skip
        put(tmp_path / "two", path, f"other {path}\n")
        assert generator_digest(two) != digest
        digest = generator_digest(two)


def test_an_installed_package_is_the_same_generator_as_its_checkout(tmp_path: Path) -> None:
    checkout = package(tmp_path / "one")
    installed = Path(package(tmp_path / "two"))
    (tmp_path / "two/templates").rename(installed / "templates")
    (tmp_path / "two/actions").rename(installed / "_actions")
    assert generator_digest(str(installed)) == generator_digest(checkout)


def test_our_own_digest_covers_what_renders() -> None:
    from ci_gen.write import identity

    names = {name for name, _ in identity._sources(identity.package_folder())}
    assert {"pins.json", "render/repository.py", "pipeline/plan.py", "config/model.py"} <= names
    assert any(name.startswith("templates/github/") for name in names)
    assert any(name.startswith("actions/") for name in names)
    assert rendering().generator != Rendering(texts={}, config={}).generator == generator_digest()
