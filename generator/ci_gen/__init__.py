"""ci-gen: a complete CI/CD pipeline for llama.cpp services from one config file."""

from ci_gen._version import __version__ as __version__
