# SPDX-License-Identifier: GPL-2.0-only
"""Which way of capturing would work for this user: AF_PACKET, or dumpcap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.doctor.model import Check
from analyzer.recording import devices, rights, ways
from analyzer.recording.running import running

AREA: Final = "Capture"
_MOST_INTERFACES: Final = 20


def checks(dumpcap_starts: bool) -> Iterator[Check]:
    """The ways there are, the first that works, and what there is to capture on.

    `dumpcap_starts`: whether the system let this user start it.
    """
    own = rights.own()
    packet = Check(AREA, "AF_PACKET", *ways.packet_sockets(own))
    dumpcap = Check(AREA, "dumpcap", *ways.dumpcap(own, dumpcap_starts))
    yield packet
    yield dumpcap
    yield _interfaces()
    way = next((check for check in (packet, dumpcap) if check.ok), None)
    if way is not None:
        yield Check(AREA, "way", True, f"{way.name} would work for this user")
    else:
        advice = dumpcap.advice or packet.advice
        yield Check(AREA, "way", False, "this user can read captures and make none", advice)
    for recording in filter(lambda recording: recording.alone, running()):
        yield Check(AREA, "recording", False, recording.told, recording.advice)


def _interfaces() -> Check:
    """What could be captured on, by the system's list."""
    found = devices.of_system()
    told = ", ".join(
        name + (" (down)" if devices.is_down(name) else "") for name in found[:_MOST_INTERFACES]
    )
    more = len(found) - _MOST_INTERFACES
    if more > 0:
        told += f" and {more} more"
    return Check(AREA, "interfaces", bool(found), told or "none seen")
