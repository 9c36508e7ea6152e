"""Reads the header of GGUF model files, also of hostile ones: what they hold, never the weights."""

from .facts import ModelFacts, facts
from .limits import BadModel
from .reader import read
from .shape import Array, Gguf, LongText, Tensor

__all__ = ["Array", "BadModel", "Gguf", "LongText", "ModelFacts", "Tensor", "facts", "read"]
