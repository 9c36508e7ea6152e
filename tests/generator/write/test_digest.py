from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ci_gen.write.digest import digest, digest_file, digest_text
from ci_gen.write.disk import File, read


@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])))
def test_newlines_make_no_difference(text: str) -> None:
    assert digest(text.encode()) == digest(text.replace("\n", "\r\n").encode()) == digest_text(text)


def test_anything_else_does() -> None:
    assert len({digest(data) for data in (b"a", b"a\n", b"a\r", b"a ", b"")}) == 5


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    assert digest_file(str(tmp_path)) is None
    assert digest_file(str(tmp_path / "missing")) is None


@given(st.binary())
def test_any_bytes_survive_being_read_as_text(data: bytes) -> None:
    file = File("x", "x", data)
    if b"\r\n" not in data:
        assert file.encode(file.text) == data
        assert digest_text(file.text) == file.digest


def test_the_newline_style_of_the_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "crlf").write_bytes(b"a\r\nb\r\n")
    assert read(str(tmp_path), "crlf").encode("x\ny\n") == b"x\r\ny\r\n"
    assert read(str(tmp_path), "new").encode("x\n") == b"x\n"
