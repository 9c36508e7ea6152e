"""Build a Python service: its wheel, or an archive of its sources."""
