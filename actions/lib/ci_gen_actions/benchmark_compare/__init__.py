"""Decide from benchmarks of two builds whether the second has become slower."""
