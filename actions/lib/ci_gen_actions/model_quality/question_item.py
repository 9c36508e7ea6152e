"""One question of a file.

    id          its name, in results; its number in the file where it has none
    question    what is asked (also: q, input, instruction, query, prompt)
    context     what is put before the question
    system      the system message
    messages    a whole conversation instead: [{"role": ..., "content": ...}]
    raw_prompt  a text that is completed as it is, without the chat template
    answer      what is right, one or a list (also: a, answers, expected, expected_answer,
                output, reference, ideal, target)
    choices     the texts to choose from (also: options); answer is then a text of them, its
                letter, or its index from 0
    grader      a name, or {"type": name, ...}, see grader_spec.py
    max_tokens, stop

Other keys are left alone, but for one that looks like one of these, mistyped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.reading import nearest
from . import grader_spec
from .grader_spec import Misfit
from .positions import Node
from .question import ROLES, Message, Question

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "q", "input", "instruction", "query", "prompt"),
    "answer": (
        "answer", "a", "answers", "expected", "expected_answer", "output", "reference", "ideal",
        "target",
    ),
    "choices": ("choices", "options"),
    **{
        name: (name,)
        for name in (
            "id", "context", "system", "messages", "raw_prompt", "grader", "max_tokens", "stop"
        )
    },
}  # fmt: skip
_KNOWN = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_LONG = tuple(alias for alias in _KNOWN if len(alias) > 2)
_MAX_TOKENS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question as it stands in the file, with what holds where it says nothing."""

    node: Node
    defaults: Mapping[str, Node]


class Trouble(Exception):  # noqa: N818 - carried to the one error that names them all
    """Something wrong at an offset of the text, or at a line and column already known."""

    def __init__(self, offset: int, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason
        self.place = (line, column) if line else None


def question_of(item: Item, number: int) -> Question:
    """The question of an item, the `number`-th of its file. Raises Trouble."""
    if not isinstance(item.node.value, dict):
        raise Trouble(item.node.offset, "a question must be an object")
    found = {**_named(item.defaults, {}), **_named(item.node.value, item.node.keys)}
    messages, prompt = _asked(found, item.node)
    choices = _choices(found["choices"]) if "choices" in found else ()
    grader_node = found.get("grader")
    answer_node = found.get("answer")
    try:
        grader = grader_spec.grader_of(
            grader_node.plain if grader_node else None,
            answer_node.plain if answer_node else None,
            choices,
        )
    except Misfit as misfit:
        near = {"grader": grader_node, "answer": answer_node}.get(misfit.about)
        raise Trouble((near or item.node).offset, str(misfit)) from None
    return Question(
        id=_id(found, number),
        messages=messages,
        prompt=prompt,
        grader=grader,
        choices=choices if grader.kind == "choice" else (),
        stop=_texts(found["stop"], "stop") if "stop" in found else (),
        max_tokens=_count(found),
    )


def _named(values: Mapping[str, Node], keys: Mapping[str, int]) -> dict[str, Node]:
    """The values by the names of this module. Raises Trouble for a mistyped or doubled one."""
    found: dict[str, Node] = {}
    for key, node in values.items():
        name = _KNOWN.get(key)
        offset = keys.get(key, node.offset)
        if name is None:
            near = nearest(key, _LONG)
            if near and abs(len(near) - len(key)) < 2 and near not in values:
                raise Trouble(offset, f"`{key}` is no key of a question - did you mean {near}?")
            continue
        if node.value is None:
            continue
        if name in found:
            raise Trouble(offset, f"`{key}` says again what another key of this question says")
        found[name] = node
    return found


def _asked(found: Mapping[str, Node], item: Node) -> tuple[tuple[Message, ...], str]:
    ways = [name for name in ("question", "messages", "raw_prompt") if name in found]
    if not ways:
        raise Trouble(item.offset, "a question needs one of question, messages and raw_prompt")
    if len(ways) > 1:
        raise Trouble(found[ways[1]].offset, f"a question has either {ways[0]} or {ways[1]}")
    if ways == ["raw_prompt"]:
        return (), _text(found["raw_prompt"], "raw_prompt")
    before: tuple[Message, ...] = ()
    if "system" in found:
        before = (Message(role="system", content=_text(found["system"], "system")),)
    if ways == ["messages"]:
        return (*before, *_messages(found["messages"])), ""
    asked = _text(found["question"], "question")
    if "context" in found:
        asked = f"{_text(found['context'], 'context')}\n\n{asked}"
    return (*before, Message(role="user", content=asked)), ""


def _messages(node: Node) -> tuple[Message, ...]:
    if not isinstance(node.value, list) or not node.value:
        raise Trouble(node.offset, "`messages` must be a list of turns")
    turns: list[Message] = []
    for each in node.value:
        values = each.plain
        if not isinstance(values, dict) or set(values) != {"role", "content"}:
            raise Trouble(each.offset, "a turn has role and content, and nothing else")
        if values["role"] not in ROLES:
            raise Trouble(each.offset, f"a role is one of {', '.join(ROLES)}")
        turns.append(Message(role=values["role"], content=_text(each.value["content"], "content")))
    if turns[-1].role != "user":
        raise Trouble(node.offset, "the last turn must be the user's: the model answers it")
    return tuple(turns)


def _choices(node: Node) -> tuple[str, ...]:
    value = node.plain
    if isinstance(value, dict):
        texts = value.get("text")
        value = texts if isinstance(texts, list) else list(value.values())
    if not isinstance(value, list) or len(value) < 2:
        raise Trouble(node.offset, "`choices` must be a list of at least two texts")
    if not all(isinstance(each, str) and each for each in value):
        raise Trouble(node.offset, "each of `choices` must be a text, not empty")
    if len(set(value)) != len(value):
        raise Trouble(node.offset, "two of `choices` are the same")
    return tuple(value)


def _id(found: Mapping[str, Node], number: int) -> str:
    if "id" not in found:
        return str(number)
    value = found["id"].value
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise Trouble(found["id"].offset, "`id` must be a text or a whole number")
    if len(str(value)) > 256:
        raise Trouble(found["id"].offset, "`id` is longer than 256 characters")
    return str(value)


def _count(found: Mapping[str, Node]) -> int:
    if "max_tokens" not in found:
        return 0
    node = found["max_tokens"]
    whole = isinstance(node.value, int) and not isinstance(node.value, bool)
    if not whole or not 1 <= node.value <= _MAX_TOKENS:
        raise Trouble(node.offset, f"`max_tokens` must be a whole number from 1 to {_MAX_TOKENS}")
    return int(node.value)


def _texts(node: Node, name: str) -> tuple[str, ...]:
    value: Any = [node.value] if isinstance(node.value, str) else node.plain
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise Trouble(node.offset, f"`{name}` must be a text or a list of texts")
    return tuple(value)


def _text(node: Node, name: str) -> str:
    if not isinstance(node.value, str) or not node.value.strip():
        raise Trouble(node.offset, f"`{name}` must be a text, not empty")
    return node.value
