# SPDX-License-Identifier: GPL-2.0-only
"""Message IDs used again too early (RFC 7252 clause 4.4). Kernels (dissectors.kernel)."""

from __future__ import annotations

from analyzer import facts as fact
from analyzer import happenings as tells
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges.message_layer import sent_at
from analyzer.flows import MID_REUSES, direction, note_at
from analyzer.happenings import tell, told_before
from analyzer.state import MAX_TRANSMIT_SPAN, NON_LIFETIME
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
