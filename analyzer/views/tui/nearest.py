# SPDX-License-Identifier: GPL-2.0-only
"""The packet that a number names, else the nearest one that is listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzer.views.searching.order import array_of
from analyzer.views.tui.capture_view import CaptureView


class Nearest(NamedTuple):
    """Its place in the list, and what has to be said if it is not the one asked for."""

    place: int
    said: str = ""


class NoPacketError(Exception):
    """There is nothing to go to; says why."""


def nearest(view: CaptureView, rows: Sequence[int], text: str) -> Nearest:
    """Of rows of the messages table, in any order. Raises NoPacketError."""
    import numpy as np

    number = number_of(text, view.opened.counts.records, "packet")
    listed = array_of(rows)
    if not len(listed):
        raise NoPacketError("No packet is listed")
    frames = view.opened.messages["frame"][listed].astype(np.int64)
    index = int(np.abs(frames - number).argmin())
    frame = int(frames[index])
    if frame == number:
        return Nearest(index)
    why = "holds no CoAP" if view.row_of_frame(number) is None else "is not in the list"
    return Nearest(index, f"Packet {number:,} {why}: {frame:,} is the nearest")


def number_of(text: str, most: int, what: str) -> int:
    """What was typed, as a number from 1 on. Raises NoPacketError."""
    digits = text.replace(",", "").replace("_", "").lstrip("#")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 15:
        raise NoPacketError(f"Type the number of {'an' if what[0] in 'aeiou' else 'a'} {what}")
    number = int(digits)
    if not 1 <= number <= most:
        raise NoPacketError(f"There are {what}s 1 to {most:,}" if most else f"There is no {what}")
    return number
