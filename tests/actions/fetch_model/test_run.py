from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tests.support.action_runs import Ran, act
from tests.support.gguf_files import tiny
from tests.support.model_server import serving

MODEL = tiny()
DIGEST = hashlib.sha256(MODEL).hexdigest()


def fetched(folder: Path, environ: dict[str, str] | None = None, **options: Any) -> Ran:
    """Run the action with a cache of its own."""
    workspace = folder / "work"
    workspace.mkdir(exist_ok=True)
    given: dict[str, Any] = {"cache": str(folder / "cache"), "retries": 2, **options}
    return act("fetch-model", workspace, environ, **given)


def test_a_model_from_the_web_is_fetched_once(tmp_path: Path) -> None:
    with serving(MODEL) as server:
        ran = fetched(tmp_path, source=server.url, sha256=(DIGEST,))
        again = fetched(tmp_path, source=server.url, sha256=(DIGEST,))
        requests = len(server.asked)
    assert (ran.verdict, again.verdict) == ("PASS", "PASS"), ran.log
    assert (tmp_path / f"work/models/{DIGEST[:12]}/model.gguf").read_bytes() == MODEL
    told = ran.outputs
    assert (told.path, told.sha256, told.size) == (
        f"models/{DIGEST[:12]}/model.gguf",
        DIGEST,
        len(MODEL),
    )
    assert (told.cached, told.downloaded) == (False, len(MODEL))
    assert (told.architecture, told.parameters, told.vocabulary) == ("llama", 96, 3)
    assert (told.context_length, told.quantization) == (2048, "Q8_0")
    assert told.version == f"0-{DIGEST[:12]}"
    assert ran.result is not None
    assert ran.result.evidence["inputs"] == {"model": f"sha256:{DIGEST}"}
    assert (again.outputs.cached, again.outputs.downloaded) == (True, 0)
    assert requests == 1


def test_the_file_in_the_job_is_a_link_that_nobody_writes_to(tmp_path: Path) -> None:
    with serving(MODEL) as server:
        fetched(tmp_path, source=server.url, sha256=(DIGEST,))
    placed = tmp_path / f"work/models/{DIGEST[:12]}/model.gguf"
    assert placed.stat().st_nlink == 2
    assert placed.stat().st_mode & 0o777 == 0o444
