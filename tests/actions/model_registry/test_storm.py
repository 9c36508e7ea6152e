"""Publishers and promoters at once, killed at random: nothing that was acknowledged is lost.

`bench/registry` does the same for longer, and with more of them.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.support import engine
from tests.support.registry_storm import Site, storm


def test_in_a_folder(tmp_path: Path) -> None:
    site = Site(location="models", checkouts=[tmp_path])
    found = storm(site, tmp_path / "notes", writers=16, lives=3, life=0.7, seed=1)
    assert found.wrong == []
    assert found.kills > 0
    assert found.published > 0
    assert found.moved > 0


@pytest.mark.e2e
def test_in_a_registry_with_a_login(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote"], check=True)
    checkouts = [tmp_path / f"runner-{number}" for number in range(16)]
    for each in checkouts:
        subprocess.run(["git", "clone", "--quiet", tmp_path / "remote", each], check=True)
    with engine.registry(password="secret") as served:
        site = Site(
            location=f"oci://{served.host}/team/models",
            checkouts=checkouts,
            username=engine.USER,
            password="secret",
        )
        found = storm(site, tmp_path / "notes", writers=16, lives=2, life=8.0, seed=2)
    assert found.wrong == []
    assert found.kills > 0
    assert found.published > 0
    assert found.moved > 0
