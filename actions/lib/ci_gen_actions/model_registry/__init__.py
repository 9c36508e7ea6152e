"""The registry of models: versions that never change, and pointers that move, in a folder or OCI.

registry = open_registry("models")
registry.resolve("llama-2-7b-chat", "latest").files[0].url
"""

from .opening import open_registry

__all__ = ["open_registry"]
