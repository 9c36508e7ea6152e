"""The engine `llama-cpp-python`: the binding on the package's own libllama.

The binding runs in processes of its own, in an environment of its own: where it ends the
process, as one does that does not fit the library, that becomes a message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.environment import provide
from ..core.errors import CannotDecide, UsageError
from ..core.process import capture
from . import divergence_statistics
from .arm import Arm, Bench, digest_of
from .capacity import memory_words, next_step
from .engine_programs import backend_of
from .measurement import AnswerSet, Chunk, Divergence, Perplexity, Subject
from .perplexity_program import check_base, room_for
from .plan import Task, Text
from .question import ChoiceScore, Question, QuestionSet, Reply
from .server_process import words

REQUIREMENTS = Path(__file__).parents[3] / "requirements" / "llama-cpp-python.txt"
FIT = Path(__file__).with_name("binding_fit.py")
WORKER = Path(__file__).with_name("binding_worker.py")
_LAYERS = ("--n-gpu-layers", "--gpu-layers", "-ngl")
_ONLY_PYTHON = {"CMAKE_ARGS": "-DLLAMA_BUILD=OFF", "PIP_NO_CACHE_DIR": "1", "UV_NO_CACHE": "1"}
"""The binding comes without a library of its own: that of the package is used. What is built so
must not reach the installer's cache, from which others would get it."""


class BindingEngine:
    """Runs the binding on each arm's library."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._layers = gpu_layers(bench.options.args)
        name = bench.options.binding_requirements
        requirements = bench.ci.workspace / name if name else REQUIREMENTS
        folder = provide(requirements, {**bench.ci.environ, **_ONLY_PYTHON}, bench.ci)
        self._python = folder / "bin" / "python"
        self._tools: dict[str, str] = {}

    def subject(self, arm: Arm) -> Subject:
        """The arm's digests, and what the library says of itself; it must fit the binding."""
        told = self._fit(arm)
        self._tools["llama-cpp-python"] = str(told["binding"])
        version = f"libllama {told['library']}" if told["library"] else ""
        return Subject(
            package=arm.package.digest,
            model=arm.model_digest,
            model_name=arm.model_name,
            build=arm.package.build or version,
            backend=backend_of("".join(f"  {each}: \n" for each in told["devices"])),
            threads=self._bench.threads,
        )

    def perplexity(self, arm: Arm, text: Text, base: Path | None) -> Perplexity:
        """See `Engine`."""
        if base:
            options = self._bench.options
            room_for(base, text.path, arm.vocabulary, options.context, options.chunks)
        asked = {"do": "perplexity", "text": str(text.path), "base": str(base or "")}
        (total, *rows), _ = self._work(arm, asked, f"{arm.shown}: perplexity of {text.name}")
        if base:
            check_base(base, text.name)
        return Perplexity(
            name=text.name,
            digest=text.digest,
            context=self._bench.options.context,
            chunks=tuple(Chunk(nll=row["nll"], tokens=row["tokens"]) for row in rows),
            text_tokens=total["text_tokens"],
        )

    def divergence(self, arm: Arm, text: Text, base: Path, of: Arm) -> Divergence:
        """See `Engine`."""
        doing = f"{arm.shown}: divergence from {of.shown} on {text.name}"
        rows, _ = self._work(arm, {"do": "divergence", "base": str(base)}, doing)
        return divergence_statistics.divergence(
            [row["chunk"] for row in rows],
            name=text.name,
            digest=text.digest,
            context=self._bench.options.context,
            base_model=of.model_digest,
            base_package=of.package.digest,
        )

    def task(self, arm: Arm, task: Task) -> AnswerSet:
        """The binding knows none: `plan.check` refuses them before."""
        raise UsageError(f"llama-cpp-python does not know {task.kind}", where="input tasks")

    def replies(self, arm: Arm, sets: Sequence[QuestionSet]) -> tuple[str, list[tuple[Reply, ...]]]:
        """See `Engine`."""
        template, found = "", []
        for asked in sets:
            job = {"do": "replies", "questions": [_told(each) for each in asked.questions]}
            rows, template = self._work(arm, job, f"{arm.shown}: {asked.name}")
            found.append(tuple(_reply(row) for row in rows))
        return digest_of([template]), found

    def tools(self) -> Mapping[str, str]:
        """The binding with its version."""
        return self._tools

    def _environ(self, arm: Arm) -> dict[str, str]:
        return {
            **self._bench.environ,
            "LLAMA_CPP_LIB_PATH": str(arm.package.library().parent),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _fit(self, arm: Arm) -> dict[str, Any]:
        """What binding_fit.py tells. Raises CannotDecide where the two do not fit."""
        argv = [str(self._python), "-I", "-B", str(FIT)]
        done = capture(argv, env=self._environ(arm), timeout=self._bench.clock.left(120))
        lines = done.stdout.splitlines()
        if not done.ok or not lines:
            why = f"looking at it {done.outcome}\n{done.output.strip()[-1000:]}"
            raise misfit(arm, "llama-cpp-python", "", why)
        told: dict[str, Any] = json.loads(lines[-1])
        if told["problems"]:
            raise misfit(
                arm,
                f"llama-cpp-python {told['binding']}",
                told["library"],
                "\n       ".join(told["problems"]),
            )
        return told

    def _work(
        self, arm: Arm, asked: Mapping[str, Any], doing: str
    ) -> tuple[list[dict[str, Any]], str]:
        """The lines that the worker wrote, and the chat template that it knows."""
        bench, seen = self._bench, 0

        def watch(block: bytes) -> None:
            nonlocal seen
            seen += block.count(b"\n")
            bench.clock.tick(bench.ci, f"{doing}: {seen}")

        done = capture(
            [str(self._python), "-I", "-B", str(WORKER)],
            env=self._environ(arm),
            stdin=json.dumps({**self._job(arm), **asked}).encode(),
            timeout=bench.clock.left(),
            watch=watch,
        )
        if done.timed_out:
            raise bench.clock.over(f"llama-cpp-python worked on {doing}", done.output[-1000:])
        if not done.ok:
            raise CannotDecide(
                f"llama-cpp-python {done.outcome} on {doing}",
                where=arm.package.shown,
                why=f"{memory_words(arm.side.model, done.output)}its last words:\n"
                f"{done.output.strip()[-1500:]}",
                next=next_step(done.outcome),
            )
        first, *rows = [json.loads(line) for line in done.stdout.splitlines()]
        known = first["loaded"]["vocabulary"]
        if arm.vocabulary and known != arm.vocabulary:
            why = f"it sees {known} tokens where the model's file has {arm.vocabulary}"
            raise misfit(arm, "llama-cpp-python", "", why)
        return rows, str(first["loaded"]["template"])

    def _job(self, arm: Arm) -> dict[str, Any]:
        options = self._bench.options
        return {
            "model": str(arm.side.model),
            "context": options.context,
            "batch": options.batch,
            "ubatch": options.ubatch,
            "threads": self._bench.threads,
            "seed": options.seed,
            "gpu_layers": self._layers,
            "max_tokens": options.max_tokens,
            "chunks": options.chunks,
            "template": str(arm.side.template or ""),
        }


def gpu_layers(arguments: Sequence[str]) -> int:
    """How many layers the GPU gets; the binding knows no other argument of the programs.

    Raises UsageError for one.
    """
    given = [part for word in words(arguments) for part in word.split("=", 1)]
    if not given:
        return 0
    if len(given) == 2 and given[0] in _LAYERS and given[1].isdigit():
        return int(given[1])
    raise UsageError(
        f"the engine llama-cpp-python does not know {' '.join(given)[:200]}",
        where="input args",
        why="it takes --n-gpu-layers=<number> alone; the others are of llama.cpp's programs",
        next="leave them out, or use the engine llama.cpp",
    )


def misfit(arm: Arm, binding: str, library: str, why: str) -> CannotDecide:
    """The refusal of a binding that does not fit the package's library."""
    told = ", ".join(text for text in (library, arm.package.build) if text)
    return CannotDecide(
        f"{binding} does not fit the package's libllama" + (f" ({told})" if told else ""),
        where=arm.package.shown,
        why=why,
        next="name the llama-cpp-python that was made for this llama.cpp in the input "
        "binding-requirements, or use the engine llama.cpp",
    )


def _told(question: Question) -> dict[str, Any]:
    return {
        "prompt": question.prompt,
        "messages": [{"role": each.role, "content": each.content} for each in question.messages],
        "choices": list(question.choices),
        "stop": list(question.stop),
        "max_tokens": question.max_tokens,
    }


def _reply(row: Mapping[str, Any]) -> Reply:
    return Reply(
        text=row.get("text", ""),
        choices=tuple(ChoiceScore(logprob=one, tokens=two) for one, two in row.get("choices", ())),
        problem=row.get("problem", ""),
    )
