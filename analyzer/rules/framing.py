# SPDX-License-Identifier: GPL-2.0-only
"""The datagram as a whole: header, version, payload marker, size. RFC 7252 clauses 3, 4.6, 6.2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer import facts
from analyzer.capture_events import IcmpError
from analyzer.events import Seen, UnreadableAnswered
from analyzer.rules.catalogue import (
    Breach,
    E,
    N,
    Scope,
    Severity,
    W,
    defect_rule,
    predicate,
    rule,
)
from analyzer.rules.context import Context
from analyzer.subjects import Message
from dissectors.coap.message import Flaw
from dissectors.coap.numbers import Type
from dissectors.coap.wire import Defect

MOST_MESSAGE: Final = 1152
MOST_PAYLOAD: Final = 1024
"""Bytes that fit one packet where nothing is known of the path (clause 4.6)."""


def _short(message: Message, flaw: Flaw, context: Context) -> Severity | None:
    """An empty datagram is a keepalive that many NAT-aware stacks send."""
    return None if message.coap.data else N


defect_rule(
    Defect.SHORT,
    "COAP-7252-3-SHORT",
    E,
    "RFC 7252",
    "3",
    title="Shorter than a header",
    what="A datagram has fewer than the 4 bytes of the fixed header. A datagram of 0 bytes is a "
    "keepalive and only a note.",
    why="Version, type, code and Message ID take 4 bytes (clause 3). A receiver drops less than "
    "that in silence: it has no Message ID to reject.",
    bad="40 01 12  GET whose Message ID is half there",
    good="40 01 12 34  GET, header only",
    fix="Look at the length the sender passes to its socket, and at buffers that are sent before "
    "they are filled. For a keepalive use a CoAP ping (Empty CON), which is answered.",
    says="Datagram of {detail} bytes, too short for a CoAP header",
    expected="at least 4 bytes",
    adjust=_short,
)

defect_rule(
    Defect.VERSION,
    "COAP-7252-3-VERSION",
    E,
    "RFC 7252",
    "3",
    title="Unknown version",
    what="The two highest bits of the first byte are not 01, on a flow that carries CoAP.",
    why="Only version 1 exists. A receiver must ignore other versions in silence (clause 3), so "
    "the sender waits for an answer that cannot come.",
    bad="80 01 12 34  version 2",
    good="40 01 12 34  version 1",
    fix="Set the first byte to 0x40 | type << 4 | token length. If the bytes look random, another "
    "program or protocol uses this port, or a buffer was overwritten.",
    says="Version {detail} instead of 1",
    expected="version 1, first byte 40 to 7f",
)


@rule(
    "COAP-7252-3-VERSION-ANSWERED",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "3",
    title="Unknown version answered",
    what="An ACK or RST carries the Message ID of a datagram whose version is not 1.",
    why="Such a datagram must be ignored in silence (clause 3). An answer means that the receiver "
    "does not look at the version, and would read a future format wrongly.",
    bad="Datagram 80 01 12 34, answered by 70 00 12 34.",
    good="Datagram 80 01 12 34, and silence.",
    fix="In the receiver, check the version before anything else and drop what is not 1.",
)
def version_answered(event: UnreadableAnswered, context: Context) -> Iterator[Breach]:
    message, bad = event.message, event.bad
    if Defect.VERSION not in bad.defects:
        return
    kind = Type(message.type).name
    yield Breach(
        f"{kind} answers frame {bad.frame}, which has version {bad.coap.version}",
        message,
        seen=f"{kind} with Message ID {message.message_id}",
        expected="no answer",
        span=(2, 4),
        frames=(bad.frame,),
    )


defect_rule(
    Defect.MARKER_NO_PAYLOAD,
    "COAP-7252-3-MARKER-NO-PAYLOAD",
    E,
    "RFC 7252",
    "3",
    title="Payload marker without payload",
    what="The payload marker 0xFF is the last byte of the message.",
    why="A marker promises at least one byte; without one the message is a format error "
    "(clause 3) and must be rejected, options and all.",
    bad="40 01 12 34 ff  GET that ends with the marker",
    good="40 02 12 34 ff 31  POST with the payload `1`",
    fix="Write the marker only when the payload is not empty; look for code that sets an empty "
    "body instead of none.",
    says="The message ends with the payload marker",
    expected="a payload after ff, or no ff",
)


@rule(
    "COAP-7252-4.6-FRAGMENTED",
    W,
    Scope.MESSAGE,
    "RFC 7252",
    "4.6",
    when=facts.FRAGMENTED,
    title="Sent in IP fragments",
    what="The datagram of a message arrived as several IP fragments.",
    why="A message should fit one IP packet (clause 4.6). Losing one fragment loses the message, "
    "and firewalls, NATs and 6LoWPAN routers often drop fragments altogether: it works on the "
    "desk and fails in the field.",
    bad="A POST with 900 bytes of payload in two IPv4 fragments.",
    good="The same POST in two blocks of at most 512 bytes (Block1).",
    fix="Transfer the body block-wise (RFC 7959), or make it smaller; lower the block size where "
    "the path has a small MTU.",
)
def fragmented(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.place.fragmented:
        yield Breach(
            f"{message.source} to {message.destination}: message split by IP, "
            f"{message.place.coap_length} bytes of it",
            message,
            seen="IP fragments",
            expected="one packet",
        )


LARGE: Final = "COAP-7252-4.6-LARGE"
_TOO_BIG: Final = frozenset({"fragmentation needed", "packet too big"})


@rule(
    LARGE,
    N,
    Scope.MESSAGE,
    "RFC 7252",
    "4.6",
    when=facts.LARGE,
    title="Large message",
    what="A message has more than 1152 bytes, or more than 1024 bytes of payload. A warning when "
    "IP split it, or when ICMP said that it is too big.",
    why="Where nothing is known of the path, clause 4.6 takes 1152 bytes for a message and 1024 "
    "for its payload as what fits an IPv6 packet of 1280 bytes. More may be fragmented or lost.",
    bad="A 2.05 with 1300 bytes of payload.",
    good="A 2.05 with 1024 bytes of payload and Block2.",
    fix="Transfer the body block-wise with blocks of 1024 bytes or less (RFC 7959). If the path "
    "is known to carry more, this note needs no action.",
)
def large(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    if _is_large(message):
        yield _too_large(message, W if message.place.fragmented else None)


@predicate()
def large_for_the_path(event: IcmpError, context: Context) -> Iterator[Breach]:
    if event.transmission is None or event.text not in _TOO_BIG:
        return
    if _is_large(event.transmission.message):
        yield _too_large(event.transmission.message, W, event)


def _is_large(message: Message) -> bool:
    coap = message.coap
    return len(coap.data) > MOST_MESSAGE or len(coap.payload) > MOST_PAYLOAD


def _too_large(
    message: Message, severity: Severity | None, error: IcmpError | None = None
) -> Breach:
    size, payload = len(message.coap.data), len(message.coap.payload)
    least = "at least " if message.cut else ""
    told = f"; {error.reporter} says `{error.text}`" if error is not None else ""
    return Breach(
        f"Message of {least}{size} bytes, {payload} of them payload{told}",
        message,
        seen=f"{least}{size} bytes, payload {payload}",
        expected=f"at most {MOST_MESSAGE} bytes, payload {MOST_PAYLOAD}",
        severity=severity,
        frames=(error.frame,) if error is not None else (),
        rule=LARGE,
    )


@rule(
    "COAP-7252-6.2-PLAIN-ON-5684",
    W,
    Scope.CONVERSATION,
    "RFC 7252",
    "6.2",
    when=facts.PLAIN_ON_5684,
    title="Unencrypted CoAP on the DTLS port",
    what="Datagrams on UDP port 5684 are CoAP that anybody can read.",
    why="Port 5684 is that of `coaps`, CoAP over DTLS (clause 6.2). Plain messages there mean a "
    "client that believes to be protected and is not, or a port set by mistake.",
    bad="40 01 12 34 sent to port 5684.",
    good="A DTLS ClientHello sent to port 5684.",
    fix="Turn DTLS on, or use port 5683 for plain CoAP. If the capture was decrypted before, name "
    "5684 as a CoAP port and this rule is silent.",
)
def plain_on_secure_port(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    if message.flow.plain_on_5684:
        yield Breach(
            f"{message.source} to {message.destination}: unencrypted CoAP",
            message,
            seen="plain CoAP",
            expected="DTLS records",
            group=message.flow,
        )
