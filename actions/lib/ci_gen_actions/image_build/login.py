"""The login at a registry: in a private folder for docker's clients, in memory for the engine.

The user's own configuration is read and never written. Neither credential helpers nor other
logins in it are touched: the private copy keeps them, and takes the registry of this run from
its own file alone.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import CannotDecide
from ..core.oci_reference import DOCKER_HUB, parse_reference
from ..core.process import capture
from .facts import Client
from .options import Options

if TYPE_CHECKING:
    import docker

HUB_KEY = "https://index.docker.io/v1/"
"""What docker's configuration calls Docker Hub."""
LOGIN_SECONDS = 120.0
_LINKED = ("cli-plugins", "contexts")
_REFUSED = ("unauthorized", "denied", "incorrect username", "authentication", "401", "403")


@dataclass(frozen=True, kw_only=True, repr=False)
class Login:
    """A user at a registry; without a name, whoever docker's configuration knows there."""

    host: str = ""
    username: str = ""
    password: str = ""

    @property
    def auth(self) -> dict[str, str] | None:
        """What the engine's API takes, None for docker's own configuration."""
        if not self.username:
            return None
        return {"username": self.username, "password": self.password, "serveraddress": self.key}

    @property
    def key(self) -> str:
        """The registry as docker's configuration names it."""
        return HUB_KEY if self.host == DOCKER_HUB else self.host

    def redact(self, text: str) -> str:
        """`text` without the password, also as the base64 that configurations hold."""
        if not self.password:
            return text
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return text.replace(self.password, "***").replace(pair, "***")


def login_of(options: Options) -> Login:
    """The login that the inputs ask for."""
    host = parse_reference(options.repository).host if options.repository else ""
    if not (options.username and options.password):
        return Login(host=host)
    return Login(host=host, username=options.username, password=options.password)


def configuration(environ: Mapping[str, str]) -> Path:
    """The folder of docker's configuration."""
    named = environ.get("DOCKER_CONFIG", "")
    return Path(named) if named else Path(environ.get("HOME") or "~").expanduser() / ".docker"


def copy_configuration(environ: Mapping[str, str], folder: Path, login: Login) -> None:
    """Make `folder` docker's configuration for this run: the user's, but for this registry."""
    own = configuration(environ)
    folder.mkdir(mode=0o700)
    for name in _LINKED:
        if (own / name).is_dir():
            (folder / name).symlink_to((own / name).resolve())
    try:
        found: Any = json.loads((own / "config.json").read_bytes())
    except (OSError, ValueError):
        found = {}
    values = found if isinstance(found, dict) else {}
    # The engine is the one that the SDK speaks to: see `client_environment`.
    values.pop("currentContext", None)
    if login.username:
        # An empty helper means this file: a helper of the user would keep the password.
        values["credHelpers"] = {**(values.get("credHelpers") or {}), login.key: ""}
    path = folder / "config.json"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(values, file)


def client_environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a docker client: this run's configuration, none of our inputs."""
    kept = {name: text for name, text in environ.items() if not name.startswith("CI_GEN_")}
    kept.setdefault("BUILDX_CONFIG", str(configuration(environ) / "buildx"))
    if not kept.get("DOCKER_HOST"):
        kept["DOCKER_HOST"] = "unix:///var/run/docker.sock"
    kept.pop("DOCKER_CONTEXT", None)
    return {
        **kept,
        "DOCKER_CONFIG": str(folder),
        "DOCKER_BUILDKIT": "1",
        "DOCKER_CLI_HINTS": "false",
    }


def log_in(
    login: Login, client: docker.DockerClient, cli: Client | None, environ: Mapping[str, str]
) -> None:
    """Log in, through the docker client where one builds. Raises CannotDecide where refused."""
    if not login.username:
        return
    why = _by_client(login, cli, environ) if cli else _by_engine(login, client)
    if not why:
        return
    refused = any(each in why.lower() for each in _REFUSED)
    raise CannotDecide(
        f"the registry {login.host} refused the user {login.username}"
        if refused
        else f"there was no login at the registry {login.host}",
        where="inputs username and password",
        why=login.redact(why)[:500],
        next="see that the token is of this registry, is valid and may push"
        if refused
        else "see that the registry runs and that the engine reaches it",
    )


def _by_client(login: Login, cli: Client, environ: Mapping[str, str]) -> str:
    """Why the docker client could not log in, "" where it did."""
    argv = [cli.path, "login", "--username", login.username, "--password-stdin"]
    argv += [] if login.host == DOCKER_HUB else [login.host]
    done = capture(argv, env=environ, timeout=LOGIN_SECONDS, stdin=login.password.encode())
    if done.ok:
        return ""
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    return lines[-1] if lines else f"docker login {done.outcome}"


def _by_engine(login: Login, client: docker.DockerClient) -> str:
    """Why the engine could not log in, "" where it did. Nothing is written anywhere."""
    import requests
    from docker.errors import DockerException

    api: Any = client.api
    try:
        # POST /auth alone: the SDK's `login` would answer out of the user's configuration.
        api._result(api._post_json(api._url("/auth"), data=login.auth), json=True)
    except (DockerException, requests.exceptions.RequestException) as error:
        return str(getattr(error, "explanation", None) or error)
    return ""
