"""Sizes, limits and comparisons, on plain data."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile

import pytest

from ci_gen_actions.image_build import compressed
from ci_gen_actions.image_build.measure import (
    COMPRESSED,
    MIB,
    Comparison,
    Layer,
    Measure,
    history,
    layer_table,
    limits,
    step,
)
from ci_gen_actions.image_build.options import Options
from ci_gen_actions.image_build.previous import of_platform

NEW = Comparison(state="NEW", why="there is none")


def compared(ours: int, theirs: int) -> Comparison:
    return Comparison(
        state="COMPARED", previous="r:latest", basis=COMPRESSED, ours=ours, theirs=theirs
    )


def options(**given: int) -> Options:
    return Options(service="s", **given)


def test_no_limit_no_problem() -> None:
    assert limits(1 << 50, compared(100, 1), options()) == []


def test_the_size_limit_is_inclusive() -> None:
    assert limits(10 * MIB, NEW, options(max_mib=10)) == []
    (problem,) = limits(10 * MIB + 1, NEW, options(max_mib=10))
    assert problem == "the image has 10.0 MiB, more than the 10 MiB of max-mib"


def test_the_growth_limit_is_inclusive() -> None:
    assert limits(1, compared(110, 100), options(max_growth_percent=10)) == []
    assert limits(1, compared(50, 100), options(max_growth_percent=10)) == []
    (problem,) = limits(1, compared(111, 100), options(max_growth_percent=10))
    assert problem.startswith("the image grew by 11.0 %, more than the 10 % of max-growth-percent")


def test_what_is_new_did_not_grow() -> None:
    assert limits(1, NEW, options(max_growth_percent=1)) == []
    assert limits(1, compared(100, 0), options(max_growth_percent=1)) == []


def test_words() -> None:
    assert NEW.words == "NEW: there is none"
    assert compared(9 * MIB, 10 * MIB).words == f"-10.0 % (9.0 MiB against 10.0 MiB; {COMPRESSED})"


@pytest.mark.parametrize(
    ("created_by", "shown"),
    [
        ("/bin/sh -c #(nop) COPY dir:0123 in /opt ", "COPY dir:0123 in /opt"),
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("|1 COMMIT=0 /bin/sh -c make", "RUN make"),
        ("RUN |1 COMMIT=0 /bin/sh -c make # buildkit", "RUN make"),
        ("RUN /bin/sh -c apt-get update &&     x # buildkit", "RUN apt-get update && x"),
        ("COPY /a /b # buildkit", "COPY /a /b"),
        ("", "(imported)"),
    ],
)
def test_steps(created_by: str, shown: str) -> None:
    assert step(created_by) == shown


def test_the_history_begins_with_the_base() -> None:
    entries = [{"Size": 2, "CreatedBy": "COPY b # buildkit"}, {"Size": 1, "CreatedBy": None}]
    assert history(entries) == (
        Layer(size=1, command="(imported)"),
        Layer(size=2, command="COPY b"),
    )


def test_the_table_has_the_largest_layers_and_is_inert() -> None:
    layers = [Layer(size=n * MIB, command=f"RUN `{n}` | x") for n in range(12)]
    shown = layer_table(layers)
    assert shown.splitlines()[2] == r"| 11.0 MiB | ``RUN `11` \| x`` |"
    assert shown.splitlines()[-1] == "| 6.0 MiB | 3 more |"
    assert layer_table([Layer(size=0, command="ENV A=1")]) == ""


def test_findings_are_json() -> None:
    layers = (Layer(size=1, command="COPY"),)
    measured = Measure(size=1, layers=layers, comparison=compared(2, 1), problems=())
    told = json.loads(json.dumps(measured.findings))
    assert told["comparison"]["percent"] == 100
    assert told["layers"] == [{"size": 1, "command": "COPY"}]


def test_the_platform_of_an_index() -> None:
    def one(digest: str, system: str, architecture: str) -> dict[str, object]:
        return {"digest": digest, "platform": {"os": system, "architecture": architecture}}

    index = {"manifests": [one("a", "linux", "arm64"), one("b", "linux", "amd64"), {"digest": "c"}]}
    assert of_platform(index, "linux", "amd64") == "b"
    assert of_platform(index, "linux", "s390x") == ""
    assert of_platform({}, "linux", "amd64") == ""


# What `docker save` writes -----------------------------------------------------------------

RANDOM = random.Random(1).randbytes(100_000)
LAYERS = (b"a" * 3_000_000, RANDOM, b"{ no json")


def diff_id(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def saved(names: list[tuple[str, bytes]]) -> list[bytes]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in names:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    data = stream.getvalue()
    return [data[at : at + 10_007] for at in range(0, len(data), 10_007)]


OLD = [("1/VERSION", b"1.0"), ("1/json", b"{}"), ("2.json", b"{}"), ("manifest.json", b"[]")]


@pytest.mark.parametrize("modern", [False, True])
def test_compressed_sizes(modern: bool) -> None:
    if modern:
        blobs = [*LAYERS, b'{"config": 1}']
        files = [(f"blobs/sha256/{diff_id(data)[7:]}", data) for data in blobs]
    else:
        files = [*OLD, *((f"{n}/layer.tar", data) for n, data in enumerate(LAYERS))]
    sizes = compressed.layer_sizes(saved(files), {})
    assert set(sizes) == {diff_id(data) for data in LAYERS}
    for data in LAYERS:
        # the header of a file's name and time apart
        assert abs(sizes[diff_id(data)] - len(gzip.compress(data, 6))) < 32
    assert compressed.total(sizes, list(sizes)) == sum(sizes.values())


@pytest.mark.parametrize("name", ["1/layer.tar", f"blobs/sha256/{diff_id(RANDOM)[7:]}"])
def test_a_layer_that_the_registry_has_counts_as_there(name: str) -> None:
    known = {diff_id(RANDOM): 5, diff_id(b"of another image"): 7}
    assert compressed.layer_sizes(saved([(name, RANDOM)]), known) == {diff_id(RANDOM): 5}


def test_layers_that_the_engine_keeps_compressed() -> None:
    """containerd's image store: the blob is what is pushed, its digest that of the compressed."""
    packed = [gzip.compress(data, 1) for data in LAYERS]
    files = [(f"blobs/sha256/{diff_id(data)[7:]}", data) for data in [*packed, b'{"config": 1}']]
    sizes = compressed.layer_sizes(saved(files), {diff_id(RANDOM): 5})
    wanted = {diff_id(data): len(blob) for data, blob in zip(LAYERS, packed, strict=True)}
    assert sizes == {**wanted, diff_id(RANDOM): 5}
    cut = f"blobs/sha256/{diff_id(packed[0])[7:]}"
    with pytest.raises(ValueError, match="cannot be read"):
        compressed.layer_sizes(saved([(cut, packed[0][:-20])]), {})


def test_what_is_no_archive() -> None:
    for broken in ([b"x" * 2000], saved([("1/layer.tar", RANDOM)])[:3]):
        with pytest.raises(ValueError, match="cannot be read"):
            compressed.layer_sizes(broken, {})
    with pytest.raises(ValueError, match="lacks the layer"):
        compressed.total({}, ["sha256:0"])
