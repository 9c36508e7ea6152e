"""Stands in for the scanner of images, where no database of vulnerabilities can be reached.

What it reports is made up; that the action fetches, starts and reads the real one is for a machine
with a way out (`.github/workflows/actions.yml`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ci_gen.render.pins import pins

_GRYPE = '''\
#!{python}
"""Says that it is grype, and that every package of an SBOM is clean but those named here."""
import datetime, json, sys

VULNERABLE = {vulnerable!r}
if sys.argv[1] == "version":
    sys.exit(print("Application: grype\\nVersion:    {version}"))
sbom = json.load(open(sys.argv[1].removeprefix("sbom:")))
matches = [
    {{
        "vulnerability": {{"id": VULNERABLE[each["name"]], "severity": "Critical"}},
        "artifact": {{"name": each["name"], "version": each.get("versionInfo", "")}},
    }}
    for each in sbom["packages"]
    if each["name"] in VULNERABLE
]
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
database = {{"status": {{"built": now, "valid": True}}}}
report = {{
    "matches": matches,
    "distro": {{"name": "debian", "version": "12"}},
    "descriptor": {{"name": "grype", "version": "{version}", "db": database}},
}}
json.dump(report, open(sys.argv[sys.argv.index("--file") + 1], "w"))
'''


def stand_in_grype(folder: Path, vulnerable: Mapping[str, str] | None = None) -> str:
    """Put a `grype` of the pinned version into `folder`; the PATH on which it comes first.

    `vulnerable` maps packages to the id of a critical vulnerability that they are said to have.
    """
    version = pins().tool("grype")[0].split()[1]
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "grype"
    text = _GRYPE.format(python=sys.executable, version=version, vulnerable=dict(vulnerable or {}))
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    return os.pathsep.join((str(folder), os.environ["PATH"]))
