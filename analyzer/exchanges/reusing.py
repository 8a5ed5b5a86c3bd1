# SPDX-License-Identifier: GPL-2.0-only
"""Message IDs and tokens that are used again too early (RFC 7252 clauses 4.4, 5.3.1).

Kernels (dissectors.kernel).
"""

from __future__ import annotations

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer import messages as m
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges.message_layer import sent_at
from analyzer.exchanges.model import CELLS, ICMP, REQUEST_ROW, STATE, State
from analyzer.flows import (
    MID_REUSES,
    MULTICAST,
    TOKEN_REUSES,
    direction,
    endpoint_at,
    note_at,
)
from analyzer.happenings import tell, told_before
from analyzer.state import MAX_TRANSMIT_SPAN, NON_LIFETIME
from analyzer.tables import Cells
from dissectors.coap.numbers import CON
from dissectors.kernel import Rows


def mid_reused(s: Rows, facts: Rows, f: int, earlier: int) -> None:
    """A Message ID is used for another message while the earlier one may still be about: for a NON
    its life is sure to last MAX_LATENCY, as it may not be repeated (RFC 7252 clause 4.8.2)."""
    sent = sent_at(s, earlier)
    age = facts[f + fact.TIME] - s[sent + ml.FIRST]
    spread = s[NON_LIFETIME] - s[MAX_TRANSMIT_SPAN]
    certain = 1 if s[sent + ml.TYPE] == CON or age <= spread else 0
    flow = facts[f + fact.FLOW]
    note = MID_REUSES + 2 * certain + direction(s, flow, facts[f + fact.SOURCE])
    frame, time = facts[f + fact.FRAME], facts[f + fact.TIME]
    if not told_before(s, note_at(s, flow, note), frame, time, 0):
        row, before = facts[f + fact.MESSAGE] - 1, s[sent + ml.MESSAGE] - 1
        tell(s, tells.MID_REUSED, row, before, certain, note, flow)


def token_reused(
    s: Rows, facts: Rows, f: int, exchange: int, older: int, mm: Cells, xx: Cells
) -> None:
    """A token is used for another request while a response to the newest one with it may come; told
    once per flow and kind, then counted."""
    at = (older - 1) * CELLS
    state = xx[at + STATE]
    cells = xx[at + REQUEST_ROW] * m.CELLS
    code = mm[cells + m.KINDS] >> 8 & 0xFF
    alike = mm[cells + m.URI] == facts[f + fact.URI] and code == facts[f + fact.CODE]
    if s[endpoint_at(s, facts[f + fact.DESTINATION]) + MULTICAST]:
        if alike:
            return  # the group is asked once more
        kind = tells.REUSED_OF_GROUP
    elif state == State.OPEN or state == State.ACKNOWLEDGED:
        kind = tells.REUSED_FAILED if xx[at + ICMP] else tells.REUSED_OPEN
    elif state == State.OBSERVING:
        if alike:
            return  # a plain GET ends no observation (RFC 7641 clause 3.6)
        kind = tells.REUSED_OBSERVING
    else:
        return
    flow = facts[f + fact.FLOW]
    note = TOKEN_REUSES + 2 * kind + direction(s, flow, facts[f + fact.SOURCE])
    frame, time = facts[f + fact.FRAME], facts[f + fact.TIME]
    if not told_before(s, note_at(s, flow, note), frame, time, 0):
        tell(s, tells.TOKEN_REUSED, exchange, older, kind, note, flow)
