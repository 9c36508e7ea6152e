"""Whether a binding fits a library, on libraries that are compiled here and differ in one place."""

from __future__ import annotations

import ctypes
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import compiler, missing_tool

from ci_gen_actions.model_quality import binding_fit

SCRIPT = Path(binding_fit.__file__)

SOURCE = """
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
struct model { void *devices; void *more; int32_t layers; bool mmap; bool lock; };
struct context { uint32_t n_ctx; uint32_t n_batch; EXTRA float scale; bool offload; void *data;
  void *user; };
struct quantize { int32_t threads; bool pure; void *matrix; };
struct batch { int32_t n_tokens; void *token; void *embd; void *logits; };
struct model llama_model_default_params(void) {
  return (struct model) { NULL, NULL, 7, true, false }; }
struct context llama_context_default_params(void) { BODY
  return (struct context) { .n_ctx = CTX, .n_batch = 8, .scale = 1, .offload = true }; }
struct quantize llama_model_quantize_default_params(void) {
  return (struct quantize) { 1, false, NULL }; }
struct batch llama_batch_init(int32_t a, int32_t b, int32_t c) {
  return (struct batch) { 0, malloc(4), NULL, NULL }; }
const char *llama_version(void) { return "1.2.3"; }
"""

BINDING = """
import ctypes, os
_lib = ctypes.CDLL(os.path.join(os.environ["LLAMA_CPP_LIB_PATH"], "libllama.so"))

class llama_model_params(ctypes.Structure):
    _fields_ = [("devices", ctypes.c_void_p), ("more", ctypes.c_void_p), ("layers", ctypes.c_int32),
                ("mmap", ctypes.c_bool), ("lock", ctypes.c_bool)]

class llama_context_params(ctypes.Structure):
    _fields_ = [("n_ctx", ctypes.c_uint32), ("n_batch", ctypes.c_uint32),
                ("scale", ctypes.c_float), ("offload", ctypes.c_bool), ("data", ctypes.c_void_p),
                ("user", ctypes.c_void_p)]

class llama_model_quantize_params(ctypes.Structure):
    _fields_ = [("threads", ctypes.c_int32), ("pure", ctypes.c_bool), ("matrix", ctypes.c_void_p)]

class llama_batch(ctypes.Structure):
    _fields_ = [("n_tokens", ctypes.c_int32), ("token", ctypes.c_void_p),
                ("embd", ctypes.c_void_p), ("logits", ctypes.c_void_p)]

def ctypes_function(name, kind):
    def made(_):
        function = getattr(_lib, name)
        function.restype = kind
        return function
    return made

@ctypes_function("llama_model_default_params", llama_model_params)
def llama_model_default_params(): ...

@ctypes_function("llama_context_default_params", llama_context_params)
def llama_context_default_params(): ...

@ctypes_function("llama_model_quantize_default_params", llama_model_quantize_params)
def llama_model_quantize_default_params(): ...
"""


def library(folder: Path, *, extra: str = "", body: str = "", ctx: int = 512) -> Path:
    """A folder with a libllama.so that differs by what is given."""
    if missing_tool():
        pytest.skip(missing_tool())
    source = folder / "llama.c"
    source.write_text(SOURCE)
    words = [f"-DEXTRA={extra}", f"-DBODY={body}", f"-DCTX={ctx}"]
    command = [*shlex.split(compiler().get("CC", "cc")), "-shared", "-fPIC", "-O1", *words]
    subprocess.run([*command, "-o", str(folder / "libllama.so"), str(source)], check=True)
    return folder


def looked_at(folder: Path, binding: str = BINDING) -> subprocess.CompletedProcess[str]:
    """What the script says of the library in the folder and a binding of that source."""
    package = folder / "site" / "llama_cpp"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "llama_cpp.py").write_text(binding)
    code = (
        f"import runpy, sys; sys.path.insert(0, {str(package.parent)!r}); "
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-I", "-B", "-c", code],
        env={**os.environ, "LLAMA_CPP_LIB_PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def told(folder: Path, binding: str = BINDING) -> dict[str, Any]:
    done = looked_at(folder, binding)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_binding_that_fits_has_no_problem(tmp_path: Path) -> None:
    found = told(library(tmp_path))
    assert found == {"binding": "", "library": "1.2.3", "devices": [], "problems": []}


def test_a_library_that_lacks_functions_is_told_with_their_names(tmp_path: Path) -> None:
    more = '\n@ctypes_function("llama_is_new", None)\ndef llama_is_new(): ...\n'
    (problem,) = told(library(tmp_path), BINDING + more)["problems"]
    assert problem == "the library lacks functions of the binding: llama_is_new"


def test_a_structure_that_grew_is_told(tmp_path: Path) -> None:
    problems = told(library(tmp_path, extra="void *grown;"))["problems"]
    assert any("llama_context_params" in each for each in problems)


class Declared(ctypes.Structure):
    _fields_ = (("count", ctypes.c_int32), ("place", ctypes.c_void_p), ("last", ctypes.c_bool))


@pytest.mark.parametrize(
    ("untouched", "told"),
    [
        ((), ""),
        (range(4, 8), ""),  # the gap before a pointer
        (range(17, 24), ""),  # what rounds the size up
        (range(8, 16), "the library has no field where the binding expects place"),
        (range(8, 24), "the binding declares 24 bytes, and the library's has 8"),
    ],
)
def test_each_field_must_lie_where_the_library_writes(untouched: Iterable[int], told: str) -> None:
    written = [place < 24 and place not in untouched for place in range(64)]
    assert binding_fit.differences(Declared, written) == ([told] if told else [])


def test_what_is_written_behind_the_end_is_told() -> None:
    written = [place < 32 for place in range(64)]
    (problem,) = binding_fit.differences(Declared, written)
    assert problem == "the binding declares 24 bytes, and the library's has 32"


def test_a_value_that_no_default_can_have_is_told(tmp_path: Path) -> None:
    problems = told(library(tmp_path, ctx=0))["problems"]
    assert problems == ["llama_context_params: n_ctx is 0"]


def test_a_library_that_crashes_ends_the_script_and_nothing_else(tmp_path: Path) -> None:
    done = looked_at(library(tmp_path, body="abort();"))
    assert done.returncode < 0
    assert done.stdout == ""


def test_a_library_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    (tmp_path / "libllama.so").write_bytes(b"not a library")
    (problem,) = told(tmp_path)["problems"]
    assert problem.startswith("libllama cannot be loaded:")


def test_a_missing_binding_is_told(tmp_path: Path) -> None:
    found = binding_fit.missing(ctypes.CDLL(None))
    assert found == ["llama-cpp-python is not installed"]
