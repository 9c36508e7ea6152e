from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.cli.repository import Shell, prepare


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Commands in a generated repository."""
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path, capsys)
    done = shell("generate")
    assert done.status == 0, done
    return shell
