from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.inert import code, listed, plain, table


def test_code_spans() -> None:
    assert code("a.py") == "`a.py`"
    assert code("a`b") == "``a`b``"
    assert code("`a`") == "`` `a` ``"
    assert code("a|b\nc\x1b") == "`a\\|b\\nc\\x1b`"
    assert code("") == ""


def test_plain_words_hold_no_markup() -> None:
    assert plain("a  <b>\n*c* @d [e](f)") == "a \\<b\\> \\*c\\* \\@d \\[e\\]\\(f\\)"


@given(st.text())
def test_a_row_of_a_table_stays_one_row(text: str) -> None:
    lines = table(("A", "B"), [(code(text), plain(text))]).splitlines()
    assert len(lines) == 3
    bars = lines[2].replace("\\\\", "").replace("\\|", "").count("|")
    assert bars == 3


def test_a_long_list_is_cut() -> None:
    assert listed(["a", "b", "c"], limit=2) == "- `a`\n- `b`\n- and 1 more\n"
