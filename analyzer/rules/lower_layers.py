# SPDX-License-Identifier: GPL-2.0-only
"""Facts about what carries CoAP: UDP checksums and fragments of IP and 6LoWPAN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.capture_events import ChecksumWrong, FragmentsMissing, FragmentsOverlapped
from analyzer.fragments import Incomplete, Reason
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Breach, N, Scope, W, rule
from analyzer.rules.context import Context
from dissectors import checksum, link

_CHECKSUMS: Final = {
    checksum.WRONG: ("a wrong UDP checksum", "wrong", "a receiver drops it"),
    checksum.OFFLOADED: (
        "a UDP checksum over the pseudo-header alone",
        "left to the network card",
        "captured on its sender, before the card finished it",
    ),
    checksum.ABSENT_V6: (
        "no UDP checksum over IPv6",
        "absent",
        "a receiver drops it, unless it is a tunnel of RFC 6935",
    ),
}
_MOST_HOLES: Final = 3
_LAYERS: Final = {link.IN_IPV4: "IPv4", link.IN_IPV6: "IPv6", link.IN_LOWPAN: "6LoWPAN"}
_GIVEN_UP: Final = {
    Reason.EXPIRED: "did not come in time",
    Reason.ENDED: "did not come before the capture ended",
    Reason.DROPPED: "did not come before too many others did",
}


@rule(
    "COAP-CAP-CHECKSUM",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    title="UDP checksum not right",
    what="The UDP checksum of a message is wrong, left for the network card to finish, or absent "
    "over IPv6. The first such message of each sender to each receiver is told, and how many "
    "follow; sums left to the network card are told once for the capture.",
    why="A receiver drops a datagram with a wrong checksum: its sender sees no answer. One with "
    "the sum of the pseudo-header alone was captured on its own sender before the network card "
    "put the right one in: nothing is wrong there. IPv6 forbids to send none (RFC 8200 8.1).",
    bad="Checksum 0x1234 where the bytes give 0xa119.",
    good="Checksum 0xa119 where the bytes give 0xa119; 0x0000 over IPv4, which means none.",
    fix="Left to the network card: capture on the receiver, or turn offload off while capturing "
    "(`ethtool -K eth0 tx off`). Wrong: look for a NAT, tunnel or test tool that changes the "
    "datagram without its checksum. Absent over IPv6: let the sender's stack compute it.",
)
def checksum_wrong(event: ChecksumWrong, context: Context) -> Iterator[Breach]:
    message = event.message
    what, seen, meaning = _CHECKSUMS[event.kind]
    offloaded = event.kind == checksum.OFFLOADED  # of a capture, not of two endpoints
    yield Breach(
        f"{message.source} to {message.destination}: {what} ({meaning})",
        None if offloaded else message,
        seen=f"checksum {seen}",
        expected="the checksum of the datagram",
        frame=message.frame,
        group=event.kind if offloaded else (message.flow, message.source, event.kind),
    )


@rule(
    "COAP-CAP-FRAG-OVERLAP",
    W,
    Scope.CONVERSATION,
    "capture",
    "",
    title="Fragments overlap",
    what="Two fragments of one datagram cover the same bytes and are not copies of each other, or "
    "name different ends of the datagram.",
    why="No sender does this. IPv6 has such a datagram dropped (RFC 5722); other receivers take "
    "the first bytes or the last, so a firewall may have seen another message than the server "
    "(RFC 1858). Two datagrams that got the same identification look alike (RFC 4963). What is "
    "shown here are the bytes that came first.",
    bad="Fragments of bytes 0 to 303 and 200 to 507, with other bytes from 200 to 303.",
    good="Fragments of bytes 0 to 303 and 304 to 507; the second one captured twice.",
    fix="Find out which host sends the frames shown. Where it is no attack, look for a counter of "
    "identifications that starts again too soon, and send smaller messages or blocks.",
)
def fragments_overlap(event: FragmentsOverlapped, context: Context) -> Iterator[Breach]:
    datagram = event.datagram
    source, destination = datagram.key.ends
    bytes_ = "other bytes" if datagram.differs else "the same bytes"
    yield Breach(
        f"{source} to {destination}: {_LAYERS[datagram.key.inside]} fragments of one datagram "
        f"overlap, with {bytes_} there",
        seen=f"{len(datagram.frames)} fragments, {bytes_} in two of them",
        expected="each byte in one fragment",
        frame=datagram.frames[0] if datagram.frames else 0,
        frames=datagram.frames[1:],
        group=(datagram.key.source, datagram.key.destination, datagram.differs),
    )


@rule(
    "COAP-CAP-FRAG-MISSING",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    absence=True,
    title="Fragments missing",
    what="Some fragments of a datagram were captured and others were not, within 30 s for IPv4 "
    "and 60 s for IPv6 and 6LoWPAN.",
    why="If the network lost a fragment, the receiver lost the message. If only the tap did, all "
    "is well: an answer to the message tells. What is missing cannot be judged; of a datagram "
    "with its first fragment, the message is shown as cut.",
    bad="Fragments of bytes 0 to 199 and 400 to 507, none of 200 to 399.",
    good="Fragments of bytes 0 to 199, 200 to 399 and 400 to 507.",
    fix="Capture with a filter that lets fragments through: `udp port 5683` matches the first "
    "fragment alone, add `or (ip[6:2] & 0x1fff != 0)`. Where the network loses them, make messages "
    "fit one packet, or transfer them in blocks (RFC 7959).",
)
def fragments_missing(event: FragmentsMissing, context: Context) -> Iterator[Breach]:
    datagram = event.datagram
    source, destination = datagram.key.ends
    if event.message is not None:
        source, destination = str(event.message.source), str(event.message.destination)
    waited = (datagram.time - datagram.first_time) / SECOND
    yield Breach(
        f"{source} to {destination}: {_LAYERS[datagram.key.inside]} fragments "
        f"{_GIVEN_UP[datagram.reason]}; {_missing(datagram)}",
        event.message,
        seen=f"{len(datagram.frames)} fragments within {waited:.3f} s",
        expected="all fragments",
        frame=datagram.frames[0] if datagram.frames else 0,
        frames=datagram.frames[1:],
        group=(datagram.key.source, datagram.key.destination),
    )


def _missing(datagram: Incomplete) -> str:
    """`bytes 0 to 399 missing`, `bytes 800 to 1199 and all from 1600 on missing`."""
    if not datagram.holes:
        return "its fragments name different ends"
    parts = [
        f"all from {start} on" if stop < 0 else f"bytes {start} to {stop - 1}"
        for start, stop in datagram.holes
    ]
    if len(parts) > _MOST_HOLES:
        parts = [*parts[: _MOST_HOLES - 1], f"{len(parts) - _MOST_HOLES + 1} more parts"]
    return " and ".join(", ".join(parts).rsplit(", ", 1)) + " missing"
