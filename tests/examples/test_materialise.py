"""The script that makes the example's repository, run as a reader would run it."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "llama-service"
INSIDE = "llama_cpp_python-0.3.36/vendor/llama.cpp/"

WANTED = {
    "CMakeLists.txt": 'option(GGML_CUDA "" OFF)\n',
    "ggml/src/ggml.c": "int ggml;\n",
    "ggml/src/ggml-cuda/CMakeLists.txt": "# cuda\n",
    "models/ggml-vocab-llama-spm.gguf.inp": "Hello\n",
    "src/llama.cpp": "int llama;\n",
    "tools/server/server.cpp": "int server;\n",
    "tools/ui/CMakeLists.txt": "# no page\n",
}
LEFT = {
    "ggml/src/ggml-vulkan/vulkan.cpp": "int vulkan;\n",
    "models/ggml-vocab-qwen2.gguf": "vocabulary",
    "tools/ui/src/app.html": "<page>\n",
    "examples/simple/simple.cpp": "int simple;\n",
}


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    """A source release like the real one, a few files small, with one that would leave it."""
    path = tmp_path / "llama_cpp_python-0.3.36.tar.gz"
    files = {INSIDE + name: text for name, text in {**WANTED, **LEFT}.items()}
    files["llama_cpp_python-0.3.36/pyproject.toml"] = "[project]\n"
    files[INSIDE + "src/../../../../escaped.txt"] = "out\n"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo(INSIDE + "src/link.cpp")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


@pytest.fixture
def script(tmp_path: Path, sdist: Path) -> Path:
    """A copy of the example that names the small source release."""
    copy = tmp_path / "example"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    (copy / "llama.txt").write_text(f"llama-cpp-python==0.3.36 \\\n    --hash=sha256:{digest}\n")
    return copy / "materialise.py"


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_makes_a_repository_of_the_example_and_what_it_needs_of_llama_cpp(
    tmp_path: Path, script: Path, sdist: Path
) -> None:
    target = tmp_path / "service"
    done = run(script, str(target), "--sdist", str(sdist), HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr

    tracked = set(git(target, "ls-files").splitlines())
    vendored = {name for name in tracked if name.startswith("vendor/")}
    own = {
        path.relative_to(EXAMPLE).as_posix()
        for path in EXAMPLE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert vendored == {f"vendor/llama.cpp/{name}" for name in WANTED}
    made = {"tests/models/alphabet.gguf", "models/alphabet.gguf"}
    assert tracked - vendored - made == own - {"materialise.py", "llama.txt"}
    assert made <= tracked
    assert (target / "tests/models/alphabet.gguf").read_bytes()[:4] == b"GGUF"
    assert git(target, "status", "--porcelain") == ""
    assert (target / "vendor/llama.cpp/src/llama.cpp").read_text() == "int llama;\n"
    assert not list(tmp_path.rglob("escaped.txt"))


def test_the_same_sources_give_the_same_commit(tmp_path: Path, script: Path, sdist: Path) -> None:
    commits = set()
    for name in ("one", "two"):
        home = tmp_path / f"home-{name}"
        home.mkdir()
        (home / ".gitconfig").write_text(f"[user]\nname = {name}\n[core]\nautocrlf = true\n")
        done = run(script, str(tmp_path / name), "--sdist", str(sdist), HOME=str(home))
        assert done.returncode == 0, done.stderr
        commits.add(git(tmp_path / name, "rev-parse", "HEAD"))
    assert len(commits) == 1


def test_takes_the_release_from_the_cache(tmp_path: Path, script: Path, sdist: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    shutil.copy(sdist, cache)
    done = run(script, str(tmp_path / "service"), HOME=str(tmp_path), CI_GEN_CACHE=str(cache))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "service/vendor/llama.cpp/src/llama.cpp").is_file()


def test_refuses_another_release(tmp_path: Path, script: Path, sdist: Path) -> None:
    sdist.write_bytes(sdist.read_bytes() + b"\0")
    target = tmp_path / "service"
    done = run(script, str(target), "--sdist", str(sdist), HOME=str(tmp_path))
    assert done.returncode == 1
    assert "is not the source release that" in done.stderr
    assert not target.exists()


def test_refuses_a_folder_that_holds_something(tmp_path: Path, script: Path, sdist: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("x")
    done = run(script, str(tmp_path / "mine"), "--sdist", str(sdist), HOME=str(tmp_path))
    assert done.returncode == 1
    assert "is not empty; name a new folder" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["precious.txt"]


def test_says_what_to_do_where_nothing_can_be_fetched(tmp_path: Path, script: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_NO_INDEX": "1"}
    done = run(
        script,
        str(tmp_path / "service"),
        HOME=str(tmp_path),
        CI_GEN_CACHE=str(tmp_path / "cache"),
        PIP_CONFIG_FILE="/dev/null",
        **nowhere,
    )
    assert done.returncode == 1
    assert "with no network, give it with --sdist FILE" in done.stderr
    assert list((tmp_path / "cache").iterdir()) == []
