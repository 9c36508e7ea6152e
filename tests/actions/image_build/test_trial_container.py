"""How the container of a trial is created, on plain data."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from ci_gen_actions.image_build.options import Options
from ci_gen_actions.image_build.place import Place
from ci_gen_actions.image_build.trial_container import Image, creation, packed

LABELS = {"ci-gen.job": "0123"}
IMAGE = Image(id="sha256:1", user="10001", command=("serve",), healthcheck=True)


def created(place: Place | None = None, image: Image = IMAGE, **more: Any) -> dict[str, Any]:
    model = more.pop("model", "")
    options = Options(service="s", **more)
    return creation(image, options, place or Place(), LABELS, network="n", model=model)


def test_it_is_strict() -> None:
    settings = created()
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges"]
    assert settings["tmpfs"] == {"/tmp": ""}
    assert settings["network"] == "n"
    assert settings["labels"] == LABELS
    assert settings["device_requests"] == []
    assert "user" not in settings, "the image's own"
    assert "init" not in settings, "the entry point itself must forward signals"


def test_ports() -> None:
    assert created()["ports"] == {"8080/tcp": ("127.0.0.1", 0)}
    assert created(Place(host="docker"), port=9000)["ports"] == {"9000/tcp": None}
    assert "ports" not in created(Place(own="1"))


def test_arguments_follow_the_image_s_own() -> None:
    assert "command" not in created()
    settings = created(test_args=("--model", "{model}"), model="/test-model/m.gguf")
    assert settings["command"] == ["serve", "--model", "/test-model/m.gguf"]
    assert settings["environment"] == {"LLAMA_ARG_MODEL": "/test-model/m.gguf"}


def test_the_health_check_is_the_image_s_own_asked_more_often() -> None:
    check = created(start_timeout=90)["healthcheck"]
    assert check == {"interval": 10**9, "start_period": 90 * 10**9}
    without = Image(id="sha256:1", user="1", command=(), healthcheck=False)
    assert "healthcheck" not in created(image=without)


def test_gpus() -> None:
    (request,) = created(gpus=True)["device_requests"]
    assert request["Count"] == -1
    assert request["Capabilities"] == [["gpu"]]


def test_what_the_engine_tells_of_an_image() -> None:
    config = {"User": "1", "Cmd": ["a"], "Healthcheck": {"Test": ["CMD", "x"]}}
    image = Image.of({"Id": "sha256:2", "Config": config})
    assert image == Image(id="sha256:2", user="1", command=("a",), healthcheck=True)
    for test in (None, [], ["NONE"]):
        bare = {"Id": "sha256:2", "Config": {"Healthcheck": {"Test": test}, "Cmd": None}}
        assert Image.of(bare) == Image(id="sha256:2", user="", command=(), healthcheck=False)


def test_a_model_is_packed_for_everybody_to_read(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"
    for size in (0, 1, 512, (1 << 20) + 1):
        model.write_bytes(b"x" * size)
        model.chmod(0o600)
        with tarfile.open(fileobj=io.BytesIO(b"".join(packed(model)))) as archive:
            (member,) = archive.getmembers()
            content = archive.extractfile(member)
            assert content is not None
            assert content.read() == b"x" * size
            assert (member.name, member.mode, member.uid) == ("m.gguf", 0o444, 0)
