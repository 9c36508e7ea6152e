"""Install a Python project with its test tools, run pytest, count what it reports."""
