"""A stand-in that answers as llama-server b1-958604f did, so that a test can spoil one answer.

The files in tests/fixtures/smoke are its answers, the folder of the model's path shortened.

    python3 -m tests.actions.smoke_test.served 8080

serves them, with KEY, until it is stopped.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.action_runs import FIXTURES
from tests.support.http_stand_in import Answer, Asked, stand_in

from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.result import Result
from ci_gen_actions.smoke_test.options import Options
from ci_gen_actions.smoke_test.run import run

KEY = "a-key-of-the-tests-0123456789"
JSON = {"Content-Type": "application/json; charset=utf-8"}
EVENTS = {"Content-Type": "text/event-stream"}
Spoil = Callable[[Asked, Answer], Answer]


def recorded(name: str) -> bytes:
    """An answer of the real server."""
    return (FIXTURES / "smoke" / name).read_bytes()


def good(asked: Asked, key: str = "") -> Answer:
    """What the real server answers."""
    path = asked.path.partition("?")[0]
    if path != "/health" and key and asked.headers.get("Authorization") != f"Bearer {key}":
        return Answer(status=401, headers=JSON, body=recorded("unauthorized.json"))
    if path == "/v1/chat/completions" and json.loads(asked.body).get("stream"):
        return Answer(headers=EVENTS, body=recorded("stream.txt"))
    files = {
        "/health": "health.json",
        "/props": "props.json",
        "/completion": "completion.json",
        "/v1/chat/completions": "chat.json",
        "/v1/embeddings": "embeddings.json",
    }
    if path not in files:
        return Answer(status=404, headers=JSON, body=b'{"error":{"message":"File Not Found"}}')
    return Answer(headers=JSON, body=recorded(files[path]))


class Ended:
    """A run against the stand-in."""

    def __init__(self, result: Result, log: str, asked: list[Asked]) -> None:
        self.result = result
        self.log = log
        self.asked = asked
        self.verdict = result.verdict.value
        self.outputs: Any = result.outputs
        found = result.evidence["findings"]["checks"]
        self.checks: Mapping[str, Mapping[str, Any]] = {each["check"]: each for each in found}

    @property
    def shown(self) -> str:
        """Everything that leaves the action, but for the line that tells GitHub of the secret."""
        log = [line for line in self.log.splitlines() if not line.startswith("::add-mask::")]
        return "\n".join([*log, self.result.summary, json.dumps(self.result.evidence)])

    @property
    def bad(self) -> dict[str, str]:
        """Check -> what was wrong with it."""
        return {
            name: each["what"]
            for name, each in self.checks.items()
            if not each["skipped"] and each["verdict"] != "PASS"
        }


def tried(
    workspace: Path, spoil: Spoil | None = None, *, served_key: str = "", **given: Any
) -> Ended:
    """Run the action against a server of which `spoil` changes the answers."""

    def answer(asked: Asked) -> Answer:
        one = good(asked, served_key)
        return spoil(asked, one) if spoil else one

    log = io.BytesIO()
    ci = GitHub({"GITHUB_WORKSPACE": str(workspace)}, log=log)
    ci.mask(given.get("api_key", ""))
    with stand_in(answer) as server:
        options = {"start_timeout": 0, "request_timeout": 5, "repeat": 1, **given}
        result = run(Options(**{"url": f"http://{server.host}", **options}), ci)
        return Ended(result, log.getvalue().decode(), list(server.asked))


if __name__ == "__main__":
    with stand_in(lambda asked: good(asked, KEY), port=int(sys.argv[1])):
        threading.Event().wait()
