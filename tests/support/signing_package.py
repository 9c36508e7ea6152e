"""model-signing, which only signatures need: installed once beside the tests' environment."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.llama_package import FIXTURES, cache_folder

LOCK = FIXTURES / "models" / "model-signing.txt"


def installed() -> Path:
    """The folder to import it from. Raises CalledProcessError where pip cannot install it."""
    mark = hashlib.sha256(f"{sys.version_info[:2]}".encode() + LOCK.read_bytes()).hexdigest()[:16]
    folder = cache_folder() / f"model-signing-{mark}"
    if folder.is_dir():
        return folder
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
        made = Path(temporary) / "packages"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes"]
        command += ["--disable-pip-version-check", "--only-binary=:all:", "--target", str(made)]
        subprocess.run([*command, "--requirement", str(LOCK)], check=True)
        if not folder.is_dir():  # another test process may have been faster
            made.replace(folder)
    return folder
