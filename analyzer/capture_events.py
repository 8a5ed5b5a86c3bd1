# SPDX-License-Identifier: GPL-2.0-only
"""What happens to a capture itself, and to datagrams before they are messages of an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from analyzer.endpoints import Endpoint
    from analyzer.fragments import Gathered, Incomplete
    from analyzer.subjects import Flow, Message, Transmission


class CaptureDuplicate(NamedTuple):
    """A second record of one transmission (gate G-DUP), of which the first is `original`."""

    message: Message
    original: int
    gap: int


class OpaqueFlow(NamedTuple):
    """DTLS without keys on a CoAP port; once per flow."""

    flow: Flow
    frame: int


class IcmpError(NamedTuple):
    """An ICMP error that quotes a datagram sent from `source` to `destination`.

    `transmission` is the CON or NON it quotes; pairing finds it.
    """

    frame: int
    time: int
    reporter: str
    text: str
    source: Endpoint
    destination: Endpoint
    quoted: bytes
    transmission: Transmission | None = None


class ClockStep(NamedTuple):
    """Capture time went backwards by `step` nanoseconds."""

    frame: int
    step: int


class FlowEnded(NamedTuple):
    """The capture is closed: what can be said of one flow as a whole."""

    flow: Flow


class ChecksumWrong(NamedTuple):
    """A UDP checksum that is not right; `kind` is WRONG, OFFLOADED or ABSENT_V6 of
    dissectors.checksum."""

    message: Message
    kind: int


class FragmentsOverlapped(NamedTuple):
    """Fragments of one datagram, put together or given up, that cover the same bytes."""

    datagram: Gathered


class FragmentsMissing(NamedTuple):
    """A datagram that may be CoAP and of which fragments are missing.

    `message` is its beginning, where the first fragment was captured.
    """

    datagram: Incomplete
    message: Message | None = None
