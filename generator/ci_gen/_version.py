"""The version of ci-gen, alone in a module so that reading it costs nothing."""

__version__ = "0.1.0"
