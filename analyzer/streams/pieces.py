# SPDX-License-Identifier: GPL-2.0-only
"""Packets that carried something, packed: where each stands in its file."""

from __future__ import annotations

import struct
from typing import Final

from analyzer.streams.model import Piece

_PIECE: Final = struct.Struct("<qIIHqI")  # offset in its file, frame, length, interface, time, wire
PIECE_SIZE: Final = _PIECE.size


def packed(piece: Piece) -> bytes:
    """A packet in PIECE_SIZE bytes."""
    place, frame, length = piece.offset, piece.frame, piece.length
    return _PIECE.pack(place, frame, length, piece.interface, piece.time, piece.wire)


def unpacked(pieces: bytes | bytearray) -> tuple[Piece, ...]:
    """Packets that `packed` packed."""
    return tuple(
        Piece(frame, interface, place, length, time, wire)
        for place, frame, length, interface, time, wire in _PIECE.iter_unpack(pieces)
    )
