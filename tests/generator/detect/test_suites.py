from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.detect.folders import TEST, tree_of

from ci_gen.detect.model import PytestSuite, Seen, SuiteKind
from ci_gen.detect.suites import find_suites, needs_binaries, nested_suites

UNIT, INTEGRATION = SuiteKind.UNIT, SuiteKind.INTEGRATION
INI = "[tool.pytest.ini_options]\naddopts = '-q'\ntestpaths = {}\n"


def kinds(folder: Path, files: dict[str, str], *foreign: str) -> dict[str, SuiteKind]:
    suites = find_suites(tree_of(folder, files), foreign)
    return {suite.path: suite.kind for suite in suites}


def test_a_folder_named_for_tests(tmp_path: Path) -> None:
    files = {"svc/tests/unit/test_a.py": "import x\n\n" + TEST, "svc/tests/conftest.py": ""}
    assert find_suites(tree_of(tmp_path, files), ()) == (
        PytestSuite(path="svc/tests", kind=UNIT, seen=Seen("svc/tests/unit/test_a.py", 3)),
    )


def test_unittest_files_are_collected_too(tmp_path: Path) -> None:
    text = "import unittest\nclass CaseTest(unittest.TestCase):\n    pass\n"
    assert kinds(tmp_path, {"test/a_test.py": text}) == {"test": UNIT}


@pytest.mark.parametrize(
    "files",
    [
        {"tests/test_a.py": "x = 1\n"},
        {"tests/helper.py": TEST},
        {"tests/test-a.py": TEST},
        {"tests/fixtures/test_a.py": TEST},
        {"vendor/x/tests/test_a.py": TEST},
        {"theirs/tests/test_a.py": TEST},
        {"scripts/test_a.py": TEST},
    ],
)
def test_what_pytest_has_no_business_with(tmp_path: Path, files: dict[str, str]) -> None:
    assert kinds(tmp_path, files, "theirs") == {}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("tests/integration/test_a.py",), {"tests": INTEGRATION}),
        (
            ("tests/unit/test_a.py", "tests/integration/api/test_a.py"),
            {"tests": UNIT, "tests/integration": INTEGRATION},
        ),
        (
            ("tests/test_a.py", "tests/test_e2e.py"),
            {"tests": UNIT, "tests/test_e2e.py": INTEGRATION},
        ),
        (("e2e-test/test_a.py",), {"e2e-test": INTEGRATION}),
        (("integration/test_a.py",), {"integration": INTEGRATION}),
        (("smoke/tests/test_a.py",), {"smoke/tests": INTEGRATION}),
        (("tests/test_system_prompt.py",), {"tests": UNIT}),
        (("tests/ecosystem/test_a.py",), {"tests": UNIT}),
        (
            ("tests/functional_tests/test_a.py", "tests/test_b.py"),
            {"tests": UNIT, "tests/functional_tests": INTEGRATION},
        ),
    ],
)
def test_kinds(tmp_path: Path, files: tuple[str, ...], expected: dict[str, SuiteKind]) -> None:
    assert kinds(tmp_path, dict.fromkeys(files, TEST)) == expected


@pytest.mark.parametrize(
    ("mark", "kind"),
    [
        ("pytestmark = pytest.mark.integration\n", INTEGRATION),
        ("pytestmark = [\n    pytest.mark.slow,\n    pytest.mark.e2e,\n]\n", INTEGRATION),
        ("pytestmark = pytest.mark.slow\n# mark.integration\n", UNIT),
        ("@pytest.mark.integration\n", UNIT),
    ],
)
def test_a_files_mark(tmp_path: Path, mark: str, kind: SuiteKind) -> None:
    assert kinds(tmp_path, {"tests/test_a.py": mark + TEST}) == {"tests": kind}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("pyproject.toml", INI.format('["checks"]'), 3),
        ("pyproject.toml", INI.format('"./checks/"'), 3),
        ("pyproject.toml", INI.format('["ch*"]'), 3),
        ("pytest.ini", "[pytest]\ntestpaths =\n    checks\n", 2),
        ("setup.cfg", "[tool:pytest]\n\ntestpaths=checks none\n", 3),
        ("tox.ini", "[pytest]\ntestpaths = checks\n", 2),
    ],
)
def test_configured_paths(tmp_path: Path, name: str, text: str, line: int) -> None:
    files = {f"svc/{name}": text, "svc/checks/test_a.py": TEST, "svc/checkers/x.py": ""}
    assert find_suites(tree_of(tmp_path, files), ()) == (
        PytestSuite(path="svc/checks", kind=UNIT, seen=Seen(f"svc/{name}", line)),
    )


def test_beside_configured_paths_only_integration_tests_count(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": INI.format('["tests/unit"]'),
        "tests/unit/test_a.py": TEST,
        "tests/old/test_b.py": TEST,
        "tests/integration/test_c.py": TEST,
    }
    assert kinds(tmp_path, files) == {"tests/unit": UNIT, "tests/integration": INTEGRATION}


@pytest.mark.parametrize("paths", ['["."]', "[]", "3", '["missing"]'])
def test_configured_paths_that_tell_nothing(tmp_path: Path, paths: str) -> None:
    files = {"pyproject.toml": INI.format(paths), "tests/test_a.py": TEST}
    assert kinds(tmp_path, files) == {"tests": UNIT}


def test_a_broken_ini_is_noted(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"pytest.ini": "testpaths = a\n", "tests/test_a.py": TEST})
    assert [suite.path for suite in find_suites(tree, ())] == ["tests"]
    assert tree.notes[0].startswith("pytest.ini: broken: ")


def test_tests_beside_the_code_count_where_there_are_no_others(tmp_path: Path) -> None:
    files = {"app/a_test.py": TEST, "app/x/b_test.py": TEST, "test_main.py": TEST}
    assert kinds(tmp_path, files) == {"app": UNIT, "test_main.py": UNIT}
    files["tests/test_a.py"] = TEST
    assert kinds(tmp_path, files) == {"tests": UNIT}


def test_what_a_run_of_the_unit_tests_ignores(tmp_path: Path) -> None:
    files = dict.fromkeys(("tests/test_a.py", "tests/test_smoke.py", "tests/e2e/test_b.py"), TEST)
    suites = find_suites(tree_of(tmp_path, files), ())
    assert nested_suites(suites[0], suites) == ("tests/e2e", "tests/test_smoke.py")
    assert nested_suites(suites[1], suites) == ()


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("subprocess.run(['x'])", True),
        ("SERVER = 'build/bin/llama-server'", True),
        ("os.environ['CI_GEN_PACKAGE_DIR']", True),
        ("assert 1", False),
    ],
)
def test_tests_that_start_what_was_built(tmp_path: Path, text: str, needed: bool) -> None:
    tree = tree_of(tmp_path, {"tests/test_a.py": TEST, "tests/utils.py": text})
    suite = find_suites(tree, ())[0]
    assert needs_binaries(tree, suite) is needed
