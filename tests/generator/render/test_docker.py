"""What images are made with: golden copies, linted, on the right bases, and inert."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.support.configs import config_of
from tests.support.facts import cmake_project, facts, python_project
from tests.support.golden import GOLDEN, Golden
from tests.support.hostile import HOSTILE
from tests.support.linters import allowances, lint, report, unexplained

from ci_gen.errors import ConfigError
from ci_gen.pipeline.settings import settle
from ci_gen.render.docker import files
from ci_gen.render.pins import Pins, pins

CMAKE, PYTHON = facts(cmake_project()), facts(python_project())
CUDA: dict[str, Any] = {
    "enabled": True,
    "variants": [{"name": "old", "toolkit": "12.6", "architectures": ["80", "90a-real"]}],
}
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "package": ({"cuda": CUDA, "image": {"args": ["--ctx-size", "4096"]}}, CMAKE),
    "compile": (
        {
            "cuda": CUDA,
            "image": {"source": "compile", "packages": ["libopenblas0"]},
            "services": [
                {
                    "name": "server",
                    "path": "src",
                    "kind": "cmake",
                    "generator": "make",
                    "cmake_args": ["-DNAME=a b", "-DLLAMA_CURL=OFF"],
                    "targets": ["llama-server"],
                    "package_paths": ["bin/llama-server", "lib/**"],
                }
            ],
        },
        CMAKE,
    ),
    "python": ({"image": {"command": "uvicorn", "args": ["answers:app"]}}, PYTHON),
    "model": ({"image": {"embed_model": "docker/model.gguf", "health": "/ready"}}, CMAKE),
}


def rendered(document: dict[str, Any], seen: Any = CMAKE) -> dict[str, str]:
    image = {"enabled": True, **document.get("image", {})}
    return files(settle(config_of({**document, "image": image}), seen), pins())


@pytest.mark.parametrize("name", CASES)
def test_the_files_are_those_that_were_looked_at(name: str, golden: Golden) -> None:
    texts = rendered(*CASES[name])
    for path, text in texts.items():
        golden(f"docker/{name}/{path}", text)
    known = GOLDEN / "docker" / name
    there = {file.relative_to(known).as_posix() for file in known.rglob("*") if file.is_file()}
    assert there == set(texts), "golden files that nothing generates any more: remove them"


def test_no_linter_says_anything() -> None:
    left = unexplained(lint({name: rendered(*case) for name, case in CASES.items()}), allowances())
    assert not left, report(left)


def test_without_an_image_there_is_nothing() -> None:
    assert files(settle(config_of({}), CMAKE), pins()) == {}


@pytest.mark.parametrize(
    ("toolkit", "base"),
    [
        ("", "12.8.1"),
        ("12.6", "12.6.3"),
        ("12.4", "12.6.3"),  # libraries of one major version run what an older one linked
        ("12.7", "12.8.1"),
        ("12.9", "12.8.1"),
        ("12", "12.6.3"),
        ("13", "13.0.1"),
        ("14.1", "13.0.1"),
        ("/usr/local/cuda-12.6", "12.6.3"),
        ("/opt/cuda-13/", "13.0.1"),
        ("/opt/nvidia", "12.8.1"),
    ],
)
def test_the_base_has_the_cuda_of_the_package(toolkit: str, base: str) -> None:
    variant = {"name": "one", "toolkit": toolkit} if toolkit else {"name": "one"}
    texts = rendered({"cuda": {"enabled": True, "variants": [variant]}})
    assert f"ARG BASE_IMAGE=nvidia/cuda:{base}-runtime-" in _dockerfile(texts, "cuda")


def _dockerfile(texts: dict[str, str], variant: str) -> str:
    (path,) = (path for path in texts if path.endswith(f"-{variant}.Dockerfile"))
    return texts[path]


def test_bases_of_the_config_win() -> None:
    own = {"base": "a", "build_base": "b", "cuda_base": "c", "cuda_build_base": "d"}
    names = {key: f"{name}:1@sha256:{name * 64}" for key, name in own.items()}
    texts = rendered({"cuda": CUDA, "image": {**names, "source": "compile"}})
    for variant, prefix in (("cpu", ""), ("cuda", "cuda_")):
        assert f"ARG BASE_IMAGE={names[prefix + 'base']}\n" in _dockerfile(texts, variant)
        assert f"ARG BUILD_IMAGE={names[prefix + 'build_base']}\n" in _dockerfile(texts, variant)


def test_every_base_is_pinned_by_digest() -> None:
    known: Pins = pins()
    for name in ("ubuntu", "python-slim"):
        assert "@sha256:" in known.image(name)
    assert {name.removesuffix("-devel") for name in known.images if name.endswith("-devel")} == {
        name.removesuffix("-runtime") for name in known.images if name.endswith("-runtime")
    }


def test_other_names_of_the_files_are_those_that_are_copied() -> None:
    moved = {
        "docker/healthcheck.sh": "docker/ci gen's.sh",
        "docker/llama-service-cpu.Dockerfile": "docker/Dockerfile",
    }
    texts = rendered({"files": moved})
    text = texts["docker/llama-service-cpu.Dockerfile"]
    assert r"""COPY ["docker/ci gen\\'s.sh", "./healthcheck.sh"]""" in text
    assert "docker build -f docker/Dockerfile context" in text
    assert "!docker/ci gen's.sh\n" in texts["docker/Dockerfile.dockerignore"]


def test_a_script_where_no_build_sees_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="files moves"):
        rendered({"files": {"docker/install.sh": "scripts/install.sh"}})


def test_arguments_are_themselves() -> None:
    plain = _dockerfile(rendered({}), "cpu")
    for text in HOSTILE:
        try:
            texts = rendered({"image": {"args": [text, "--end"]}})
        except ConfigError:
            continue
        changed = _dockerfile(texts, "cpu").splitlines()
        before = plain.splitlines()
        assert len(changed) == len(before)
        ((_, now),) = ((a, b) for a, b in zip(before, changed, strict=True) if a != b)
        assert json.loads(now.removeprefix("CMD ")) == [text, "--end"]


def test_arguments_of_cmake_are_themselves() -> None:
    for text in HOSTILE:
        service = {"name": "server", "path": ".", "kind": "cmake", "cmake_args": [text]}
        try:
            texts = rendered({"services": [service], "image": {"source": "compile"}})
        except ConfigError:
            continue
        body = _dockerfile(texts, "cpu").partition('    ["cmake",')[2].partition('"]\n')[0]
        assert json.loads(f'["cmake",{body}"]'.replace("\\\n", "\n"))[-1] == text


class Server(BaseHTTPRequestHandler):
    """Answers with the status that the path names; `/never` not at all."""

    def do_GET(self) -> None:
        if self.path == "/never":
            self.server.never.wait()  # type: ignore[attr-defined]
        self.send_response(int(self.path.strip("/") or 200))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Server)
    server.never = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.never.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/200", 0, "healthy: /200 answered 200"),
        ("/503", 1, "unhealthy: /503 answered 503"),
        ("/404", 1, "unhealthy: /404 answered 404"),
        ("/204", 1, "unhealthy: /204 answered 204"),
        ("/never", 1, "unhealthy: /never did not answer within 0.3 s"),
    ],
)
def test_the_health_check(tmp_path: Path, port: int, path: str, status: int, says: str) -> None:
    assert check(tmp_path, port, path) == (status, says)


def test_the_health_check_of_a_server_that_is_not_there(tmp_path: Path) -> None:
    assert check(tmp_path, 9, "/health") == (1, "unhealthy: nothing listens on port 9")


def check(folder: Path, port: int, path: str) -> tuple[int, str]:
    script = folder / "healthcheck.sh"
    script.write_text(rendered({})["docker/healthcheck.sh"])
    limit = "0.3" if path == "/never" else "20"
    argv = ["bash", str(script), str(port), path, limit]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout.strip()
