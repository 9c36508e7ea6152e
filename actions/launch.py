"""Starts an action: `python3 -I launch.py <action> [--<input> <value> ...]`.

Needs nothing but a Python of 3.10 or newer on Linux. An action that uses libraries gets an
environment of its own (see ci_gen_actions/core/environment.py), which is made once a machine
and started with `exec`, so that signals arrive. This file must parse on any Python 3, since
its first task is to refuse the old ones in words.
"""

# pathlib costs start-up time; f-strings and the like do not parse on every Python 3.
# ruff: noqa: PTH100, PTH118, PTH120, UP031, RUF005
import os
import sys

REQUIREMENTS = {
    "ci-gen": "../requirements/generator.txt",
    "benchmark-compare": "requirements/benchmark-compare.txt",
    "fetch-model": "requirements/fetch-model.txt",
    "image-build": "requirements/image-build.txt",
    "model-quality": "requirements/model-quality.txt",
    "sbom": "requirements/sbom.txt",
    "scan-image": "requirements/scan-image.txt",
    "scan-source": "requirements/scan-source.txt",
}
"""The actions that use libraries, with their hash-locked requirements, relative to this file."""

HERE = os.path.dirname(os.path.abspath(__file__))
MACHINES = ("x86_64", "amd64", "aarch64", "arm64")


def refusal(version, platform, machine):
    # type: (tuple[int, int], str, str) -> str
    """Why the actions cannot run on this Python and machine, "" where they can."""
    if version < (3, 10):
        return (
            "ci-gen's actions need Python 3.10 or newer, and `python3` here is %d.%d (%s).\n"
            "next: install a newer one and put it first on PATH, "
            "for example with actions/setup-python" % (version[0], version[1], sys.executable)
        )
    if platform != "linux":
        return (
            "ci-gen's actions run on Linux, and this is %s.\n"
            "next: run the job on a Linux runner" % platform
        )
    if machine not in MACHINES:
        return (
            "ci-gen's actions run on x86-64 and arm64, and this is %s.\n"
            "next: run the job on another runner" % machine
        )
    return ""


def isolate():
    # type: () -> None
    """Leave the standard library alone on the path, whatever surrounds the caller."""
    if not sys.flags.isolated:
        os.execv(  # noqa: S606 - no shell is the point
            sys.executable, [sys.executable, "-I", "-B", os.path.abspath(__file__)] + sys.argv[1:]
        )
    # The action's folder may be read-only, and is not ours to write into.
    sys.dont_write_bytecode = True


def without_site(path):
    # type: (list[str]) -> list[str]
    """`path` without the packages that happen to be installed."""
    return [each for each in path if "site-packages" not in each and "dist-packages" not in each]


def main(arguments):
    # type: (list[str]) -> int
    """Run the action that the first argument names; the exit status."""
    why = refusal((sys.version_info[0], sys.version_info[1]), sys.platform, os.uname().machine)
    if why:
        github = os.environ.get("GITHUB_ACTIONS") == "true"
        shown = "::error::" + why.replace("\n", "%0A") if github else "error: " + why
        sys.stderr.write(shown + "\n")
        return 2
    isolate()
    library = os.path.join(HERE, "lib")
    requirements = REQUIREMENTS.get(arguments[0]) if arguments else None
    if requirements is None:
        sys.path[:] = [library] + without_site(sys.path)
    else:
        sys.path.insert(0, library)
        from ci_gen_actions.core import environment

        status = environment.enter(os.path.join(HERE, requirements), __file__, arguments)
        if status:
            return status
    from ci_gen_actions.__main__ import main as start

    return start(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
