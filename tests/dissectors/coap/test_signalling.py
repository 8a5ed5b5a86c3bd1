# SPDX-License-Identifier: GPL-2.0-only
"""The options of signalling messages against the words of RFC 8323 clause 5 and RFC 8974."""

from __future__ import annotations

import pytest

from dissectors.coap import signalling
from dissectors.coap.numbers import CODES, Format, Repeat
from dissectors.coap.signalling import ABORT, CSM, OPTIONS, PING, PONG, RELEASE


@pytest.mark.parametrize(
    ("code", "number", "name", "format", "lengths"),
    [
        (CSM, 2, "Max-Message-Size", Format.UINT, (0, 4)),
        (CSM, 4, "Block-Wise-Transfer", Format.EMPTY, (0, 0)),
        (CSM, 6, "Extended-Token-Length", Format.UINT, (0, 3)),
        (PING, 2, "Custody", Format.EMPTY, (0, 0)),
        (PONG, 2, "Custody", Format.EMPTY, (0, 0)),
        (RELEASE, 2, "Alternative-Address", Format.STRING, (1, 255)),
        (RELEASE, 4, "Hold-Off", Format.UINT, (0, 3)),
        (ABORT, 2, "Bad-CSM-Option", Format.UINT, (0, 2)),
    ],
)
def test_options(
    code: int, number: int, name: str, format: Format, lengths: tuple[int, int]
) -> None:
    spec = OPTIONS[code][number]
    assert (spec.number, spec.name, spec.format) == (number, name, format)
    assert (spec.min, spec.max) == lengths
    assert not spec.critical
    assert (spec.requests, spec.responses) == (0, 0)
    assert spec.reference == ("RFC 8974" if number == 6 else "RFC 8323")
    assert signalling.option_name(code, number) == name


def test_only_an_alternative_address_may_come_again() -> None:
    again = {spec.name for specs in OPTIONS.values() for spec in specs.values() if spec.repeat}
    assert again == {"Alternative-Address"}
    assert OPTIONS[RELEASE][2].repeat == Repeat.ALWAYS


def test_each_code_of_class_7_has_its_own_numbers() -> None:
    assert set(OPTIONS) == {code for code in CODES if signalling.is_signalling(code)}
    assert signalling.option_name(CSM, 1) == "Unknown critical 1"
    assert signalling.option_name(PING, 4) == "Unknown elective 4"
    assert signalling.option_name(0xE9, 2) == "Unknown elective 2"
    assert not signalling.is_signalling(0x45)


def test_what_holds_before_a_csm() -> None:
    assert signalling.BASE == {2: 1152, 6: 8}
    assert signalling.TOKEN_LENGTHS[-1] == 65804
