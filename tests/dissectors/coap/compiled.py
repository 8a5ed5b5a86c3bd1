# SPDX-License-Identifier: GPL-2.0-only
"""Kernels compiled by numba, for comparing them with their uncompiled selves."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from analyzer.compiling import kinds, with_compiled_callees

COMPILED: dict[Any, Any] = {}
"""Each kernel and all that it calls, compiled once in a run for the types that they declare."""


def compile_kernel(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel compiled, taking what the plain one does; bytes are copied, rows written to."""
    from numba import njit

    compiled = with_compiled_callees(kernel, partial(njit, nogil=True), kinds(), COMPILED)
    signature = inspect.signature(kernel)

    def call(*arguments: Any) -> Any:
        given = signature.bind(*arguments)
        given.apply_defaults()
        declared = zip(signature.parameters.values(), given.args, strict=True)
        return compiled(*(_as_declared(one.annotation, value) for one, value in declared))

    return call


def _as_declared(kind: str, value: Any) -> Any:
    """A buffer as what a kernel declares: bytes, or an array that it could write to."""
    import numpy as np

    if kind in ("int", "bool"):
        return value
    if kind == "bytes":
        return bytes(value)
    array = np.asarray(value)
    return array if array.flags.writeable else array.copy()
