"""The versions of what the action itself brings along."""

PYTEST = "9.2.0"
"""Installed where the project's own requirements bring no pytest."""

PIP = "26.3"
"""Installed where dependency groups are asked for: `--group` came with pip 25.1."""

MANAGERS = {
    "uv": "uv==0.13.8",
    "poetry": "poetry==2.5.1",
    # `locked` pins what pdm itself needs: newer releases of hishel break it
    "pdm": "pdm[locked]==2.29.2",
    "pipenv": "pipenv==2026.10.3",
}
"""Installed where the project's manager is not on the machine."""
