from __future__ import annotations

import json

import pytest
from tests.generator.cli.repository import CI, Shell


def statuses(document: str) -> dict[str, str]:
    return {file["path"]: file["status"] for file in json.loads(document)["files"]}


def test_nothing_to_do(shell: Shell) -> None:
    said = shell("generate")
    assert said.status == 0
    assert said.out.startswith("unchanged ")
    document = shell("generate", "--json").out
    assert json.loads(document)["status"] == "clean"
    assert set(statuses(document).values()) == {"unchanged"}


def test_a_hand_edit_is_kept(shell: Shell) -> None:
    shell.put(CI, shell.read(CI) + "# mine\n")
    assert f"merged    {CI}: hand edit recorded" in shell("generate").out
    shell.put("ci-gen.yaml", shell.read("ci-gen.yaml").replace("01234567890", "99999999999"))
    document = shell("generate", "--json").out
    assert json.loads(document)["status"] == "changed"
    assert statuses(document)[CI] == "merged"
    assert "99999999999" in shell.read(CI)
    assert shell.read(CI).endswith("# mine\n")
    said = shell("check")
    assert said.status == 0
    assert f"{CI}: edited by hand, as recorded" in said.out


def test_a_conflict_shows_both_and_the_remedies(shell: Shell) -> None:
    mine = shell.read(CI).replace("0123456789012345678901234567890123456789", "mine")
    shell.put(CI, mine)
    shell.put("ci-gen.yaml", shell.read("ci-gen.yaml").replace("01234567890", "99999999999"))
    said = shell("generate")
    assert said.status == 4
    assert f"conflict  {CI}" in said.out
    assert f".ci-gen/conflicts/{CI}" in said.out
    assert "99999999999" in said.out
    assert f"ci-gen generate --keep {CI}" in said.out
    assert f"ci-gen generate --force {CI}" in said.out
    assert shell.read(CI) == mine
    assert json.loads(shell("generate", "--json").out)["status"] == "drift"
    said = shell("generate", "--force", f"./{CI}")
    assert said.status == 0
    assert f"The former {CI} is in .ci-gen/backup/." in said.out
    assert shell.read(f".ci-gen/backup/{CI}") == mine
    assert shell("check").status == 0


def test_a_foreign_file_is_left_with_the_remedies(shell: Shell) -> None:
    (shell.root / ".ci-gen/lock.json").unlink()
    shell.put(CI, "mine\n")
    said = shell("generate")
    assert said.status == 4
    assert f"files:\n    {CI}: <another path>" in said.out
    assert shell.read(CI) == "mine\n"
    assert shell("generate", "--keep", CI).status == 0
    assert shell.read(CI) == "mine\n"


def test_a_link_that_leads_out_cannot_be_forced(
    shell: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    workflows = shell.root / ".github/workflows"
    for file in workflows.iterdir():
        file.unlink()
    workflows.rmdir()
    workflows.symlink_to(outside)
    said = shell("generate", "--force", CI)
    assert said.status == 4
    assert "symbolic link" in said.out
    assert f"generate --force {CI}" not in said.out
    assert list(outside.iterdir()) == []


def test_a_dry_run(shell: Shell) -> None:
    shell.put("ci-gen.yaml", shell.read("ci-gen.yaml").replace("01234567890", "99999999999"))
    old = shell.read(CI)
    said = shell("generate", "--dry-run")
    assert said.status == 0
    assert f"updated   {CI}" in said.out
    assert "Nothing was written" in said.out
    assert shell.read(CI) == old


def test_a_path_that_is_not_generated(shell: Shell) -> None:
    said = shell("generate", "--force", ".github/workflows/ci.yaml")
    assert said.status == 2
    assert f"Did you mean {CI}?" in said.err
