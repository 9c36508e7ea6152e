from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import Ran, act
from tests.support.actions import github_environment, read_evidence, run_composite
from tests.support.gguf_files import part, split, tiny
from tests.support.model_registries import STAMP, model, version
from tests.support.model_server import Asked, ModelServer, Reply, serving
from tests.support.readme_examples import ROOT, examples

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.model_registry.folder import FolderRegistry
from ci_gen_actions.model_registry.operations import promote

MODEL = tiny()
DIGEST = hashlib.sha256(MODEL).hexdigest()
FOLDER = f"fetched-models/{DIGEST[:12]}"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving(MODEL) as one:
        yield one


def fetched(folder: Path, environ: dict[str, str] | None = None, **options: Any) -> Ran:
    """Run the action with a cache of its own."""
    workspace = folder / "work"
    workspace.mkdir(exist_ok=True)
    given: dict[str, Any] = {"cache": str(folder / "cache"), "retries": 1, **options}
    return act("fetch-model", workspace, environ, **given)


def test_a_model_from_the_web_is_fetched_once(tmp_path: Path, server: ModelServer) -> None:
    ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,))
    again = fetched(tmp_path, source=server.url, sha256=(f"sha256:{DIGEST}",))
    assert (ran.verdict, again.verdict) == ("PASS", "PASS"), ran.log
    told = ran.outputs
    assert told.path == f"{FOLDER}/model.gguf"
    assert (tmp_path / "work" / told.path).read_bytes() == MODEL
    assert (told.sha256, told.size, told.files) == (DIGEST, len(MODEL), 1)
    assert (told.cached, told.downloaded) == (False, len(MODEL))
    assert (told.architecture, told.parameters, told.vocabulary) == ("llama", 96, 3)
    assert (told.context_length, told.quantization) == (2048, "Q8_0")
    assert told.version == f"0-{DIGEST[:12]}"
    assert ran.result is not None
    assert ran.result.evidence["inputs"] == {"model": f"sha256:{DIGEST}"}
    assert ran.findings["facts"]["chat-template-sha256"] == told.chat_template_sha256
    assert "chat-template" not in ran.findings["facts"]
    assert (again.outputs.cached, again.outputs.downloaded) == (True, 0)
    assert len(server.asked) == 1


def test_the_file_in_the_job_is_a_link_that_nobody_writes_to(
    tmp_path: Path, server: ModelServer
) -> None:
    ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,))
    placed = tmp_path / "work" / ran.outputs.path
    assert placed.stat().st_nlink == 2
    assert placed.stat().st_mode & 0o777 == 0o444
    assert ran.result is not None
    assert "fetched in" in ran.result.summary


def test_a_name_of_ones_own(tmp_path: Path, server: ModelServer) -> None:
    ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,), name="m.gguf", output="x/y")
    assert ran.outputs.path == "x/y/m.gguf"


def test_no_place_but_the_cache(tmp_path: Path, server: ModelServer) -> None:
    ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,), place="none")
    path = Path(ran.outputs.path)
    assert path.read_bytes() == MODEL
    assert tmp_path / "cache" in path.parents
    assert (path.parent / "lease").exists()
    assert not (tmp_path / "work" / "fetched-models").exists()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (MODEL[:-1], "it has 831 bytes"),
        (b"<html>", "it has 6 bytes"),
        (MODEL[:64] + b"!" + MODEL[65:], "(twice)"),
    ],
)
def test_another_file_than_the_one_that_is_wanted(tmp_path: Path, data: bytes, why: str) -> None:
    with serving(data) as server:
        ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,))
        assert (ran.verdict, ran.status) == ("FAIL", 1)
        assert len(server.asked) == 2
    assert hashlib.sha256(data).hexdigest() in ran.findings["why"]
    assert DIGEST in ran.log
    assert why in ran.findings["why"]
    assert "::error" in ran.log
    assert not (tmp_path / "work" / "fetched-models").exists()
    assert ran.outputs.path == ""


def test_a_server_that_corrupts_once(tmp_path: Path) -> None:
    def rule(asked: Asked) -> Reply:
        return Reply(data=MODEL[:-1] + b"x") if asked.number == 0 else Reply()

    with serving(MODEL, rule) as server:
        ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,))
    assert ran.verdict == "PASS"
    assert "fetching it once more" in ran.log


def test_a_digest_that_is_right_of_a_file_that_is_not(tmp_path: Path) -> None:
    """What the pin says came, and it is no model: it is not placed, whoever asks."""
    data = MODEL[:-40]
    digest = hashlib.sha256(data).hexdigest()
    with serving(data) as server:
        for _ in range(2):
            ran = fetched(tmp_path, source=server.url, sha256=(digest,))
            assert (ran.verdict, ran.status) == ("FAIL", 1)
            assert "ends at byte" in ran.findings["why"]
            assert not (tmp_path / "work" / "fetched-models").exists()
        unchecked = fetched(tmp_path, source=server.url, sha256=(digest,), check=False)
    assert unchecked.verdict == "PASS"
    assert unchecked.outputs.architecture == ""


def test_an_address_needs_a_digest(tmp_path: Path) -> None:
    ran = fetched(tmp_path, source="https://example.org/m.gguf")
    assert isinstance(ran.error, UsageError)
    assert "sha256sum" in ran.error.next


def test_the_server_is_gone(tmp_path: Path) -> None:
    with serving(MODEL) as server:
        pass
    ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,), retries=0)
    assert isinstance(ran.error, CannotDecide)
    assert ran.status == 3
    assert "refused" in ran.error.why


def test_a_split_model(tmp_path: Path) -> None:
    parts = split(3)
    digests = tuple(hashlib.sha256(each).hexdigest() for each in parts)

    def rule(asked: Asked) -> Reply:
        number = int(asked.path.split("-")[1])
        return Reply(data=parts[number - 1], etag=f'"{number}"')

    with serving(b"", rule) as server:
        url = server.url.replace("model.gguf", "m-00001-of-00003.gguf")
        ran = fetched(tmp_path, source=url, sha256=digests)
        named = fetched(tmp_path, source=url, sha256=digests, name="big.gguf", place="copy")
        alone = fetched(tmp_path, source=url, sha256=digests[:1])
        nowhere = fetched(tmp_path, source=url, sha256=digests, place="none")
    assert ran.verdict == "PASS", ran.log
    folder = tmp_path / "work" / Path(ran.outputs.path).parent
    assert Path(ran.outputs.path).name == "m-00001-of-00003.gguf"
    assert sorted(each.name for each in folder.iterdir()) == [
        f"m-0000{number}-of-00003.gguf" for number in (1, 2, 3)
    ]
    assert (ran.outputs.files, ran.outputs.parameters) == (3, 96)
    lines = "".join(f"{digest}\n" for digest in digests)
    assert ran.outputs.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert named.outputs.path == "fetched-models/big-00001-of-00003.gguf"
    assert alone.error is not None
    assert "3 files, and 1 digests" in str(alone.error)
    assert "folder of its own" in str(nowhere.error)


def test_parts_that_are_not_of_one_model(tmp_path: Path) -> None:
    parts = (part(0, 2), part(0, 2, name="b"))
    digests = tuple(hashlib.sha256(each).hexdigest() for each in parts)

    def rule(asked: Asked) -> Reply:
        return Reply(data=parts[int(asked.path.split("-")[1]) - 1], etag=None)

    with serving(b"", rule) as server:
        url = server.url.replace("model.gguf", "m-00001-of-00002.gguf")
        ran = fetched(tmp_path, source=url, sha256=digests)
    assert ran.verdict == "FAIL"


def test_a_file_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(MODEL)
    ran = fetched(tmp_path, source="file:../m.gguf")
    assert ran.verdict == "PASS", ran.log
    placed = tmp_path / "work" / ran.outputs.path
    assert placed.is_symlink()
    assert ran.outputs.sha256 == DIGEST
    assert (ran.outputs.cached, ran.outputs.downloaded) == (True, 0)
    wrong = fetched(tmp_path, source="file:../m.gguf", sha256=("0" * 64,))
    assert wrong.verdict == "FAIL"
    absent = fetched(tmp_path, source="file:no.gguf")
    assert absent.status == 2


def test_a_file_of_the_machine_is_read_again_where_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(MODEL)
    fetched(tmp_path, source="file:../m.gguf")
    other = tiny(name="soft")
    path.write_bytes(other)
    os.utime(path, (1, 1))
    ran = fetched(tmp_path, source="file:../m.gguf")
    assert ran.outputs.sha256 == hashlib.sha256(other).hexdigest()


def test_a_file_that_lies_where_it_would_be_placed_stays(tmp_path: Path) -> None:
    folder = tmp_path / "work" / "fetched-models"
    folder.mkdir(parents=True)
    (folder / "m.gguf").write_bytes(MODEL)
    ran = fetched(tmp_path, source="file:fetched-models/m.gguf", name="m.gguf")
    assert ran.outputs.path == "fetched-models/m.gguf"
    assert not (folder / "m.gguf").is_symlink()


def test_a_registry_of_models(tmp_path: Path) -> None:
    file = model(tmp_path / "in")
    registry = FolderRegistry(tmp_path / "work" / "registry")
    registry.publish(version(file, "1.1"))
    promote(registry, "tiny-chat", "1.1", "production", STAMP)
    ran = fetched(tmp_path, source="registry://tiny-chat@production", registry="registry")
    assert ran.verdict == "PASS", ran.log
    assert ran.outputs.version == "1.1"
    assert ran.outputs.source == "registry://tiny-chat@1.1"
    assert Path(ran.outputs.path).name == "tiny-chat-1.1.gguf"
    assert "pin it as registry://tiny-chat@1.1" in ran.log
    pinned = fetched(tmp_path, source="registry://tiny-chat@1.1", registry="registry")
    assert "pin it" not in pinned.log
    unknown = fetched(tmp_path, source="registry://tiny-chat@9", registry="registry")
    assert unknown.status == 2


def test_what_changed_in_a_registry_is_refused(tmp_path: Path) -> None:
    registry = FolderRegistry(tmp_path / "work" / "registry")
    registry.publish(version(model(tmp_path / "in"), "1.1"))
    path = registry.root / "tiny-chat/v1.1/model.gguf"
    path.chmod(0o644)
    path.write_bytes(tiny(name="soft"))
    ran = fetched(tmp_path, source="registry://tiny-chat@1.1", registry="registry")
    assert ran.verdict == "FAIL" or ran.status == 3


def test_the_config_tells_source_and_version(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(MODEL)
    (tmp_path / "work").mkdir()
    config = f"model:\n  source: file:../m.gguf\n  sha256: {DIGEST}\n  version: v1.10\n"
    (tmp_path / "work" / "c.yaml").write_text(config)
    ran = fetched(tmp_path, config="c.yaml")
    assert ran.outputs.version == "1.10"


def test_secrets_are_told_to_nobody(tmp_path: Path) -> None:
    def rule(asked: Asked) -> Reply:
        return Reply(status=503 if asked.number == 0 else 401)

    with serving(MODEL, rule) as server:
        url = f"{server.url}?signature=hush-hush"
        ran = fetched(tmp_path, source=url, sha256=(DIGEST,), token="hush-token")
    assert ran.error is not None
    assert server.asked[0].headers["Authorization"] == "Bearer hush-token"
    assert "hush" not in ran.log + str(ran.error) + repr(ran.error.__dict__)


def test_a_user_and_a_password(tmp_path: Path, server: ModelServer) -> None:
    ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,), username="me", password="secret")
    assert ran.verdict == "PASS"
    assert server.asked[0].headers["Authorization"] == "Basic bWU6c2VjcmV0"


def test_types_from_the_future_are_told(tmp_path: Path) -> None:
    from tests.support.gguf_files import TEXT, File, Made, pair

    keys = (pair("general.architecture", TEXT, "llama"),)
    data = File(keys, {"a": Made((32,), 77, bytes(40))}).encode()
    (tmp_path / "m.gguf").write_bytes(data)
    ran = fetched(tmp_path, source="file:../m.gguf")
    assert ran.verdict == "PASS"
    assert "type 77" in ran.log


def test_the_readmes_example_runs(tmp_path: Path) -> None:
    (example,) = examples(ROOT / "actions" / "fetch-model" / "README.md")
    ((manifest, inputs),) = example.own_steps()
    headers = {
        "X-Repo-Commit": "0123456789abcdef0123456789abcdef01234567",
        "X-Linked-ETag": f'"{DIGEST}"',
        "X-Linked-Size": str(len(MODEL)),
    }
    with serving(MODEL, lambda _: Reply(headers=headers)) as hub:
        environ = github_environment(
            tmp_path / "step",
            tmp_path,
            HF_ENDPOINT=hub.url.rpartition("/")[0],
            CI_GEN_CACHE=os.environ.get("CI_GEN_CACHE", str(Path.home() / ".cache/ci-gen")),
        )
        given = {**inputs, "cache": str(tmp_path / "cache")}
        ended = run_composite(manifest, given, tmp_path, environ)
    assert ended.code == 0, ended.stderr
    assert ended.outputs["verdict"] == "PASS"
    assert (tmp_path / ended.outputs["path"]).read_bytes() == MODEL
    evidence = read_evidence(tmp_path, "fetch-model")
    assert evidence["inputs"] == {"model": f"sha256:{DIGEST}"}
    assert json.dumps(evidence["findings"]["source"]).count("0123456789abcdef") == 2
