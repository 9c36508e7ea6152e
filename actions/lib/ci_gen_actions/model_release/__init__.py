"""Publishes a model that was tested, with the evidence of its gates, and promotes it."""
