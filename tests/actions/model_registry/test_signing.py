"""Signatures: refused where the package is absent, made and checked where it is there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.model_registries import model, version
from tests.support.signing_package import installed

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.model_registry import signing
from ci_gen_actions.model_registry.folder import FolderRegistry
from ci_gen_actions.model_registry.signatures import signatures

ALL = {"tiny-chat": ["1.0"]}


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key.pem"
    key.touch()
    for name in ("signing", "verifying", "hashing"):
        monkeypatch.setitem(sys.modules, f"model_signing.{name}", None)
    for make in (signing.signer, signing.checker):
        with pytest.raises(UsageError, match="need the package model-signing") as caught:
            make(key)
        assert 'pip install "ci-gen[signing]"' in str(caught.value)


def test_without_a_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no private key"):
        signing.signer(tmp_path / "key.pem")
    with pytest.raises(UsageError, match="there is no public key"):
        signing.checker(tmp_path / "key.pem")


def named(folder: Path) -> bytes:
    """Stands for a signature: what it was asked to sign."""
    return "\n".join(sorted(each.name for each in folder.iterdir())).encode()


def test_a_version_is_signed_whole_before_it_is_there(tmp_path: Path) -> None:
    registry = FolderRegistry(tmp_path / "models")
    registry.publish(replace(version(model(tmp_path / "in")), sign=named))
    folder = registry.root / "tiny-chat/v1.0"
    assert (folder / "model.sig").read_text().split() == [
        *("metadata.json", "model.gguf", "performance_report.json"),
    ]
    assert registry.problems("tiny-chat") == ()
    told = signatures(registry, ALL, lambda place: "" if place == folder else "elsewhere")
    assert told == []
    (problem,) = signatures(registry, ALL, lambda _: "its signature does not hold")
    assert str(problem) == "tiny-chat 1.0 model.sig: its signature does not hold"


def test_what_cannot_be_signed_is_not_published(tmp_path: Path) -> None:
    def refuse(_: Path) -> bytes:
        raise UsageError("no")

    registry = FolderRegistry(tmp_path / "models")
    with pytest.raises(UsageError, match="no"):
        registry.publish(replace(version(model(tmp_path / "in")), sign=refuse))
    assert registry.models() == ()
    assert list((registry.root / "tiny-chat/.ci-gen/staging").iterdir()) == []


@pytest.mark.e2e
def test_with_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # At the end of the path: what the tests have themselves is not replaced.
    monkeypatch.setattr(sys, "path", [*sys.path, str(installed())])
    for words in (
        ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem"],
        ["ec", "-in", "key.pem", "-pubout", "-out", "public.pem"],
    ):
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)
    with pytest.raises(UsageError, match=r"public\.pem cannot sign"):
        signing.signer(tmp_path / "public.pem")
    with pytest.raises(UsageError, match="is no public key"):
        signing.checker(tmp_path / "key.pem")
    registry = FolderRegistry(tmp_path / "models")
    sign = signing.signer(tmp_path / "key.pem")
    registry.publish(replace(version(model(tmp_path / "in")), sign=sign))
    registry.publish(version(model(tmp_path / "in", "b"), "1.1"))
    check = signing.checker(tmp_path / "public.pem")
    assert signatures(registry, ALL, check) == []
    (unsigned,) = signatures(registry, {"tiny-chat": ["1.1"]}, check)
    assert "it is not signed" in str(unsigned)
    told = registry.root / "tiny-chat/v1.0/metadata.json"
    told.chmod(0o644)
    told.write_text(told.read_text().replace("null", "true", 1))
    assert "its signature does not hold" in check(told.parent)
