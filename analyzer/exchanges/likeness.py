# SPDX-License-Identifier: GPL-2.0-only
"""How a message lies to one before it: about the same, or overtaken by it. Kernels
(dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import messages as m
from analyzer.exchanges import model as x
from analyzer.messages import LONG_TOKEN, message_id, token_length
from analyzer.tables import Cells, wide
from dissectors.coap.numbers import ACK
from dissectors.kernel import Rows

_OVERTAKES: Final = 64
"""Message IDs so little apart are those of messages that may have overtaken each other."""


def same_path_or_token(facts: Rows, f: int, row: int, mm: Cells, xx: Cells) -> bool:
    """The request has the path, or the token if that is not empty, of the exchange of the message
    in a row."""
    exchange = mm[row * m.CELLS + m.EXCHANGE]
    if exchange and xx[(exchange - 1) * x.CELLS + x.PATH] == facts[f + fact.PATH]:
        return True
    length = facts[f + fact.TOKEN_LENGTH]
    if length == 0 or token_length(mm, row) != min(length, LONG_TOKEN):
        return False
    token = facts[f + fact.TOKEN_NAME] if length > 8 else facts[f + fact.TOKEN]
    return token == wide(mm, row * m.CELLS + m.TOKEN)


def overtaken(facts: Rows, f: int, row: int, mm: Cells) -> bool:
    """By its Message ID, the message was sent shortly before that in a row, of the same sender."""
    cells = row * m.CELLS
    kind = mm[cells + m.KINDS] & 0xFF
    if kind == ACK or facts[f + fact.TYPE] == ACK:  # under the Message ID of somebody else
        return False
    if mm[cells + m.SOURCE] != facts[f + fact.SOURCE]:
        return False
    return 0 < (message_id(mm, row) - facts[f + fact.MID]) % 65536 <= _OVERTAKES
