"""The private folder and docker's configuration in it; the context of a package."""

from __future__ import annotations

import fcntl
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import commit

from ci_gen_actions.core.archive import ArchiveError
from ci_gen_actions.core.dialect import detect
from ci_gen_actions.core.errors import Interrupted, UsageError
from ci_gen_actions.image_build import scratch
from ci_gen_actions.image_build.api_build import write_context
from ci_gen_actions.image_build.context import expected_build, find_package, prepare
from ci_gen_actions.image_build.login import (
    HUB_KEY,
    Login,
    client_environment,
    copy_configuration,
    login_of,
)
from ci_gen_actions.image_build.options import Options

LOGIN = Login(host="r.io", username="u", password="p4ss")


# The folder --------------------------------------------------------------------------------


def test_the_folder_is_private_and_goes_whatever_happens(tmp_path: Path) -> None:
    environ = {"RUNNER_TEMP": str(tmp_path)}
    for end in (None, ValueError("x"), Interrupted(15)):
        try:
            with scratch.private_folder(environ) as folder:
                assert folder.stat().st_mode & 0o777 == 0o700
                (folder / "deep").mkdir()
                (folder / "deep" / "secret").write_text("x")
                if end:
                    raise end
        except (ValueError, Interrupted):
            pass
        assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_goes_and_what_is_in_use_stays(tmp_path: Path) -> None:
    dead, fresh, foreign = (tmp_path / f"{scratch.PREFIX}{name}" for name in ("d", "f", "link"))
    dead.mkdir()
    (dead / scratch.LOCK).touch()
    fresh.mkdir()
    foreign.symlink_to(tmp_path)
    environ = {"RUNNER_TEMP": str(tmp_path)}
    with scratch.private_folder(environ) as used:
        assert not dead.exists()
        assert fresh.exists()
        assert scratch.remove_abandoned(tmp_path) == []
        assert used.exists()
        # another process would find the same: the lock belongs to the open file
        handle = os.open(used / scratch.LOCK, os.O_RDWR)
        with pytest.raises(OSError, match="unavailable"):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)


# The configuration -------------------------------------------------------------------------


def copied(tmp_path: Path, values: Any, login: Login) -> dict[str, Any]:
    own = tmp_path / "own"
    (own / "cli-plugins").mkdir(parents=True)
    (own / "config.json").write_text(values if isinstance(values, str) else json.dumps(values))
    before = (own / "config.json").read_bytes()
    copy = tmp_path / "copy"
    copy_configuration({"DOCKER_CONFIG": str(own)}, copy, login)
    assert (own / "config.json").read_bytes() == before
    assert copy.stat().st_mode & 0o777 == 0o700
    assert (copy / "config.json").stat().st_mode & 0o777 == 0o600
    assert (copy / "cli-plugins").resolve() == own / "cli-plugins"
    return dict(json.loads((copy / "config.json").read_bytes()))


def test_the_users_helpers_stay_but_for_this_registry(tmp_path: Path) -> None:
    values = {
        "credsStore": "keychain",
        "credHelpers": {"gcr.io": "gcloud"},
        "auths": {"x.io": {"auth": "eDp5"}},
        "currentContext": "far",
    }
    found = copied(tmp_path, values, LOGIN)
    assert found == {
        "credsStore": "keychain",
        "credHelpers": {"gcr.io": "gcloud", "r.io": ""},
        "auths": {"x.io": {"auth": "eDp5"}},
    }


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_configuration_that_is_none(text: str, tmp_path: Path) -> None:
    assert copied(tmp_path, text, Login(host="r.io")) == {}


def test_what_a_docker_client_gets_to_see(tmp_path: Path) -> None:
    environ = {
        "HOME": "/home/u",
        "PATH": "/bin",
        "CI_GEN_IMAGE_BUILD_PASSWORD": "p4ss",
        "DOCKER_CONTEXT": "far",
        "DOCKER_TLS_VERIFY": "1",
    }
    seen = client_environment(environ, tmp_path)
    assert seen == {
        "HOME": "/home/u",
        "PATH": "/bin",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_HOST": "unix:///var/run/docker.sock",
        "DOCKER_CONFIG": str(tmp_path),
        "DOCKER_BUILDKIT": "1",
        "DOCKER_CLI_HINTS": "false",
        "BUILDX_CONFIG": "/home/u/.docker/buildx",
    }
    far = {"DOCKER_HOST": "tcp://docker:2376", "BUILDX_CONFIG": "/b"}
    assert client_environment(far, tmp_path).items() >= far.items()


def test_the_password_is_in_no_text() -> None:
    assert "p4ss" not in repr(LOGIN)
    assert LOGIN.redact("u:p4ss dTpwNHNz") == "u:*** ***"
    assert Login().redact("x") == "x"


def test_the_login_of_the_inputs() -> None:
    found = login_of(Options(service="s", repository="o/r", username="u", password="p"))
    assert (found.host, found.key) == ("docker.io", HUB_KEY)
    assert found.auth == {"username": "u", "password": "p", "serveraddress": HUB_KEY}
    nobody = login_of(Options(service="s", repository="r.io/o/s", username="u"))
    assert (nobody.key, nobody.auth) == ("r.io", None)


# The context -------------------------------------------------------------------------------


def packed(path: Path, files: dict[str, bytes], link: tuple[str, str] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        if link:
            member = tarfile.TarInfo(link[0])
            member.type, member.linkname = tarfile.SYMTYPE, link[1]
            archive.addfile(member)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "docker").mkdir(parents=True)
    (folder / "docker" / "s-cpu.Dockerfile").write_text("FROM scratch\nCOPY package/ /\n")
    (folder / "docker" / "check.sh").write_text("#!/bin/sh\n")
    packed(folder / "dist" / "s.tar.gz", {"bin/s": b"1", "manifest.json": b'{"llama-build": 7}'})
    commit(folder)
    return folder


def prepared(checkout: Path, folder: Path, **given: Any) -> Any:
    ci = detect({"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(checkout)})
    return prepare(Options(service="s", **given), ci, folder)


def test_the_context_of_a_package(checkout: Path, tmp_path: Path) -> None:
    folder = tmp_path / "context"
    source = prepared(checkout, folder, package="dist/*.tar.gz")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "package/bin/s",
        "package/manifest.json",
        "docker/check.sh",
        "docker/s-cpu.Dockerfile",
    }
    assert {int(path.stat().st_mtime) for path in folder.rglob("*")} == {source.time}
    assert (source.package, len(source.package_sha256)) == ("dist/s.tar.gz", 64)
    assert expected_build(Options(service="s"), source) == "7"
    assert expected_build(Options(service="s", expected_build="8"), source) == "8"
    assert (len(source.commit), source.version) == (40, source.commit[:12])


def test_the_checkout_is_the_context_without_a_package(checkout: Path, tmp_path: Path) -> None:
    source = prepared(checkout, tmp_path / "context")
    assert (source.folder, source.package) == (checkout, "")
    assert expected_build(Options(service="s"), source) == ""


@pytest.mark.parametrize("link", [("out", "/etc"), ("out", "../../x"), ("bin/out", "../../../x")])
def test_a_link_out_of_the_package(link: tuple[str, str], checkout: Path, tmp_path: Path) -> None:
    packed(checkout / "dist" / "s.tar.gz", {"bin/s": b"1"}, link)
    with pytest.raises(ArchiveError):
        prepared(checkout, tmp_path / "context", package="dist/s.tar.gz")


def test_one_package_must_match(checkout: Path) -> None:
    path = checkout / "dist" / "s.tar.gz"
    assert find_package(str(path), checkout) == path
    packed(checkout / "dist" / "t.tar.gz", {})
    with pytest.raises(UsageError, match="2 files match"):
        find_package("dist/*.tar.gz", checkout)
    with pytest.raises(UsageError, match="0 files match"):
        find_package("other/*", checkout)


def test_the_archive_of_a_context(checkout: Path, tmp_path: Path) -> None:
    (checkout / ".dockerignore").write_text("# not these\ndist\n.git\n**/*.sh\n")
    (checkout / "link").symlink_to("docker")
    dockerfile = checkout / "docker" / "s-cpu.Dockerfile"
    with (tmp_path / "t.tar").open("w+b") as file:
        name = write_context(checkout, dockerfile, file)
    with tarfile.open(tmp_path / "t.tar") as archive:
        members = {member.name: member for member in archive.getmembers()}
        text = archive.extractfile(name)
        assert text is not None
        assert text.read() == dockerfile.read_bytes()
    assert next(iter(members)) == name
    assert set(members) - {name} == {
        ".dockerignore",
        "docker",
        "docker/s-cpu.Dockerfile",
        "link",
    }
    assert {(each.uid, each.uname) for each in members.values()} == {(0, "")}
    dockerfile.with_name("s-cpu.Dockerfile.dockerignore").write_text("*\n")
    with (tmp_path / "t.tar").open("w+b") as file:
        assert write_context(checkout, dockerfile, file)
    with tarfile.open(tmp_path / "t.tar") as archive:
        assert archive.getnames()[1:] == [".dockerignore"]
