# SPDX-License-Identifier: GPL-2.0-only
"""What the records of a capture were."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """What the records of a capture were, for the status line and `summary`."""

    records: int = 0
    udp: int = 0
    coap: int = 0
    other: int = 0
    unreadable: int = 0
    fragments: int = 0
    incomplete: int = 0
    unknown_links: dict[int, int] = field(default_factory=dict)
