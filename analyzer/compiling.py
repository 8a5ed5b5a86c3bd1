# SPDX-License-Identifier: GPL-2.0-only
"""The kernels, compiled for large captures.

A kernel is plain Python (dissectors.kernel), so a small capture is read at once; where there is
more to read than compiled code takes to load, numba compiles the same functions. The result is
kept in the user's cache folder, in a folder named by version and by a hash of all that was
compiled: numba itself does not notice a change in a function that a kernel calls.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from analyzer import facts, following, state
from analyzer.exchanges import request_layer

WORTH_COMPILING: Final = 2_000_000
"""Bytes of captures from which on compiled kernels are used."""

Told = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Kernels:
    """The functions that read a capture."""

    gather: Callable[..., int]
    follow: Callable[..., int]
    finish: Callable[..., int]
    refill: Callable[..., None]
    bury: Callable[..., int]


PLAIN: Final = Kernels(
    facts.gather, following.follow, following.finish, state.refill, request_layer.bury
)


def kernels(size: int, tell: Told | None = None) -> Kernels:
    """The kernels for captures of together `size` bytes; `tell` is called before compiling, which
    takes a while the first time."""
    return compiled(tell) if size >= WORTH_COMPILING else PLAIN


def compiled(tell: Told | None = None) -> Kernels:
    """The kernels compiled, from the cache where they are there."""
    return _compiled(tell or (lambda text: None))


@cache
def _compiled(tell: Told) -> Kernels:
    folder = _cache_folder()
    if folder is None or not any(folder.glob("*.nbi")):
        kept = "once for this version" if folder else "as no cache folder can be written"
        tell(f"compiling the analyzer, {kept}; this takes about a minute")
    if folder is not None and "numba" not in sys.modules:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(folder))
    from numba import njit

    done: dict[Any, Any] = {}
    names = (PLAIN.gather, PLAIN.follow, PLAIN.finish, PLAIN.refill, PLAIN.bury)
    return Kernels(*(_compile(kernel, njit, done, folder is not None, True) for kernel in names))


def _compile(
    kernel: Any, njit: Any, done: dict[Any, Any], cached: bool = False, entry: bool = False
) -> Any:
    """The kernel, and every function that it calls: compiled code calls only compiled code."""
    if kernel not in done:
        names = dict(kernel.__globals__)
        for name in kernel.__code__.co_names:
            called = names.get(name)
            if isinstance(called, FunctionType):
                names[name] = _compile(called, njit, done)
            elif isinstance(called, ModuleType) and called.__name__ not in sys.builtin_module_names:
                _refuse_functions(kernel, called)
        copy = FunctionType(kernel.__code__, names, kernel.__name__)
        done[kernel] = njit(nogil=True, cache=cached, _nrt=entry)(copy)
    return done[kernel]


def _refuse_functions(kernel: Any, module: ModuleType) -> None:
    """A kernel reaches functions by their own name: `module.function` would not be compiled."""
    for name in kernel.__code__.co_names:
        if isinstance(getattr(module, name, None), FunctionType) and name not in kernel.__globals__:
            raise TypeError(f"{kernel.__qualname__} calls {module.__name__}.{name}")


def _sources() -> list[Path]:
    """The files of all kernels."""
    seen: set[Any] = set()
    waiting: list[Any] = [PLAIN.gather, PLAIN.follow, PLAIN.finish, PLAIN.refill, PLAIN.bury]
    while waiting:
        kernel = waiting.pop()
        if kernel in seen:
            continue
        seen.add(kernel)
        called = (kernel.__globals__.get(name) for name in kernel.__code__.co_names)
        waiting += [function for function in called if isinstance(function, FunctionType)]
    folder = Path(__file__).resolve().parent
    packages = (folder, folder.parent / "dissectors")
    # Constants of any module may be compiled in, so every module counts.
    return sorted(path for package in packages for path in package.rglob("*.py"))


def _cache_folder() -> Path | None:
    """Where compiled kernels are kept; None where nothing can be written."""
    from platformdirs import user_cache_path

    digest = hashlib.sha256(f"{sys.version} {version('numba')}".encode())
    for path in _sources():
        digest.update(path.read_bytes())
    name = f"kernels-{version('msgshark')}-{digest.hexdigest()[:16]}"
    folder = user_cache_path("msgshark") / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if os.access(folder, os.W_OK) else None
    except OSError:
        return None
