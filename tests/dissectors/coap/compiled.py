# SPDX-License-Identifier: GPL-2.0-only
"""Kernels compiled by numba, for comparing them with their uncompiled selves."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any


@cache
def compile_kernel(kernel: Callable[..., Any]) -> Any:
    """The kernel compiled, and every function it calls: a compiled one calls only compiled ones."""
    from numba import njit

    source: Any = kernel
    names = dict(source.__globals__)
    for name in source.__code__.co_names:
        called = names.get(name)
        if isinstance(called, FunctionType):
            names[name] = compile_kernel(called)
    copy = FunctionType(source.__code__, names, source.__name__, source.__defaults__)
    return njit(nogil=True)(copy)
