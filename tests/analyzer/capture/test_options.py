# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest

from analyzer.capture.options import OptionError, number, options, resolution, signed, text

from .writing import Pcapng


@pytest.mark.parametrize("big", [False, True])
def test_options_up_to_the_end_mark(big: bool) -> None:
    write = Pcapng(big)
    block = write.block(
        9, write.option(1, b"a") + write.option(7, b"") + write.option(0, b"") + b"\xff" * 4
    )
    found = [(code, bytes(value)) for code, value in options(memoryview(block), 8, big)]
    assert found == [(1, b"a"), (7, b"")]


def test_an_option_that_runs_past_its_block() -> None:
    write = Pcapng()
    block = write.block(9, write.option(1, b"good") + write.pack("HH", 2, 5) + b"four")
    walk = options(memoryview(block), 8, False)
    assert next(walk)[0] == 1
    with pytest.raises(OptionError, match=r"^Option 2 claims 5 bytes where 4 are left\.$"):
        next(walk)


def test_numbers_have_one_size() -> None:
    assert number(memoryview(b"\1\2"), 2, True) == 0x0102
    assert signed(memoryview(b"\xfe\xff"), 2, False) == -2
    assert signed(memoryview(b"\x7f\xff"), 2, True) == 0x7FFF
    with pytest.raises(OptionError, match="of 8 bytes has 1"):
        number(memoryview(b"\1"), 8, True)


def test_text_survives_anything() -> None:
    assert text(memoryview("Zürich\0".encode())) == "Zürich"
    assert text(memoryview(b"\xff\xfe")) == "\ufffd\ufffd"


def test_resolutions() -> None:
    assert resolution(6) == (10**6, 1000, 0, 0)
    assert resolution(12) == (10**12, 0, 1000, 0)
    assert resolution(0x80) == resolution(0) == (1, 10**9, 0, 0)
    assert resolution(0x80 | 20) == (2**20, 0, 0, 20)
    assert not any(resolution(n).usable for n in (28, 127, 0x80 | 64, 0xFF))
    assert all(resolution(n).usable for n in (*range(28), *range(0x80, 0x80 | 64)))
