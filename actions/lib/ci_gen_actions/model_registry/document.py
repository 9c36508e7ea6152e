"""Writes docs/schemas/model-metadata.schema.json out of the declaration of metadata.json.

`python -m ci_gen_actions.model_registry.document`; `--check` only says whether it is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from . import metadata

PLACE = "docs/schemas/model-metadata.schema.json"


def main(arguments: Sequence[str]) -> int:
    """Write the schema; with `--check`, 1 where it is stale."""
    path = Path(__file__).resolve().parents[4] / PLACE
    stale = not path.is_file() or path.read_text(encoding="utf-8") != metadata.document()
    if stale and "--check" not in arguments:
        path.write_text(metadata.document(), encoding="utf-8")
    if stale:
        sys.stderr.write(f"{PLACE}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
