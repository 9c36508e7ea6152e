"""The engine `llama.cpp`: the package's own llama-perplexity and llama-server."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ..core.process import Completed, capture
from . import parse_divergence, parse_perplexity, parse_tasks, perplexity_program, server_process
from .arm import Arm, Bench, digest_of
from .measurement import AnswerSet, Divergence, Perplexity, Subject
from .perplexity_program import (
    check_base,
    divergence_arguments,
    room_for,
    task_arguments,
    text_arguments,
)
from .plan import Task, Text
from .programs import PERPLEXITY, SERVER
from .question import QuestionSet, Reply
from .server_answers import answers, template_of

_DEVICE = re.compile(r"^ +([A-Za-z]+)\d*: ", re.MULTILINE)
_VERSION = re.compile(r"^version: (.+)$", re.MULTILINE)


class ProgramEngine:
    """Runs the programs of each arm's package."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._tools: dict[str, str] = {}

    def subject(self, arm: Arm) -> Subject:
        """What the program says of itself and of its devices, and the arm's digests."""
        return Subject(
            package=arm.package.digest,
            model=arm.model_digest,
            model_name=arm.model_name,
            build=arm.package.build or self._version(arm),
            backend=backend_of(self._told(arm, "--list-devices")),
            threads=self._bench.threads,
        )

    def perplexity(self, arm: Arm, text: Text, base: Path | None) -> Perplexity:
        """See `Engine`."""
        doing = f"{arm.shown}: perplexity of {text.name}"
        if base:
            options = self._bench.options
            room_for(base, text.path, arm.vocabulary, options.context, options.chunks)
        done = self._run(arm, text_arguments(self._launch(arm), text.path, base), doing)
        found = parse_perplexity.perplexity(
            done.stdout, done.output.encode(), name=text.name, digest=text.digest
        )
        if base:
            check_base(base, text.name)
        return found

    def divergence(self, arm: Arm, text: Text, base: Path, of: Arm) -> Divergence:
        """See `Engine`."""
        doing = f"{arm.shown}: divergence from {of.shown} on {text.name}"
        done = self._run(arm, divergence_arguments(self._launch(arm), base), doing)
        return parse_divergence.divergence(
            done.stdout,
            done.output.encode(),
            name=text.name,
            digest=text.digest,
            base_model=of.model_digest,
            base_package=of.package.digest,
        )

    def task(self, arm: Arm, task: Task) -> AnswerSet:
        """See `Engine`."""
        argv = task_arguments(self._launch(arm), task.kind, task.path)
        done = self._run(arm, argv, f"{arm.shown}: {task.kind} of {task.name}")
        return parse_tasks.task(
            task.kind, done.stdout, done.output.encode(), name=task.name, digest=task.digest
        )

    def replies(self, arm: Arm, sets: Sequence[QuestionSet]) -> tuple[str, list[tuple[Reply, ...]]]:
        """See `Engine`."""
        bench, common = self._bench, self._launch(arm)
        launch = server_process.Launch(
            program=arm.package.program(SERVER),
            template=arm.side.template,
            **{
                each.name: getattr(common, each.name)
                for each in dataclasses.fields(common)
                if each.name not in ("program", "chunks")
            },
        )
        with (
            TemporaryDirectory(dir=bench.scratch) as scratch,
            server_process.served(
                launch, Path(scratch), bench.environ, bench.clock, bench.ci
            ) as server,
        ):
            template = template_of(server, bench.clock)
            most = bench.options.max_tokens
            found = [tuple(answers(server, each, most, bench.clock, bench.ci)) for each in sets]
        return digest_of([template]), found

    def tools(self) -> Mapping[str, str]:
        """The programs, each with its version."""
        return self._tools

    def _launch(self, arm: Arm) -> perplexity_program.Launch:
        options = self._bench.options
        return perplexity_program.Launch(
            program=arm.package.folder / "bin" / PERPLEXITY,
            model=arm.side.model,
            context=options.context,
            batch=options.batch,
            ubatch=options.ubatch,
            threads=self._bench.threads,
            seed=options.seed,
            chunks=options.chunks,
            arguments=server_process.words(options.args),
        )

    def _run(self, arm: Arm, argv: list[str], doing: str) -> Completed:
        arm.package.program(PERPLEXITY)
        bench = self._bench
        return perplexity_program.run(
            argv, self._launch(arm), bench.environ, bench.clock, bench.ci, doing
        )

    def _version(self, arm: Arm) -> str:
        found = _VERSION.search(self._told(arm, "--version"))
        return found[1].strip()[:200] if found else ""

    def _told(self, arm: Arm, option: str) -> str:
        """What one of the package's programs prints with an option, both streams."""
        options = self._bench.options
        name = PERPLEXITY if options.texts or options.tasks else SERVER
        argv = [str(arm.package.program(name)), option]
        done = capture(argv, env=self._bench.environ, timeout=self._bench.clock.left(60))
        return done.stdout.decode("utf-8", "replace") + done.output


def backend_of(devices: str) -> str:
    """What computes, from what `--list-devices` prints: `CPU` where nothing else is listed."""
    names = sorted(set(_DEVICE.findall(devices)))
    return "+".join(names) or "CPU"
