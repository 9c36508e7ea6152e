"""The real scanners on repositories with planted mistakes, and on clean look-alikes."""

from __future__ import annotations

import contextlib
import http.server
import json
import random
import string
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.actions import ROOT, Ended, github_environment, read_evidence, run_action
from tests.support.readme_examples import examples
from tests.support.repositories import Repository, make_repository

pytestmark = pytest.mark.e2e

_CHANCE = random.Random(20261124)


def _some(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(_CHANCE.choice(letters) for _ in range(length))


_BASE32 = string.ascii_uppercase + "234567"
_HEX = "0123456789abcdef"
_DIGITS = "123456789"
_BODY = "\n".join(_some(64) for _ in range(12))
# Put together here, so that no scanner takes this very file for a leak.
SECRETS = {
    "aws.env": ("aws-access-token", "AKIA" + _some(16, _BASE32)),
    "github.py": ("github-pat", "ghp_" + _some(36)),
    "fine.py": ("github-fine-grained-pat", "github_pat_" + _some(82)),
    "gitlab.yml": ("gitlab-pat", "glpat-" + _some(20)),
    "hub.txt": ("huggingface-access-token", "hf_" + _some(34, string.ascii_letters)),
    "pay.json": ("stripe-access-token", "sk_live_" + _some(24)),
    "chat.ts": ("slack-bot-token", f"xoxb-{_some(11, _DIGITS)}-{_some(11, _DIGITS)}-{_some(24)}"),
    "maps.js": ("gcp-api-key", "AIza" + _some(35)),
    "pkg.npmrc": ("npm-access-token", "npm_" + _some(36, string.ascii_lowercase + string.digits)),
    "key.pem": (
        "private-key",
        "-----BEGIN " + f"RSA PRIVATE KEY-----\n{_BODY}\n-----END " + "RSA PRIVATE KEY-----",
    ),
}  # fmt: skip
LOOK_ALIKES = {
    "uv.lock": "".join(
        f'[[package]]\nname = "p{n}"\nversion = "1.{n}"\nsource = {{ editable = "." }}\n'
        f'sdist = {{ url = "https://files.example.org/p", hash = "sha256:{_some(64, _HEX)}" }}\n'
        for n in range(20)
    ),
    "package-lock.json": json.dumps({"integrity": f"sha512-{_some(86)}=="}),
    "models.yaml": f"model: qwen2-0.5b\nsha256: {_some(64, _HEX)}\nrevision: {_some(40, _HEX)}\n",
    "tiny.gguf": "GGUF" + _some(4000),
    "Dockerfile": f"FROM debian:bookworm@sha256:{_some(64, _HEX)}\n",
    "ci.yml": f"- uses: actions/checkout@{_some(40, _HEX)} # v7\n"
    "  with: {token: '${{ secrets.TOKEN }}'}\n",
    "docs.md": "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nexport API_KEY=<your key>\n",
    "settings.py": 'API_KEY = os.environ["API_KEY"]\nPASSWORD = ""\nTOKEN = "changeme"\n',
    "ids.json": json.dumps({"id": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "etag": _some(32, _HEX)}),
    "tokenizer.json": json.dumps({_some(5): n for n in range(500)}),
}


def scanned(repository: Repository, **inputs: str) -> Ended:
    variables = {f"CI_GEN_SCAN_SOURCE_{key.upper()}": text for key, text in inputs.items()}
    folder = repository.path.parent / "step"
    environ = github_environment(folder, repository.path, **variables)
    return run_action("scan-source", repository.path, environ)


def findings(repository: Repository) -> dict[str, Any]:
    told = read_evidence(repository.path, "scan-source")["findings"]
    assert isinstance(told, dict)
    return told


def test_secrets_of_many_providers_are_found_and_never_shown(tmp_path: Path) -> None:
    files = {name: f"x\nvalue = {secret}\n" for name, (_, secret) in SECRETS.items()}
    repository = make_repository(tmp_path / "r", {**files, **LOOK_ALIKES})
    ended = scanned(repository, dependencies="false")
    assert ended.code == 1, ended.stderr
    found = {(each["file"], each["id"].split("/")[1]) for each in findings(repository)["blocking"]}
    assert found == {(name, rule) for name, (rule, _) in SECRETS.items()}
    assert "::error file=github.py,line=2::secret/github-pat/" in ended.stderr
    written = [each for each in repository.path.rglob("*") if each.is_file()]
    told = [each for each in written if each.name not in {*files, *LOOK_ALIKES}]
    told = [each for each in told if ".git" not in each.relative_to(repository.path).parts]
    assert {"scan-source.json", "scan-source.sarif"} <= {each.name for each in told}
    shown = [ended.stdout, ended.stderr, *(each.read_text("utf-8") for each in told)]
    shown += [each.read_text("utf-8") for each in (tmp_path / "step").iterdir()]
    for _, secret in SECRETS.values():
        for part in (secret, secret[4:20], secret.splitlines()[-2 if "\n" in secret else 0]):
            assert not [text for text in shown if part in text]
    assert not list(repository.path.glob(".ci-gen-scan-*"))


def test_look_alikes_raise_no_alarm(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", LOOK_ALIKES)
    ended = scanned(repository, dependencies="false", severity="low")
    assert ended.code == 0, ended.stderr
    assert sum(findings(repository)["counts"].values()) == 0


def test_a_secret_that_a_commit_took_back_is_still_known(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "1"})
    base = repository.head
    token = SECRETS["github.py"][1]
    leak = repository.commit({"a.py": f'TOKEN = "{token}"\n'})
    repository.commit({"a.py": None})
    ended = scanned(repository, dependencies="false", base=base)
    assert ended.code == 1
    assert f"in commit {leak[:12]}" in ended.stderr
    assert token not in ended.stderr
    assert findings(repository)["looked-at"] == {"files": 1, "commits": 2}
    # The commits before the base are not the change.
    assert scanned(repository, dependencies="false", base=repository.head).code == 0


def test_a_change_cannot_switch_its_own_scan_off(tmp_path: Path) -> None:
    secret = SECRETS["github.py"][1]
    files = {
        "a.py": f'TOKEN = "{secret}"\n',
        ".gitleaks.toml": "[allowlist]\npaths = ['''.*''']\n",
        ".gitleaksignore": "a.py:github-pat:1\n",
        ".hadolint.yaml": "ignored: [DL3020]\n",
        "Dockerfile": "FROM debian:bookworm\nADD a.py /a.py\n",
    }
    repository = make_repository(tmp_path / "r", files)
    assert scanned(repository, dependencies="false", dockerfiles="Dockerfile").code == 1
    kinds = sorted(each["id"].split("/")[0] for each in findings(repository)["blocking"])
    assert kinds == ["DL3020", "secret"]


def test_an_accepted_secret_passes_until_its_day(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a.py": f'T = "{SECRETS["github.py"][1]}"\n'})
    scanned(repository, dependencies="false")
    (blocking,) = findings(repository)["blocking"]
    entry = f"ignore:\n  - id: {blocking['id']}\n    reason: a fake\n    expires: 2999-12-31\n"
    repository.commit({"config/security-ignore.yaml": entry, "a.py": None})
    repository.commit({"a.py": f'# moved down\nT = "{SECRETS["github.py"][1]}"\n'})
    assert scanned(repository, dependencies="false").code == 0
    repository.commit({"config/security-ignore.yaml": entry.replace("2999", "2025")})
    ended = scanned(repository, dependencies="false")
    assert ended.code == 1
    assert "its entry expired on 2025-12-31" in ended.stderr
    repository.commit({"config/security-ignore.yaml": "ignore: yes\n"})
    assert scanned(repository, dependencies="false").code == 2


def test_dockerfiles(tmp_path: Path) -> None:
    files = {"docker/a.Dockerfile": "FROM debian:latest\nRUN sudo ls\nADD a b c\n"}
    repository = make_repository(tmp_path / "r", files)
    ended = scanned(repository, dependencies="false", dockerfiles="docker/*.Dockerfile")
    assert ended.code == 1
    told = findings(repository)
    assert {each["severity"] for each in told["blocking"]} == {"high"}
    assert told["counts"]["medium"] >= 1
    assert "::error file=docker/a.Dockerfile,line=3::" in ended.stderr
    ended = scanned(repository, dependencies="false", dockerfiles="none/*")
    assert ended.code == 3
    assert "no tracked file matches the input dockerfiles" in ended.stderr


ADVISORY = {
    "id": "PYSEC-2026-7",
    "summary": "Requests sends what it should not",
    "details": "Requests sends what it should not",
    "aliases": ["CVE-2026-7"],
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "requests"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.32.0"}]}],
            "versions": ["2.31.0"],
        }
    ],
}
"""Shape: https://ossf.github.io/osv-schema/; the advisory is made up."""


@contextlib.contextmanager
def osv() -> Iterator[str]:
    """Answers queries as api.osv.dev does (https://google.github.io/osv.dev/post-v1-query/)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            bad = (query["package"]["name"], query["version"]) == ("requests", "2.31.0")
            body = json.dumps({"vulns": [ADVISORY]} if bad else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


LOCKED = 'six==1.16.0\nrequests==2.31.0 ; python_version >= "3.10"\nrequests==2.32.4 ; python_version < "3.10"\n'  # noqa: E501


def test_vulnerable_dependencies(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"requirements.txt": LOCKED, "a/x.txt": "b==1\n"})
    with osv() as url:
        ended = scanned(repository, secrets="false", osv_url=url)
        assert ended.code == 1, ended.stderr
        assert "::error file=requirements.txt,line=2::PYSEC-2026-7 (high)" in ended.stderr
        told = findings(repository)
        assert told["looked-at"] == {"packages": 3}
        assert told["blocking"][0]["fixed"] == "2.32.0"
        repository.commit({"requirements.txt": LOCKED.replace("2.31.0", "2.32.0")})
        assert scanned(repository, secrets="false", osv_url=url).code == 0


def test_an_advisory_service_out_of_reach_decides_nothing(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"requirements.txt": LOCKED})
    ended = scanned(repository, osv_url="http://127.0.0.1:9/v1/query")
    assert ended.code == 3
    assert read_evidence(repository.path, "scan-source")["verdict"] == "INCONCLUSIVE"
    assert "no answer of http://127.0.0.1:9/v1/query" in ended.stderr


def test_nothing_to_scan_is_no_data(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "1"})
    ended = scanned(repository, secrets="false", dependencies="false")
    assert ended.code == 3
    assert read_evidence(repository.path, "scan-source")["verdict"] == "NO_DATA"


def test_this_repository_is_clean(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {})
    repository.git("fetch", "--quiet", "--no-tags", str(ROOT), "HEAD")
    repository.git("checkout", "--quiet", "-B", "main", "FETCH_HEAD")
    ended = scanned(repository, dependencies="false", severity="medium")
    assert ended.code == 0, ended.stderr


def test_the_readmes_example_runs(tmp_path: Path) -> None:
    files = {
        "docker/cpu.Dockerfile": "FROM debian:bookworm\n",
        "tests/fixtures/key.py": f'T = "{SECRETS["github.py"][1]}"\n',
    }
    repository = make_repository(tmp_path / "r", files)
    (example,) = examples(ROOT / "actions" / "scan-source" / "README.md")
    ((_, inputs),) = example.own_steps()
    ended = scanned(repository, **{key.replace("-", "_"): text for key, text in inputs.items()})
    assert ended.code == 0, ended.stderr
