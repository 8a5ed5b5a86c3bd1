# SPDX-License-Identifier: GPL-2.0-only
"""The kernels as machine code: compiled once by numba, kept, and offered to large captures.

A kernel is plain Python (dissectors.kernel), so a small capture is read at once. For a large one
numba compiles the same functions: once, in a process beside this one, which goes on reading
meanwhile. The machine code is kept in the user's cache folder, in a file named by a hash of all
that was compiled; `native` loads it without numba, in a tenth of the time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from enum import EnumType
from functools import cache, partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from analyzer import interpreter, native
from analyzer.native import PLAIN, Kernels

WORTH_LOADING: Final = 100_000
"""Bytes of captures from which on loading compiled kernels saves time."""

WORTH_COMPILING: Final = 4_000_000
"""Bytes of captures from which on compiling the kernels does."""

_MOST_KEPT: Final = 4
_OPTIONS: Final = {
    "nogil": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,  # nothing counts references: all buffers belong to the caller
}

Told = Callable[[str], object]


class Compiler:
    """Offers compiled kernels once they are worth their time and there."""

    def __init__(self, tell: Told | None = None) -> None:
        self._tell = tell or (lambda text: None)
        self._process: subprocess.Popen[bytes] | None = None
        self._failed = False

    def offer(self, size: int) -> Kernels | None:
        """Compiled kernels for captures of together `size` bytes, None for (as yet) none."""
        if size < WORTH_LOADING or self._failed:
            return None
        kept = cache_file()
        found = loaded(kept) if kept is not None and kept.exists() else None
        if found is not None:
            self.close()
            return found
        if size >= WORTH_COMPILING:
            self._compile_beside(kept)
        return None

    def _compile_beside(self, kept: Path | None) -> None:
        if kept is None:
            self._failed = True
            self._tell("compiled code cannot be kept, as no cache folder can be written: slow")
        elif self._process is None:
            self._tell("compiling, once for this version; reading goes on, slower until then")
            arguments, environment = interpreter.command("analyzer.compiling")
            self._process = subprocess.Popen(
                arguments,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        elif self._process.poll() is not None:  # without leaving what can be loaded
            self._failed = True
            self._tell("compiling failed; reading goes on as it is: slow")

    def close(self) -> None:
        """Do not wait for a compiler that is still at work; it goes on for the next time."""
        if self._process is not None and self._process.poll() is not None:
            self._process.wait()
        self._process = None


@cache
def loaded(kept: Path) -> Kernels | None:
    """The kernels of a cache file; None where it is damaged, which then is gone."""
    try:
        return native.load(kept.read_bytes())
    except (OSError, native.DamagedError):
        kept.unlink(missing_ok=True)
        return None


# Compiling ------------------------------------------------------------------------------------


def compile_kernels() -> bytes:
    """Machine code of all kernels, as `native.load` takes it."""
    from numba import njit
    from numba.np import arrayobj

    # No kernel counts an index from the end; looking whether one does takes a quarter of the time.
    arrayobj.fix_integer_index = lambda context, builder, kind, index, size: index

    done: dict[Any, Any] = {}
    code = {}
    for name in native.NAMES:
        compiled = with_compiled_callees(
            getattr(PLAIN, name), partial(njit, **_OPTIONS), kinds(), done
        )
        signature = compiled.signatures[0]
        symbol = compiled.overloads[signature].fndesc.mangled_name
        code[name] = compiled.inspect_llvm(signature), symbol
    return native.pack(code)


def kinds() -> dict[str, Any]:
    """What kernels take, by the words of their annotations, as numba's types."""
    from numba import types

    octets = types.uint8[::1]
    return {
        "int": types.int64,
        "bool": types.boolean,
        "bytes": types.Bytes(types.uint8, 1, "C", readonly=True),
        "Bytes": octets,
        "Text": octets,
        "Rows": types.int64[::1],
        "Cells": types.uint32[::1],
    }


def with_compiled_callees(kernel: Any, njit: Any, known: dict[str, Any], done: Any) -> Any:
    """The function compiled for the types it declares, and before it all that it calls.

    Left to itself, numba would compile a function anew for each constant that it is called with.
    """
    if kernel not in done:
        names = dict(kernel.__globals__)
        for name in kernel.__code__.co_names:
            called = names.get(name)
            if isinstance(called, FunctionType):
                names[name] = with_compiled_callees(called, njit, known, done)
            elif isinstance(called, ModuleType):
                _refuse_functions(kernel, called)
        copy = FunctionType(kernel.__code__, names, kernel.__name__, kernel.__defaults__)
        signature = tuple(known[letter] for letter in native.parameters(kernel))
        done[kernel] = njit([signature])(copy)
    return done[kernel]


def _refuse_functions(kernel: Any, module: ModuleType) -> None:
    """A kernel reaches functions by their own name: `module.function` would not be compiled."""
    for name in kernel.__code__.co_names:
        if isinstance(getattr(module, name, None), FunctionType) and name not in kernel.__globals__:
            raise TypeError(f"{kernel.__qualname__} calls {module.__name__}.{name}")


# What is kept ---------------------------------------------------------------------------------


@cache
def cache_file() -> Path | None:
    """Where compiled kernels are kept; None where nothing can be written."""
    name, folder = kernels_name(), cache_folder()
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder / name if os.access(folder, os.W_OK) else None


def cache_folder() -> Path | None:
    """The folder of the cache, which may be there or not; None where no home is known."""
    from platformdirs import user_cache_path

    try:
        folder = user_cache_path("msgshark", appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def kernels_name() -> str:
    """What compiled kernels are called: by this version, processor, Python and LLVM."""
    from llvmlite import __version__

    digest = hashlib.sha256(f"{sys.version} {__version__} {_processor()}".encode())
    for part in sorted(_compiled_parts()):
        digest.update(part.encode())
    return f"kernels-{digest.hexdigest()[:16]}"


def _compiled_parts() -> set[str]:
    """Code, parameters and constants of every function that is compiled."""
    parts: set[str] = set()
    seen: set[Any] = set()
    waiting: list[Any] = [getattr(PLAIN, name) for name in native.NAMES]
    while waiting:
        kernel = waiting.pop()
        if kernel in seen:
            continue
        seen.add(kernel)
        code, names = kernel.__code__, kernel.__globals__
        parts.add(f"{kernel.__module__}.{kernel.__name__} {code.co_code.hex()} {code.co_consts}")
        parts.add(f"{kernel.__module__}.{kernel.__name__} {native.parameters(kernel)}")
        modules = [names[name] for name in code.co_names if isinstance(names.get(name), ModuleType)]
        for name in code.co_names:
            for value in (names.get(name), *(getattr(module, name, None) for module in modules)):
                if isinstance(value, FunctionType):
                    waiting.append(value)
                elif isinstance(value, int | bytes | tuple):
                    parts.add(f"{kernel.__module__}.{name} {value!r}")
                elif isinstance(value, type):  # an enumeration
                    parts.add(f"{name} {_members(value)!r}")
    return parts


def _members(kind: type) -> list[object]:
    """The members of an enumeration, in order."""
    return list(kind) if isinstance(kind, EnumType) else []


def _processor() -> str:
    """What code may be compiled for: a cache folder can be shared by unlike machines."""
    told = ("model name", "flags", "Features", "CPU part")
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
            first = next(iter(info.read().split("\n\n")), "")
    except OSError:
        return ""
    return "\n".join(line for line in first.splitlines() if line.startswith(told))


def _make_space(folder: Path) -> None:
    """Drop the kernels of versions used longest ago."""
    old = sorted(folder.glob("kernels-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in old[_MOST_KEPT:]:
        path.unlink(missing_ok=True)


def main() -> None:
    """Fill the cache: what the process beside a reading one does."""
    kept = cache_file()
    if kept is None or kept.exists():
        return
    coming = kept.with_suffix(f".{os.getpid()}")
    try:
        coming.write_bytes(compile_kernels())
        coming.rename(kept)
    finally:
        coming.unlink(missing_ok=True)
    _make_space(kept.parent)


if __name__ == "__main__":
    main()
