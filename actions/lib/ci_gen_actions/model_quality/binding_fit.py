"""Whether llama-cpp-python fits a libllama. Started as a script, in a process of its own.

The binding declares functions and structures of llama.h by hand, and llama.h changes. One that
does not fit reads and writes beside the right places, or ends the process; so it is looked at
before it is used. Prints one object of JSON: the versions, and everything that does not fit.

Looked at are the library itself, each function that the binding declares, and for each structure
that a function returns by value where its fields lie: on x86-64 such a function writes to an
address that the caller passes as its first argument (System V ABI, section 3.2.3), so the bytes
that it writes show the size and the gaps of the library's own structure. Elsewhere the values of
the fields alone are looked at.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BINDING = "llama_cpp"
ROOM = 8192
"""Bytes that a structure is given; the largest one of llama.h has a few hundred."""
_IN_REGISTERS = 16
"""A structure of at most so many bytes is not returned in memory."""
_FILLS = (0xA5, 0x5A)
_DECLARED = re.compile(r"""@ctypes_function\(\s*["'](\w+)["']""")
_PROBES = (
    ("llama_model_default_params", "llama_model_params", ()),
    ("llama_context_default_params", "llama_context_params", ()),
    ("llama_model_quantize_default_params", "llama_model_quantize_params", ()),
    ("llama_batch_init", "llama_batch", (1, 0, 1)),
)
"""Functions that return a structure by value, and the arguments to call them with."""
_MOST = 12


def main() -> int:
    """Look, and print what was found."""
    told: dict[str, Any] = {"binding": _version(), "library": "", "devices": [], "problems": []}
    path = Path(os.environ["LLAMA_CPP_LIB_PATH"]) / "libllama.so"
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        told["problems"] = [f"libllama cannot be loaded: {error}"]
    else:
        told["library"] = _library_version(library)
        told["problems"] = missing(library) or shapes(library)
        told["devices"] = _devices(path.parent)
    print(json.dumps(told))
    return 0


def _version() -> str:
    try:
        return importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _library_version(library: ctypes.CDLL) -> str:
    try:
        function = library.llama_version
    except AttributeError:
        return ""
    function.restype = ctypes.c_char_p
    return (function() or b"").decode("utf-8", "replace")


def _devices(folder: Path) -> list[str]:
    """What computes besides the CPU, such as CUDA0; also what lies in libraries of its own."""
    try:
        library = ctypes.CDLL(str(folder / "libggml.so"))
        get, name = library.ggml_backend_dev_get, library.ggml_backend_dev_name
        count = library.ggml_backend_dev_count
    except (OSError, AttributeError):
        return []
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    count.restype = ctypes.c_size_t
    names = [(name(get(index)) or b"").decode("utf-8", "replace") for index in range(count())]
    return [each for each in names if each != "CPU"]


def missing(library: ctypes.CDLL) -> list[str]:
    """What the binding needs and the library lacks; found without loading the binding."""
    spec = importlib.util.find_spec(BINDING)
    if spec is None or not spec.submodule_search_locations:
        return ["llama-cpp-python is not installed"]
    source = Path(spec.submodule_search_locations[0]) / "llama_cpp.py"
    names = dict.fromkeys(_DECLARED.findall(source.read_text("utf-8")))
    absent = [name for name in names if not hasattr(library, name)]
    if not absent:
        return []
    more = f" and {len(absent) - _MOST} more" if len(absent) > _MOST else ""
    return [f"the library lacks functions of the binding: {', '.join(absent[:_MOST])}{more}"]


def shapes(library: ctypes.CDLL) -> list[str]:
    """How the library's structures differ from those that the binding declares."""
    try:
        binding: Any = importlib.import_module(f"{BINDING}.llama_cpp")
    except Exception as error:
        return [f"the binding cannot be loaded: {type(error).__name__}: {error}"]
    problems = []
    if platform.machine() in ("x86_64", "AMD64"):
        for function, name, arguments in _PROBES:
            declared = getattr(binding, name)
            if ctypes.sizeof(declared) <= _IN_REGISTERS:
                continue
            written = probe(getattr(library, function), arguments)
            problems += [f"{name}: {what}" for what in differences(declared, written)]
    if not problems:
        for function, name, arguments in _PROBES[:3]:
            values = getattr(binding, function)(*arguments)
            problems += [f"{name}: {what}" for what in implausible(values)]
    return problems


def probe(function: Any, arguments: Sequence[int]) -> list[bool]:
    """Which bytes of the structure that it returns a function writes."""
    touched = [False] * ROOM
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    kinds = (ctypes.c_void_p, *(ctypes.c_int32 for _ in arguments))
    raw = ctypes.CFUNCTYPE(ctypes.c_void_p, *kinds)(address)
    for fill in _FILLS:
        room = (ctypes.c_ubyte * ROOM)(*([fill] * ROOM))
        raw(ctypes.addressof(room), *arguments)
        touched = [was or byte != fill for was, byte in zip(touched, room, strict=True)]
    return touched


def differences(declared: Any, written: Sequence[bool]) -> list[str]:
    """How the bytes that were written differ from the fields of a structure."""
    size = ctypes.sizeof(declared)
    end = len(written) - written[::-1].index(True) if True in written else 0
    if end > size or size - end >= ctypes.alignment(declared):
        return [f"the binding declares {size} bytes, and the library's has {end}"]
    for name, _ in declared._fields_:
        field = getattr(declared, name)
        if not all(written[field.offset : field.offset + field.size]):
            return [f"the library has no field where the binding expects {name}"]
    return []


def implausible(values: Any) -> list[str]:
    """Fields with a value that no default of theirs can have."""
    found = []
    raw = bytes(values)
    for name, kind in values._fields_:
        field = getattr(type(values), name)
        if kind is ctypes.c_bool and raw[field.offset] > 1:
            found.append(f"{name} is neither true nor false")
        elif kind is ctypes.c_float and not math.isfinite(getattr(values, name)):
            found.append(f"{name} is no number")
    for name in ("n_ctx", "n_batch", "n_ubatch", "n_seq_max"):
        value = getattr(values, name, 1)
        if not 0 < value <= 1 << 24:
            found.append(f"{name} is {value}")
    return found


if __name__ == "__main__":
    sys.exit(main())
