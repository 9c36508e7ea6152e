"""A small repository on disk and the rendering of it, for the tests of this room."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from ci_gen.write.assess import Rendering
from ci_gen.write.digest import digest_text
from ci_gen.write.generate import Outcome, generate
from ci_gen.write.plan import Choices

CI = ".github/workflows/ci.yml"
DOCS = "docs/pipeline.md"
BOT = ".github/dependabot.yml"

TEXTS = {
    CI: "name: ci\n\njobs:\n  build:\n    runs-on: one\n\n  test:\n    runs-on: one\n",
    DOCS: "# Pipeline\n\nbuild, test\n",
    BOT: "version: 2\n",
}


def rendering(
    texts: Mapping[str, str] = TEXTS, *, config: str = "a", generator: str = "g", **more: object
) -> Rendering:
    """What a config renders; `config` and `generator` stand for their contents."""
    return Rendering(
        texts=dict(texts),
        config={"ci-gen.yaml": digest_text(config)},
        generator=generator,
        **more,  # type: ignore[arg-type]
    )


def run(
    root: Path,
    texts: Mapping[str, str] = TEXTS,
    *,
    force: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    dry_run: bool = False,
    **more: str,
) -> Outcome:
    """Generate `texts` in `root`."""
    choices = Choices(force=force, keep=keep)
    return generate(str(root), lambda: rendering(texts, **more), choices, dry_run=dry_run)


def statuses(done: Outcome) -> dict[str, str]:
    return {one.path: one.status.value for one in done.decisions}


def tree(root: Path) -> dict[str, bytes]:
    """Every file below `root` but git's."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def put(root: Path, path: str, text: str | bytes) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def git(root: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *settings, *arguments], cwd=root, check=check, capture_output=True, text=True
    )
