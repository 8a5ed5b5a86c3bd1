# SPDX-License-Identifier: GPL-2.0-only
"""Compiled kernels with bounds checks over corpus and generated inputs: `test_fuzz` runs this.

Buffers are exactly as large as what the kernel may touch, so that leaving it is an IndexError. A
negative index would be taken from the end: the results are held equal to an uncompiled run over
checked buffers, which allow none.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from random import Random
from types import FunctionType
from typing import Any

from coap.compiled import compile_kernel
from coap.near_valid import messages
from msgin5g.near_valid import bodies
from numba import config, njit

from analyzer.capture import records
from analyzer.capture.options import resolution
from analyzer.capture.records import ROW
from dissectors import json_scan, link
from dissectors.coap import wire
from fuzz.checked import Checked, checked_rows
from fuzz.corpus import inputs, seeds
from fuzz.mutations import mutations
from fuzz.targets.link import LINK_TYPES

SEED = 7252
ROOM = 9


def rows(items: int) -> Any:
    """As `checked_rows`, for compiled code."""
    return memoryview(bytearray(b"\x7e" * 8 * items)).cast("q")


def hold(kernel: Any, compiled: Any, data: bytes, before: tuple[int, ...], *sizes: int) -> None:
    """The kernel over `data` gives the same rows compiled and over checked buffers."""
    plain, mine = [checked_rows(size) for size in sizes], [rows(size) for size in sizes]
    expected = kernel(Checked(memoryview(data)), *before, *plain)
    found = compiled(memoryview(data), *before, *mine)
    assert found == expected, (kernel.__name__, data.hex())
    for checked, row in zip(plain, mine, strict=True):
        assert [checked[n] for n in range(len(checked))] == row.tolist(), data.hex()


def check_options(data: bytes, compiled: Any) -> None:
    table = wire.option_table()
    tables = (memoryview(wire.code_table()), memoryview(table.index), table.specs)
    for cut in (0, 1):
        buffers = [wire.HEAD_SLOTS, ROOM * wire.OPTION_SLOTS, ROOM * wire.DEFECT_SLOTS]
        plain, mine = [checked_rows(size) for size in buffers], [rows(size) for size in buffers]
        walk: Any = wire.walk
        walk(Checked(memoryview(data)), 0, len(data), cut, 0, *plain, *map(Checked, tables))
        compiled(memoryview(data), 0, len(data), cut, 0, *mine, *tables)
        for checked, row in zip(plain, mine, strict=True):
            assert [checked[n] for n in range(len(checked))] == row.tolist(), data.hex()


def check_link(data: bytes, compiled: Any) -> None:
    link_type = LINK_TYPES[data[0] % len(LINK_TYPES)] if data else 1
    hold(link.walk, compiled, data[1:], (0, len(data[1:]), link_type), link.ROW_ITEMS)


def check_json(data: bytes, compiled: Any) -> None:
    for depth in (1, 64):
        sizes = [json_scan.HEAD_SLOTS, (len(data) + 1) * json_scan.NODE_SLOTS, len(data) + 1]
        hold(json_scan.scan, compiled, data, (0, len(data), depth), *sizes)


def compiled_records() -> dict[str, Any]:
    """The record kernels compiled, each bound to the compiled ones it calls."""
    scope: dict[str, Any] = {
        name: getattr(records, name) for name in dir(records) if name.isupper()
    }
    for kernel in records.KERNELS:
        assert isinstance(kernel, FunctionType)
        bound = FunctionType(kernel.__code__, scope, kernel.__name__)
        scope[kernel.__name__] = njit(nogil=True)(bound)
    return scope


def check_records(data: bytes, compiled: dict[str, Any]) -> None:
    columns = array("q")
    for clock in (6, 9, 12, 0x94, 0xBF, 0xFF):
        columns.extend((*resolution(clock)[1:], 0, 40))
    for big in (False, True):
        for header, largest in ((16, 300), (24, 1 << 28)):
            plain, mine = checked_rows(ROW * ROOM), rows(ROW * ROOM)
            given = (0, len(data), big, 1000, header, largest)
            walk: Any = records.walk_pcap
            expected = walk(Checked(memoryview(data)), *given, plain, ROOM)
            assert compiled["walk_pcap"](memoryview(data), *given, mine, ROOM) == expected
            assert [plain[n] for n in range(len(plain))] == mine.tolist(), data.hex()
        for start in range(0, len(data), 12):
            plain, mine = checked_rows(ROW * ROOM), rows(ROW * ROOM)
            given = (start, len(data), big)
            walk = records.walk_pcapng
            more = (Checked(memoryview(columns)), 0, plain, ROOM)
            expected = walk(Checked(memoryview(data)), *given, *more)
            more = (memoryview(columns), 0, mine, ROOM)
            assert compiled["walk_pcapng"](memoryview(data), *given, *more) == expected
            assert [plain[n] for n in range(len(plain))] == mine.tolist(), data.hex()


def some(name: str, generated: Iterable[bytes], count: int) -> Iterator[bytes]:
    """Corpus, seeds and mutations of a target, then generated inputs."""
    yield from inputs(name).values()
    yield from mutations(name, count)
    yield from generated


def main() -> None:
    assert config.BOUNDSCHECK, "set NUMBA_BOUNDSCHECK=1"
    choose, checked = Random(SEED), 0
    walk = compile_kernel(wire.walk)
    for data in some("options", messages(SEED, 1200), 600):
        check_options(data[:900], walk)
        checked += 1
    walk = compile_kernel(link.walk)
    for data in some("link", seeds("link"), 2000):
        check_link(data, walk)
        checked += 1
    walk = compile_kernel(json_scan.scan)
    for data in some("json", bodies(SEED, 200), 200):
        check_json(data[: choose.choice([60, 300])], walk)
        checked += 1
    walk = compiled_records()
    for data in some("records", seeds("records"), 60):
        check_records(data[:300], walk)
        checked += 1
    print(checked, "inputs")


if __name__ == "__main__":
    main()
