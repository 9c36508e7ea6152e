from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.archive import (
    ArchiveError,
    Entry,
    is_safe_name,
    size_text,
    stays_inside,
    unpack_tar_gz,
    write_tar_gz,
)


def sample(folder: Path, *, mode: int = 0o700, time: int = 1) -> list[Entry]:
    folder.mkdir(parents=True)
    (folder / "prog").write_bytes(b"binary")
    (folder / "prog").chmod(mode)
    (folder / "text").write_text("words")
    (folder / "text").chmod(0o600)
    (folder / "link").symlink_to("prog")
    for name in ("prog", "text"):
        os.utime(folder / name, (time, time))
    found = [Entry(name=f"d/{name}", source=folder / name) for name in ("text", "prog", "link")]
    return [*found, Entry(name="note", data=b"hello")]


def pack(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_equal_contents_give_equal_bytes(tmp_path: Path) -> None:
    one = write_tar_gz(tmp_path / "1.tar.gz", sample(tmp_path / "a"), mtime=5)
    entries = sample(tmp_path / "b", mode=0o744, time=99)
    two = write_tar_gz(tmp_path / "x/2.tar.gz", reversed(entries), mtime=5)
    assert one == two
    assert (tmp_path / "1.tar.gz").read_bytes() == (tmp_path / "x/2.tar.gz").read_bytes()
    assert write_tar_gz(tmp_path / "1.tar.gz", entries, mtime=6) != one


def test_members(tmp_path: Path) -> None:
    write_tar_gz(tmp_path / "a.tar.gz", sample(tmp_path / "a"), mtime=5)
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        found = {info.name: info for info in tar}
    assert list(found) == ["d/link", "d/prog", "d/text", "note"]
    assert {info.mtime for info in found.values()} == {5}
    assert {(info.uid, info.gid, info.uname, info.gname) for info in found.values()} == {
        (0, 0, "", "")
    }
    assert [oct(found[name].mode) for name in ("d/prog", "d/text")] == ["0o755", "0o644"]
    assert found["d/link"].linkname == "prog"
    assert (tmp_path / "a.tar.gz").read_bytes()[4:8] == bytes(4)


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    entries = [*sample(tmp_path / "a"), Entry(name="z", source=tmp_path / "missing")]
    with pytest.raises(FileNotFoundError):
        write_tar_gz(tmp_path / "o/a.tar.gz", entries, mtime=0)
    assert list((tmp_path / "o").iterdir()) == []


@pytest.mark.parametrize(
    "entries",
    [
        [Entry(name="a", data=b""), Entry(name="a", data=b"x")],
        [Entry(name="../a", data=b"")],
        [Entry(name="/a", data=b"")],
        [Entry(name="a")],
    ],
)
def test_refuses_to_write(tmp_path: Path, entries: list[Entry]) -> None:
    with pytest.raises(ArchiveError):
        write_tar_gz(tmp_path / "a.tar.gz", entries, mtime=0)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "../.."])
def test_refuses_links_to_the_outside(tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(ArchiveError, match="outside"):
        write_tar_gz(
            tmp_path / "a.tar.gz", [Entry(name="d/link", source=tmp_path / "link")], mtime=0
        )


def test_unpacks_what_it_packed(tmp_path: Path) -> None:
    write_tar_gz(tmp_path / "a.tar.gz", sample(tmp_path / "a"), mtime=5)
    target = tmp_path / "out"
    (target / "old").mkdir(parents=True)
    names = unpack_tar_gz(tmp_path / "a.tar.gz", target)
    assert sorted(names) == ["d/link", "d/prog", "d/text", "note"]
    assert not (target / "old").exists()
    assert (target / "d/link").read_bytes() == b"binary"
    assert os.access(target / "d/prog", os.X_OK)
    assert not os.access(target / "d/text", os.X_OK)


@pytest.mark.parametrize(
    "members",
    [
        [(member("/tmp/evil"), b"x")],
        [(member("../evil"), b"x")],
        [(member("a/../../evil"), b"x")],
        [(member("l", tarfile.SYMTYPE, "/etc"), b"")],
        [(member("l", tarfile.SYMTYPE, ".."), b"")],
        [(member("d/l", tarfile.SYMTYPE, "../../x"), b"")],
        [(member("l", tarfile.LNKTYPE, "/etc/passwd"), b"")],
        [(member("dev", tarfile.CHRTYPE), b"")],
        [(member("pipe", tarfile.FIFOTYPE), b"")],
        # through a link that itself stays inside
        [(member("l", tarfile.SYMTYPE, "d"), b""), (member("l/x"), b"x")],
        [
            (member("l", tarfile.SYMTYPE, "d"), b""),
            (member("l/m", tarfile.SYMTYPE, "../x"), b""),
        ],
    ],
)
def test_refuses_to_unpack(tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    archive = pack(tmp_path / "a.tar.gz", *members)
    with pytest.raises(ArchiveError, match="member"):
        unpack_tar_gz(archive, tmp_path / "deep" / "out")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar.gz", "deep"]


@pytest.mark.parametrize("keep", [0, 5, 60])
def test_damaged_archives_are_named(tmp_path: Path, keep: int) -> None:
    whole = pack(tmp_path / "a.tar.gz", (member("a"), os.urandom(5000)))
    whole.write_bytes(whole.read_bytes()[:keep])
    with pytest.raises(ArchiveError, match="damaged"):
        unpack_tar_gz(whole, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_archive_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(b"hello"))
    with pytest.raises(ArchiveError, match="damaged"):
        unpack_tar_gz(path, tmp_path / "out")


@given(st.text(alphabet="a./", max_size=12), st.text(alphabet="a./", max_size=12))
def test_what_stays_inside_stays_inside(folder: str, target: str) -> None:
    if is_safe_name(folder) and stays_inside(folder, target):
        there = os.path.normpath(Path("/top", folder, target))
        assert (there + "/").startswith("/top/")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 29, "1536.0 MiB")]
)
def test_size_text(size: int, text: str) -> None:
    assert size_text(size) == text
