"""The container of a trial: how it is created, and the model that is handed to it."""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .leftovers import JOB
from .options import Options
from .place import LOOPBACK, Place

MODEL_FOLDER = "/test-model"
MODEL_MARK = "{model}"
"""What stands in the test arguments for the model's path inside of the container."""
PROCESSES = 1024
_SECOND = 1_000_000_000
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Image:
    """What the engine tells of an image; `command` are its default arguments."""

    id: str
    user: str
    command: tuple[str, ...]
    healthcheck: bool

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Image:
        """Out of what the engine's inspection of the image answers."""
        config = attributes.get("Config") or {}
        test = list((config.get("Healthcheck") or {}).get("Test") or ())
        return cls(
            id=attributes["Id"],
            user=config.get("User") or "",
            command=tuple(config.get("Cmd") or ()),
            healthcheck=test[:1] not in ([], ["NONE"]),
        )


def creation(
    image: Image,
    options: Options,
    place: Place,
    labels: Mapping[str, str],
    *,
    network: str,
    mounts: Sequence[Any] = (),
    model: str = "",
) -> dict[str, Any]:
    """The arguments of `containers.create`. `model` is the model's path in the container."""
    settings: dict[str, Any] = {
        "image": image.id,
        "name": f"ci-gen-trial-{labels[JOB]}",
        "labels": dict(labels),
        "network": network,
        "read_only": True,
        "tmpfs": {"/tmp": ""},  # noqa: S108 - the container's own
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": PROCESSES,
        # Readable whatever the engine's own driver is, and no more than its disk can take.
        "log_config": {"type": "json-file", "config": {"max-size": "10m"}},
        "mounts": list(mounts),
        "device_requests": gpu_requests(options.gpus),
    }
    if model:
        # llama-server takes it where its arguments name no model.
        settings["environment"] = {"LLAMA_ARG_MODEL": model}
    if not place.own:
        # Port 0: the engine takes a free one. Another machine's loopback is out of reach.
        settings["ports"] = {f"{options.port}/tcp": None if place.remote else (LOOPBACK, 0)}
    if options.test_args:
        arguments = (each.replace(MODEL_MARK, model) for each in options.test_args)
        settings["command"] = [*image.command, *arguments]
    if image.healthcheck:
        # The image's own check, asked each second; what fails while it starts does not count.
        settings["healthcheck"] = {
            "interval": _SECOND,
            "start_period": options.start_timeout * _SECOND,
        }
    return settings


def gpu_requests(wanted: bool) -> list[Any]:
    """All GPUs of the machine, as `docker run --gpus all` asks for them."""
    from docker.types import DeviceRequest

    return [DeviceRequest(count=-1, capabilities=[["gpu"]])] if wanted else []


def model_path(model: Path | None) -> str:
    """Where the model lies in the container; "" where there is none."""
    return f"{MODEL_FOLDER}/{model.name}" if model else ""


def model_mount(
    client: Any, image: Image, place: Place, labels: Mapping[str, str], model: Path | None
) -> list[Any]:
    """The mount of the model, read-only: the file itself, or a volume that holds a copy.

    A copy is needed where the engine does not see our disk, and where the file is not readable
    for everybody, since the server's user is not ours.
    """
    from docker.types import Mount

    if model is None:
        return []
    if place.shared_disk and model.stat().st_mode & stat.S_IROTH:
        source = str(model.resolve())
        return [Mount(model_path(model), source, type="bind", read_only=True)]
    volume = client.api.create_volume(name=f"ci-gen-trial-{labels[JOB]}", labels=dict(labels))
    # A container with a read-only root takes no files, so another one, never started, does.
    carrier = client.api.create_container(
        image.id,
        command=["-"],
        labels=dict(labels),
        host_config=client.api.create_host_config(
            mounts=[Mount(MODEL_FOLDER, volume["Name"], type="volume", no_copy=True)]
        ),
    )
    client.api.put_archive(carrier["Id"], MODEL_FOLDER, packed(model))
    client.api.remove_container(carrier["Id"], v=True, force=True)
    return [Mount(MODEL_FOLDER, volume["Name"], type="volume", read_only=True, no_copy=True)]


def packed(file: Path) -> Iterator[bytes]:
    """A tar archive of one file that everybody may read, in blocks."""
    size = file.stat().st_size
    member = tarfile.TarInfo(file.name)
    member.size, member.mode = size, 0o444
    yield member.tobuf(tarfile.PAX_FORMAT)
    with file.open("rb") as source:
        for _ in range(0, size, _BLOCK):
            yield source.read(_BLOCK)
    yield b"\0" * (-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)


def make_network(client: Any, place: Place, labels: Mapping[str, str]) -> tuple[str, bool]:
    """A network of the trial's own: its name, and whether it keeps the server from all others.

    Without address translation packets may leave it, and no answer finds its way back. Where
    the engine has no such network, it is its default one.
    """
    from docker.errors import APIError

    name = f"ci-gen-trial-{labels[JOB]}"
    try:
        client.api.create_network(
            name,
            driver="bridge",
            options={"com.docker.network.bridge.enable_ip_masquerade": "false"},
            labels=dict(labels),
            internal=bool(place.own),
        )
    except APIError:
        return "bridge", False
    if place.own:
        client.api.connect_container_to_network(place.own, name)
    return name, True
