# SPDX-License-Identifier: GPL-2.0-only
"""Message layer: retransmission and acknowledgement, RFC 7252 clauses 4.2 to 4.8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Retransmitted, Unacknowledged
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Breach, E, N, Scope, W, defect_rule, rule
from analyzer.rules.context import Context
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.wire import Defect

_TOLERANCE: Final = 0.95
"""Timers of small devices run fast by some percent; that is no breach."""


def seconds(duration: int) -> str:
    """Nanoseconds as people read them: `2.41 s`, `12 ms`."""
    if abs(duration) < SECOND:
        return f"{duration / 1_000_000:.3g} ms"
    return f"{duration / SECOND:.2f} s"


def describe(message: Message) -> str:
    """`CON POST /a?b=c, Message ID 4660` of a message, in few words; on a connection, `POST /a?b=c,
    token 01`."""
    name = numbers.code_name(message.code)
    uri = f" {message.uri}" if message.is_request else ""
    if message.reliable:
        return f"{name}{uri}, token {message.token.hex() or '(empty)'}"
    kind = numbers.type_name(message.type)
    return f"{kind} {name}{uri}, Message ID {message.message_id}"


def wants_no_response(message: Message) -> bool:
    """A request whose client wants some class of responses kept back (RFC 7967 clause 2)."""
    return message.is_request and bool(message.coap.uint(numbers.NO_RESPONSE))


@rule(
    "COAP-7252-4.2-RETRANSMISSION",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    title="Retransmission",
    what="A Confirmable message is sent again: same endpoints, same Message ID, same content, "
    "within EXCHANGE_LIFETIME (247 s by default).",
    why="The sender saw no acknowledgement in time. One copy is normal on a lossy link; many in a "
    "capture mean lost acknowledgements, a slow server or a timeout set too short (clause 4.2).",
    bad="CON 0x1234 at 0.0 s and again, byte for byte, at 2.4 s.",
    good="CON 0x1234 at 0.0 s, its ACK at 0.1 s.",
    fix="Look for the acknowledgement: if it is in the capture, it got lost behind the tap or is "
    "refused by the sender; if not, look at the receiver or at the way to it.",
)
def retransmission(event: Retransmitted, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    if not sent.confirmable:
        return
    yield Breach(
        f"{describe(sent.message)}: retransmission, {seconds(event.gap)} after the transmission "
        f"before, {seconds(event.message.time - sent.first)} after the first",
        event.message,
        seen=f"copy {event.count}, {seconds(event.gap)} later",
        expected="an ACK, RST or response to the first transmission",
        exchange=sent.exchange,
        frames=(sent.message.frame,),
        group=sent,
    )


@rule(
    "COAP-7252-4.2-RETR-EARLY",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    strict=E,
    title="Retransmitted too early",
    what="Two transmissions of one Confirmable message stand closer than ACK_TIMEOUT (2 s by "
    "default), less 5 % for slow clocks.",
    why="ACK_TIMEOUT is the least time between transmissions (clauses 4.2, 4.8.1). Repeating "
    "sooner loads a network that may already be congested and doubles work for the receiver.",
    bad="CON 0x1234 at 0.0 s and again at 0.5 s.",
    good="CON 0x1234 at 0.0 s and again at 2.3 s, then at 6.9 s.",
    fix="Set the sender's first timeout to a random value between ACK_TIMEOUT and ACK_TIMEOUT x "
    "ACK_RANDOM_FACTOR and double it each time; if the network is known to be faster, tell "
    "msgshark the transmission parameters in use (--transmission).",
)
def retransmitted_early(event: Retransmitted, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    least = context.timers.ack_timeout
    if not sent.confirmable or event.gap >= least * _TOLERANCE:
        return
    insane = event.gap < SECOND <= least  # clause 4.8.1; a profile below it knows better
    much = ", less than a second: far below any sane setting" if insane else ""
    yield Breach(
        f"{describe(sent.message)}: repeated after {seconds(event.gap)}{much}",
        event.message,
        seen=seconds(event.gap),
        expected=f"at least {seconds(least)} between transmissions",
        exchange=sent.exchange,
        frames=(sent.message.frame,),
        group=sent,
    )


@rule(
    "COAP-7252-4.2-CON-UNANSWERED",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    causes=("COAP-CAP-ICMP", "COAP-7252-5.3.2-OTHER-ENDPOINT", "COAP-7252-4.2-GAVE-UP"),
    absence=True,
    title="Confirmable message unanswered",
    what="A Confirmable message got no ACK, no RST and no response with its token within "
    "MAX_TRANSMIT_WAIT (93 s by default) of its first transmission.",
    why="Its receiver must acknowledge or reject it (clause 4.2). Silence means that it, or every "
    "answer, was lost, or that nobody listens there. Near the end of a capture it is only a note.",
    bad="CON 0x1234 at 0, 2.4, 7.1, 16.9 and 36.2 s, and nothing from the receiver to 93 s.",
    good="CON 0x1234 at 0 and 2.4 s, its ACK at 2.5 s.",
    fix="Check that the receiver runs and is reachable (address, port, firewall, NAT), and capture "
    "beside it: if the message arrives there, look at why it is dropped.",
)
def confirmable_unanswered(event: Unacknowledged, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    message = sent.message
    if event.one_way or sent.icmp or message.code == numbers.EMPTY or wants_no_response(message):
        return
    times = "once" if not sent.copies else f"{sent.copies + 1} times"
    ended = " before the capture ends: still open" if event.ended else ""
    yield Breach(
        f"{describe(message)}: sent {times} to {message.destination}, no ACK, RST or response"
        + ended,
        message,
        seen=f"{sent.copies + 1} transmission{'s' if sent.copies else ''}, no answer",
        expected=f"an ACK or RST within {seconds(context.timers.max_transmit_wait)}",
        severity=N if event.ended else None,
        exchange=sent.exchange,
    )


defect_rule(
    Defect.ACK_REQUEST,
    "COAP-7252-4.2-ACK-REQUEST",
    E,
    "RFC 7252",
    "4.2",
    title="Request in an acknowledgement",
    what="An ACK carries a method code.",
    why="An acknowledgement is Empty or carries a response (clause 4.2); a request in one cannot "
    "be answered and must be ignored.",
    bad="60 01 12 34  ACK with code 0.01 GET",
    good="60 45 12 34  ACK with code 2.05 Content",
    fix="Send requests as CON or NON with their own Message ID; acknowledge with an Empty ACK.",
    says="ACK carries the method {code}",
    expected="an Empty ACK (0.00) or a response code",
)

defect_rule(
    Defect.RST_NOT_EMPTY,
    "COAP-7252-4.2-RST-NONEMPTY",
    E,
    "RFC 7252",
    "4.2",
    title="Reset that is not Empty",
    what="An RST carries a code other than 0.00.",
    why="A Reset only says that a message was refused; it must be Empty (clause 4.2), so a "
    "receiver drops one that carries anything and goes on retransmitting.",
    bad="70 45 12 34  RST with code 2.05",
    good="70 00 12 34  Empty RST",
    fix="Build RST from type 3, code 0.00 and the Message ID of the message refused, nothing else.",
    says="RST carries the code {code}",
    expected="code 0.00",
)

defect_rule(
    Defect.NON_EMPTY,
    "COAP-7252-4.3-NON-EMPTY",
    E,
    "RFC 7252",
    "4.3",
    title="Empty Non-confirmable message",
    what="A NON has the code 0.00.",
    why="A Non-confirmable message always carries a request or a response (clause 4.3); an Empty "
    "one means nothing and is ignored, so a ping sent this way never gets its pong.",
    bad="50 00 12 34  NON with code 0.00",
    good="40 00 12 34  CoAP ping: CON with code 0.00",
    fix="Ping with an Empty CON; keep a NAT binding alive with it or with a real request.",
    says="NON without a code",
    expected="a request or response code; a ping is an Empty CON",
)
