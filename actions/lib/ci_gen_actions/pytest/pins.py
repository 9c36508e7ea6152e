"""The versions of what the action itself brings along."""

PYTEST = "9.2.0"
"""Installed where the project's own requirements bring no pytest."""

PIP = "26.3"
"""Installed where dependency groups are asked for: `--group` came with pip 25.1."""

MANAGERS = {"uv": "0.13.8", "poetry": "2.5.1", "pdm": "2.28.2", "pipenv": "2026.10.3"}
"""Installed where the project's manager is not on the machine."""
