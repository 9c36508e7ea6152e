"""Asks the registry what it has under the tags, and compares that with what was built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import CannotDecide
from ..core.oci import Registry, parse_reference
from .connection import engine_errors
from .login import Login

if TYPE_CHECKING:
    import docker


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the registry has under one tag: digests of its manifest ("" for none) and config.

    `direct` is whether it told us itself, and not the engine.
    """

    tag: str
    digest: str
    config: str = ""
    direct: bool = True


def look(
    client: docker.DockerClient, repository: str, tags: Sequence[str], login: Login
) -> tuple[Seen, ...]:
    """What the registry says of each tag. Raises CannotDecide where it cannot be asked.

    We ask the registry ourselves. Where only the engine reaches it, as with a registry that
    docker-in-docker alone knows or that the engine takes for an insecure one, the engine asks.
    """
    name = parse_reference(repository)
    user = known_user(client, login)
    registry = Registry(name.host, username=user.username, password=user.password, pauses=(1, 3))
    return tuple(_one(client, registry, repository, name.repository, tag, login) for tag in tags)


def known_user(client: docker.DockerClient, login: Login) -> Login:
    """The login of the inputs, else the one that docker's configuration has for the registry."""
    if login.username:
        return login
    configs: Any = client.api._auth_configs  # type: ignore[attr-defined]
    try:
        found = configs.resolve_authconfig(login.key) or {}
    except Exception:
        found = {}
    username, password = (str(found.get(each) or "") for each in ("username", "password"))
    return Login(host=login.host, username=username, password=password if username else "")


def _one(
    client: docker.DockerClient,
    registry: Registry,
    repository: str,
    path: str,
    tag: str,
    login: Login,
) -> Seen:
    try:
        found = registry.manifest(path, tag)
    except CannotDecide:
        told = _by_engine(client, f"{repository}:{tag}", login)
        return Seen(tag=tag, digest=told, direct=False)
    if found is None:
        return Seen(tag=tag, digest="")
    config = found.value.get("config")
    digest = str(config.get("digest", "")) if isinstance(config, dict) else ""
    return Seen(tag=tag, digest=found.digest, config=digest)


def _by_engine(client: docker.DockerClient, reference: str, login: Login) -> str:
    with engine_errors(f"it asked the registry for {reference}"):
        api: Any = client.api
        told = api.inspect_distribution(reference, auth_config=login.auth)
    return str((told.get("Descriptor") or {}).get("digest", ""))


def problems(seen: Sequence[Seen], digest: str, image_id: str) -> Iterator[str]:
    """What is not as it was pushed. An engine's image id is its config's digest, or its own."""
    for each in seen:
        if not each.digest:
            yield f"the registry has no tag {each.tag}, though the push succeeded"
        elif each.digest != digest:
            yield f"the registry has {each.digest} as {each.tag}, the engine pushed {digest}"
        elif image_id and each.config and image_id not in (each.config, each.digest):
            yield f"the registry's {each.tag} is the image {each.config}, built was {image_id}"
