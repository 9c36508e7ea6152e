"""Measuring real images, with a real engine and registry."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.support.engine import USER, Registry, engine, registry
from tests.support.server_images import built, dockerfile

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.oci import Registry as Client
from ci_gen_actions.image_build.measure import COMPRESSED, UNCOMPRESSED, Measure, measure
from ci_gen_actions.image_build.options import Options

pytestmark = pytest.mark.e2e


def measured(image: str, previous: str, **options: Any) -> Measure:
    ci = GitHub({"GITHUB_WORKSPACE": "/"}, log=io.BytesIO(), out=io.BytesIO())
    return measure(engine(), image, previous, Options(service="tiny", **options), ci)


@contextmanager
def images(*sizes: int) -> Iterator[list[str]]:
    """Images with one layer of random bytes each, besides the server."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        made = []
        for size in sizes:
            more = {"payload": random.Random(size).randbytes(size)}
            text = dockerfile("", "COPY payload /payload")
            made.append(stack.enter_context(built(text, more)))
        yield made


def pushed(image: str, name: str, tag: str, **login: str) -> None:
    """Push an image and let the engine forget the name."""
    client = engine()
    client.api.tag(image, name, tag)
    told = client.api.push(name, tag=tag, auth_config=login or None)
    assert '"error"' not in str(told), told
    client.images.remove(f"{name}:{tag}", noprune=True)


def test_against_an_image_of_the_engine() -> None:
    with images(1_000_000, 3_000_000) as (small, large):
        found = measured(large, small, max_growth_percent=50)
        assert found.comparison.basis == UNCOMPRESSED
        assert found.comparison.theirs == engine().images.get(small).attrs["Size"]
        # An engine with containerd's image store counts manifests, too, and the disk's blocks.
        assert found.size == found.comparison.ours
        assert found.size - found.comparison.theirs == pytest.approx(2_000_000, rel=0.01)
        assert sum(each["size"] for each in found.layers) == pytest.approx(found.size, rel=0.2)
        assert found.problems[0].startswith("the image grew by ")
        assert "COPY file:" in found.markdown
        assert measured(small, large, max_growth_percent=50).problems == ()
        assert measured(large, small, max_mib=1).problems[0].startswith("the image has ")


def test_against_a_registry_compressed_sizes_are_compared() -> None:
    with registry() as server, images(1_000_000, 1_500_000) as (small, large):
        name = f"{server.host}/tiny"
        pushed(small, name, "latest")
        assert engine().images.list(name=name) == []
        found = measured(large, f"{name}:latest", max_growth_percent=10, repository=name)
        assert found.comparison.basis == COMPRESSED
        pushed(large, name, "large")
        truth = _pushed_size(server, "large")
        assert found.comparison.ours == pytest.approx(truth, rel=0.02)
        assert found.comparison.theirs == _pushed_size(server, "latest")
        assert found.problems[0].startswith("the image grew by ")
        # the same image again: each layer is as the registry has it
        again = measured(large, f"{name}:large", max_growth_percent=1, repository=name)
        assert again.comparison.percent == 0
        assert again.problems == ()


def test_the_first_image_is_new() -> None:
    with registry() as server, images(1000) as (image,):
        found = measured(image, f"{server.host}/none:latest", max_growth_percent=1)
        assert found.comparison.state == "NEW"
        assert found.problems == ()
        assert measured(image, "").comparison.state == "NEW"


def test_a_registry_that_is_down_or_refuses() -> None:
    with registry("secret") as server, images(1000) as (image,):
        name = f"{server.host}/tiny"
        pushed(image, name, "latest", username=USER, password="secret")
        previous = f"{name}:latest"
        right = {"repository": name, "username": USER, "password": "secret"}
        assert measured(image, previous, **right).comparison.percent == 0
        wrong = {**right, "password": "wrong"}
        assert measured(image, previous, **wrong).comparison.state == "UNKNOWN"
        with pytest.raises(CannotDecide) as refused:
            measured(image, previous, **wrong, max_growth_percent=1)
        assert "wrong" not in str(refused.value).replace("is wrong", "")
        # without a login of the inputs, the one that docker's configuration has
        known = engine().api._auth_configs
        known.add_auth(server.host, {"username": USER, "password": "secret"})
        try:
            assert measured(image, previous, repository=name).comparison.percent == 0
        finally:
            del known["auths"][server.host]
        server.stop()
        with pytest.raises(CannotDecide):
            measured(image, previous, **right, max_growth_percent=1)


def _pushed_size(server: Registry, tag: str) -> int:
    import json

    manifest = Client(server.host).manifest("tiny", tag)
    assert manifest is not None
    return sum(each["size"] for each in json.loads(manifest.data)["layers"])
