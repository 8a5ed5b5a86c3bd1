# SPDX-License-Identifier: GPL-2.0-only
"""The kernels as functions: plain Python ones, or the machine code that `compiling` made of them.

Machine code is loaded by llvmlite alone. A kernel takes integers and buffers; a buffer becomes
what numba calls an array: no owner, its length, the size of an item, its address, length and size
again. The code is called without the interpreter's lock.
"""

from __future__ import annotations

import ctypes
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

from analyzer import following, gathering, state
from analyzer.capture import records
from analyzer.carriers import selecting
from analyzer.exchanges import request_layer


@dataclass(frozen=True, slots=True)
class Kernels:
    """The functions that read a capture."""

    walk_pcap: Callable[..., tuple[int, int]]
    walk_pcapng: Callable[..., tuple[int, int, int]]
    select: Callable[..., tuple[int, int]]
    gather: Callable[..., int]
    follow: Callable[..., int]
    finish: Callable[..., int]
    refill: Callable[..., None]
    relink: Callable[..., None]


PLAIN: Final = Kernels(
    records.walk_pcap,
    records.walk_pcapng,
    selecting.select,
    gathering.gather,
    following.follow,
    following.finish,
    state.refill,
    request_layer.relink,
)
NAMES: Final = tuple(field.name for field in fields(Kernels))

_SUM: Final = hashlib.sha256
_SUM_SIZE: Final = 32
_ITEMS: Final = {"Bytes": 1, "bytes": 1, "Text": 1, "Rows": 8, "Cells": 4}
"""Bytes of an item of each kind of buffer."""

_engines: Final[list[Any]] = []
"""They own the code that was loaded."""

_OFTEN: Final = ("select", "gather", "follow")

_WIDE: Final = ctypes.c_int64
_ARRAY: Final = [ctypes.c_void_p, ctypes.c_void_p, _WIDE, _WIDE, ctypes.c_void_p, _WIDE, _WIDE]


class DamagedError(Exception):
    """The machine code is not what was kept."""


def parameters(kernel: Any) -> tuple[str, ...]:
    """What a kernel takes, in the words of its annotations."""
    code = kernel.__code__
    return tuple(kernel.__annotations__[name] for name in code.co_varnames[: code.co_argcount])


def _results(kernel: Any) -> int:
    """How many integers a kernel returns."""
    returned: str = kernel.__annotations__["return"]
    return returned.count("int")


# Machine code -----------------------------------------------------------------------------------


def _machine(binding: Any) -> Any:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


def pack(code: dict[str, tuple[str, str]]) -> bytes:
    """Machine code of kernels, each given as its LLVM text and the symbol it has there."""
    from llvmlite import binding

    machine = _machine(binding)
    whole = binding.parse_assembly("")
    for name, (text, symbol) in code.items():
        module = binding.parse_assembly(text)
        module.get_function(symbol).name = name
        whole.link_in(module)
    needed = [function.name for function in whole.functions if function.is_declaration]
    foreign = [name for name in needed if not name.startswith("llvm.")]
    if foreign:
        raise RuntimeError(f"kernels call {', '.join(foreign)}")
    content: bytes = machine.emit_object(whole)
    return _SUM(content).digest() + content


def load(content: bytes) -> Kernels:
    """The kernels of what `pack` made. Raises DamagedError."""
    from llvmlite import binding

    if _SUM(content[_SUM_SIZE:]).digest() != content[:_SUM_SIZE]:
        raise DamagedError
    no_module = binding.parse_assembly("")
    engine = binding.create_mcjit_compiler(no_module, _machine(binding))
    engine.add_object_file(binding.ObjectFileRef.from_data(content[_SUM_SIZE:]))
    engine.finalize_object()
    _engines.append(engine)
    return Kernels(*(_function(engine, name) for name in NAMES))


def _function(engine: Any, name: str) -> Callable[..., Any]:
    """A kernel of the engine, to be called as the plain one is."""
    kinds = parameters(getattr(PLAIN, name))
    count = _results(getattr(PLAIN, name))
    types: list[Any] = [ctypes.c_void_p, ctypes.c_void_p]
    for kind in kinds:
        types += _ARRAY if kind in _ITEMS else [ctypes.c_bool if kind == "bool" else _WIDE]
    function = ctypes.CFUNCTYPE(ctypes.c_int32, *types)(engine.get_function_address(name))
    threads = threading.local()

    def call(*arguments: Any) -> Any:
        given: _Given | None = getattr(threads, "given", None)
        if given is None:
            given = _Given(kinds, count)
            if name in _OFTEN:  # what others took last is not to be kept alive
                threads.given = given
        if function(*given.flat(arguments)):
            raise RuntimeError(f"{name} failed")
        results = given.results
        return tuple(results) if count > 1 else results[0]

    return call


class _Given:
    """What one thread gave a kernel, flattened: most buffers are those of the last call."""

    def __init__(self, kinds: tuple[str, ...], count: int) -> None:
        self.results = (_WIDE * max(1, count))()
        failure = ctypes.c_void_p()
        self._kept = failure
        self._flat: list[Any] = [ctypes.addressof(self.results), ctypes.addressof(failure)]
        self._places: list[tuple[int, int]] = []
        self._last: list[Any] = [self] * len(kinds)
        for kind in kinds:
            self._places.append((len(self._flat), _ITEMS.get(kind, 0)))
            self._flat += [None] * (len(_ARRAY) if kind in _ITEMS else 1)

    def flat(self, arguments: tuple[Any, ...]) -> list[Any]:
        """The arguments as the machine code takes them. Raises TypeError."""
        last = self._last
        for index, argument in enumerate(arguments):
            if argument is last[index]:
                continue
            at, size = self._places[index]
            if size:
                length = len(argument)
                address = _address(argument, size)
                self._flat[at : at + len(_ARRAY)] = None, None, length, size, address, length, size
            else:
                self._flat[at] = argument
            last[index] = argument
        return self._flat


def _address(buffer: memoryview | bytes, size: int) -> int:
    """Where a buffer, which may be read-only, of items of this size lies."""
    view = memoryview(buffer)
    if view.itemsize != size or not view.c_contiguous:
        raise TypeError(f"a kernel got items of {view.itemsize} bytes instead of {size}")
    found = _Buffer()
    _get_buffer(view, found, 0)
    try:
        return found.at or 0
    finally:
        _release_buffer(found)


class _Buffer(ctypes.Structure):
    """CPython's Py_buffer."""

    at: int | None
    _fields_ = (
        ("at", ctypes.c_void_p),
        ("owner", ctypes.py_object),
        ("size", ctypes.c_ssize_t),
        ("item_size", ctypes.c_ssize_t),
        ("read_only", ctypes.c_int),
        ("dimensions", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_get_buffer = ctypes.PYFUNCTYPE(
    ctypes.c_int, ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int
)(("PyObject_GetBuffer", ctypes.pythonapi))
_release_buffer = ctypes.PYFUNCTYPE(None, ctypes.POINTER(_Buffer))(
    ("PyBuffer_Release", ctypes.pythonapi)
)
