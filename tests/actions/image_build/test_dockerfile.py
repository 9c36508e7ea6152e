from __future__ import annotations

import pytest

from ci_gen_actions.image_build.dockerfile import bases, instructions, needs_buildkit

TEXT = """\
# syntax is the engine's
ARG BASE_IMAGE=debian:bookworm@sha256:aa
ARG TOOLS="x/tools:${VERSION:-2}"
FROM --platform=$BUILDPLATFORM ${TOOLS} AS Build
ARG BASE_IMAGE=ignored
RUN a \\
  # a remark
  && b
FROM $BASE_IMAGE AS base
FROM scratch
FROM base
COPY --from=build /a /a
"""


def test_the_bases_are_what_is_no_stage() -> None:
    assert bases(TEXT, {}) == ("x/tools:2", "debian:bookworm@sha256:aa")
    assert bases(TEXT, {"BASE_IMAGE": "b:1", "VERSION": "3"}) == ("x/tools:2", "b:1")
    assert bases("FROM a\nFROM a\nfrom b as A\n", {}) == ("a", "b")


def test_continued_lines_are_one_instruction() -> None:
    texts = {each.line: each.text for each in instructions(TEXT)}
    assert texts[6] == "RUN a && b"
    assert instructions("RUN a \\")[0].text == "RUN a"
    assert instructions("") == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM a\nRUN --mount=type=cache,target=/x b\n", 2),
        ("FROM a\n\nRUN \\\n  --network=none b\n", 3),
        ("FROM a\nCOPY --link a b\n", 2),
        ("FROM a\nCOPY --chown=1 --chmod=644 a b\n", 2),
        ("FROM a\nRUN <<EOF\n", 2),
        ("FROM a\n# RUN --mount=x\nRUN echo --mount=x\nCOPY --from=b a b\n", 0),
    ],
)
def test_what_buildkit_alone_can_read(text: str, line: int) -> None:
    found = needs_buildkit(text)
    assert (found.line if found else 0) == line
