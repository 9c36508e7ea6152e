"""Where a container is reached, on plain data."""

from __future__ import annotations

import pytest

from ci_gen_actions.image_build.place import Place, address, own_container, remote_host

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http+docker://localhost", ""),
        ("http+docker://ssh", ""),
        ("http://docker:2375", "docker"),
        ("https://docker:2376", "docker"),
        ("https://10.0.0.7:2376", "10.0.0.7"),
    ],
)
def test_hosts(url: str, host: str) -> None:
    assert remote_host(url) == host


def test_the_container_that_we_run_in() -> None:
    line = "713 698 254:1 {root} {path} rw,relatime - ext4 /dev/vda1 rw"
    root = f"/var/lib/docker/containers/{ID}/hostname"
    assert own_container(line.format(root=root, path="/etc/hostname")) == ID
    # somebody else's folder mounted here does not make it ours
    assert own_container(line.format(root=root, path="/mnt/hostname")) == ""
    assert own_container("22 1 254:1 / / rw - ext4 /dev/vda1 rw\n") == ""
    assert own_container("") == ""


RUNNING = {
    "NetworkSettings": {
        "Ports": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}]},
        "Networks": {"trial": {"IPAddress": "172.20.0.2"}},
    }
}


def test_addresses() -> None:
    assert address(RUNNING, Place(), 8080) == ("127.0.0.1", 32768)
    assert address(RUNNING, Place(host="docker"), 8080) == ("docker", 32768)
    assert address(RUNNING, Place(own=ID), 8080) == ("172.20.0.2", 8080)
    for empty in ({}, {"NetworkSettings": {"Ports": {"8080/tcp": None}, "Networks": {}}}):
        assert address(empty, Place(), 8080) is None
        assert address(empty, Place(own=ID), 8080) is None


def test_what_a_disk_has_to_do_with_it() -> None:
    assert Place().shared_disk
    assert not Place(host="docker").shared_disk
    assert not Place(own=ID).shared_disk
