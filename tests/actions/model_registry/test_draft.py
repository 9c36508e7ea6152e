"""From files and evidence to a version: what is read, what is counted, what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from tests.support.gguf_files import TEXT, pair, part, tiny
from tests.support.model_registries import digest, evidence, found, model, parts, version

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.gguf_file import BadModel
from ci_gen_actions.model_registry.draft import short


def test_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(
        tiny(
            pair("general.license", TEXT, "apache-2.0"),
            pair("general.base_model.0.name", TEXT, "Big 7B"),
            pair("general.base_model.0.organization", TEXT, "acme"),
        )
    )
    told = version(path).metadata
    assert (told.architecture, told.title, told.quantization) == ("llama", "tiny", "Q8_0")
    assert (told.license, told.base_model) == ("apache-2.0", "acme/Big 7B")
    size = told.parameters
    assert (size.num_parameters, size.count) == ("96", 96)
    assert (size.context_length, size.vocab_size) == (2048, 3)
    template = hashlib.sha256(b"{{ messages }}").hexdigest()
    assert told.chat_template == f"sha256:{template}"
    assert told.checksum == digest(path)
    assert told.download_url is None


def test_what_nobody_measured_is_null(tmp_path: Path) -> None:
    told = version(model(tmp_path)).metadata
    assert told.performance.perplexity is told.performance.tokens_per_second is None
    assert told.tests_passed.quality is told.tests_passed.security is None
    assert (told.base_model, told.source, told.commit, told.evidence) == (None, None, None, ())


def test_what_gates_measured(tmp_path: Path) -> None:
    path = model(tmp_path)
    own = digest(path)
    other = "sha256:" + "0" * 64
    proofs = found(
        evidence("q-cpu", "model-quality", own, findings={"performance": {"perplexity": 5.5}}),
        evidence("q-cuda", "model-quality", own, findings={"performance": {"perplexity": 5.7}}),
        evidence("q-other", "model-quality", other, findings={"performance": {"perplexity": 99}}),
        evidence(
            "bench",
            "benchmark-compare",
            own,
            verdict="FAIL",
            findings={"performance": {"tokens_per_second": 45.3, "memory_gb": "much"}},
        ),
        evidence("scan", "scan-image"),
    )
    made = version(path, told=proofs)
    told = made.metadata
    assert told.performance.perplexity == 5.7
    assert told.performance.tokens_per_second == 45.3
    assert told.performance.memory_gb is None
    passed = told.tests_passed
    assert (passed.quality, passed.performance, passed.security) == (True, False, True)
    assert [each.stage for each in told.evidence] == ["q-cpu", "q-cuda", "bench", "scan"]
    report = json.loads(made.report)
    assert report["model"] == own
    assert [each["stage"] for each in report["evidence"]] == ["q-cpu", "q-cuda", "bench", "scan"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 0, True, None, "5"])
def test_what_is_no_figure(tmp_path: Path, value: object) -> None:
    path = model(tmp_path)
    told = found(evidence("q", "model-quality", findings={"performance": {"perplexity": value}}))
    assert version(path, told=told).metadata.performance.perplexity is None


def test_the_report_of_a_gate_is_kept_as_it_is(tmp_path: Path) -> None:
    path = model(tmp_path)
    data = json.dumps({"model": digest(path), "chunks": [1, 2]}).encode()
    assert version(path, report=data).report == data
    for wrong, what in (
        (b"[]", "is no report"),
        (b"{", "is no report"),
        (json.dumps({"model": "sha256:" + "0" * 64}).encode(), "that of another model"),
    ):
        with pytest.raises(UsageError, match=what):
            version(path, report=wrong)


def test_a_split_model(tmp_path: Path) -> None:
    files = parts(tmp_path, 3)
    all_of_them = version(list(reversed(files)))
    assert [each.name for each in all_of_them.parts] == [
        f"model-0000{number}-of-00003.gguf" for number in (1, 2, 3)
    ]
    assert version(files[0]).metadata == all_of_them.metadata
    assert all_of_them.metadata.parameters.count == 96
    lines = "".join(f"{digest(path).removeprefix('sha256:')}\n" for path in files)
    assert all_of_them.metadata.checksum == f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def test_what_is_no_whole_model(tmp_path: Path) -> None:
    files = parts(tmp_path / "split", 3)
    with pytest.raises(UsageError, match="is one of 3 files of a model, and 2 are given"):
        version(files[:2])
    files[1].rename(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="1 of them are missing"):
        version(files[0])
    files[1].write_bytes(part(2, 3))
    with pytest.raises(UsageError, match="is not file 2 of 3 of the model"):
        version(files[0])
    files[1].write_bytes(part(1, 3, tensors=9))
    files[0].write_bytes(part(0, 3, tensors=9))
    with pytest.raises(UsageError, match="hold 3 tensors, and the model has 9"):
        version(files[0])
    with pytest.raises(UsageError, match="not the parts of one model"):
        version([model(tmp_path, "a"), model(tmp_path, "b")])
    with pytest.raises(UsageError, match=r"there is no file x\.gguf"):
        version(tmp_path / "x.gguf")
    with pytest.raises(UsageError, match="is no file"):
        version(tmp_path)
    (tmp_path / "cut.gguf").write_bytes(tiny()[:-200])
    with pytest.raises(BadModel):
        version(tmp_path / "cut.gguf")


def test_where_it_can_be_downloaded(tmp_path: Path) -> None:
    made = version(model(tmp_path), "v1.1", download_base="https://models.example.com/")
    assert made.metadata.version == "1.1"
    assert made.metadata.download_url == ("https://models.example.com/tiny-chat/v1.1/model.gguf")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (7, "7"),
        (96_000, "96K"),
        (134_515_008, "135M"),
        (1_540_000_000, "1.5B"),
        (7_000_000_000, "7B"),
        (70_553_706_496, "70.6B"),
        (999_999, "1M"),
        (1_000_000_000_000, "1T"),
    ],
)
def test_sizes_for_people(count: int, text: str) -> None:
    assert short(count) == text
