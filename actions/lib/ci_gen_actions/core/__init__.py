"""What every action stands on: options, results, CI dialects, processes, evidence.

Standard library only, so that an action starts on a bare `python3` without a package index.
"""
