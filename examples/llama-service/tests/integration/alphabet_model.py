"""A llama model, under 4 MB small, that continues the alphabet: after "a" comes "b".

Its embedding gives each token a direction of its own, its one block adds nothing, and its
output layer scores a letter by its predecessor's direction. So every answer is known
beforehand, while loading, tokenising, evaluating and sampling are llama.cpp's real ones.
After "z" the text ends.
"""

from __future__ import annotations

import struct
from array import array
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TOKENS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *LETTERS]
UNKNOWN, BEGIN, END = 0, 1, 2
NORMAL, UNKNOWN_TYPE, CONTROL, BYTE = 1, 2, 3, 6
WIDTH = 320  # at least one direction a token, and a multiple of the head's size
HEADS = 5
SHARPNESS = 0.25  # the likeliest token is clear, and yet not the only one to be sampled
ALIGNMENT = 32

U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _pair(key: str, kind: int, payload: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + payload


def _array(key: str, kind: int, count: int, payload: bytes) -> bytes:
    return _pair(key, ARRAY, struct.pack("<IQ", kind, count) + payload)


def _metadata() -> list[bytes]:
    sizes = {
        "llama.context_length": 256,
        "llama.embedding_length": WIDTH,
        "llama.block_count": 1,
        "llama.feed_forward_length": WIDTH,
        "llama.attention.head_count": HEADS,
        "tokenizer.ggml.bos_token_id": BEGIN,
        "tokenizer.ggml.eos_token_id": END,
        "tokenizer.ggml.unknown_token_id": UNKNOWN,
    }
    types = [UNKNOWN_TYPE, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * len(LETTERS)]
    count = len(TOKENS)
    return [
        _pair("general.architecture", STRING, _text("llama")),
        _pair("general.name", STRING, _text("alphabet")),
        *(_pair(key, U32, struct.pack("<I", value)) for key, value in sizes.items()),
        _pair("llama.attention.layer_norm_rms_epsilon", F32, struct.pack("<f", 1e-5)),
        _pair("tokenizer.ggml.model", STRING, _text("llama")),
        _pair("tokenizer.ggml.add_space_prefix", BOOL, b"\0"),
        _array("tokenizer.ggml.tokens", STRING, count, b"".join(map(_text, TOKENS))),
        _array("tokenizer.ggml.scores", F32, count, struct.pack(f"<{count}f", *[0.0] * count)),
        _array("tokenizer.ggml.token_type", I32, count, struct.pack(f"<{count}i", *types)),
    ]


def _rows(hot: dict[int, int], value: float) -> array[float]:
    """One row a token, zero but for `value` in the column that `hot` names."""
    matrix = array("f", bytes(4 * WIDTH * len(TOKENS)))
    for row, column in hot.items():
        matrix[row * WIDTH + column] = value
    return matrix


def _tensors() -> dict[str, tuple[tuple[int, ...], array[float]]]:
    first = TOKENS.index(LETTERS[0])
    letters = range(first, first + len(LETTERS))
    following = {token + 1: token for token in letters[:-1]} | {END: letters[-1]}
    ones, square = array("f", [1.0] * WIDTH), array("f", bytes(4 * WIDTH * WIDTH))
    vocabulary = (WIDTH, len(TOKENS))
    block = {
        f"blk.0.{name}.weight": ((WIDTH, WIDTH), square)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    }
    return {
        "token_embd.weight": (vocabulary, _rows({n: n for n in range(len(TOKENS))}, 1.0)),
        "output_norm.weight": ((WIDTH,), ones),
        "output.weight": (vocabulary, _rows(following, SHARPNESS)),
        "blk.0.attn_norm.weight": ((WIDTH,), ones),
        "blk.0.ffn_norm.weight": ((WIDTH,), ones),
        **block,
    }


def write(path: Path) -> None:
    """Write the model as a GGUF file, version 3, little-endian."""
    metadata, tensors = _metadata(), _tensors()
    header = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata)) + b"".join(metadata)
    offset = 0
    for name, (shape, values) in tensors.items():
        header += _text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        header += struct.pack("<IQ", 0, offset)  # type 0 is F32
        offset += len(values) * values.itemsize  # each a multiple of the alignment
    padding = bytes(-len(header) % ALIGNMENT)
    path.write_bytes(header + padding + b"".join(v.tobytes() for _, v in tensors.values()))
