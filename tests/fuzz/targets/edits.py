# SPDX-License-Identifier: GPL-2.0-only
"""What targets share that change a recording: packets in order, and edits as the bytes say.

An edit has 5 bytes: what it does and who sends, which packet, an offset of two bytes, a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

_EDIT: Final = 5
_MOST: Final = 4096


class Sent(NamedTuple):
    """What one end sent; `forward` is the client's."""

    forward: bool
    data: bytes


def edited(sent: Sequence[Sent], script: bytes) -> list[Sent]:
    """The packets after all edits; packets of `script` are put among them too."""
    found, at = list(sent), 0
    while at + _EDIT <= len(script) and len(found) < 2 * len(sent) + 16:
        kind, which, place, value = (
            script[at],
            script[at + 1],
            script[at + 2 : at + 4],
            script[at + 4],
        )
        at += _EDIT
        index = which % (len(found) + 1)
        if kind & 15 >= 10 or index == len(found):  # a packet of its own
            found.insert(index, Sent(kind < 128, script[at : at + value]))
            at += value
            continue
        packet = found[index]
        changed = _changed(packet.data, kind & 15, int.from_bytes(place, "big"), value)
        match kind & 15:
            case 6:
                del found[index]
            case 7:
                found.insert(index, packet)
            case 8:
                found[index : index + 2] = found[index : index + 2][::-1]
            case 9:
                found[index] = packet._replace(forward=not packet.forward)
            case _:
                found[index] = packet._replace(data=changed[:_MOST])
    return found


def _changed(data: bytes, kind: int, place: int, value: int) -> bytes:
    at = place % (len(data) + 1)
    match kind:
        case 0:
            return data[:at] + bytes([value]) + data[at + 1 :]
        case 1:
            return data[:at] + bytes(byte ^ value for byte in data[at : at + 1]) + data[at + 1 :]
        case 2:
            return data[:at]
        case 3:
            return data[:at] + bytes(value) + data[at:]
        case 4:
            return data[:at] + data[at + value :]
        case _:
            return data + data[at : at + value]
