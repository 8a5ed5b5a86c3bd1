# SPDX-License-Identifier: GPL-2.0-only
"""How many CONs wait for their ACK at a time, from one endpoint to another (RFC 7252 clause 4.7).

Kernels (dissectors.kernel).
"""

from __future__ import annotations

from analyzer import facts as fact
from analyzer import flows
from analyzer import happenings as tells
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges.message_layer import sent_at
from analyzer.flows import direction, endpoint_at, flow_at, note_at, one_way
from analyzer.happenings import tell, told_before
from analyzer.state import NSTART
from dissectors.kernel import Rows


def awaits(s: Rows, facts: Rows, f: int, number: int) -> None:
    """A CON was sent for the first time. A group is no server, and blocks of RFC 9177 go many at a
    time."""
    group = s[endpoint_at(s, facts[f + fact.DESTINATION]) + flows.MULTICAST]
    if group or facts[f + fact.FLAGS] & fact.Q_BLOCK:
        return
    flow = facts[f + fact.FLOW]
    side = direction(s, flow, facts[f + fact.SOURCE])
    at = flow_at(s, flow) + flows.OUTSTANDING + side
    s[at] += 1
    s[sent_at(s, number) + ml.OUTSTANDING] = flow * 2 + side
    if s[at] <= s[NSTART] or one_way(s, facts[f + fact.SOURCE], facts[f + fact.DESTINATION]):
        return
    note, frame, time = flows.BUSY + side, facts[f + fact.FRAME], facts[f + fact.TIME]
    if not told_before(s, note_at(s, flow, note), frame, time, 0):
        tell(s, tells.OUTSTANDING, facts[f + fact.MESSAGE] - 1, s[at], note, flow, 0)
