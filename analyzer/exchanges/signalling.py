# SPDX-License-Identifier: GPL-2.0-only
"""Messages of a connection: what RFC 8323 asks of each, by what its ends said before.

There is no message layer: no type, no Message ID, no retransmission (gate G-REL). Signalling
messages are told; what they say is kept in the slots of the flow by `analyzer.signals`, which reads
them. Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer import facts as fact
from analyzer import flows
from analyzer import happenings as tells
from analyzer.exchanges.message_layer import send
from analyzer.flows import direction, flow_at
from analyzer.happenings import tell
from analyzer.messages import Role, set_role
from analyzer.tables import Cells
from dissectors.coap.signalling import BASE, CSM, EXTENDED_TOKEN_LENGTH
from dissectors.kernel import Rows

# What is odd about a message, as bits.
NO_CSM: Final = 1  # the first of its sender is no CSM (clause 5.3)
TOO_BIG: Final = 2  # longer than its receiver takes (clause 5.3.1)
LONG_TOKEN: Final = 4  # of a request, longer than its receiver takes (RFC 8974 clause 2.2.1)
NO_BERT: Final = 8  # a large block that its receiver did not offer to take (clause 6)
AFTER_RELEASE: Final = 16  # a request of the end that said it goes (clause 5.5)
AFTER_ABORT: Final = 32  # anything of the end that broke off (clause 5.6)

BASE_TOKEN: Final = BASE[EXTENDED_TOKEN_LENGTH]

RELEASED, ABORTED = 1, 2
"""What CLOSES of a flow holds: an Abort is the last word."""


def framed(s: Rows, facts: Rows, f: int, mm: Cells) -> int:
    """A message of a connection: the number under which it is remembered, 0 where it asks nothing
    and answers nothing."""
    row, flow = facts[f + fact.MESSAGE] - 1, facts[f + fact.FLOW]
    at, way = flow_at(s, flow), direction(s, flow, facts[f + fact.SOURCE])
    odd = _odd(s, facts, f, at, way)
    s[at + flows.HEARD + way] = 1
    if odd:
        tell(s, tells.STREAM_ODD, row, flow, way, odd, 0)
    code = facts[f + fact.CODE]
    if code == 0 or code >> 5 == 7:
        set_role(mm, row, Role.SIGNAL)
        tell(s, tells.SIGNALLED, row, flow, way, 0, 0)
        return 0
    return send(s, facts, f)


def _odd(s: Rows, facts: Rows, f: int, at: int, way: int) -> int:
    flags, code = facts[f + fact.FLAGS], facts[f + fact.CODE]
    begun = flags & fact.BEGUN != 0
    odd = 0
    if begun and s[at + flows.HEARD + way] == 0 and code != CSM:
        odd |= NO_CSM
    largest = s[at + flows.LARGEST + way]
    if largest and facts[f + fact.END] - facts[f + fact.AT] > largest:
        odd |= TOO_BIG
    known = largest or begun
    longest = max(BASE_TOKEN, s[at + flows.LONGEST_TOKEN + way])
    if flags & fact.REQUEST and known and facts[f + fact.TOKEN_LENGTH] > longest:
        odd |= LONG_TOKEN
    large = facts[f + fact.BLOCK1] >= 0 and facts[f + fact.BLOCK1] & 7 == 7
    large = large or (facts[f + fact.BLOCK2] >= 0 and facts[f + fact.BLOCK2] & 7 == 7)
    if large and known and s[at + flows.BERT + way] != flows.TAKES_BERT:
        odd |= NO_BERT
    closes = s[at + flows.CLOSES + way]
    if closes == RELEASED and flags & fact.REQUEST:
        odd |= AFTER_RELEASE
    elif closes == ABORTED:
        odd |= AFTER_ABORT
    return odd
