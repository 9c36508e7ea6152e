"""What must hold before a tag is released: `release.py check --tag v1.2.3 --commit <sha>`.

- The tag is the version that the package has, and CHANGELOG.md has a section of it.
- Wheel and source release record the tag's commit, at which the pipelines that they generate
  pin this project's own actions.

The standard library alone is used. Exit status: 0 where all of it holds, 1 where not.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = "ci_gen/_origin.json"


def package_version(root: Path) -> str:
    """The version that the package gives itself."""
    text = (root / "generator/ci_gen/_version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    return found[1] if found else ""


def notes(root: Path, version: str) -> str:
    """The section of the changelog that describes a version, "" where there is none."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## +", text, flags=re.MULTILINE)[1:]
    for section in sections:
        title, _, body = section.partition("\n")
        if re.split(r"[\s,]", title.strip(), maxsplit=1)[0] == version:
            return body.strip()
    return ""


def recorded_commit(package: Path) -> str:
    """The commit that a wheel or a source release says it was built from, "" for none."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            name = next((each for each in archive.namelist() if each == RECORD), None)
            text = archive.read(name) if name else b"{}"
    else:
        with tarfile.open(package) as archive:
            name = next((each for each in archive.getnames() if each.endswith("/" + RECORD)), None)
            member = archive.extractfile(name) if name else None
            text = member.read() if member else b"{}"
    return str(json.loads(text).get("commit", ""))


def problems(root: Path, packages: list[Path], tag: str, commit: str) -> Iterator[str]:
    """Each thing that stands in the way of the release."""
    version = package_version(root)
    if tag != f"v{version}":
        yield f"the tag is {tag}, and generator/ci_gen/_version.py says {version}"
    if not notes(root, version):
        yield f"CHANGELOG.md has no section {version}"
    kinds = sorted("".join(path.suffixes[-2:]) for path in packages)
    if len(packages) != 2 or not any(kind.endswith(".whl") for kind in kinds):
        names = ", ".join(path.name for path in packages) or "nothing"
        yield f"dist/ should hold a wheel and a source release, and holds {names}"
    for path in packages:
        if f"-{version}" not in path.name:
            yield f"{path.name} is not of version {version}"
        found = recorded_commit(path)
        if found != commit:
            yield f"{path.name} records the commit {found or 'of nothing'}, not {commit}"


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="What must hold before a tag is released.")
    parser.add_argument("command", choices=["check"])
    parser.add_argument("--tag", required=True, help="the tag, such as v1.2.3")
    parser.add_argument("--commit", required=True, help="the commit that it names")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="the folder of packages")
    parser.add_argument("--notes", type=Path, help="where to write the release notes")
    given = parser.parse_args(arguments)
    packages = sorted([*given.dist.glob("*.whl"), *given.dist.glob("*.tar.gz")])
    found = list(problems(ROOT, packages, given.tag, given.commit))
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    if found:
        return 1
    if given.notes:
        given.notes.write_text(notes(ROOT, package_version(ROOT)) + "\n", encoding="utf-8")
    print(f"{given.tag}: " + ", ".join(path.name for path in packages))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
