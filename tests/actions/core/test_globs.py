from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_gen_actions.core.globs import compile_patterns


def matches(pattern: str, path: str) -> bool:
    return compile_patterns([pattern]).match(path)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.md", ["README.md", ".md"], ["docs/a.md", "README.mdx", "x/README.md"]),
        ("**/*.md", ["README.md", "docs/a/b.md"], ["README.txt", "a.md/x"]),
        ("docs/**", ["docs/a", "docs/a/b.c"], ["docs", "xdocs/a", "src/docs/a"]),
        ("docs/", ["docs/a", "docs/a/b"], ["docs", "docsx"]),
        ("/docs/*", ["docs/a"], ["docs/a/b"]),
        ("./a", ["a"], ["b"]),
        ("**", ["a", "a/b", ".x/y"], []),
        ("**.md", ["a.md", "x/y.md"], ["a.mdx"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "xa/b"]),
        ("a**b", ["ab", "a/x/b"], ["a/c"]),
        ("**/**/x", ["x", "a/x", "a/b/x"], ["ax"]),
        ("a***b", ["ab", "a/b"], ["b"]),
        ("?.c", ["a.c"], ["ab.c", ".c", "/.c"]),
        ("[a-c].c", ["a.c", "c.c"], ["d.c", "-.c"]),
        ("[!a-c].c", ["d.c"], ["a.c", "/.c"]),
        ("[]x].c", ["].c", "x.c"], ["a.c"]),
        ("[z-a].c", ["z.c", "-.c", "a.c"], ["b.c"]),
        ("[^a].c", ["^.c", "a.c"], ["b.c"]),
        ("[ab", ["[ab"], ["a", "b"]),
        (r"\*.md", ["*.md"], ["a.md"]),
        (r"a\\b", [r"a\b"], ["ab"]),
        ("a.c", ["a.c"], ["abc"]),
        ("a+(b)|c", ["a+(b)|c"], ["aab", "c"]),
        ("**/a\nb", ["x/a\nb"], ["a"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [path for path in yes if not matches(pattern, path)] == []
    assert [path for path in no if matches(pattern, path)] == []


def test_the_last_matching_pattern_decides() -> None:
    patterns = compile_patterns(["docs/**", "!docs/CMakeLists.txt", "docs/CMakeLists.txt.md"])
    assert patterns.match("docs/a.md")
    assert not patterns.match("docs/CMakeLists.txt")
    kept, matched = patterns.excluded(["docs/a.md", "docs/CMakeLists.txt", "src/a.c"])
    assert (kept, matched) == (["docs/CMakeLists.txt", "src/a.c"], ["docs/a.md"])


def test_no_pattern_matches_nothing() -> None:
    assert not compile_patterns([]).match("a")


def reference(pattern: str, path: str) -> bool:
    """The same meaning, written as a search: slow, and with nothing of the real one in it."""
    if not pattern:
        return not path
    if pattern.startswith("**/"):
        rest = pattern[3:]
        starts = [0, *(at + 1 for at, char in enumerate(path) if char == "/")]
        return any(reference(rest, path[at:]) for at in starts)
    return reference_inner(pattern, path)


def reference_inner(pattern: str, path: str) -> bool:
    if not pattern:
        return not path
    if pattern.startswith("**"):
        return any(reference_inner(pattern[2:], path[at:]) for at in range(len(path) + 1))
    if pattern.startswith("/**/"):
        return path.startswith("/") and reference(pattern[1:], path[1:])
    if pattern[0] == "*":
        spans = range(path.find("/") + 1) if "/" in path else range(len(path) + 1)
        return any(reference_inner(pattern[1:], path[at:]) for at in spans)
    if pattern[0] == "?":
        return bool(path) and path[0] != "/" and reference_inner(pattern[1:], path[1:])
    return path.startswith(pattern[0]) and reference_inner(pattern[1:], path[1:])


pieces = st.lists(st.sampled_from(["a", "b", ".", "/", "*", "?", "/**/", "**"]), max_size=6)
simple = pieces.map("".join).filter(
    lambda text: (
        not text.startswith(("/", "./", "!")) and not text.endswith("/") and "***" not in text
    )
)


@given(simple, st.text("ab./", max_size=8))
@example("**/a", "a")
@example("a/**/b", "a/b")
def test_it_means_what_the_reference_means(pattern: str, path: str) -> None:
    assert matches(pattern, path) == reference(pattern, path)


@given(st.text(max_size=12), st.text(max_size=12))
def test_every_text_is_a_pattern(pattern: str, path: str) -> None:
    assert matches(pattern, path) in (True, False)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_an_escaped_path_matches_itself_alone(path: str) -> None:
    if path[0] == "/" or path[-1] == "/":  # a folder, with all that is in it
        return
    escaped = "".join(f"\\{each}" for each in path)
    assert matches(escaped, path)
    assert not matches(escaped, path + "x")


def test_a_hostile_pattern_is_matched_in_reasonable_time() -> None:
    assert not matches("*a" * 5 + "**/" * 20 + "b", "a/" * 60)
