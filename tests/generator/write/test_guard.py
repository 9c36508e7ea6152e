"""Two runs at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from tests.generator.write.dying import in_child
from tests.generator.write.repo import TEXTS, rendering, run, tree

from ci_gen.errors import Busy
from ci_gen.write.assess import Rendering
from ci_gen.write.generate import generate
from ci_gen.write.guard import exclusive, is_held

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def test_the_second_waits_says_so_and_gives_up(tmp_path: Path) -> None:
    said: list[str] = []
    with exclusive(str(tmp_path), said.append):
        assert said == []
        with (
            pytest.raises(Busy, match="another ci-gen") as caught,
            exclusive(str(tmp_path), said.append, patience=0.2),
        ):
            pass
    assert caught.value.exit_status == 3
    assert len(said) == 1
    assert "waiting" in said[0]


def test_the_second_goes_on_when_the_first_has_ended(tmp_path: Path) -> None:
    first = exclusive(str(tmp_path), print)
    first.__enter__()
    said: list[str] = []

    def end(text: str) -> None:
        said.append(text)
        threading.Timer(0.1, lambda: first.__exit__(None, None, None)).start()

    with exclusive(str(tmp_path), end, patience=30):
        assert is_held(str(tmp_path))
    assert said
    assert not is_held(str(tmp_path))


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    def work() -> None:
        exclusive(str(tmp_path), print).__enter__()
        os.kill(os.getpid(), 9)

    assert in_child(work) == -9
    assert not is_held(str(tmp_path))


def test_many_at_once_end_as_one_alone(tmp_path: Path) -> None:
    """Eight processes with two configs: the result is that of whoever came last, whole."""
    configs = [{**TEXTS, "who": f"{who}\n", f"only-{who}": "1\n"} for who in "ab"]

    def child(number: int) -> int:
        pid = os.fork()
        if pid == 0:
            try:
                texts = configs[number % 2]
                for _ in range(5):
                    generate(
                        str(tmp_path / "many"),
                        lambda: rendering(texts, config=str(number % 2)),
                        patience=60,
                    )
                os._exit(0)
            finally:
                os._exit(1)
        return pid

    (tmp_path / "many").mkdir()
    children = [child(number) for number in range(8)]
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 8
    alone = []
    for number, texts in enumerate(configs):
        (tmp_path / str(number)).mkdir()
        run(tmp_path / str(number), texts, config=str(number))
        alone.append(tree(tmp_path / str(number)))
    assert tree(tmp_path / "many") in alone


def test_a_folder_put_in_its_place_is_locked_anew(tmp_path: Path) -> None:
    with exclusive(str(tmp_path), print):
        (tmp_path / ".ci-gen").rename(tmp_path / "moved")
        with exclusive(str(tmp_path), print, patience=0):
            assert is_held(str(tmp_path))


def test_the_config_is_read_after_the_wait(tmp_path: Path) -> None:
    config = ["first"]

    def render() -> Rendering:
        return rendering({"x": config[0]})

    first = exclusive(str(tmp_path), print)
    first.__enter__()

    def change(_: str) -> None:
        config[0] = "second"
        first.__exit__(None, None, None)

    generate(str(tmp_path), render, say=change, patience=30)
    assert (tmp_path / "x").read_text() == "second"
