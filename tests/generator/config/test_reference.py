"""The reference page: current, and with every key."""

from __future__ import annotations

from pathlib import Path

from tests.support.option_values import options

from ci_gen.config.reference import reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "config.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == reference(), (
        "run: ci-gen config reference > docs/reference/config.md"
    )


def test_every_key_has_a_row_with_a_meaning() -> None:
    page = reference()
    for name, key in options():
        assert f"| `{name.rpartition('.')[2]}` |" in page
        assert len(key.doc) > 8
        assert key.doc.endswith(".")


def test_tables_hold_together() -> None:
    for line in reference().splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") == 5, line


def test_sections_are_named_by_their_path() -> None:
    page = reference()
    for heading in ("## The file", "## `services[]`", "## `services[].ctest`", "## `runners.gpu`"):
        assert f"\n{heading}\n" in page


def test_defaults_limits_and_examples_are_shown() -> None:
    page = reference()
    assert "| `timeout_seconds` | whole number, 1 to 86400 | `600` |" in page
    assert "| `version` | `1` | required |" in page
    assert "| `kind` | `cmake` \\| `python` | *detected* |" in page
    assert 'Example: `["-m", "not slow"]`' in page
    text = "one line without control characters, GitHub expressions or spaces at its ends"
    assert f"| `include` | {text} | empty |" in page
