"""The colours and fonts of the picture, for a light and for a dark screen.

Plain classes and no custom properties: converters that know little CSS draw the light one.
"""

from __future__ import annotations

STAGE_COLOURS = 8

_LIGHT = {
    "page": "#ffffff",
    "band": "#f3f5f8",
    "box": "#ffffff",
    "border": "#b4bcc6",
    "text": "#1b2128",
    "muted": "#57606c",
    "edge": "#939daa",
    "critical": "#c2410c",
    "gate": "#1d4ed8",
    "gpu": "#7e22ce",
    "approval": "#8a5a00",
    "stages": "#0f766e #3b6fd4 #9333c4 #c4287f #7a6a1e #5d7a0f #0b7fa3 #6b6f7a",
}
_DARK = {
    "page": "#0f141a",
    "band": "#171d25",
    "box": "#202833",
    "border": "#465160",
    "text": "#e8edf3",
    "muted": "#a3afbd",
    "edge": "#6b7787",
    "critical": "#fb923c",
    "gate": "#82b1ff",
    "gpu": "#cf9bff",
    "approval": "#f0c04e",
    "stages": "#2dd4bf #6ea8fe #c084fc #f472b6 #e6cf7a #a3c845 #38bdf8 #9aa5b4",
}


def style() -> str:
    """The style sheet."""
    return (
        "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;"
        "font-size:12px}"
        ".name{font-size:18px;font-weight:700}.facts{font-size:13px}"
        ".job{font-size:13px;font-weight:600}.mark,.step{font-size:11px;font-weight:600}"
        ".step,.mark{text-anchor:middle}.edge{fill:none;stroke-width:1.5}.edge.critical{stroke-width:3}"
        ".box,.pill{stroke-width:1.25}.box.critical{stroke-width:2.5}.pill{fill:none}"
        ".pill.forks{stroke-dasharray:3 2}"
        + _colours(_LIGHT)
        + "@media (prefers-color-scheme:dark){"
        + _colours(_DARK)
        + "}"
    )


def _colours(colour: dict[str, str]) -> str:
    rules = [
        f".page{{fill:{colour['page']}}}",
        f".band{{fill:{colour['band']}}}",
        f".box{{fill:{colour['box']};stroke:{colour['border']}}}",
        f".ink{{fill:{colour['text']}}}",
        f".muted{{fill:{colour['muted']}}}",
        f".edge{{stroke:{colour['edge']}}}",
        f".tip{{fill:{colour['edge']}}}",
        f".edge.critical,.box.critical{{stroke:{colour['critical']}}}",
        f".tip.critical{{fill:{colour['critical']}}}",
        f".pill{{stroke:{colour['muted']}}}",
        f".mark{{fill:{colour['muted']}}}",
    ]
    for kind in ("gate", "gpu", "approval"):
        rules.append(f".pill.{kind}{{stroke:{colour[kind]}}}.mark.{kind}{{fill:{colour[kind]}}}")
    for index, stage in enumerate(colour["stages"].split()):
        rules.append(f".s{index}{{fill:{stage}}}")
    return "".join(rules)
