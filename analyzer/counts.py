# SPDX-License-Identifier: GPL-2.0-only
"""What the records of a capture were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer import state

if TYPE_CHECKING:
    from analyzer.capture import SourceInterface
    from dissectors.kernel import Rows


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
    carriers: int = 0  # TCP segments and DTLS datagrams on ports of CoAP
    unknown_links: dict[int, int] = field(default_factory=dict)


def counted(s: Rows, interfaces: Sequence[SourceInterface], lost: int) -> Counts:
    """The counts of a session's state; `lost` fragments did not make a whole."""
    links: dict[int, int] = {}
    base = s[state.INTERFACES + state.BASE]
    for index, met in enumerate(interfaces):
        packets = s[base + index]
        if packets:
            links[met.interface.link_type] = links.get(met.interface.link_type, 0) + packets
    return Counts(
        records=s[state.RECORDS_READ],
        udp=s[state.UDP_READ],
        coap=s[state.COAP_READ],
        other=s[state.OTHER_READ],
        unreadable=s[state.UNREADABLE_READ],
        fragments=s[state.FRAGMENTS_READ],
        incomplete=lost,
        carriers=s[state.CARRIERS_READ],
        unknown_links=links,
    )
