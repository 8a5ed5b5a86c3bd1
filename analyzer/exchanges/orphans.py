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
from dissectors.coap.numbers import ACK, CON
from dissectors.kernel import Rows


def orphaned(s: Rows, f: int, waits: bool) -> bool:
    """The message of a row of facts, which stands in the state itself, answers nothing. Told once
    per flow, direction and kind, then counted; what is certain each time. `waits`: the capture
    ended before what it answers had to be there. True when a note was given."""
    row, other, noted = s[f + fact.MESSAGE] - 1, 0, False
    flow = s[f + fact.FLOW]
    young = waits or s[f + fact.TIME] - s[flow_at(s, flow) + START] < s[EXCHANGE_LIFETIME]
    if s[f + fact.CODE]:
        if _was_acknowledged(s, f) and not young and s[f + fact.OBSERVE] < 0:
            noted = _note(s, f, tells.ORPHAN_ACKED)
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
        if waits:
            own = 0
        if own and s[sent_at(s, own) + ml.ACK]:
            kind, other = tells.ORPHAN_TO_ACK, s[sent_at(s, own) + ml.ACK]
        elif not waits:
            sent = of_other_receiver(s, s, f)
            if sent:
                kind, other = tells.ORPHAN_TO_OTHER, s[sent_at(s, sent) + ml.MESSAGE]
    if kind >= tells.NOTED_ORPHANS:
        tell(s, tells.ORPHANED, row, kind, 0, flow, other)
        return False
    return _note(s, f, kind) or noted


def _note(s: Rows, f: int, kind: int) -> bool:
    flow = s[f + fact.FLOW]
    note = ORPHANS + 2 * kind + direction(s, flow, s[f + fact.SOURCE])
    if told_before(s, note_at(s, flow, note), s[f + fact.FRAME], s[f + fact.TIME], 0):
        return False
    tell(s, tells.ORPHANED, s[f + fact.MESSAGE] - 1, kind, note, flow, 0)
    return True


def _was_acknowledged(s: Rows, f: int) -> bool:
    """The response of a row of facts is a CON, and its receiver sent an ACK by now."""
    own = newest(s, s[f + fact.SOURCE], s[f + fact.DESTINATION], s[f + fact.MID])
    sent = sent_at(s, own)
    acked = own != 0 and s[sent + ml.ACK_TYPES] >> ACK & 1 == 1
    return acked and s[sent + ml.MESSAGE] == s[f + fact.MESSAGE] and s[f + fact.TYPE] == CON
