"""What a model's GGUF files say of it. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from .ggml_types import FILE_TYPES, GUESSED, type_name
from .shape import Array, Gguf


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """Facts of one model. A number is 0 and a text "" where the files do not tell.

    `parameters` are counted from the tensors, of all files of a split model that were given.
    `quantization` is the name of `general.file_type`, or where that is missing or unknown the
    type of most parameters. `tensor_types` maps types to the parameters stored in them.
    `bits_per_weight` counts the tensors' bytes alone. `split_count` is 1 for a model in one file;
    `split_index` counts from 0 and is that of the first file given; `split_tensors` is how many
    tensors the whole model must have (0 where it is not split).
    """

    architecture: str
    name: str
    parameters: int
    context_length: int
    embedding_length: int
    layers: int
    vocabulary: int
    tokenizer: str
    quantization: str
    tensor_types: tuple[tuple[str, int], ...]
    bits_per_weight: float
    chat_template: str
    license: str
    tensors: int
    split_index: int
    split_count: int
    split_tensors: int
    gguf_version: int

    @property
    def chat_template_sha256(self) -> str:
        """The digest of the chat template in UTF-8, "" where there is none."""
        if not self.chat_template:
            return ""
        return hashlib.sha256(self.chat_template.encode("utf-8")).hexdigest()


def facts(gguf: Gguf, *others: Gguf) -> ModelFacts:
    """The facts of a model: of its only file, or of the first one and the `others` of a split."""
    parts = (gguf, *others)
    types: Counter[str] = Counter()
    for part in parts:
        for tensor in part.tensors:
            types[type_name(tensor.kind)] += tensor.elements
    parameters = sum(types.values())
    sizes = [each.size for part in parts for each in part.tensors]
    known = sum(each for each in sizes if each is not None)
    complete = parameters > 0 and None not in sizes
    architecture = gguf.text("general.architecture")
    return ModelFacts(
        architecture=architecture,
        name=gguf.text("general.name"),
        parameters=parameters,
        context_length=_count(gguf, f"{architecture}.context_length"),
        embedding_length=_count(gguf, f"{architecture}.embedding_length"),
        layers=_count(gguf, f"{architecture}.block_count"),
        vocabulary=_vocabulary(gguf, architecture),
        tokenizer=gguf.text("tokenizer.ggml.model"),
        quantization=_quantization(gguf, types),
        tensor_types=tuple(sorted(types.items(), key=lambda each: (-each[1], each[0]))),
        bits_per_weight=round(8 * known / parameters, 3) if complete else 0.0,
        chat_template=gguf.text("tokenizer.chat_template"),
        license=gguf.text("general.license"),
        tensors=len(sizes),
        split_index=_count(gguf, "split.no"),
        split_count=_count(gguf, "split.count") or 1,
        split_tensors=_count(gguf, "split.tensors.count"),
        gguf_version=gguf.version,
    )


def _count(gguf: Gguf, key: str) -> int:
    found = gguf.number(key)
    return found if found is not None and found > 0 else 0


def _vocabulary(gguf: Gguf, architecture: str) -> int:
    tokens = gguf.metadata.get("tokenizer.ggml.tokens")
    if isinstance(tokens, Array):
        return tokens.count
    return _count(gguf, f"{architecture}.vocab_size")


def _quantization(gguf: Gguf, types: Counter[str]) -> str:
    told = gguf.number("general.file_type")
    named = FILE_TYPES.get(told & ~GUESSED, "") if told is not None and told >= 0 else ""
    if named:
        return named
    # Small tensors stay in F32 whatever the rest is; the most parameters tell.
    return max(types, key=lambda each: (types[each], each), default="")
