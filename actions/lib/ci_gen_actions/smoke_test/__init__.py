"""Asks a served model what its users will ask it, and judges the answers."""
