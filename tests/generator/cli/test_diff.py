from __future__ import annotations

from tests.generator.cli.repository import CI, Shell


def test_nothing(shell: Shell) -> None:
    assert shell("diff") == (0, "", "")


def test_what_generate_would_change(shell: Shell) -> None:
    old = shell.read(CI)
    config = shell.read("ci-gen.yaml")
    shell.put("ci-gen.yaml", config.replace("01234567890", "99999999999"))
    said = shell("diff")
    assert said.status == 4
    assert f"--- a/{CI}" in said.out
    assert "\x1b" not in said.out
    assert shell.read(CI) == old
    assert "\x1b[32m+" in shell("diff", "--color").out
    assert shell("generate").status == 0
    assert shell("diff").status == 0


def test_a_hand_edit_that_would_be_kept_is_no_change(shell: Shell) -> None:
    shell.put(CI, shell.read(CI) + "# mine\n")
    assert shell("diff") == (0, "", "")


def test_a_file_that_must_be_left_alone(shell: Shell) -> None:
    (shell.root / ".ci-gen/lock.json").unlink()
    shell.put(CI, "mine\n")
    said = shell("diff")
    assert said.status == 4
    assert f"{CI}: foreign: ci-gen did not write this file" in said.err
    assert "-mine" in said.out
    assert shell.read(CI) == "mine\n"


def test_a_full_comparison_without_a_difference(shell: Shell) -> None:
    shell.put("ci-gen.yaml", shell.read("ci-gen.yaml") + "# remark\n")
    assert shell("diff") == (0, "", "")


def test_bytes_that_are_no_text_are_shown(shell: Shell) -> None:
    (shell.root / ".ci-gen/lock.json").unlink()
    (shell.root / CI).write_bytes(b"caf\xe9\n")
    said = shell("diff")
    assert said.status == 4
    assert "-caf\\udce9" in said.out
