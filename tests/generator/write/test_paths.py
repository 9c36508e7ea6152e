from __future__ import annotations

from pathlib import Path

import pytest

from ci_gen.errors import UsageError
from ci_gen.write.disk import read
from ci_gen.write.paths import real_path, refuse_strays


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "C:/x", "a\\b", ".git/config",
        "sub/.GIT/hooks/x", "a\nb", ".ci-gen/lock.json", ".ci-gen/base/x", ".CI-GEN/pending.json",
        "docs/.ci-gen-tmp-1", "a/",
    ],
)  # fmt: skip
def test_stray_paths_are_refused(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_strays(["fine.yml", path])
    assert repr(path) in caught.value.message
    assert "fine.yml" not in caught.value.message


def test_plain_paths_pass() -> None:
    refuse_strays(
        ["a", ".github/x.yml", ".ci-gen/config.schema.json", ".gitlab-ci.yml", "a..b/c d"]
    )


def test_paths_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(UsageError, match="letter case"):
        refuse_strays(["docs/a", "Docs/a"])


def test_a_link_within_the_repository_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert real_path(str(tmp_path), "link/x") == (str(tmp_path / "real/x"), None)


@pytest.mark.parametrize("target", ["/tmp", "../outside", "a/../../outside", ".git/hooks"])
def test_a_link_that_leads_out_is_not(tmp_path: Path, target: str) -> None:
    root = tmp_path / "repo"
    (root / ".git").mkdir(parents=True)
    (root / "link").symlink_to(target)
    place, reason = real_path(str(root), "link/x")
    assert reason is not None
    assert "symbolic link" in reason
    assert place == str(root / "link/x")


def test_a_sibling_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo-two").mkdir()
    (tmp_path / "repo/link").symlink_to("../repo-two")
    assert real_path(str(tmp_path / "repo"), "link/x")[1] is not None


def test_what_cannot_be_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    assert "file is a file" in str(real_path(str(tmp_path), "file/x/y")[1])
    assert real_path(str(tmp_path), "folder")[1] == "is a folder"
    (tmp_path / "null").symlink_to("loop")
    (tmp_path / "loop").symlink_to("null")
    assert real_path(str(tmp_path), "loop")[1] == "is not a regular file"
    assert read(str(tmp_path), "loop").data is None
