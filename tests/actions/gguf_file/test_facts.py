from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import pytest
from tests.support.gguf_files import TEXT, U32, File, Made, pair, tiny
from tests.support.llama_package import smollm2

from ci_gen_actions.gguf_file import facts, read
from ci_gen_actions.gguf_file.ggml_types import FILE_TYPES, GUESSED, REMOVED, TYPES


def of(folder: Path, data: bytes) -> Any:
    path = folder / "model.gguf"
    path.write_bytes(data)
    return facts(read(path))


def test_facts_of_a_small_model(tmp_path: Path) -> None:
    found = of(tmp_path, tiny())
    assert found.architecture == "llama"
    assert found.name == "tiny"
    assert found.parameters == 96
    assert found.context_length == 2048
    assert found.embedding_length == 32
    assert found.layers == 1
    assert found.vocabulary == 3
    assert found.tokenizer == "gpt2"
    assert found.quantization == "Q8_0"
    assert found.tensor_types == (("Q8_0", 64), ("F32", 32))
    assert found.bits_per_weight == pytest.approx(8 * (68 + 128) / 96, abs=0.001)
    assert found.chat_template == "{{ messages }}"
    assert len(found.chat_template_sha256) == 64
    assert (found.split_index, found.split_count, found.split_tensors) == (0, 1, 0)


def test_what_a_file_does_not_tell_is_empty(tmp_path: Path) -> None:
    found = of(tmp_path, File((pair("general.name", U32, 7),)).encode())
    assert (found.architecture, found.name, found.quantization) == ("", "", "")
    assert (found.parameters, found.context_length, found.vocabulary) == (0, 0, 0)
    assert found.bits_per_weight == 0
    assert found.chat_template_sha256 == ""


def test_quantization_without_a_told_file_type_is_that_of_most_parameters(tmp_path: Path) -> None:
    tensors = {"norm": Made((64,), 0, bytes(256)), "weight": Made((256, 4), 14, bytes(840))}
    assert of(tmp_path, File((), tensors).encode()).quantization == "Q6_K"
    told = File((pair("general.file_type", U32, 999),), tensors)
    assert of(tmp_path, told.encode()).quantization == "Q6_K"
    guessed = File((pair("general.file_type", U32, GUESSED | 15),), tensors)
    assert of(tmp_path, guessed.encode()).quantization == "Q4_K_M"


def test_a_type_from_the_future_has_a_number(tmp_path: Path) -> None:
    found = of(tmp_path, File((), {"a": Made((32,), 77, bytes(40))}).encode())
    assert found.quantization == "type 77"
    assert found.parameters == 32
    assert found.bits_per_weight == 0


def test_a_vocabulary_that_is_only_counted(tmp_path: Path) -> None:
    keys = (pair("general.architecture", TEXT, "x"), pair("x.vocab_size", U32, 9))
    assert of(tmp_path, File(keys).encode()).vocabulary == 9


@pytest.mark.e2e
def test_a_second_reader_agrees_about_a_real_model() -> None:
    ours = read(smollm2())
    theirs = gguf.GGUFReader(smollm2())
    assert ours.data_offset == theirs.data_offset
    assert ours.alignment == theirs.alignment
    assert [(each.name, each.shape, each.kind, each.size) for each in ours.tensors] == [
        (each.name, tuple(map(int, each.shape)), int(each.tensor_type), int(each.n_bytes))
        for each in theirs.tensors
    ]
    assert [ours.data_offset + each.offset for each in ours.tensors] == [
        int(each.data_offset) for each in theirs.tensors
    ]
    keys = [key for key in theirs.fields if not key.startswith("GGUF.")]
    assert list(ours.metadata) == keys
    for key in keys:
        value = theirs.fields[key].contents()
        mine: Any = ours.metadata[key]
        if isinstance(value, list):
            assert mine.count == len(value)
            assert list(mine.head) == value[:64]
        else:
            assert mine == value
    found = facts(ours)
    assert found.parameters == 134_515_008
    assert found.vocabulary == 49_152
    assert found.context_length == 8192


def test_our_tables_agree_with_the_second_reader() -> None:
    for each in gguf.GGMLQuantizationType:
        known = TYPES[int(each)]
        assert known.name == each.name
        if each.name == "Q8_1":  # only in memory; the Python package counts it larger than ggml
            continue
        assert (known.block, known.size) == gguf.GGML_QUANT_SIZES[each]
    removed = {int(each) for each in gguf.GGMLQuantizationType} & set(REMOVED)
    assert not removed
    for each in gguf.LlamaFileType:
        name = each.name.removeprefix("MOSTLY_").removeprefix("ALL_")
        if each.name != "GUESSED":
            assert FILE_TYPES[int(each)] == name
