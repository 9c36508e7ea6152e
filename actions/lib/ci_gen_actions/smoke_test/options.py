"""What the `smoke-test` action takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

CHECKS = ("identity", "completion", "chat", "stream", "embeddings", "auth")
"""The checks besides health, in the order in which they are made."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The inputs. Paths of files are relative to the checkout unless absolute."""

    url: str = option(
        doc="Where the model is served: `http://` or `https://`, a host, and a port and a path "
        "where they are needed. Redirects are not followed",
        pattern=r"https?://[^\s?#@]+",
    )
    api_key: str = option(
        doc="The key of the server (`--api-key`). It goes to the host of `url` alone",
        default="",
        secret=True,
    )
    checks: tuple[str, ...] = option(
        doc="What is checked besides `health`, in this order; `none` for the requests of the "
        "file `requests` alone",
        default=CHECKS,
        choices=(*CHECKS, "none"),
    )
    embeddings: str = option(
        doc="Whether the server gives embeddings: auto skips the check where the server says that "
        "it was not started for them, required fails there",
        default="auto",
        choices=("auto", "required"),
    )
    authentication: str = option(
        doc="Whether the server asks for a key: auto checks it where `api-key` is given; with "
        "required an empty `api-key`, as from a secret that is not set, is a wrong input",
        default="auto",
        choices=("auto", "required"),
    )
    expected_build: str = option(
        doc="The build of llama.cpp that must answer, as `/props` tells it (`b4567-0123abc`), or "
        "its number, or its commit. Empty: any, recorded",
        default="",
    )
    expected_model: str = option(
        doc="The model that must answer: the name of its file, its whole path, or its alias. "
        "Empty: any, recorded",
        default="",
    )
    expected_template: str = option(
        doc="The SHA-256 of the chat template that must be in use, as 64 hexadecimal digits, with "
        "or without `sha256:`. Empty: any, recorded",
        default="",
        pattern=r"(sha256:)?[0-9a-f]{64}",
    )
    model: str = option(
        doc="The name to ask for in `model`, for a server or a gateway that serves several",
        default="",
    )
    requests: str = option(
        doc="A JSON file of further requests and what their answers must be; see below", default=""
    )
    health: str = option(
        doc="The path that answers 200 once the model is loaded", default="/health", pattern="/.*"
    )
    start_timeout: int = option(
        doc="Seconds within which `health` must answer 200",
        default=120,
        minimum=0,
        maximum=86400,
    )
    request_timeout: int = option(
        doc="Seconds within which an answer must be complete", default=60, minimum=1, maximum=3600
    )
    repeat: int = option(
        doc="How often the streamed answer is asked for; the latencies are medians over these",
        default=3,
        minimum=1,
        maximum=100,
    )
    max_first_token_ms: int = option(
        doc="The longest median time to the first token in milliseconds; 0 for no bound",
        default=0,
        minimum=0,
    )
    max_total_ms: int = option(
        doc="The longest median time to a whole streamed answer of at most 16 tokens in "
        "milliseconds; 0 for no bound",
        default=0,
        minimum=0,
    )
    evidence_name: str = option(
        doc="Name of the evidence file, without .json", default="smoke-test"
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs."""

    verdict: str = output(
        doc="PASS; FAIL where an answer was bad; ERROR where the server could not be reached or "
        "wants a key that was not given; NO_DATA where nothing was asked",
        default="ERROR",
    )
    checks: int = output(doc="How many checks and requests were judged", default=0)
    failed: str = output(doc="The names of those that are not PASS, with a comma between them")
    build: str = output(doc="The build of llama.cpp that answered, as `/props` tells it")
    served_model: str = output(doc="The model that answered: its alias, or its path")
    first_token_ms: str = output(
        doc="The median time to the first token in milliseconds; empty where none was measured"
    )
    total_ms: str = output(
        doc="The median time to a whole streamed answer in milliseconds; empty where none was "
        "measured"
    )
