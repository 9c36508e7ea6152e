"""The arguments that people give: checked before any of them reaches CMake. Pure."""

from __future__ import annotations

import re

from ..core.errors import UsageError

_NEXT_IS_VALUE = ("-D", "-U", "-C", "-T", "-A", "--toolchain", "--preset")
_OTHER_MODES = ("-S", "-B", "-G", "-P", "-E", "-H", "-N", "-L")
_OTHER_WORDS = ("--build", "--install", "--open", "--workflow", "--find-package", "--help")
_ARCHITECTURE = re.compile(r"native|all|all-major|[1-9][0-9]{1,2}[af]?(-real|-virtual)?")


def check_arguments(arguments: tuple[str, ...]) -> None:
    """Raises UsageError for an argument that is none of a configuration's."""
    before = ""
    for argument in arguments:
        word = argument.partition("=")[0]
        if before in _NEXT_IS_VALUE:
            before = ""
            continue
        if not argument.startswith("-"):
            raise _bad_argument(
                argument, "does not begin with a dash: cmake would take it for the source folder"
            )
        if argument.startswith(_OTHER_MODES) or word in _OTHER_WORDS:
            raise _bad_argument(
                argument,
                "would change the folders, the generator or what cmake "
                "does; the other inputs are for that",
            )
        before = argument


def _bad_argument(argument: str, why: str) -> UsageError:
    return UsageError(
        f"{argument!r} cannot be passed to cmake",
        where="input cmake-args",
        why=f"it {why}",
        next="give one argument a line, such as -DLLAMA_CURL=OFF",
    )


def defined(arguments: tuple[str, ...]) -> dict[str, str]:
    """The cache variables that arguments define, by name."""
    values: dict[str, str] = {}
    for before, argument in zip(("", *arguments), arguments, strict=False):
        text = argument if before == "-D" else argument[2:] if argument.startswith("-D") else ""
        name, equals, value = text.partition("=")
        if equals:
            values[name.partition(":")[0]] = value
    return values


def architectures(items: tuple[str, ...]) -> tuple[str, ...]:
    """The single architectures; items may hold several, parted by `;`, `,` or spaces.

    Raises UsageError for what CMAKE_CUDA_ARCHITECTURES does not know.
    """
    each = tuple(word for item in items for word in re.split(r"[;,\s]+", item) if word)
    wrong = [word for word in each if not _ARCHITECTURE.fullmatch(word)]
    if wrong:
        raise UsageError(
            f"{', '.join(wrong)} is no CUDA architecture",
            where="input architectures",
            next="give native, all, all-major, or compute capabilities such as 86 or 90a-real",
        )
    return each


def toolkit_folder(toolkit: str) -> str:
    """The folder of a CUDA toolkit given as version or folder; "" for none.

    Raises UsageError for anything else.
    """
    if re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2})?", toolkit):
        return f"/usr/local/cuda-{toolkit}"
    if toolkit and not toolkit.startswith("/"):
        raise UsageError(
            f"{toolkit!r} is no CUDA toolkit",
            where="input toolkit",
            next="give a version such as 12.8 or the absolute path of its folder",
        )
    return toolkit.rstrip("/")
