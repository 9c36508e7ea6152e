from __future__ import annotations

import json

import pytest

from ci_gen_actions.ci_gen.report import DIFF_LINES, Place, places, read_report, summary


def document(status: str = "drift", **more: object) -> bytes:
    files = [
        {"path": "a.yml", "status": "clean", "why": "", "causes": []},
        {"path": "k.yml", "status": "kept", "why": "edited, as recorded", "causes": []},
        {"path": "b.yml", "status": "edited", "why": "edited by <hand>", "diff": "-a\n+b```\n"},
        {"path": "c.yml", "status": "updated", "why": ""},
    ]
    whole = {"status": status, "ci_gen": "0.1.0", "files": files, "notes": ["a *note*"]}
    return json.dumps({**whole, **more}).encode()


def test_what_is_as_it_should_be_is_left_out() -> None:
    report = read_report(document())
    assert [(each.path, each.done) for each in report.files] == [("b.yml", False), ("c.yml", True)]
    assert (report.status, report.total, report.notes) == ("drift", 4, ("a *note*",))


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b'{"files": [{}]}', b"\xff"])
def test_anything_else_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"report of ci-gen|Expecting|decode"):
        read_report(text)


def test_the_summary_of_drift() -> None:
    text = summary(read_report(document()), "check")
    assert text.startswith("### ci-gen 0.1.0 check: 2 of 4 generated files drifted\n")
    assert "a \\*note\\*" in text
    assert "| `b.yml` | edited | edited by \\<hand\\> |" in text
    assert "````diff\n-a\n+b```\n````" in text
    assert "commit what it writes" in text
    assert "left alone" in summary(read_report(document()), "generate")


def test_the_summary_without_drift() -> None:
    clean = summary(read_report(document("clean", files=[], notes=[])), "check")
    assert clean == "### ci-gen 0.1.0 check: all 0 generated files are as they should be\n\n"
    changed = summary(read_report(document("changed")), "generate")
    assert "2 generated files brought up to date" in changed
    assert "ci-gen generate" not in changed


def test_a_long_difference_is_cut() -> None:
    diff = "\n".join(f"+{n}" for n in range(DIFF_LINES + 5))
    files = [{"path": "b", "status": "edited", "why": "w", "diff": diff}]
    text = summary(read_report(document(files=files)), "check")
    assert f"+{DIFF_LINES - 1}\n… 5 more lines\n" in text


def test_places_of_a_wrong_config() -> None:
    text = 'ci-gen: ci-gen.yaml:38:1: unknown key "zzz"\nmore\nx/y.yaml:3: odd\nnot: a: place\n'
    assert places(text, "sub") == [
        Place(file="sub/ci-gen.yaml", line=38, message='unknown key "zzz"'),
        Place(file="sub/x/y.yaml", line=3, message="odd"),
    ]
