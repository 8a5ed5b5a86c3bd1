# SPDX-License-Identifier: GPL-2.0-only
"""ICMP errors: which message they are about, and what they say (RFC 792, RFC 4443)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer import state
from analyzer.capture_events import IcmpError
from analyzer.endpoints import endpoint
from analyzer.exchanges import message_layer as ml
from analyzer.subjects import Transmission, transmission
from dissectors import link

if TYPE_CHECKING:
    from analyzer.endpoints import Endpoint
    from analyzer.session import Session

_QUOTED: Final = 64
_MOST_TEXTS: Final = 1 << 16

_TEXTS: Final = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 4): "fragmentation needed",
    (4, 3, 13): "administratively prohibited",
    (4, 11, 0): "time to live exceeded",
    (6, 1, 0): "no route to destination",
    (6, 1, 1): "administratively prohibited",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 2, 0): "packet too big",
    (6, 3, 0): "hop limit exceeded",
}


def icmp_error(session: Session, packet: memoryview, link_type: int, frame: int) -> IcmpError:
    """The error that a packet is; the message it quotes and its exchange remember it."""
    row = link.new_row()
    link.walk(packet, 0, len(packet), link_type, row)
    kind, code = row[link.ICMP_TYPE], row[link.ICMP_CODE]
    version = row[link.IP_VERSION]
    text = _TEXTS.get((version, kind, code), f"type {kind} code {code}")
    reporter = "ICMP" if version == 4 else "ICMPv6"
    length = row[link.ADDRESS_LENGTH]
    ends = [
        endpoint(bytes(packet[row[at] : row[at] + length]), row[port])
        for at, port in (
            (link.SOURCE_AT, link.SOURCE_PORT),
            (link.DESTINATION_AT, link.DESTINATION_PORT),
        )
    ]
    at, end = row[link.PAYLOAD_AT], row[link.PAYLOAD_END]
    quoted = bytes(packet[at : min(end, at + _QUOTED)])
    about = _quoted(session, ends[0], ends[1], quoted, frame)
    if about is not None and about.exchange is not None:
        texts = session.icmp_texts
        if len(texts) < _MOST_TEXTS:
            texts.setdefault(about.exchange.id, f"{reporter} {text} in frame {frame}")
    time = session.memory[state.LAST_TIME]
    return IcmpError(frame, time, reporter, text, ends[0], ends[1], quoted, about)


def _quoted(
    session: Session, source: Endpoint, destination: Endpoint, data: bytes, frame: int
) -> Transmission | None:
    """The CON or NON that an ICMP error quotes."""
    if len(data) < 4:
        return None
    s = session.memory.s
    ids = [session.endpoints.id(end) for end in (source, destination)]
    number = ml.newest(s, ids[0], ids[1], int.from_bytes(data[2:4], "big"))
    if not number or not transmission(session, number).message.data.startswith(data[:4]):
        return None
    sent = ml.sent_at(s, number)
    s[sent + ml.ICMP] = frame
    exchange = s[sent + ml.EXCHANGE]
    if exchange:
        stored = session.exchanges.stored
        if stored.cell("request_row", exchange - 1) == s[sent + ml.MESSAGE] - 1:
            stored.update(exchange - 1, icmp=frame)
    return transmission(session, number)
