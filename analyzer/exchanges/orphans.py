# SPDX-License-Identifier: GPL-2.0-only
"""Responses, ACKs and RSTs that answer nothing that was captured. Kernels (dissectors.kernel)."""

from __future__ import annotations

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges.message_layer import newest, of_other_receiver, sent_at
from analyzer.flows import ORPHANS, START, direction, flow_at, note_at
from analyzer.happenings import tell, told_before
from analyzer.state import EXCHANGE_LIFETIME
from dissectors.coap.numbers import ACK
from dissectors.kernel import Rows


def orphaned(s: Rows, f: int) -> None:
    """The message of a row of facts, which stands in the state itself, answers nothing. Told once
    per flow, direction and kind, then counted; what is certain each time."""
    row, other = s[f + fact.MESSAGE] - 1, 0
    flow = s[f + fact.FLOW]
    young = s[f + fact.TIME] - s[flow_at(s, flow) + START] < s[EXCHANGE_LIFETIME]
    if s[f + fact.CODE]:
        kind = tells.EARLY_ORPHAN_RESPONSE if young else tells.ORPHAN_RESPONSE
        if s[f + fact.OBSERVE] >= 0:
            kind = tells.ORPHAN_NOTIFICATION
    else:
        is_ack = s[f + fact.TYPE] == ACK
        kind = tells.ORPHAN_ACK if is_ack else tells.ORPHAN_RST
        if is_ack and young:
            kind = tells.EARLY_ORPHAN_ACK
        source, destination = s[f + fact.SOURCE], s[f + fact.DESTINATION]
        own = newest(s, source, destination, s[f + fact.MID])
        if own and s[sent_at(s, own) + ml.ACK]:
            kind, other = tells.ORPHAN_TO_ACK, s[sent_at(s, own) + ml.ACK]
        else:
            sent = of_other_receiver(s, s, f)
            if sent:
                kind, other = tells.ORPHAN_TO_OTHER, s[sent_at(s, sent) + ml.MESSAGE]
    note = ORPHANS + 2 * kind + direction(s, flow, s[f + fact.SOURCE])
    frame, time = s[f + fact.FRAME], s[f + fact.TIME]
    if kind >= tells.NOTED_ORPHANS:
        tell(s, tells.ORPHANED, row, kind, 0, flow, other)
    elif not told_before(s, note_at(s, flow, note), frame, time, 0):
        tell(s, tells.ORPHANED, row, kind, note, flow, 0)
