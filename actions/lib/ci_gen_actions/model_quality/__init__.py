"""Judge the answers of a model on the build under test against a baseline."""
