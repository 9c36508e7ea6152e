"""llama-server as a child: started on a free port of the loopback, waited for, surely ended."""

from __future__ import annotations

import http.client
import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..core.background import Background, background
from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from .capacity import memory_words, next_step
from .clock import Clock
from .server_http import ServerError, Wire

HOST = "127.0.0.1"
_TRIES = 5
_POLL_SECONDS = 0.2
_END_SECONDS = 5.0

_STEADY = (
    ("--cache-ram", ("0",)),
    ("--offline", ()),
    ("--no-webui", ()),
    ("--jinja", ()),
)
"""What makes runs alike where this llama.cpp knows it: no cache between questions but the slot's
own, no network, and the model's template as it stands."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How a server is started: the program, the model and what fixes the results."""

    program: Path
    model: Path
    context: int
    batch: int
    ubatch: int
    threads: int
    seed: int
    template: Path | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers; `wire` speaks to it."""

    process: Background
    wire: Wire
    launch: Launch

    def died(self, doing: str, error: ServerError) -> CannotDecide:
        """Why a request failed, in terms of what the process did."""
        # A connection breaks before the process that breaks it has ended.
        ended = self.process.ends_within(0.0 if error.status else _END_SECONDS)
        if not ended:
            return CannotDecide(
                f"llama-server gave no answer to {doing}",
                where=self.process.argv[0],
                why=f"{error}\n{self.process.tail(1500)}",
            )
        return ended_early(self.process, self.launch, f"while it answered {doing}")


def arguments(launch: Launch, port: int, name: str, known: str) -> list[str]:
    """The command line. `known` is what `--help` prints, so that only known options are given.

    Later arguments win in llama.cpp, so the caller's come last.
    """
    words = [str(launch.program), "--model", str(launch.model), "--alias", name]
    words += ["--host", HOST, "--port", str(port), "--parallel", "1"]
    words += ["--ctx-size", str(launch.context)]
    words += ["--batch-size", str(launch.batch), "--ubatch-size", str(launch.ubatch)]
    words += ["--threads", str(launch.threads), "--threads-batch", str(launch.threads)]
    words += ["--seed", str(launch.seed)]
    for option, values in _STEADY:
        words += [option, *values] if option in known else []
    words += ["--chat-template-file", str(launch.template)] if launch.template else []
    return [*words, *launch.arguments]


@contextmanager
def served(
    launch: Launch, scratch: Path, environ: Mapping[str, str], clock: Clock, ci: Dialect
) -> Iterator[Server]:
    """A server that has loaded the model; no process of it is left behind.

    It asks for a key that nobody else has, so that no other user of the machine changes its
    state between two questions. Raises CannotDecide where it does not come up: with what it
    said last, and what that means.
    """
    known = _help(launch, scratch, environ, clock)
    for _ in range(_TRIES):
        port, key, name = _free_port(), secrets.token_urlsafe(24), secrets.token_hex(8)
        argv = arguments(launch, port, name, known)
        ci.log(f"$ {' '.join(argv)}")
        env = {**environ, "LLAMA_API_KEY": key}
        with background(argv, log=scratch / "server.log", env=env) as process:
            wire = Wire(host=HOST, port=port, key=key)
            answering = _first_answer(process, wire, clock, ci)
            if answering == name and process.running:
                yield Server(process=process, wire=wire, launch=launch)
                return
            if not answering and not _port_taken(process.tail()):
                raise ended_early(process, launch, "before it was ready")
            ci.log(f"port {port} was taken in between; trying another")
    raise CannotDecide(
        f"llama-server found no free port in {_TRIES} attempts",
        where=HOST,
        why="each port that the system named as free was taken a moment later",
        next="see what else on this machine opens ports, and run again",
    )


def ended_early(process: Background, launch: Launch, when: str) -> CannotDecide:
    """What is said of a server that ended by itself."""
    return CannotDecide(
        f"llama-server {process.outcome} {when}",
        where=" ".join(process.argv[:3]),
        why=f"{memory_words(launch.model, process.tail())}its last words:\n{process.tail(1500)}",
        next=next_step(process.outcome),
    )


def _help(launch: Launch, scratch: Path, environ: Mapping[str, str], clock: Clock) -> str:
    """What options it knows. Raises CannotDecide where the program does not start at all."""
    from ..core.process import capture

    done = capture([launch.program, "--help"], cwd=scratch, env=environ, timeout=clock.left(60))
    text = done.stdout.decode("utf-8", "replace") + done.output
    if not done.ok or "--model" not in text:
        raise CannotDecide(
            f"llama-server does not run here: it {done.outcome}",
            where=f"{launch.program} --help",
            why=text.strip()[-1500:],
            next="see that the package was built for this machine's processor and libraries",
        )
    return text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _first_answer(process: Background, wire: Wire, clock: Clock, ci: Dialect) -> str:
    """Wait until a model is loaded; the name that is answered, "" where the process ended.

    Another program that took the port does not know our name. Raises CannotDecide when the time
    is over.
    """
    while process.running:
        clock.tick(ci, "llama-server loads the model")
        try:
            if wire.get("/health", timeout=clock.left(5)).get("status") == "ok":
                models = wire.get("/v1/models", timeout=clock.left(5)).get("data") or [{}]
                return str(models[0].get("id"))
        except ServerError as error:
            if error.status == http.client.UNAUTHORIZED:
                return "one that wants another key"
        time.sleep(min(_POLL_SECONDS, clock.left()))
        clock.check("llama-server was loading the model", process.tail(1500))
    return ""


def _port_taken(log: str) -> bool:
    return "couldn't bind" in log or "Address already in use" in log


def words(arguments_: Sequence[str]) -> tuple[str, ...]:
    """The arguments of an input, each line one word or `--option value`."""
    import shlex

    return tuple(word for line in arguments_ for word in shlex.split(line))
