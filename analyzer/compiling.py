# SPDX-License-Identifier: GPL-2.0-only
"""The kernels, compiled for large captures.

A kernel is plain Python (dissectors.kernel), so a small capture is read at once. For a large one
numba compiles the same functions: once, in a process beside this one, which goes on reading
meanwhile. The result is kept in the user's cache folder, in a folder named by version and by a
hash of all that was compiled: numba itself does not notice a change in a function that a kernel
calls, nor in a constant that it uses.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import EnumType
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from analyzer import following, gathering, state
from analyzer.capture import records
from analyzer.exchanges import request_layer

WORTH_LOADING: Final = 400_000
"""Bytes of captures from which on loading compiled kernels saves time."""

WORTH_COMPILING: Final = 4_000_000
"""Bytes of captures from which on compiling the kernels does."""

_COMPLETE: Final = "complete"  # a file in the cache folder: all kernels are there
_MOST_FOLDERS: Final = 4

Told = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Kernels:
    """The functions that read a capture."""

    walk_pcap: Callable[..., tuple[int, int]]
    walk_pcapng: Callable[..., tuple[int, int, int]]
    gather: Callable[..., int]
    follow: Callable[..., int]
    finish: Callable[..., int]
    refill: Callable[..., None]
    bury: Callable[..., int]


PLAIN: Final = Kernels(
    records.walk_pcap,
    records.walk_pcapng,
    gathering.gather,
    following.follow,
    following.finish,
    state.refill,
    request_layer.bury,
)

_ARGUMENTS: Final = {
    "walk_pcap": "r i i o i i i q i",
    "walk_pcapng": "r i i o q i q i",
    "gather": "r i Q Q i i i q b i q t q q q q b b q q q q q q q q q b t i",
    "follow": "q r t t q i i I I",
    "finish": "q q I I",
    "refill": "q q i",
    "bury": "q i I",
}
"""Types of the arguments: i number, o truth, b bytes, and memoryviews: r of bytes, t of bytes
written to, Q and q of numbers read and written, I of cells."""


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
        folder = cache_folder()
        found = loaded() if folder is not None and (folder / _COMPLETE).exists() else None
        if found is not None:
            self.close()
            return found
        if size >= WORTH_COMPILING:
            self._compile_beside(folder)
        return None

    def _compile_beside(self, folder: Path | None) -> None:
        if folder is None:
            self._failed = True
            self._tell("compiled code cannot be kept, as no cache folder can be written: slow")
        elif self._process is None:
            self._tell("compiling, once for this version; reading goes on, slower until then")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "analyzer.compiling"],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        elif self._process.poll():
            self._failed = True
            self._tell("compiling failed; reading goes on as it is: slow")

    def close(self) -> None:
        """Do not wait for a compiler that is still at work; it goes on for the next time."""
        if self._process is not None and self._process.poll() is not None:
            self._process.wait()
        self._process = None


@cache
def compiled() -> Kernels:
    """The kernels compiled, here and now unless they are in the cache."""
    found = loaded()
    if found is not None:
        return found
    done: dict[Any, Any] = {}
    return _jitted(lambda kernel, njit: _with_compiled_callees(kernel, njit, done))


def loaded() -> Kernels | None:
    """The compiled kernels out of the cache; None where one is not there."""
    folder = cache_folder()
    if folder is None or not (folder / _COMPLETE).exists():
        return None
    try:
        return _jitted(lambda kernel, njit: kernel)  # what it calls is in the cache with it
    except Exception:  # numba found it stale, and does not know what the kernel calls
        (folder / _COMPLETE).unlink(missing_ok=True)
        return None


def _jitted(prepare: Callable[[Any, Any], Any]) -> Kernels:
    folder = cache_folder()
    if folder is not None and "numba" not in sys.modules:
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
    from numba import njit, types

    known: dict[str, Any] = {
        "i": types.int64,
        "o": types.boolean,
        "b": types.Bytes(types.uint8, 1, "C", readonly=True),
        "r": types.MemoryView(types.uint8, 1, "C", readonly=True),
        "t": types.MemoryView(types.uint8, 1, "C"),
        "Q": types.MemoryView(types.int64, 1, "C", readonly=True),
        "q": types.MemoryView(types.int64, 1, "C"),
        "I": types.MemoryView(types.uint32, 1, "C"),
    }
    kernels = {}
    for name, letters in _ARGUMENTS.items():
        kernel = prepare(getattr(PLAIN, name), njit)
        signature = tuple(known[letter] for letter in letters.split())
        kernels[name] = njit([signature], nogil=True, cache=folder is not None)(kernel)
    return Kernels(**kernels)


def _with_compiled_callees(kernel: Any, njit: Any, done: dict[Any, Any]) -> Any:
    """A copy of the function that calls compiled ones: compiled code can call no other.

    What is called inside counts no references: all buffers belong to the outermost caller.
    """
    names = dict(kernel.__globals__)
    for name in kernel.__code__.co_names:
        called = names.get(name)
        if isinstance(called, FunctionType):
            if called not in done:
                copy = _with_compiled_callees(called, njit, done)
                done[called] = njit(nogil=True, _nrt=False)(copy)
            names[name] = done[called]
        elif isinstance(called, ModuleType):
            _refuse_functions(kernel, called)
    return FunctionType(kernel.__code__, names, kernel.__name__, kernel.__defaults__)


def _refuse_functions(kernel: Any, module: ModuleType) -> None:
    """A kernel reaches functions by their own name: `module.function` would not be compiled."""
    for name in kernel.__code__.co_names:
        if isinstance(getattr(module, name, None), FunctionType) and name not in kernel.__globals__:
            raise TypeError(f"{kernel.__qualname__} calls {module.__name__}.{name}")


@cache
def cache_folder() -> Path | None:
    """Where compiled kernels are kept; None where nothing can be written."""
    from platformdirs import user_cache_path

    digest = hashlib.sha256(f"{sys.version} {version('numba')} {_processor()}".encode())
    digest.update(repr(_ARGUMENTS).encode())
    for part in sorted(_compiled_parts()):
        digest.update(part.encode())
    folders = user_cache_path("msgshark")
    folder = folders / f"kernels-{version('msgshark')}-{digest.hexdigest()[:16]}"
    try:
        if not folder.exists():
            _make_space(folders)
            folder.mkdir(mode=0o700, parents=True)
        return folder if os.access(folder, os.W_OK) else None
    except OSError:
        return None


def _compiled_parts() -> set[str]:
    """Code and constants of every function that is compiled."""
    parts: set[str] = set()
    seen: set[Any] = set()
    waiting: list[Any] = [getattr(PLAIN, name) for name in _ARGUMENTS]
    while waiting:
        kernel = waiting.pop()
        if kernel in seen:
            continue
        seen.add(kernel)
        code, names = kernel.__code__, kernel.__globals__
        parts.add(f"{kernel.__module__}.{kernel.__name__} {code.co_code.hex()} {code.co_consts}")
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
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
            return next((line for line in info if line.startswith("model name")), "")
    except OSError:
        return ""


def _make_space(folders: Path) -> None:
    """Drop the kernels of versions used longest ago."""
    old = sorted(folders.glob("kernels-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in old[_MOST_FOLDERS - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Fill the cache folder: what the process beside a reading one does."""
    folder = cache_folder()
    compiled()
    if folder is not None:
        (folder / _COMPLETE).touch()


if __name__ == "__main__":
    main()
