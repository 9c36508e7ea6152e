"""From evidence to records."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.released import COMMIT, evidence, found, of_image, run_of, sha

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.oci_reference import digest_of
from ci_gen_actions.release import check
from ci_gen_actions.release.evidence_files import Refused, newest
from ci_gen_actions.release.record import Given, Record, assemble, to_bytes

Evidence = dict[str, Any]


def one(values: list[Evidence], **more: Any) -> Record:
    """The only record of a run."""
    (record,) = assemble(found(values), Given(**more))
    assert list(check.form(record)) == []
    assert list(check.problems(record)) == []
    return record


def stage(values: list[Evidence], name: str) -> Evidence:
    """One of the evidence."""
    return next(each for each in values if each["stage"] == name)


def names(record: Record) -> list[str]:
    return [each["stage"] for each in record["evidence"]]


def test_a_whole_run() -> None:
    record = one(run_of(), config=sha("config"))
    assert record["verdict"] == "PASS"
    assert (record["service"], record["variant"], record["version"]) == ("api", "cpu", "1.2.3")
    assert record["commit"] == COMMIT
    assert record["created"] == "2026-07-01T10:20:00Z"
    assert record["image"]["digest"] == sha("image cpu-api")
    assert record["image"]["sbom"] == sha("sbom cpu-api")
    assert record["image"]["size"] == 104857600
    assert record["packages"] == [{"stage": "build-cpu-api", "sha256": sha("package cpu-api")}]
    assert record["identity"]["image"] == record["image"]["digest"]
    assert record["identity"]["model"] is None
    assert record["config"] == sha("config")
    assert record["tests_passed"] == {"quality": None, "performance": None, "security": True}
    # The aggregate gate speaks of the pipeline; it is no evidence about what ships.
    assert names(record) == [
        *("build-cpu-api", "image-cpu-api", "sbom-cpu-api", "scan-image-cpu-api"),
        *("scan-source", "unit-tests"),
    ]


def test_each_evidence_is_named_by_the_digest_of_its_file() -> None:
    values = run_of()
    record = one(values)
    for each in record["evidence"]:
        data = json.dumps(stage(values, each["stage"])).encode()
        assert each["sha256"] == digest_of(data)


@given(st.permutations(run_of(of_image("cpu"), of_image("cuda"))))
def test_the_order_of_files_does_not_matter(values: list[Evidence]) -> None:
    expected = assemble(found(run_of(of_image("cpu"), of_image("cuda"))), Given())
    assert [to_bytes(each) for each in assemble(found(values), Given())] == [
        to_bytes(each) for each in expected
    ]


@given(
    st.lists(st.sampled_from(["PASS", "FAIL", "ERROR", "NO_DATA", "INCONCLUSIVE"]), min_size=6,
             max_size=6)
)  # fmt: skip
def test_only_all_green_is_green(verdicts: list[str]) -> None:
    values = run_of()
    counting = [each for each in values if each["action"] != "gate"]
    for each, verdict in zip(counting, verdicts, strict=True):
        each["verdict"] = verdict
    record = one(values)
    assert (record["verdict"] == "PASS") is (set(verdicts) == {"PASS"})
    assert (record["verdict"] == "FAIL") is ("FAIL" in verdicts)


def test_several_images_have_a_record_each() -> None:
    values = run_of(of_image("cpu"), of_image("cuda"), of_image("cpu", service="web"))
    records = assemble(found(values), Given())
    assert [(each["service"], each["variant"]) for each in records] == [
        *(("api", "cpu"), ("api", "cuda"), ("web", "cpu")),
    ]
    for each in records:
        assert list(check.problems(each)) == []
    cuda = records[1]
    assert "scan-image-cuda-api" in names(cuda)
    assert "unit-tests" in names(cuda)  # of the service, of no package
    assert not [name for name in names(cuda) if "cpu" in name]
    assert "unit-tests" not in names(records[2])
    assert "scan-source" in names(records[2])


def test_a_test_of_the_package_counts_for_its_image_alone() -> None:
    values = run_of(of_image("cpu"), of_image("cuda"))
    tested = evidence("integration", "pytest", inputs={"package": sha("package cpu-api")})
    cpu, cuda = assemble(found([*values, tested]), Given())
    assert "integration" in names(cpu)
    assert "integration" not in names(cuda)


def test_an_image_that_was_not_pushed() -> None:
    record = one(run_of(of_image(pushed=False)))
    assert record["image"]["digest"] is None
    assert record["identity"]["image"] == record["image"]["id"] == sha("id cpu-api")


def test_an_image_that_was_compiled_inside() -> None:
    values = [each for each in run_of() if each["action"] != "build"]
    stage(values, "image-cpu-api")["inputs"] = {}
    record = one(values)
    assert record["packages"] == []
    assert record["verdict"] == "PASS"


def quality(name: str = "chat", verdict: str = "PASS", **inputs: str) -> Evidence:
    looked_at = {"package": sha("package cpu-api"), "model": sha(f"model {name}"), **inputs}
    return evidence(f"model-quality-{name}", "model-quality", verdict=verdict, inputs=looked_at)


def test_the_model_is_part_of_the_identity() -> None:
    plain = one(run_of())
    record = one([*run_of(), quality(**{"chat-template": sha("template")})])
    assert record["identity"]["model"] == sha("model chat")
    assert record["identity"]["chat_template"] == sha("template")
    assert record["identity"]["digest"] != plain["identity"]["digest"]
    other = one([*run_of(), quality("other", **{"chat-template": sha("template")})])
    assert other["identity"]["digest"] != record["identity"]["digest"]


def test_several_models_are_told_apart_from_each_of_them() -> None:
    both = one([*run_of(), quality("a"), quality("b")])
    assert (
        both["identity"]["model"]
        == one([*run_of(), quality("b"), quality("a")])["identity"]["model"]
    )
    assert both["identity"]["model"] not in {sha("model a"), sha("model b"), None}
    twice = one([*run_of(), quality("a"), {**quality("a"), "stage": "again"}])
    assert twice["identity"]["model"] == sha("model a")


@pytest.mark.parametrize(
    ("verdicts", "passed"),
    [
        ([], None),
        (["PASS"], True),
        (["PASS", "FAIL"], False),
        (["PASS", "INCONCLUSIVE"], None),
        (["NO_DATA"], None),
    ],
)
def test_quality_is_what_the_gate_of_each_model_found(
    verdicts: list[str], passed: bool | None
) -> None:
    gates = [quality(f"m{number}", verdict) for number, verdict in enumerate(verdicts)]
    assert one([*run_of(), *gates])["tests_passed"]["quality"] is passed


def test_a_comparison_of_benchmarks_decides_on_performance() -> None:
    compared = evidence(
        "benchmark", "benchmark-compare", inputs={"package": sha("package cpu-api")}
    )
    assert one([*run_of(), compared])["tests_passed"]["performance"] is True


def test_the_model_of_another_package_is_not_that_of_the_image() -> None:
    values = run_of(of_image("cpu"), of_image("cuda"))
    gate = quality(package=sha("package cuda-api"))
    cpu, cuda = assemble(found([*values, gate]), Given())
    assert (cpu["identity"]["model"], cuda["identity"]["model"]) == (None, sha("model chat"))


def test_publishing_a_model_is_no_evidence_about_an_image() -> None:
    published = evidence("model-release-chat", "model-release", inputs={"model": sha("model x")})
    assert "model-release-chat" not in names(one([*run_of(), published]))


def test_required_evidence_that_is_missing_is_no_pass() -> None:
    record = one(run_of(), require=("unit-tests", "load-test"))
    assert record["missing"] == ["load-test"]
    assert record["verdict"] == "NO_DATA"


def test_what_is_required_of_one_image_is_not_missing_from_another() -> None:
    values = run_of(of_image("cpu"), of_image("cuda"))
    for record in assemble(found(values), Given(require=("scan-image-cuda-api",))):
        assert record["missing"] == []


@pytest.mark.parametrize(
    ("verdicts", "security"),
    [
        ({}, True),
        ({"scan-image-cpu-api": "FAIL"}, False),
        ({"scan-source": "FAIL"}, False),
        ({"scan-source": "INCONCLUSIVE"}, None),
        ({"unit-tests": "FAIL"}, True),
    ],
)
def test_security(verdicts: dict[str, str], security: bool | None) -> None:
    values = run_of()
    for name, verdict in verdicts.items():
        stage(values, name)["verdict"] = verdict
    assert one(values)["tests_passed"]["security"] is security


def test_without_a_scan_of_the_image_nothing_is_known_of_security() -> None:
    values = [each for each in run_of() if each["action"] != "scan-image"]
    assert one(values)["tests_passed"]["security"] is None


def test_nothing_to_release() -> None:
    with pytest.raises(CannotDecide, match="nothing to release"):
        assemble(found([evidence("scan-source", "scan-source")]), Given())


def _change(name: str, part: str, key: str, value: str) -> Callable[[list[Evidence]], None]:
    def change(values: list[Evidence]) -> None:
        stage(values, name)[part][key] = value

    return change


def _commit(values: list[Evidence]) -> None:
    stage(values, "unit-tests")["commit"] = "f" * 40


def _two_scans_swapped(values: list[Evidence]) -> None:
    values += of_image("cuda")
    one, other = (stage(values, f"scan-image-{name}-api")["inputs"] for name in ("cpu", "cuda"))
    one["sbom"], other["sbom"] = other["sbom"], one["sbom"]


def _twice(values: list[Evidence]) -> None:
    values.append({**stage(values, "image-cpu-api"), "stage": "image-again"})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            _change("image-cpu-api", "inputs", "package", sha("other")),
            f"image-cpu-api took the package {sha('other')}, "
            f"and build-cpu-api made {sha('package cpu-api')}",
        ),
        (
            _change("sbom-cpu-api", "inputs", "image", sha("other")),
            f"sbom-cpu-api looked at the image {sha('other')}, "
            f"and image-cpu-api made {sha('image cpu-api')}",
        ),
        (
            _change("scan-image-cpu-api", "inputs", "sbom", sha("other")),
            f"scan-image-cpu-api looked at the SBOM {sha('other')}, "
            f"and sbom-cpu-api made {sha('sbom cpu-api')}",
        ),
        (
            _change("unit-tests", "inputs", "package", sha("other")),
            f"unit-tests looked at the package {sha('other')}, "
            f"and builds made {sha('package cpu-api')}",
        ),
        (_commit, f"commit {'f' * 40} is that of unit-tests; all must be of one commit"),
        (
            _change("image-cpu-api", "outputs", "digest", sha("other")),
            f"image-cpu-api names the digest {sha('other')}, and its reference is "
            f"127.0.0.1:5/team/api@{sha('image cpu-api')}",
        ),
        (
            _two_scans_swapped,
            f"scan-image-cpu-api looked at the SBOM {sha('sbom cuda-api')}, "
            f"and that of its image is {sha('sbom cpu-api')}",
        ),
        (
            _twice,
            "image-again and image-cpu-api both made the image cpu of api: "
            f"{sha('image cpu-api')} and {sha('image cpu-api')}",
        ),
    ],
)
def test_digests_that_disagree(change: Callable[[list[Evidence]], None], expected: str) -> None:
    values = run_of()
    change(values)
    with pytest.raises(Refused) as caught:
        assemble(found(values), Given())
    assert expected in caught.value.problems


def test_an_image_that_could_not_be_made() -> None:
    failed = evidence("image-api", "image-build", verdict="ERROR")
    with pytest.raises(Refused, match="image-api is ERROR and made no image"):
        assemble(found([failed]), Given())


def test_a_second_attempt_counts() -> None:
    first = evidence("unit-tests", "pytest", verdict="FAIL", started="2026-07-01T10:00:00Z")
    second = evidence("unit-tests", "pytest", started="2026-07-01T11:00:00Z")
    for values in ([first, second], [second, first]):
        (kept,) = newest(found(values))
        assert kept.verdict.value == "PASS"


# Evidence of an earlier run ------------------------------------------------------------------


def earlier(**inputs: str) -> Record:
    """The record of an earlier commit whose load test looked at `inputs`."""
    tested = evidence("load-test", "pytest", inputs=inputs)
    values = [{**each, "commit": "a" * 40} for each in [*run_of(), tested]]
    return next(iter(assemble(found(values), Given(config=sha("config")))))


def test_evidence_is_reused_where_nothing_changed() -> None:
    previous = earlier(package=sha("package cpu-api"), config=sha("config"))
    record = one(run_of(), require=("load-test",), config=sha("config"), previous=(previous,))
    assert record["missing"] == []
    assert record["verdict"] == "PASS"
    (entry,) = [each for each in record["evidence"] if each["stage"] == "load-test"]
    assert entry["reused_from"] == {"record": digest_of(to_bytes(previous)), "commit": "a" * 40}
    assert entry["commit"] == "a" * 40


def test_what_was_reused_names_its_first_run() -> None:
    first = earlier(package=sha("package cpu-api"))
    second = one(run_of(), require=("load-test",), previous=(first,))
    third = one(run_of(), require=("load-test",), previous=(second,))
    origins = [each["reused_from"] for each in third["evidence"] if each["stage"] == "load-test"]
    assert origins == [{"record": digest_of(to_bytes(first)), "commit": "a" * 40}]


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"package": sha("another package")},
        {"package": sha("package cpu-api"), "model": sha("a model")},
        {"package": sha("package cpu-api"), "config": sha("another config")},
        {"package": ""},
    ],
)
def test_evidence_of_something_else_is_not_reused(inputs: dict[str, str]) -> None:
    values = run_of()
    tested = evidence("load-test", "pytest")
    record = next(iter(assemble(found([*values, tested]), Given())))
    entry = next(each for each in record["evidence"] if each["stage"] == "load-test")
    entry["inputs"] = inputs
    now = one(values, require=("load-test",), config=sha("config"), previous=(record,))
    assert now["missing"] == ["load-test"]
    assert now["verdict"] == "NO_DATA"


def test_evidence_of_another_image_is_not_reused() -> None:
    previous = earlier(package=sha("package cpu-api"))
    previous["variant"] = "cuda"
    assert one(run_of(), require=("load-test",), previous=(previous,))["missing"] == ["load-test"]


def test_a_failure_is_reused_as_a_failure() -> None:
    previous = earlier(package=sha("package cpu-api"))
    entry = next(each for each in previous["evidence"] if each["stage"] == "load-test")
    entry["verdict"] = "FAIL"
    assert one(run_of(), require=("load-test",), previous=(previous,))["verdict"] == "FAIL"
