"""`ci-gen-action <name> [--input value ...]`: an action on GitLab or a laptop."""

from __future__ import annotations

import sys
from collections.abc import Sequence

USAGE = """\
usage: ci-gen-action <action> [--<input> <value> ...]
       ci-gen-action <action> --help

Runs one of ci-gen's actions here. An input can also be given in the environment, as
CI_GEN_<ACTION>_<INPUT>. Logs go to standard error, outputs as JSON to standard output.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the action that the first argument names; the exit status."""
    from .core import runner

    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        listing = "\n".join(f"  {name}" for name in runner.names())
        (sys.stdout if words else sys.stderr).write(f"{USAGE}\nactions:\n{listing}\n")
        return 0 if words else 2
    return runner.main(words[0], words[1:])


if __name__ == "__main__":
    sys.exit(main())
