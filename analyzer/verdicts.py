# SPDX-License-Identifier: GPL-2.0-only
"""What was judged before, by signature, a hash of all that rules look at: it broke no rule, or it
broke some in findings that count what is alike in a flow.

So rules cost what a capture has of different messages, not of messages. Kernels
(dissectors.kernel).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analyzer import facts as fact
from analyzer.flows import SERIAL, flow_at
from analyzer.happenings import repeat
from analyzer.state import COUNT, VERDICT_KEYS, get, put
from dissectors.kernel import Rows

MOST_VERDICTS: Final = 1 << 16

_QUIET: Final = 1


def judged_quiet(s: Rows, signature: int) -> bool:
    """What has this signature was judged before, and broke no rule; 0 is no signature."""
    return signature != 0 and get(s, VERDICT_KEYS, signature, 0, 0) == _QUIET


def learn_quiet(s: Rows, signature: int) -> None:
    """What has this signature needs no judging."""
    if signature and s[VERDICT_KEYS + COUNT] < MOST_VERDICTS:
        put(s, VERDICT_KEYS, signature, 0, 0, _QUIET)


def counted_alike(s: Rows, signature: int, facts: Rows, f: int, other: int) -> bool:
    """What has this signature was judged before in this flow, and all it broke were findings that
    count: they hold of the message in `facts` too, and of the frame `other`, 0 for none."""
    if signature == 0:
        return False
    flow = s[flow_at(s, facts[f + fact.FLOW]) + SERIAL]
    number = 1
    finding = get(s, VERDICT_KEYS, signature, flow, number)
    while finding:
        repeat(s, finding, facts[f + fact.FRAME], facts[f + fact.TIME], other)
        number += 1
        finding = get(s, VERDICT_KEYS, signature, flow, number)
    return number > 1


def learn_alike(s: Rows, signature: int, serial: int, findings: Sequence[int]) -> None:
    """What has this signature in the flow with this serial number breaks rules: these findings, by
    id, count it."""
    if signature and s[VERDICT_KEYS + COUNT] + len(findings) < MOST_VERDICTS:
        for number, finding in enumerate(findings, 1):
            put(s, VERDICT_KEYS, signature, serial, number, finding)
