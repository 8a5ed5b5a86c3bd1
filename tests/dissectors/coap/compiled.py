# SPDX-License-Identifier: GPL-2.0-only
"""Kernels compiled by numba, for comparing them with their uncompiled selves."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

_COMPILED: dict[Any, Any] = {}
"""Each kernel compiled once in a run."""


def compile_kernel(kernel: Callable[..., Any], done: dict[Any, Any] | None = None) -> Any:
    """The kernel compiled, and every function it calls: a compiled one calls only compiled ones."""
    from numba import njit

    done = _COMPILED if done is None else done
    if kernel not in done:
        source: Any = kernel
        names = dict(source.__globals__)
        for name in source.__code__.co_names:
            called = names.get(name)
            if isinstance(called, FunctionType):
                names[name] = compile_kernel(called, done)
        copy = FunctionType(source.__code__, names, source.__name__, source.__defaults__)
        done[kernel] = njit(nogil=True)(copy)
    return done[kernel]
