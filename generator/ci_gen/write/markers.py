"""The two sides of a text that git could not merge by itself."""

from __future__ import annotations

from ci_gen.write.merge import split_lines

OURS, BASE, MIDDLE, THEIRS = "<<<<<<<", "|||||||", "=======", ">>>>>>>"


def sides(text: str) -> tuple[str, str] | None:
    """What the text is on our side and on theirs; None where it has no conflict markers.

    Understands git's styles merge, diff3 and zdiff3. Markers that do not open and close
    in order are not taken for a conflict.
    """
    if OURS not in text:
        return None
    ours: list[str] = []
    theirs: list[str] = []
    seen = False
    # Where the next line belongs: both sides, one of them, or the common base.
    state = ""
    for line in split_lines(text):
        marker = line[:7] if line[7:8] in ("", " ", "\n", "\r") else ""
        if marker == OURS and state == "":
            state = OURS
        elif marker == BASE and state == OURS:
            state = BASE
        elif marker == MIDDLE and state in (OURS, BASE):
            state = MIDDLE
        elif marker == THEIRS and state == MIDDLE:
            state, seen = "", True
        else:
            if state in ("", OURS):
                ours.append(line)
            if state in ("", MIDDLE):
                theirs.append(line)
    if state or not seen:
        return None
    return "".join(ours), "".join(theirs)
