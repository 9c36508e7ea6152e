"""What one arm measured: a package with a model, under fixed conditions, on evaluation sets.

A measurement is stored as JSON and serves as a baseline later. What is *compared* between two
arms is the subject (package, model, build, backend, threads, chat template); what must be
*alike* are the conditions and the digests of the evaluation sets. See `agreement.py`.

Digests are `sha256:` and 64 hexadecimal digits. NLL is the mean negative log-likelihood of the
tokens that count, in nats; perplexity is its exponential.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import CannotDecide
from ..core.files import write_atomically
from .strict import Wrong, built, plain_values

SCHEMA = 1
MAX_BYTES = 256 << 20
"""The largest stored measurement that is read."""

ANSWER_CHARACTERS = 1 << 16
"""The longest answer that is kept; `clipped` makes a longer one fit."""

DIGEST = r"sha256:[0-9a-f]{64}"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"


def _text(pattern: str = "", *, empty: bool = False, longest: int = 4096) -> Any:
    facts = {"pattern": pattern, "empty": empty, "longest": longest}
    return field(default="", metadata=facts) if empty else field(metadata=facts)


def _number(minimum: float | None = None, maximum: float | None = None, **default: Any) -> Any:
    return field(**default, metadata={"minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was measured, and may differ between two arms.

    `build` is what the program says of itself, such as `b6500 (abcdef1)`; `backend` what
    computed, such as CPU, BLAS or CUDA; `template` the digest of the chat template that
    questions were asked with, "" where none was; `vocabulary` the model's count of tokens, 0
    where it is not known.
    """

    package: str = _text(DIGEST, empty=True)
    model: str = _text(DIGEST)
    model_name: str = _text(empty=True)
    build: str = _text(empty=True)
    backend: str = _text()
    system: str = _text(empty=True)
    threads: int = _number(0, default=0)
    template: str = _text(DIGEST, empty=True)
    vocabulary: int = _number(0, default=0)


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What must be alike for two arms to be comparable.

    `context`, `batch` and `ubatch` are in tokens; `max_tokens` bounds each answer;
    `arguments` are further arguments of the program that bear on the results.
    """

    engine: str = _text(r"llama\.cpp|llama-cpp-python")
    seed: int = _number(0, 2**32 - 1)
    context: int = _number(1)
    batch: int = _number(1)
    ubatch: int = _number(1)
    temperature: float = _number(0, default=0.0)
    max_tokens: int = _number(0, default=0)
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One chunk of a text: the mean NLL in nats of its `tokens` that count."""

    nll: float = _number()
    tokens: int = _number(1)


@dataclass(frozen=True, kw_only=True)
class Perplexity:
    """The perplexity of one text, chunk by chunk, in the order of the text.

    `text_tokens` is how many tokens the whole text has, 0 where the program does not say: two
    arms whose tokenizers differ see different chunks.
    """

    name: str = _text(NAME)
    digest: str = _text(DIGEST)
    context: int = _number(1)
    chunks: tuple[Chunk, ...]
    text_tokens: int = _number(0, default=0)

    @property
    def tokens(self) -> int:
        """How many tokens count."""
        return sum(each.tokens for each in self.chunks)

    @property
    def nll(self) -> float:
        """The mean NLL of all tokens that count, in nats."""
        return math.fsum(each.nll * each.tokens for each in self.chunks) / self.tokens

    @property
    def ppl(self) -> float:
        """The perplexity; infinite where it is beyond a float."""
        try:
            return math.exp(self.nll)
        except OverflowError:
            return math.inf


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """How far the token probabilities of this arm are from those of a base arm, on one text.

    `base_package` and `base_model` name the arm that the base probabilities came from. KLD is
    in nats a token; `same_top` is the share, from 0 to 1, of tokens whose most likely
    continuation is the same; `rms_dp` is the root mean square of the change of the probability
    of the right token, from 0 to 1. `se` are standard errors, NaN being told as None. `chunks`
    holds the mean KLD of each chunk where it is known.
    """

    name: str = _text(NAME)
    digest: str = _text(DIGEST)
    context: int = _number(1)
    base_package: str = _text(DIGEST, empty=True)
    base_model: str = _text(DIGEST)
    tokens: int = _number(1)
    mean: float = _number()
    se: float | None = _number(0, default=None)
    median: float | None = _number(default=None)
    p99: float | None = _number(default=None)
    p999: float | None = _number(default=None)
    maximum: float | None = _number(default=None)
    same_top: float | None = _number(0, 1, default=None)
    rms_dp: float | None = _number(0, default=None)
    ln_ppl_ratio: float | None = _number(default=None)
    ln_ppl_ratio_se: float | None = _number(0, default=None)
    chunks: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answered question: whether it is right, its score from 0 to 1, and what was said.

    `note` says why it could not be graded, or what the grader saw; such an answer is wrong.
    """

    id: str = _text(longest=256)
    correct: bool
    score: float = _number(0, 1)
    text: str = _text(empty=True, longest=ANSWER_CHARACTERS)
    note: str = _text(empty=True, longest=4096)


@dataclass(frozen=True, kw_only=True)
class AnswerSet:
    """The answers to one set of questions. `digest` is of the questions and how they are graded.

    `chance` is the share of right answers that guessing would give, from 0 to 1.
    """

    name: str = _text(NAME)
    digest: str = _text(DIGEST)
    answers: tuple[Answer, ...]
    chance: float = _number(0, 1, default=0.0)

    @property
    def accuracy(self) -> float:
        """The share of right answers, from 0 to 1."""
        return sum(each.correct for each in self.answers) / len(self.answers)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """All that one arm measured. `measured` is UTC in RFC 3339, `seconds` wall-clock time."""

    subject: Subject
    conditions: Conditions
    perplexity: tuple[Perplexity, ...] = ()
    divergence: tuple[Divergence, ...] = ()
    answers: tuple[AnswerSet, ...] = ()
    measured: str = _text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", empty=True)
    seconds: float = _number(0, default=0.0)

    @property
    def digests(self) -> dict[str, str]:
        """The digest of every evaluation set, by `<kind>:<name>`."""
        found = {f"perplexity:{each.name}": each.digest for each in self.perplexity}
        found |= {f"divergence:{each.name}": each.digest for each in self.divergence}
        return found | {f"answers:{each.name}": each.digest for each in self.answers}


def clipped(text: str, longest: int = ANSWER_CHARACTERS) -> str:
    """`text`, with its end left out where it is longer than `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def to_json(measurement: Measurement) -> str:
    """The text that `from_json` reads. Raises CannotDecide for one that it would refuse."""
    values = {"schema": SCHEMA, **plain_values(measurement)}
    try:
        text = json.dumps(values, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except ValueError:
        raise CannotDecide(
            "the measurement holds a number that is not finite",
            why="a program printed nan or inf, and a comparison with it would prove nothing",
        ) from None
    from_json(text.encode(), "what was measured")
    return text + "\n"


def from_json(data: bytes, shown: str) -> Measurement:
    """The measurement that `data` holds; `shown` names it to people.

    Raises CannotDecide for anything that is not exactly one: an unknown key, a number out of
    its range, two questions of one id, sets without content.
    """
    try:
        values = json.loads(data, parse_constant=_no_constant, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise _unreadable(shown, f"it is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise _unreadable(shown, "it is no JSON object")
    schema = values.pop("schema", None)
    if schema != SCHEMA or isinstance(schema, bool):
        raise _unreadable(shown, f"its schema is {schema!r}, and this reads {SCHEMA}")
    try:
        measurement: Measurement = built(Measurement, values)
        _check(measurement)
    except Wrong as wrong:
        raise _unreadable(shown, str(wrong)) from None
    return measurement


def load(path: Path, shown: str) -> Measurement:
    """The measurement stored at `path`. Raises CannotDecide."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(shown, f"it cannot be opened: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise _unreadable(shown, f"it is larger than {MAX_BYTES >> 20} MiB")
    return from_json(data, shown)


def save(path: Path, measurement: Measurement) -> None:
    """Store it, whole or not at all. Raises OSError, and CannotDecide as `to_json` does."""
    write_atomically(path, to_json(measurement))


def _check(measurement: Measurement) -> None:
    """What the fields one by one cannot tell. Raises Wrong."""
    for kind, sets in (
        ("perplexity", measurement.perplexity),
        ("divergence", measurement.divergence),
        ("answers", measurement.answers),
    ):
        _once([each.name for each in sets], f"{kind}: the set")
    for text in measurement.perplexity:
        if not text.chunks:
            raise Wrong(f"perplexity {text.name}: there is no chunk")
    for asked in measurement.answers:
        if not asked.answers:
            raise Wrong(f"answers {asked.name}: there is no answer")
        _once([each.id for each in asked.answers], f"answers {asked.name}: the id")


def _once(names: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Wrong(f"{what} {name!r} stands there twice")
        seen.add(name)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _unreadable(shown: str, why: str) -> CannotDecide:
    return CannotDecide(
        "the stored measurement cannot be used",
        where=shown,
        why=why,
        next="measure the baseline anew with this version of the action, and store that file",
    )
