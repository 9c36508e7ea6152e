"""Where ci-gen starts, and the one place that catches what stops it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

ISSUES = "https://github.com/ci-gen/ci-gen/issues"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ci-gen on `arguments` (the process's own by default); returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["check"]:
        # The one call that is made on every push: when every digest agrees there is nothing
        # to parse or to render, so nothing that could do so is imported.
        from ci_gen.write.fast import announce_if_clean

        if announce_if_clean():
            return 0
    return _guarded(given)


def _guarded(arguments: list[str]) -> int:
    """Run the command and turn whatever stops it into a message and a status."""
    import click

    from ci_gen import errors
    from ci_gen.cli import cli

    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot show (a Latin-1 file, an old console) is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = cli.main(arguments, prog_name="ci-gen", standalone_mode=False)
        sys.stdout.flush()
    except errors.CiGenError as error:
        _say(error.message, error.hint)
        return error.exit_status
    except click.ClickException as error:
        error.show()
        return errors.WRONG
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return errors.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has seen enough; the interpreter must not flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.UNDECIDED
    except Exception as error:
        return _unexpected(error)
    return status if isinstance(status, int) else 0


def _unexpected(error: Exception) -> int:
    """The machine refused something, or ci-gen has a bug."""
    from ci_gen import errors

    if isinstance(error, OSError) and error.filename is not None:
        _say(f"{os.fsdecode(error.filename)}: {error.strerror}")
        return errors.UNDECIDED
    import platform
    import traceback

    from ci_gen._version import __version__

    traceback.print_exception(error)
    _say(
        f"this is a bug of ci-gen {__version__} (Python {platform.python_version()}, "
        f"{platform.system()}).",
        f"Please report it with the lines above and your ci-gen.yaml: {ISSUES}",
    )
    return errors.UNDECIDED


def _say(message: str, hint: str = "") -> None:
    """Print to standard error, never to the output that a program may be reading."""
    sys.stderr.write(f"ci-gen: {message}\n")
    if hint:
        sys.stderr.write(f"{hint}\n")


if __name__ == "__main__":
    sys.exit(main())
