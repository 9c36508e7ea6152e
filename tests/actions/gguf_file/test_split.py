from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.gguf_files import TEXT, U16, File, Made, pair, part, split, tiny

from ci_gen_actions.gguf_file import BadModel, facts
from ci_gen_actions.gguf_file.split import part_names, read_model


def written(folder: Path, parts: tuple[bytes, ...]) -> list[Path]:
    names = part_names(f"m-00001-of-{len(parts):05}.gguf") if len(parts) > 1 else ("m.gguf",)
    paths = [folder / name for name in names]
    for path, data in zip(paths, parts, strict=True):
        path.write_bytes(data)
    return paths


def test_the_names_of_all_files() -> None:
    assert part_names("model.gguf") == ("model.gguf",)
    assert part_names("m-00002-of-00003.gguf") == (
        "m-00001-of-00003.gguf",
        "m-00002-of-00003.gguf",
        "m-00003-of-00003.gguf",
    )
    assert part_names("m-00004-of-00003.gguf") == ("m-00004-of-00003.gguf",)
    assert part_names("m-00001-of-99999.gguf") == ("m-00001-of-99999.gguf",)


def test_a_split_model_is_one_model(tmp_path: Path) -> None:
    parts = read_model(written(tmp_path, split(3)))
    found = facts(*parts)
    assert found.parameters == 96
    assert found.tensors == 3
    assert (found.split_index, found.split_count, found.split_tensors) == (0, 3, 3)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((part(0, 3), part(1, 3)), "of a model in 3 files, and 2 are here"),
        ((part(0, 2),), "of a model in 2 files, and 1 are here"),
        ((part(0, 2), part(0, 2, name="b")), "part 1 of 2, and stands as part 2"),
        ((part(0, 2, name="a"), part(1, 2, name="a")), "in an earlier part"),
        ((part(0, 2, tensors=9), part(1, 2)), "has 9 tensors, and its files hold 2"),
        ((tiny(), tiny()), "of a model in 1 files, and 2 are here"),
        ((File((pair("a", U16, 1),), {"a": Made((1,), 0, bytes(4))}).encode(),), "architecture"),
    ],
)
def test_files_that_do_not_belong_together(
    tmp_path: Path, parts: tuple[bytes, ...], why: str
) -> None:
    with pytest.raises(BadModel) as caught:
        read_model(written(tmp_path, parts))
    assert why in caught.value.why


def test_a_vocabulary_alone_is_no_model(tmp_path: Path) -> None:
    data = File((pair("general.architecture", TEXT, "llama"),)).encode()
    with pytest.raises(BadModel) as caught:
        read_model(written(tmp_path, (data,)))
    assert "no tensor" in caught.value.why
