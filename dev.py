"""Everything a newcomer needs, in one command each; the standard library is enough.

    python3 dev.py demo          render the pipeline of examples/llama-service and run its jobs
    python3 dev.py test [ARG..]  run the tests; arguments go to pytest
    python3 dev.py lint          ruff, mypy, and the oldest Python that the code runs on
    python3 dev.py e2e [ARG..]   run the generated pipelines with act and gitlab-ci-local
    python3 dev.py docs          write what derives from the options: action.yml, references
    python3 dev.py build         wheel and source release, into dist
    python3 dev.py lock          write the hash-locked requirements anew

Tools go to .venv, from requirements locked by hash, and nothing else of the machine is
touched. Once set up, no network is needed until the requirements change.
"""

# This file must start on old Pythons too, since its first task is to refuse them in words.
from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

OLDEST = (3, 10)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
COMPILER = VENV / "compiler"
NODE_MODULES = VENV / "node"
E2E = REQUIREMENTS / "e2e"
DEMO = ROOT / "build" / "demo" / "llama-service"
COVERAGE_FLOOR = 90.0
COVERED_BY_E2E = (
    *("image_build/*", "release/*", "sbom/*", "scan_source/*", "core/oci*.py"),
    *("model_quality/arm_facts.py", "model_quality/engine_programs.py", "model_quality/measure.py"),
    *("model_registry/oci_*.py", "model_registry/branch_files.py", "model_registry/modelpack.py"),
    "model_registry/signing.py",
)
"""Modules of ci_gen_actions that work with an engine, a registry, a scanner or a compiled
llama.cpp, which a newcomer's machine lacks: they count once the end-to-end tests have run, too."""

ACTION_LOCKS = (
    "benchmark-compare",
    "fetch-model",
    "image-build",
    "model-quality",
    "object-stores",
    "sbom",
    "scan-image",
    "scan-source",
)
"""Actions that use libraries. Their locks lie below actions/, to go wherever the actions go."""
ENGINE_LOCKS = ("llama-cpp-python",)
"""What an action installs into an environment beside its own, where it is asked to."""
LOCKS = (
    "requirements/generator",
    *(f"actions/requirements/{name}" for name in (*ACTION_LOCKS, *ENGINE_LOCKS)),
    *(f"requirements/{name}" for name in ("dev", "toolchain", "compiler", "e2e", "node")),
)
"""What is locked, in this order: each lock keeps to the versions of those that run with it."""
LINTED = (
    ".github",
    "generator",
    "actions",
    "tests",
    "examples",
    "bench",
    "dev.py",
    "hatch_build.py",
)


def stop(message: str, following: str = "", status: int = 3) -> NoReturn:
    """End with a message, and what to do next."""
    print(f"error: {message}", file=sys.stderr)
    if following:
        print(f"next: {following}", file=sys.stderr)
    sys.exit(status)


def say(text: str) -> None:
    """A line about what happens, beside the output of what runs."""
    bold = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    print(f"\033[1m{text}\033[0m" if bold else text, file=sys.stderr, flush=True)


def step(title: str, command: Sequence[str], cwd: Path = ROOT) -> None:
    """Run a command out of sight: its seconds on a terminal, its output only if it fails."""
    started = time.monotonic()
    live = sys.stderr.isatty()
    if not live:
        say(f"{title} ...")
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment(), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                if live:
                    seconds = time.monotonic() - started
                    print(f"\r{title} ... {seconds:.0f} s", end="", file=sys.stderr, flush=True)
                time.sleep(0.1)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
        if live:
            print(file=sys.stderr)
        if process.returncode:
            log.seek(0)
            sys.stderr.write(log.read()[-20_000:])
            stop(
                f"{title} failed with exit status {process.returncode}; its output is above.",
                "if it could not download something, see to the network and start again",
            )


def environment() -> dict[str, str]:
    """The environment of what runs: our tools first, and nothing of the caller's Python."""
    dropped = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "UV_PYTHON", "__PYVENV_LAUNCHER__")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    folders = [BIN, COMPILER, NODE_MODULES / "node_modules" / ".bin"]
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def found(*names: str) -> bool:
    """Whether one of the programs is there, on this machine or set up by us."""
    return any(shutil.which(name, path=environment()["PATH"]) for name in names)


def digest(*paths: Path) -> str:
    """A mark that changes with the content of the files, this Python and the folder."""
    mark = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for path in paths:
        mark.update(path.read_bytes())
    return mark.hexdigest()


def done_before(name: str, mark: str) -> bool:
    """Whether the part of .venv called `name` was made from what `mark` stands for."""
    stamp = VENV / f"dev-{name}.stamp"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == mark


def remember(name: str, mark: str) -> None:
    """Note that the part of .venv called `name` is complete."""
    (VENV / f"dev-{name}.stamp").write_text(mark, encoding="utf-8")


def install(name: str, title: str) -> None:
    """Install requirements/<name>.txt into .venv, unless that was done."""
    lock = REQUIREMENTS / f"{name}.txt"
    mark = digest(lock)
    if done_before(name, mark):
        return
    uv = shutil.which("uv", path=str(BIN))
    tool = [uv, "pip", "install"] if uv else [str(PYTHON), "-m", "pip", "install"]
    step(title, [*tool, "--quiet", "--require-hashes", "--requirement", str(lock)])
    remember(name, mark)


def set_up() -> None:
    """Make .venv with the tools of development and this project in it."""
    if not done_before("venv", digest()):
        shutil.rmtree(VENV, ignore_errors=True)
        # Not the interpreter of the very environment that was just removed.
        python = str(getattr(sys, "_base_executable", None) or sys.executable)
        made = [python, "-m", "venv", str(VENV)]
        done = subprocess.run(made, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            said = (done.stdout + done.stderr).strip()
            stop(
                f"this Python cannot make a virtual environment: {python}\n{said}",
                "install its venv module (Debian: apt-get install python3-venv)",
            )
        remember("venv", digest())
    install("dev", "Installing the tools of development into .venv")
    mark = digest(ROOT / "pyproject.toml", ROOT / "hatch_build.py")
    if not done_before("project", mark):
        flags = ["--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
        step("Installing this checkout", [str(PYTHON), "-m", "pip", "install", *flags])
        remember("project", mark)


def set_up_toolchain() -> None:
    """See to CMake, a build program and C and C++ compilers: the machine's, or PyPI's.

    Elsewhere than on Linux nothing is compiled: the actions run there alone.
    """
    if not found("git"):
        stop("git is not installed.", "install git", status=2)
    if sys.platform != "linux":
        return
    if not found("cmake") or not found("ninja", "make"):
        install("toolchain", "Installing CMake and Ninja into .venv")
    if not (found("cc", "gcc", "clang") and found("c++", "g++", "clang++")):
        install("compiler", "Installing a C++ compiler into .venv (zig, about 100 MB)")
        wrap_compiler()


def wrap_compiler() -> None:
    """Give zig's compilers the names that build systems look for.

    zig compiles its C++ library on first use, once a level of optimisation, for minutes. So
    what names no level, such as CMake's probes, gets the one that the build itself will use.
    """
    COMPILER.mkdir(exist_ok=True)
    for name, flags in (("cc", " -O2"), ("c++", " -O2"), ("ar", ""), ("ranlib", "")):
        script = COMPILER / name
        script.write_text(f'#!/bin/sh\nexec "{PYTHON}" -m ziglang {name}{flags} "$@"\n', "utf-8")
        script.chmod(0o755)


def set_up_engines() -> None:
    """Install the engines that run pipelines: act, and gitlab-ci-local with its Node.js."""
    install("e2e", "Installing act into .venv")
    if not (found("node") and found("npm")):
        install("node", "Installing Node.js into .venv")
    mark = digest(E2E / "package-lock.json")
    if not done_before("npm", mark):
        NODE_MODULES.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(E2E / name, NODE_MODULES)
        npm = shutil.which("npm", path=environment()["PATH"]) or "npm"
        flags = ["--no-audit", "--no-fund", "--ignore-scripts"]
        step("Installing gitlab-ci-local into .venv", [npm, "ci", *flags], NODE_MODULES)
        remember("npm", mark)


def run(*command: str, cwd: Path = ROOT) -> int:
    """Run a command in sight; its exit status."""
    return subprocess.run(
        [shutil.which(command[0], path=environment()["PATH"]) or command[0], *command[1:]],
        cwd=cwd,
        env=environment(),
        check=False,
    ).returncode


def test(arguments: list[str]) -> int:
    """The tests but for those that run whole pipelines; all of them must cover enough."""
    set_up_toolchain()
    chosen = ["-n", "2", "-m", "not e2e", *arguments]
    if arguments:
        return run("pytest", *chosen)
    run("coverage", "erase")
    status = run("pytest", *chosen, "--cov", "--cov-report=")
    patterns = ",".join(f"*/ci_gen_actions/{each}" for each in COVERED_BY_E2E)
    return status or measured_coverage(f"--omit={patterns}")


def measured_coverage(*chosen: str) -> int:
    """Print the coverage of lines and of branches; 1 where either is below the floor."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        if run("coverage", "json", "--quiet", *chosen, "-o", str(report)):
            return 3
        totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
    lines = 100.0 * totals["covered_lines"] / max(totals["num_statements"], 1)
    branches = 100.0 * totals["covered_branches"] / max(totals["num_branches"], 1)
    low = min(lines, branches) < COVERAGE_FLOOR
    if low:
        run("coverage", "report", "--skip-covered", "--sort=cover", *chosen)
    say(f"coverage: {lines:.1f} % of lines, {branches:.1f} % of branches")
    if low:
        say(f"error: both must reach {COVERAGE_FLOOR:.0f} %")
    return int(low)


def lint(arguments: list[str]) -> int:
    """Ruff, mypy, and vermin for the floor; the worst status of them."""
    present = [name for name in LINTED if (ROOT / name).exists()]
    floor = f"-t={OLDEST[0]}.{OLDEST[1]}-"
    shipped = ["generator", "actions", "examples", "dev.py"]
    checks = (
        ("ruff", "check", *present),
        ("ruff", "format", "--check", *present),
        ("mypy",),
        ("vermin", "--quiet", "--no-tips", "--violations", "--eval-annotations", floor, *shipped),
    )
    failed = 0
    for command in checks:
        say("$ " + " ".join(command))
        failed |= int(run(*command) != 0)
    return failed


def e2e(arguments: list[str]) -> int:
    """The tests that run whole pipelines."""
    set_up_toolchain()
    set_up_engines()
    # An engine that is missing all the same is a failure then, and no skipped test.
    os.environ["CI_GEN_REQUIRE_ENGINES"] = "1"
    if arguments or not (ROOT / ".coverage").exists():
        say("Coverage is measured where all of them follow the other tests.")
        return run("pytest", "-m", "e2e", *arguments)
    status = run("pytest", "-m", "e2e", "--cov", "--cov-append", "--cov-report=")
    return status or measured_coverage()


def docs(arguments: list[str]) -> int:
    """Write anew what derives from declarations: of the actions, and of ci-gen.yaml."""
    status = run("python", "-m", "ci_gen_actions.core.document", *arguments)
    for name, verb in (
        ("schemas/config.schema.json", ["schema"]),
        ("schemas/model-config.schema.json", ["schema", "--model"]),
        ("reference/config.md", ["reference"]),
    ):
        command = [str(PYTHON), "-m", "ci_gen", "config", *verb]
        printed = subprocess.run(
            command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=False
        )
        if printed.returncode:
            return printed.returncode
        (ROOT / "docs" / name).write_bytes(printed.stdout)
    return status or run("python", "-m", "ci_gen_actions.model_registry.document", *arguments)


def build(arguments: list[str]) -> int:
    """A wheel and a source release in dist."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    return run("hatchling", "build", "-t", "sdist", "-t", "wheel", *arguments)


def lock(arguments: list[str]) -> int:
    """Lock all requirements anew; `--upgrade` takes the newest of everything."""
    flags = ["--generate-hashes", "--universal", "--no-emit-index-url", "--quiet"]
    # An older pip looks for the pin of `coverage[toml]` under that very name.
    flags.append("--no-strip-extras")
    flags += ["--python-version", f"{OLDEST[0]}.{OLDEST[1]}"]
    flags += ["--custom-compile-command", "python3 dev.py lock", *arguments]
    for name in LOCKS:
        files = [f"{name}.in", "--output-file", f"{name}.txt"]
        status = run("uv", "pip", "compile", *flags, *constraints(name), *files)
        if status:
            return status
    npm = ["--package-lock-only", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"]
    return run("npm", "install", *npm, cwd=E2E) if found("npm") else 0


def constraints(name: str) -> list[str]:
    """The locks whose versions the lock `name` must take: for dev all that its tests load."""
    shipped = LOCKS[: LOCKS.index("requirements/dev")]
    before = shipped if name == "requirements/dev" else shipped[:1]
    flags = (("--constraints", f"{each}.txt") for each in before if each != name)
    return [word for pair in flags for word in pair]


def demo(arguments: list[str]) -> int:
    """The main job, on the spot: a repository, its pipeline, and the pipeline's jobs."""
    if sys.platform != "linux":
        stop("the demo runs the pipeline's jobs, which need Linux.", "see README.md", status=2)
    set_up_toolchain()
    shutil.rmtree(DEMO, ignore_errors=True)
    made = ["examples/llama-service/materialise.py", str(DEMO)]
    step("Making the example repository, with llama.cpp in it", [str(PYTHON), *made])
    shown = DEMO.relative_to(ROOT)
    # Advisories are asked of a service that a machine may not reach; the demo needs none.
    quiet = ("config", "set", "security.dependencies", "false")
    parts = (("init", "--yes", "--platform", "both"), quiet, ("generate",), ("graph",), ("run",))
    started = time.monotonic()
    for part in parts:
        say(f"\n$ cd {shown} && ci-gen {' '.join(part)}")
        status = run("ci-gen", *part, cwd=DEMO)
        if status:
            say(f"\nThe demo failed: `ci-gen {part[0]}` ended with exit status {status}.")
            return status
    minutes = (time.monotonic() - started) / 60
    say(
        f"\nThe demo passed in {minutes:.1f} minutes: {shown} is a repository with its pipeline for"
        "\nGitHub (.github/workflows/ci.yml) and GitLab (.gitlab-ci.yml), and the pipeline's jobs"
        "\nran here: llama.cpp was compiled, its unit and integration tests passed, and the package"
        f"\nwas built. Look at {shown}/docs/pipeline.md next."
    )
    return 0


COMMANDS = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "e2e": e2e,
    "docs": docs,
    "build": build,
    "lock": lock,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the first argument names."""
    named, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if named in ("-h", "--help"):
        print(__doc__)
        return 0
    if sys.version_info < OLDEST:
        have = ".".join(map(str, sys.version_info[:3]))
        wanted = ".".join(map(str, OLDEST))
        following = f"start this file with a newer one, such as python3.12 {Path(__file__).name}"
        stop(f"this needs Python {wanted} or newer, and {sys.executable} is {have}.", following, 2)
    if named not in COMMANDS:
        stop(f'there is no command "{named}".', f"choose one of: {', '.join(COMMANDS)}", status=2)
    os.chdir(ROOT)
    set_up()
    return COMMANDS[named](rest)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
