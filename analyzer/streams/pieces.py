# SPDX-License-Identifier: GPL-2.0-only
"""Packets that carried something, packed: where each stands in its file."""

from __future__ import annotations

import struct
from typing import Final

from analyzer.streams.model import Piece

_PIECE: Final = struct.Struct("<IHqIqI")  # as the fields of Piece
PIECE_SIZE: Final = _PIECE.size


def packed(piece: Piece) -> bytes:
    """A packet in PIECE_SIZE bytes."""
    return _PIECE.pack(*piece)


def unpacked(pieces: bytes | bytearray) -> tuple[Piece, ...]:
    """Packets that `packed` packed."""
    return tuple(map(Piece._make, _PIECE.iter_unpack(pieces)))
