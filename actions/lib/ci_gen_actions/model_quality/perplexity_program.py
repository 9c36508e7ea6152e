"""llama-perplexity: what it is started with, and what it wrote.

It ends with 0 whatever happened, so nothing here says that a run went well: that is for the
readers of its output to find out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.archive import size_text
from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from ..core.process import Completed, capture
from .base_file import read_header
from .capacity import memory_words, next_step
from .clock import Clock

_FLAGS = {
    "hellaswag": ("--hellaswag", "--hellaswag-tasks"),
    "winogrande": ("--winogrande", "--winogrande-tasks"),
    "multiple-choice": ("--multiple-choice", "--multiple-choice-tasks"),
}
_CHUNK = re.compile(rb"^\s*\d+\s+\d+\.\d|\[\d+\]|^\s*\d+\s", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What fixes the results: the program, the model, the sizes in tokens, the seed."""

    program: Path
    model: Path
    context: int
    batch: int
    ubatch: int
    threads: int
    seed: int
    chunks: int = 0
    arguments: tuple[str, ...] = ()


def text_arguments(launch: Launch, text: Path, base: Path | None = None) -> list[str]:
    """The perplexity of a text; the probabilities of every token go to `base`, where given."""
    words = [*_common(launch), "--file", str(text), "--ppl-output-type", "1"]
    words += ["--kl-divergence-base", str(base)] if base else []
    return [*words, *_chunks(launch), *launch.arguments]


def divergence_arguments(launch: Launch, base: Path) -> list[str]:
    """The divergence from the probabilities in `base`, which has the text in it."""
    words = [*_common(launch), "--kl-divergence", "--kl-divergence-base", str(base)]
    return [*words, *launch.arguments]


def task_arguments(launch: Launch, kind: str, file: Path) -> list[str]:
    """One of its own tasks, all items of it in the order of the file."""
    flag, count = _FLAGS[kind]
    given = ["--binary-file"] if kind == "multiple-choice" else ["--file"]
    return [*_common(launch), flag, count, "0", *given, str(file), *launch.arguments]


def _common(launch: Launch) -> list[str]:
    words = [str(launch.program), "--model", str(launch.model)]
    words += ["--ctx-size", str(launch.context)]
    words += ["--batch-size", str(launch.batch), "--ubatch-size", str(launch.ubatch)]
    words += ["--threads", str(launch.threads), "--threads-batch", str(launch.threads)]
    return [*words, "--seed", str(launch.seed)]


def _chunks(launch: Launch) -> list[str]:
    return ["--chunks", str(launch.chunks)] if launch.chunks else []


def run(
    argv: list[str],
    launch: Launch,
    environ: Mapping[str, str],
    clock: Clock,
    ci: Dialect,
    doing: str,
) -> Completed:
    """Run it, with a line of progress now and then.

    Raises CannotDecide where it did not end by itself, or not with 0.
    """
    ci.log(f"$ {' '.join(argv)}")
    done = capture(
        argv, env=environ, timeout=clock.left(), watch=_progress(clock, ci, doing, launch)
    )
    if done.timed_out:
        raise clock.over(f"llama-perplexity worked on {doing}", done.output[-1000:])
    if not done.ok:
        raise CannotDecide(
            f"llama-perplexity {done.outcome} on {doing}",
            where=" ".join(argv),
            why=f"{memory_words(launch.model, done.output)}its last words:\n"
            f"{done.output.strip()[-1500:]}",
            next=next_step(done.outcome),
        )
    return done


def _progress(clock: Clock, ci: Dialect, doing: str, launch: Launch) -> Callable[[bytes], None]:
    seen = 0

    def watch(block: bytes) -> None:
        nonlocal seen
        seen += len(_CHUNK.findall(block))
        of = f" of {launch.chunks}" if launch.chunks else ""
        clock.tick(ci, f"{doing}: {seen}{of}")

    return watch


def room_for(base: Path, text: Path, vocabulary: int, context: int, chunks: int) -> None:
    """Raises CannotDecide where the disk has too little room for the probabilities of a text.

    llama-perplexity itself does not notice a full disk. There cannot be more tokens than bytes,
    and four bytes a token are usual; so twice that many are reckoned with.
    """
    most = max(1, text.stat().st_size // 2 // context)
    counted = context - 1 - context // 2
    needed = min(chunks or most, most) * (context * 4 + counted * 2 * (vocabulary + 6))
    free = shutil.disk_usage(base.parent).free
    if needed > free:
        raise CannotDecide(
            "the disk has too little room for the baseline's probabilities",
            where=str(base.parent),
            why=f"they may need {size_text(needed)}, and {size_text(free)} are free",
            next="measure fewer chunks (input chunks), or set divergence to false",
        )


def check_base(base: Path, shown: str) -> None:
    """Raises CannotDecide where the file with the probabilities is not whole."""
    header = read_header(base, shown)
    size = base.stat().st_size
    if size != header.size:
        raise CannotDecide(
            "the file with the baseline's probabilities is not whole",
            where=shown,
            why=f"it has {size} bytes, and its head announces {header.size}",
            next="see that the disk has room",
        )
