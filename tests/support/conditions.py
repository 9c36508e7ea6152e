"""The two platforms' condition languages, read anew: GitHub's expressions and GitLab's rules.

Only for tests that ask what a generated file means. What neither evaluator knows raises
ValueError: an unknown construct must not count as false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_GITHUB = re.compile(
    r"\s*(?:(?P<op>&&|\|\||==|!=|!|[(),])|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*))"
)
_GITLAB = re.compile(
    r"\s*(?:(?P<op>&&|\|\||==|!=|=~|!~|[()])|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<regex>/(?:\\.|[^/\\])*/[a-z]*)|\$(?P<name>\w+)|\$\{(?P<braced>\w+)\}|(?P<null>null))"
)
_STATUS = {"always", "success", "failure", "cancelled"}
_CONSTANTS = {"true": True, "false": False, "null": None}
Token = tuple[str, str]


class _Parser:
    """Precedence climbing over tokens: `||`, then `&&`, then comparisons, then `!` and atoms."""

    def __init__(self, tokens: list[Token], atom: Callable[[_Parser, Token], Any]) -> None:
        self.tokens = tokens
        self.atom = atom
        self.compare: Callable[[str, Any, Any], bool] = lambda _, left, right: bool(left == right)

    def next(self) -> Token:
        """Take the next token."""
        if not self.tokens:
            raise ValueError("the condition ends too early")
        return self.tokens.pop(0)

    def takes(self, *operators: str) -> str:
        """The next token if it is one of these operators, else ""."""
        if self.tokens and self.tokens[0][0] == "op" and self.tokens[0][1] in operators:
            return self.next()[1]
        return ""

    def either(self) -> Any:
        """`a || b`: the first that is true, else the last, as both languages say."""
        left = self.both()
        while self.takes("||"):
            right = self.both()
            left = left if truth(left) else right
        return left

    def both(self) -> Any:
        """`a && b`."""
        left = self.comparison()
        while self.takes("&&"):
            right = self.comparison()
            left = right if truth(left) else left
        return left

    def comparison(self) -> Any:
        """`a == b` and the like."""
        left = self.unary()
        while operator := self.takes("==", "!=", "=~", "!~"):
            same = self.compare(operator, left, self.unary())
            left = not same if operator.startswith("!") else same
        return left

    def unary(self) -> Any:
        """`!a`, `(a)`, or an atom."""
        if self.takes("!"):
            return not truth(self.unary())
        if self.takes("("):
            inner = self.either()
            if not self.takes(")"):
                raise ValueError("a parenthesis is not closed")
            return inner
        return self.atom(self, self.next())


def truth(value: Any) -> bool:
    """Whether a value counts as true: empty text, zero and nothing do not."""
    return value not in (None, "", 0, False)


def github(expression: str, context: Mapping[str, Any], functions: Mapping[str, Any]) -> Any:
    """The value of a GitHub expression without its `${{ }}`.

    `context` is a tree of mappings; `functions` maps names to callables.
    """

    def atom(parser: _Parser, token: Token) -> Any:
        kind, text = token
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if kind != "name":
            raise ValueError(f"{text!r} is out of place in {expression!r}")
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if parser.takes("("):
            arguments = []
            while not parser.takes(")"):
                arguments.append(parser.either())
                parser.takes(",")
            return functions[text](*arguments)
        return _at(context, text)

    return _evaluate(expression, _GITHUB, atom, _loosely_equal)


def has_status_function(expression: str) -> bool:
    """Whether an `if:` says itself what happens after a failure; else success() is implied."""
    return any(re.search(rf"\b{name}\s*\(", expression) for name in _STATUS)


def _at(context: Mapping[str, Any], path: str) -> Any:
    value: Any = context
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _loosely_equal(_: str, left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if type(left) is type(right):
        return bool(left == right)
    try:  # of different types, both are taken as numbers
        return float(left or 0) == float(right or 0)
    except (TypeError, ValueError):
        return False


def gitlab(condition: str, variables: Mapping[str, str]) -> bool:
    """Whether a `rules:if` holds."""

    def atom(_: _Parser, token: Token) -> Any:
        kind, text = token
        if kind == "text":
            return text[1:-1]
        if kind in ("name", "braced"):
            return variables.get(text)
        if kind == "null":
            return None
        if kind == "regex":
            body, _, flags = text[1:].rpartition("/")
            return re.compile(body.replace(r"\/", "/"), re.IGNORECASE if "i" in flags else 0)
        raise ValueError(f"{text!r} is out of place in {condition!r}")

    return truth(_evaluate(condition, _GITLAB, atom, _matches))


def _matches(operator: str, left: Any, right: Any) -> bool:
    if operator in ("==", "!="):
        return bool(left == right)
    if not isinstance(right, re.Pattern):
        raise ValueError(f"{operator} needs a regular expression")
    return left is not None and right.search(left) is not None


def _evaluate(
    text: str,
    pattern: re.Pattern[str],
    atom: Callable[[_Parser, Token], Any],
    compare: Callable[[str, Any, Any], bool],
) -> Any:
    tokens: list[Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        found = pattern.match(text, position)
        if found is None:
            raise ValueError(f"{text[position:]!r} is not understood in {text!r}")
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        position = found.end()
    parser = _Parser(tokens, atom)
    parser.compare = compare
    value = parser.either()
    if parser.tokens:
        raise ValueError(f"{parser.tokens} is left over in {text!r}")
    return value
