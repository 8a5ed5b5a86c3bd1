# SPDX-License-Identifier: GPL-2.0-only
"""What was judged before and broke no rule: by signature, a hash of all that rules look at.

So rules cost what a capture has of different messages, not of messages. Kernels
(dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

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
