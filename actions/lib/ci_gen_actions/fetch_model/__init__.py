"""Fetches a model, checks it, and keeps it for all jobs of a machine."""
