"""What a repository is like: facts, each with the file and line that shows it.

`repository.detect` reads a folder, `document` turns facts into plain values and back, and
`description.describe` into lines for people. Nothing is imported here, because a run that
only reads frozen facts must not pay for the detectors.
"""
