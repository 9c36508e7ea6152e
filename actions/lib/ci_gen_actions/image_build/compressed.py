"""How large the layers of an image in the engine will be in a registry: compressed.

The engine knows only the uncompressed size, a registry only the compressed one. To compare like
with like before a push, the image is read out of the engine as `docker save` does, and each
layer goes through gzip at the level at which engines push; nothing is stored. An engine with
containerd's image store keeps layers as it pushes them: those are unpacked instead, to know which
layer they are.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import tarfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from typing import IO, Any

_GZIP = 16 + zlib.MAX_WBITS
_GZIPPED = b"\x1f\x8b"
_LEVEL = 6
_BLOCK = 1 << 20


def layer_sizes(archive: Iterable[bytes], known: Mapping[str, int]) -> dict[str, int]:
    """Compressed bytes of each layer by its diff id (`sha256:...`), out of `docker save`.

    `known` are the sizes of layers that need no work: the registry has them already. Raises
    ValueError for what is no such archive.
    """
    sizes: dict[str, int] = {}
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Stream(archive), _BLOCK), mode="r|") as tar:
            for member in tar:
                source = tar.extractfile(member) if _may_be_layer(member) else None
                if source is None:
                    continue
                diff_id, size = _measured(member, source, known)
                if diff_id:
                    sizes[diff_id] = size
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"the engine's archive cannot be read: {error}") from error
    return {**sizes, **{diff_id: known[diff_id] for diff_id in known if diff_id in sizes}}


def total(sizes: Mapping[str, int], layers: Collection[str]) -> int:
    """The sum over an image's layers. Raises ValueError where one was not in the archive."""
    missing = [each for each in layers if each not in sizes]
    if missing:
        raise ValueError(f"the engine's archive lacks the layer {missing[0]}")
    return sum(sizes[each] for each in layers)


def _may_be_layer(member: tarfile.TarInfo) -> bool:
    """`<id>/layer.tar` up to Docker 24, `blobs/sha256/<digest>` from 25 on."""
    return member.isfile() and (
        member.name.endswith("/layer.tar") or member.name.startswith("blobs/sha256/")
    )


def _measured(
    member: tarfile.TarInfo, source: IO[bytes], known: Mapping[str, int]
) -> tuple[str, int]:
    """A layer's diff id and compressed size; ("", 0) for a blob of JSON."""
    if member.name.startswith("blobs/sha256/"):
        named = f"sha256:{member.name.rpartition('/')[2]}"
        if named in known:
            return named, known[named]
    first = source.read(_BLOCK)
    if first[:1] == b"{" and _is_json(first):
        return "", 0
    blocks = itertools.chain([first], iter(lambda: source.read(_BLOCK), b""))
    if first.startswith(_GZIPPED):
        return _unpacked_id(blocks), member.size
    digest, packer, size = hashlib.sha256(), zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP), 0
    for block in blocks:
        digest.update(block)
        size += len(packer.compress(block))
    return f"sha256:{digest.hexdigest()}", size + len(packer.flush())


def _unpacked_id(blocks: Iterable[bytes]) -> str:
    """The diff id of a layer that is compressed already."""
    digest = hashlib.sha256()
    with gzip.open(io.BufferedReader(_Stream(blocks), _BLOCK)) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


class _Stream(io.RawIOBase):
    """Blocks as a file to read from once."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = block
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
