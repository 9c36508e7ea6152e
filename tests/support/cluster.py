"""The cluster that KUBECONFIG names, for tests that deploy; a namespace of its own for each.

Where there is none, or none that takes what these tests need, the test is skipped with the reason;
with CI_GEN_REQUIRE_CLUSTER it fails.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest


def missing(why: str) -> NoReturn:
    """End the test: skipped, or failed where a cluster is required."""
    if os.environ.get("CI_GEN_REQUIRE_CLUSTER"):
        pytest.fail(why)
    pytest.skip(why)


@functools.cache
def version() -> int:
    """The minor version of the cluster's API server; without a cluster the test is skipped."""
    if not os.environ.get("KUBECONFIG"):
        missing("KUBECONFIG names no cluster")
    try:
        told = json.loads(kubectl("version", "--output=json", "--request-timeout=10s"))
        return int(str(told["serverVersion"]["minor"]).rstrip("+"))
    except (OSError, AssertionError, KeyError, ValueError) as error:
        missing(f"the cluster of KUBECONFIG does not answer: {error}")


@functools.cache
def local_images() -> None:
    """Skip where the cluster's node does not run the images of this machine's engine."""
    version()
    (node, *others) = json.loads(kubectl("get", "nodes", "--output=json"))["items"]
    runtime = node["status"]["nodeInfo"]["containerRuntimeVersion"]
    if others or not runtime.startswith("docker://"):
        missing(f"the cluster does not run this machine's images: its runtime is {runtime}")


def kubectl(*arguments: str, stdin: str = "", check: bool = True) -> str:
    """What kubectl writes. Raises AssertionError with its errors where it fails."""
    done = subprocess.run(
        ["kubectl", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert not check or not done.returncode, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def get(namespace: str, what: str, name: str) -> Any:
    """One object."""
    return json.loads(kubectl("--namespace", namespace, "get", what, name, "--output=json"))


@contextlib.contextmanager
def namespace(name: str = "") -> Iterator[str]:
    """A namespace that is removed afterwards with all that is in it."""
    version()
    one = name or f"ci-gen-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", one)
    try:
        yield one
    finally:
        kubectl("delete", "namespace", one, "--wait=false")
