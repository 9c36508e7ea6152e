"""Signatures of versions by OpenSSF's model-signing, which is needed only where one is asked for.

The signature `model.sig` is a Sigstore bundle over every file of a version, metadata.json among
them; whoever has the public key checks it here, or by `model_signing verify key` on the folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from ..core.errors import CannotDecide, UsageError

NAME = "model.sig"

Sign = Callable[[Path], bytes]
"""Signs the files of a folder; the signature's bytes."""


def signer(key: Path, password: str = "") -> Sign:
    """What signs with the private key in a PEM file (an elliptic curve's).

    Raises UsageError where the key is not there or model-signing is not installed.
    """
    _there(key, "private")
    signing, hashing = _library("signing"), _library("hashing")
    try:
        config = signing.Config().use_elliptic_key_signer(
            private_key=key, password=password or None
        )
    except Exception as error:
        raise UsageError(
            f"{key} cannot sign",
            why=_told(error),
            next="give the private key of an elliptic curve in PEM, and its password",
        ) from None
    config.set_hashing_config(hashing.Config().set_allow_symlinks(True))

    def sign(folder: Path) -> bytes:
        with tempfile.TemporaryDirectory(prefix="ci-gen-sign-") as own:
            path = Path(own) / NAME
            try:
                config.sign(folder, path)
            except Exception as error:
                raise CannotDecide(
                    "the version cannot be signed", where=str(key), why=_told(error)
                ) from None
            return path.read_bytes()

    return sign


def checker(key: Path) -> Callable[[Path], str]:
    """What tells of a folder with a version why its signature does not hold, "" where it does.

    Raises UsageError where the key is not there or model-signing is not installed.
    """
    _there(key, "public")
    verifying, hashing = _library("verifying"), _library("hashing")
    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=key)
    except Exception as error:
        raise UsageError(f"{key} is no public key of an elliptic curve", why=_told(error)) from None

    def check(folder: Path) -> str:
        signature = folder / NAME
        if not signature.is_file():
            return "it is not signed"
        ignored = hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=False)
        try:
            config.set_hashing_config(ignored).verify(folder, signature)
        except Exception as error:
            return f"its signature does not hold: {_told(error)}"
        return ""

    return check


def _there(key: Path, kind: str) -> None:
    if not key.is_file():
        raise UsageError(f"there is no {kind} key {key}", next="give the path of a PEM file")


def _library(name: str) -> Any:
    try:
        return import_module(f"model_signing.{name}")
    except ImportError as error:
        raise UsageError(
            "signatures need the package model-signing",
            why=str(error),
            next='install it: pip install "ci-gen[signing]"',
        ) from None


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
