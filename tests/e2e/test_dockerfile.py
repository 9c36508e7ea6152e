"""The generated Dockerfiles on a real engine: what they build, run, refuse and keep."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tarfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import act, checkout, compiler
from tests.support.configs import config_of, outcome
from tests.support.engine import base_image, engine, missing
from tests.support.services import wheelhouse

from ci_gen.detect.repository import detect

pytestmark = pytest.mark.e2e

LABEL = "ci-gen.test=dockerfile"
COMMIT = "c" * 40
FACTS = {"COMMIT": COMMIT, "VERSION": "1.2.3", "CREATED": "2026-01-02T03:04:05Z"}
MODEL = "docker/model $X's [1].gguf"


def docker(program: str, *argv: str, buildkit: bool = True, **options: Any) -> Any:
    """What the docker client did."""
    environ = {**os.environ, "DOCKER_BUILDKIT": str(int(buildkit)), "BUILDKIT_PROGRESS": "plain"}
    return subprocess.run(
        [program, *argv], env=environ, capture_output=True, text=True, check=False, **options
    )


@functools.cache
def client() -> str:
    """A docker client that builds with BuildKit: one with buildx, or one from before it."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    for path in filter(None, (shutil.which("docker", path=folder) for folder in folders)):
        version = docker(path, "version", "-f", "{{.Client.Version}}").stdout
        buildx = docker(path, "buildx", "version").returncode == 0
        if buildx or version.partition(".")[0] in ("19", "20"):
            return path
    return missing("no docker client on PATH builds with BuildKit")


def written(root: Path, service: Mapping[str, Any] | None = None, **image: Any) -> Path:
    """`root` with the files that images are made with, for a config with this `image:`."""
    services = [{"name": "http-service", "path": ".", **(service or {})}]
    document = {"image": {"enabled": True, **image}, "services": services}
    for path, text in outcome(config_of(document), detect(root)).texts.items():
        if path.startswith("docker/"):
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    return root


def build(context: Path, dockerfile: str, *, base: str = "", buildkit: bool = True) -> Any:
    """Build an image from the context; its id is the last line of the output."""
    base = base or base_image()
    given = {"BASE_IMAGE": base, "BUILD_IMAGE": base, **FACTS, "SOURCE_URL": "https://x.test/y"}
    arguments = [part for each in given.items() for part in ("--build-arg", "=".join(each))]
    written_to = context.parent / "id"
    argv = ["build", "--network", "host", "--label", LABEL, "-f", dockerfile, *arguments]
    argv += ["--iidfile", str(written_to), "."]
    done = docker(client(), *argv, buildkit=buildkit, cwd=context)
    if done.returncode == 0:
        done.stdout += f"\n{written_to.read_text()}"
    return done


def base_of(folder: Path, name: str, *lines: str) -> str:
    """An image that is the base image and these lines of a Dockerfile beside `folder`."""
    text, tag = "\n".join([f"FROM {base_image()}", *lines]), f"ci-gen-test-base:{name}"
    argv = ("build", "--network", "host", "--label", LABEL, "-t", tag, "-f-", str(folder))
    done = docker(client(), *argv, input=text)
    assert done.returncode == 0, done.stderr
    return tag


def image_id(done: Any) -> str:
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return str(done.stdout.splitlines()[-1])


@contextmanager
def running(image: str, *command: str, **options: Any) -> Iterator[Any]:
    """A container without rights to write anywhere but to /tmp."""
    name, _, value = LABEL.partition("=")
    container = engine().containers.run(
        image,
        list(command) or None,
        detach=True,
        read_only=True,
        tmpfs={"/tmp": ""},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        labels={name: value},
        **options,
    )
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


def becomes(container: Any, state: str) -> str:
    """Wait for a state of health; the output of the last check."""
    for _ in range(600):
        container.reload()
        health = container.attrs["State"]["Health"]
        if health["Status"] == state:
            return str(health["Log"][-1]["Output"]) if health["Log"] else ""
        time.sleep(0.1)
    pytest.fail(f"it is {health}, not {state}\n{container.logs().decode()}")


@pytest.fixture(scope="module", autouse=True)
def _tidy() -> Iterator[None]:
    engine()
    yield
    for image in engine().images.list(all=True, filters={"label": LABEL}):
        docker(client(), "rmi", "-f", image.id)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked package of the service, as the action builds it."""
    root = checkout("e2e/http-service", tmp_path_factory.mktemp("built") / "project")
    options = {"ctest": False, "jobs": "1", "compiler_cache": "none"}
    ran = act("build", root, compiler(), service="http-service", **options)
    assert ran.verdict == "PASS", ran.log
    with tarfile.open(root / ran.outputs.package) as archive:
        archive.extractall(root.parent / "package", filter="data")
    return root.parent / "package"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    return checkout("e2e/http-service", tmp_path / "project")


def context_of(package: Path, sources: Path) -> Path:
    """What image-build makes of a package: package/ and docker/."""
    folder = sources.parent / "context"
    shutil.copytree(package, folder / "package")
    shutil.copytree(sources / "docker", folder / "docker")
    return folder


CPU = "docker/http-service-cpu.Dockerfile"


def test_an_image_of_a_package(package: Path, sources: Path) -> None:
    written(sources, args=["$HOME", "a \"b\" 'c'", "[", "${X}"], embed_model=MODEL)
    (sources / MODEL).write_bytes(b"GGUF")
    context = context_of(package, sources)
    (context / "package" / "lib" / "libleft.a").write_bytes(b"!<arch>\n")
    (context / "docker" / "id_rsa").write_text("secret")
    image = image_id(build(context, CPU))
    config = engine().images.get(image).attrs["Config"]
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}
    assert (labels["revision"], labels["version"], labels["created"]) == tuple(FACTS.values())
    assert (labels["title"], labels["source"]) == ("http-service", "https://x.test/y")
    assert labels["name"] == base_image()
    assert (config["User"], config["StopSignal"]) == ("10001:10001", "SIGTERM")
    with running(image) as container:
        becomes(container, "healthy")
        inside = container.exec_run("find /app /models -type f").output.decode().split("\n")
        assert sorted(filter(None, inside)) == [
            "/app/bin/http-service",
            "/app/healthcheck.sh",
            "/app/lib/libanswers.so",
            "/app/manifest.json",
            "/models/model.gguf",
        ]
        assert container.exec_run("id -u").output == b"10001\n"
        assert container.exec_run("sh -c 'echo > /app/x || echo > /x'").exit_code != 0
        for tool in ("c++", "gcc", "cmake", "curl", "wget", "make"):
            assert container.exec_run(["bash", "-c", f"command -v {tool}"]).exit_code != 0
        said = container.logs().decode().splitlines()
        assert said == [f"argument: {each}" for each in ("$HOME", "a \"b\" 'c'", "[", "${X}")]


def test_health_and_the_end(package: Path, sources: Path) -> None:
    image = image_id(build(context_of(package, written(sources)), CPU))
    health = {"interval": 10**9, "timeout": 6 * 10**9, "retries": 2, "start_period": 10**9}
    health["test"] = engine().images.get(image).attrs["Config"]["Healthcheck"]["Test"]
    with running(image, healthcheck=health) as container:
        assert becomes(container, "healthy") == "healthy: /health answered 200\n"
        container.exec_run("touch /tmp/sick")
        assert becomes(container, "unhealthy") == "unhealthy: /health answered 503\n"
        container.exec_run("rm /tmp/sick")
        becomes(container, "healthy")
        # The program handles no signal: as process 1 it would be killed after the grace.
        container.kill("SIGTERM")
        assert container.wait(timeout=60)["StatusCode"] == 143
    with running(image, "--one", "two words") as container:
        becomes(container, "healthy")
        assert container.logs() == b"argument: --one\nargument: two words\n"


def test_the_classic_builder_can_do_it_too(package: Path, sources: Path) -> None:
    done = build(context_of(package, written(sources)), CPU, buildkit=False)
    with running(image_id(done)) as container:
        becomes(container, "healthy")


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ({"command": "bin/other"}, "there is no program bin/other"),
        ({"packages": ["no-such-package-at-all"]}, "no-such-package-at-all"),
    ],
)
def test_what_cannot_run_is_not_built(
    package: Path, sources: Path, image: dict[str, Any], says: str
) -> None:
    done = build(context_of(package, written(sources, **image)), CPU)
    assert done.returncode != 0
    assert says in done.stdout + done.stderr


def test_a_library_that_the_image_lacks_is_named(package: Path, sources: Path) -> None:
    context = context_of(package, written(sources))
    (context / "package" / "lib" / "libanswers.so").unlink()
    done = build(context, CPU)
    assert done.returncode != 0
    log = done.stdout + done.stderr
    assert "libanswers.so => not found" in log
    assert "name their packages in image.packages" in log


def test_a_base_without_bash_is_refused(package: Path, sources: Path) -> None:
    base = base_of(sources, "bare", "RUN rm /bin/bash")
    done = build(context_of(package, written(sources)), CPU, base=base)
    assert done.returncode != 0
    assert "BASE_IMAGE has no bash" in done.stdout + done.stderr


def test_compiled_inside(sources: Path) -> None:
    arguments = ["-DSERVICE_GREETING=$HOME `id` it's", "-DSERVICE_TOOLS=OFF"]
    written(sources, {"cmake_args": arguments}, source="compile")
    for name in (".env", "build/CMakeCache.txt", "weights.gguf"):
        (sources / name).parent.mkdir(exist_ok=True)
        (sources / name).write_text("of no concern")
    image = image_id(build(sources, CPU))
    with running(image) as container:
        becomes(container, "healthy")
        inside = container.exec_run("find /app -type f").output.decode().split()
        programs = ["/app/bin/http-service", "/app/bin/libanswers.so"]
        assert sorted(inside) == [*programs, "/app/healthcheck.sh"]
        assert container.exec_run(["bash", "-c", "command -v c++"]).exit_code != 0
        answer = container.exec_run(["bash", "-c", ASK.replace("/health", "/")])
        assert answer.output.decode().endswith("$HOME `id` it's"), answer.output
    (sources / ".env").write_text("changed")
    assert image_id(build(sources, CPU)) == image, "what the build does not see changes nothing"


def test_another_compile_finds_its_objects_again(sources: Path) -> None:
    """ccache's folder outlives the layers of a build."""
    written(sources, source="compile")
    text = (sources / CPU).read_text()
    for before, after in (
        ("cmake --build", "ccache --zero-stats; cmake --build"),
        ('"${JOBS:-$(nproc)}"', '"${JOBS:-$(nproc)}" && ccache --print-stats'),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    (sources / CPU).write_text(text)
    for _ in range(2):  # a comment of its own, so that no layer of an earlier run will do
        (sources / "answers.cpp").open("a").write(f"// {uuid.uuid4()}\n")
        done = build(sources, CPU)
        image_id(done)
    counted = dict(
        re.findall(r"(?m)(\w+_cache_hit|cache_miss)\s+(\d+)$", done.stdout + done.stderr)
    )
    assert counted["cache_miss"] == "0"
    assert int(counted["direct_cache_hit"]) + int(counted["preprocessed_cache_hit"]) == 5


def test_a_python_service(tmp_path: Path) -> None:
    root = checkout("e2e/python-service", tmp_path / "project")
    written(root, command="speaker", args=["it's", "$HOME"])
    inside = tmp_path / "context" / "package" / "speaker-1.0"
    shutil.copytree(root, inside, ignore=lambda *_: ["docker", ".git"])
    shutil.copytree(root / "docker", tmp_path / "context" / "docker")
    # As in a network of its own: the base image brings Python, and the packages there are.
    wheelhouse(tmp_path / "wheels", "idna==3.10", "setuptools>=77", "wheel")
    base = base_of(
        tmp_path / "wheels",
        "python",
        "RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv",
        "COPY . /wheels",
        "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels",
    )
    python = "docker/http-service-python.Dockerfile"
    image = image_id(build(tmp_path / "context", python, base=base))
    with running(image) as container:
        becomes(container, "healthy")
        answer = container.exec_run(["bash", "-c", ASK])
        assert answer.output.decode().endswith("[\"it's\", '$HOME'] 3.10"), answer.output
        assert container.exec_run("id -u").output == b"10001\n"
        assert container.exec_run(["bash", "-c", "command -v c++ cmake pip"]).exit_code != 0
        container.kill("SIGTERM")
        assert container.wait(timeout=60)["StatusCode"] == 143


ASK = r"exec 3<>/dev/tcp/127.0.0.1/8080; env printf 'GET /health HTTP/1.0\r\n\r\n' >&3; cat <&3"
