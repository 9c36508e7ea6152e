from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.generator.write.repo import BOT, CI, DOCS, TEXTS, put, rendering, run

from ci_gen.write.assess import assess
from ci_gen.write.digest import digest_text
from ci_gen.write.drift import Report, report
from ci_gen.write.report import coloured, drift_text
from ci_gen.write.root import BASE, LOCK, PENDING

NEW = {**TEXTS, CI: TEXTS[CI].replace("build:\n    runs-on: one", "build:\n    runs-on: two")}
EDITED = TEXTS[CI].replace("test:\n    runs-on: one", "test:\n    runs-on: mine")


def check(root: Path, texts: dict[str, str] = TEXTS, **more: Any) -> Report:
    return report(assess(str(root), rendering(texts, **more)))


def drifted(found: Report) -> dict[str, list[str]]:
    return {one.path: [cause.value for cause in one.causes] for one in found.drifted}


def test_an_unchanged_repository_is_clean(tmp_path: Path) -> None:
    run(tmp_path)
    found = check(tmp_path)
    assert found.to_json() == {
        "status": "clean",
        "ci_gen": "0.1.0",
        "files": [
            {"path": path, "status": "clean", "why": "", "causes": []} for path in sorted(TEXTS)
        ],
        "notes": [],
    }


def test_nothing_generated_yet(tmp_path: Path) -> None:
    assert drifted(check(tmp_path)) == {path: ["missing"] for path in (LOCK, *TEXTS)}


def test_a_lost_lock_is_drift_even_where_every_text_is_right(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / LOCK).unlink()
    assert drifted(check(tmp_path)) == {LOCK: ["missing"]}


def test_a_changed_config(tmp_path: Path) -> None:
    run(tmp_path)
    found = check(tmp_path, NEW, config="b")
    assert drifted(found) == {CI: ["config-changed"]}
    assert "ci-gen.yaml changed since the last generate" in found.drifted[0].why


def test_a_changed_config_that_renders_the_same_is_no_drift(tmp_path: Path) -> None:
    run(tmp_path)
    found = check(tmp_path, config="b")
    assert not found.drifted
    assert "ci-gen.yaml changed" in found.notes[0]
    run(tmp_path, config="b")
    assert check(tmp_path, config="b").notes == ()


def test_a_changed_generator(tmp_path: Path) -> None:
    run(tmp_path)
    found = check(tmp_path, NEW, generator="h")
    assert drifted(found) == {CI: ["generator-changed"]}
    assert "templates changed" in found.drifted[0].why


def test_an_upgrade(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, LOCK, (tmp_path / LOCK).read_text().replace("0.1.0", "0.0.9"))
    found = check(tmp_path, NEW)
    assert drifted(found) == {CI: ["generator-changed"]}
    assert found.drifted[0].why == "ci-gen was upgraded from 0.0.9 to 0.1.0"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"facts": {"name": "x"}}, "facts-changed"),
        ({"actions": {"commit": "2"}}, "generator-changed"),
    ],
)
def test_other_inputs(tmp_path: Path, change: dict[str, Any], cause: str) -> None:
    run(tmp_path)
    assert drifted(check(tmp_path, NEW, **change)) == {CI: [cause]}


def test_a_text_that_is_rendered_differently_for_no_known_reason(tmp_path: Path) -> None:
    run(tmp_path)
    assert drifted(check(tmp_path, NEW)) == {CI: ["outdated"]}


def test_a_hand_edit(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, EDITED)
    found = check(tmp_path)
    assert drifted(found) == {CI: ["edited"]}
    assert "+    runs-on: mine" in found.drifted[0].diff
    run(tmp_path)
    recorded = check(tmp_path)
    assert not recorded.drifted
    assert recorded.kept == [CI]
    assert f"{CI}: edited by hand, as recorded" in drift_text(recorded)


def test_a_recorded_hand_edit_and_a_new_text(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, EDITED)
    run(tmp_path)
    assert drifted(check(tmp_path, NEW, config="b")) == {CI: ["config-changed"]}


def test_a_hand_edit_and_a_changed_config(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, EDITED)
    found = check(tmp_path, NEW, config="b")
    assert drifted(found) == {CI: ["edited", "config-changed"]}
    assert found.drifted[0].status == "edited"


def test_a_conflict_that_was_left(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, TEXTS[CI].replace("build:\n    runs-on: one", "build:\n    runs-on: mine"))
    run(tmp_path, NEW, config="b")
    found = check(tmp_path, NEW, config="b")
    assert drifted(found) == {CI: ["edited", "unresolved"]}
    assert f".ci-gen/conflicts/{CI}" in found.drifted[0].why
    assert "-    runs-on: mine" in found.drifted[0].diff


def test_missing_foreign_and_orphaned_files(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / CI).unlink()
    put(tmp_path, "new.yml", "mine\n")
    texts = {CI: TEXTS[CI], BOT: TEXTS[BOT], "new.yml": "1\n", "other.yml": "1\n"}
    found = check(tmp_path, texts, config="b")
    assert drifted(found) == {
        CI: ["missing"],
        DOCS: ["orphaned"],
        "new.yml": ["foreign"],
        "other.yml": ["missing"],
    }
    whys = {one.path: one.why for one in found.drifted}
    assert whys[CI] == "it was deleted"
    assert whys["other.yml"] == "it was not generated yet"


def test_an_edited_orphan(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, DOCS, "mine\n")
    found = check(tmp_path, {CI: TEXTS[CI], BOT: TEXTS[BOT]})
    assert drifted(found) == {DOCS: ["orphaned"]}
    assert "edited by hand" in found.drifted[0].why


def test_an_orphan_that_is_gone_is_no_drift(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / DOCS).unlink()
    assert not check(tmp_path, {CI: TEXTS[CI], BOT: TEXTS[BOT]}).drifted


def test_an_interrupted_run(tmp_path: Path) -> None:
    run(tmp_path)
    step = f'{{"old": "{digest_text(TEXTS[CI])}", "new": "x", "entry": null}}'
    files = f'{{"{CI}": {step}, "{DOCS}": {{"old": "y", "new": "z", "entry": null}}}}'
    text = f'{{"ci_gen": "0.1.0", "pending": 1, "files": {files}, "bases": {{}}}}'
    put(tmp_path, PENDING, text)
    found = check(tmp_path)
    assert drifted(found) == {PENDING: ["interrupted"]}
    assert f"  {CI}: old" in found.notes
    assert f"  {DOCS}: changed since" in found.notes


def test_line_endings_are_no_drift(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, TEXTS[CI].replace("\n", "\r\n"))
    assert not check(tmp_path).drifted


def test_the_text_names_every_file_and_the_remedy(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, EDITED.rstrip("\n"))
    (tmp_path / BOT).unlink()
    text = drift_text(check(tmp_path), diffs=True)
    assert text.startswith("drift: 2 of 3 files\n")
    assert f"  {CI}: edited: edited by hand\n" in text
    assert f"  {BOT}: missing: it was deleted\n" in text
    assert "\\ No newline at end of file" in text
    assert "+++ b/.github/dependabot.yml" in text
    assert "ci-gen generate" in text


def test_a_lost_base_text_is_no_drift(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / BASE / CI).unlink()
    assert not check(tmp_path).drifted


def test_colours_leave_the_text_alone() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n c"
    painted = coloured(diff)
    assert "\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n c" in painted
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[36m"):
        painted = painted.replace(code, "")
    assert painted == diff


def test_the_first_cause_names_the_file() -> None:
    from ci_gen.write.drift import Cause, Finding

    both = Finding("x", (Cause.CONFIG, Cause.INTERRUPTED))
    assert both.status == "interrupted"
    assert replace(both, causes=(), kept=True).status == "kept"
