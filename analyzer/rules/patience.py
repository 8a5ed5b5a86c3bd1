# SPDX-License-Identifier: GPL-2.0-only
"""Who waits for what, how long, and how much is under way at a time.

RFC 7252 clauses 4.2, 4.3, 4.7, 5.2; RFC 7967 clause 2. What was not seen is never an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import NeverAnswered, Outstanding, Probed, Unacknowledged
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe, seconds, wants_no_response
from dissectors.coap.numbers import EMPTY, Type


@rule(
    "COAP-7252-4.2-GAVE-UP",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    absence=True,
    title="Given up early",
    what="A Confirmable message that nobody answered was retransmitted less often than "
    "MAX_RETRANSMIT, 4 times by default.",
    why="A sender may give up earlier (clause 4.2), for instance when the user cancels. If it "
    "always does, a single loss is already a failure.",
    bad="CON 0x1234 at 0 and 2.4 s, and nothing from the receiver to 93 s.",
    good="CON 0x1234 at 0, 2.4, 7.2, 16.8 and 36 s, the last of which is answered.",
    fix="Check the number of retransmissions configured in the sender, and whether the "
    "application cancels the request; copies may also be missing from the capture.",
)
def gave_up(event: Unacknowledged, context: Context) -> Iterator[Breach]:
    sent, most = event.transmission, context.timers.max_retransmit_count
    given_up = not event.ended and not event.one_way and not sent.icmp
    if not given_up or sent.copies >= most or sent.message.code == EMPTY:
        return
    yield Breach(
        f"{describe(sent.message)}: given up after {sent.copies} of {most} retransmissions",
        sent.message,
        seen=f"{sent.copies} retransmissions",
        expected=f"{most}",
        exchange=sent.exchange,
        group=sent.message.flow,
    )


@rule(
    "COAP-7252-4.2-PING-UNANSWERED",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    absence=True,
    title="Ping unanswered",
    what="A CoAP ping, an Empty CON, got no RST within MAX_TRANSMIT_WAIT (93 s by default).",
    why="A peer that lives answers a ping with RST (clauses 4.2, 4.3). Silence means that it is "
    "down, unreachable, asleep, or that a NAT binding is gone.",
    bad="CON 0.00 0x1234, and nothing from the peer to 93 s.",
    good="CON 0.00 0x1234, RST 0x1234.",
    fix="Check that the peer runs and is reachable. Behind a NAT, ping more often than its "
    "bindings expire.",
)
def ping_unanswered(event: Unacknowledged, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    open = event.ended or event.one_way or sent.icmp
    if not open and sent.message.code == EMPTY:
        yield Breach(
            f"Ping from {sent.message.source} to {sent.message.destination} got no answer",
            sent.message,
            seen="no answer",
            expected=f"a RST within {seconds(context.timers.max_transmit_wait)}",
            exchange=sent.exchange,
            group=sent.message.flow,
        )


@rule(
    "COAP-7967-2-CON-NOACK",
    W,
    Scope.EXCHANGE,
    "RFC 7967",
    "2",
    absence=True,
    title="Request without wish for a response not acknowledged",
    what="A CON request with No-Response got no ACK or RST within MAX_TRANSMIT_WAIT (93 s by "
    "default). Near the end of a capture it is only a note.",
    why="No-Response keeps back the response, not the acknowledgement (RFC 7967 clause 2): the "
    "client goes on retransmitting what arrived.",
    bad="CON PUT with No-Response 26, sent five times, and nothing from the server.",
    good="CON PUT with No-Response 26, ACK 0.00.",
    fix="In the server, acknowledge a CON at once, and keep back the response alone. A client that "
    "wants neither sends a NON.",
)
def not_even_acknowledged(event: Unacknowledged, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    message = sent.message
    if event.one_way or sent.icmp or not wants_no_response(message):
        return
    yield Breach(
        f"{describe(message)}: it has No-Response and was not acknowledged either",
        message,
        seen=f"{sent.copies + 1} transmission{'s' if sent.copies else ''}, no answer",
        expected=f"an Empty ACK within {seconds(context.timers.max_transmit_wait)}",
        severity=N if event.ended else None,
        exchange=sent.exchange,
        group=message.flow,
    )


@rule(
    "COAP-7252-5.2.2-NO-RESPONSE",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.2.2",
    absence=True,
    title="Acknowledged request never answered",
    what="A CON request was acknowledged by an Empty ACK, and no response came within "
    "EXCHANGE_LIFETIME (247 s by default). Not for requests with No-Response.",
    why="The Empty ACK promises a response (clause 5.2.2), and the client stops retransmitting: it "
    "waits for as long as it has patience, and nothing will come.",
    bad="CON GET 0x1234, ACK 0.00 0x1234, and nothing more.",
    good="CON GET 0x1234, ACK 0.00 0x1234, and 3 s later CON 2.05, ACK.",
    fix="In the server, look for a handler that never finishes or drops its answer; answer 5.03 or "
    "5.04 when it takes too long.",
)
def promise_broken(event: NeverAnswered, context: Context) -> Iterator[Breach]:
    request, ack = event.exchange.request, event.exchange.ack
    if request.type != Type.CON:
        return
    yield Breach(
        f"{describe(request)}: acknowledged, but no response came",
        request,
        seen="an Empty ACK alone",
        expected=f"a response within {seconds(context.timers.exchange_lifetime)}",
        exchange=event.exchange,
        frames=(ack.frame,) if ack is not None else (),
    )


@rule(
    "COAP-7252-5.2-NON-NO-RESPONSE",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.2",
    absence=True,
    title="Non-confirmable request never answered",
    what="A NON request, or one over TCP, got no response within EXCHANGE_LIFETIME (247 s by "
    "default). Not for "
    "requests with No-Response; all of one endpoint to another are one finding.",
    why="A request is answered (clause 5.2), unless it or its response was lost, or the server "
    "has nothing to say. A client that wants none says so by No-Response (RFC 7967).",
    bad="NON POST with token a1b2, and nothing from the server.",
    good="NON POST with token a1b2, NON 2.04 with token a1b2.",
    fix="Send what must arrive as CON; where no response is wanted, add No-Response with the value "
    "26.",
)
def non_never_answered(event: NeverAnswered, context: Context) -> Iterator[Breach]:
    request = event.exchange.request
    if request.type == Type.NON or request.reliable:
        yield Breach(
            f"{describe(request)}: no response came",
            request,
            seen="no response",
            expected=f"a response within {seconds(context.timers.exchange_lifetime)}",
            exchange=event.exchange,
        )


@rule(
    "COAP-7252-4.7-NSTART",
    W,
    Scope.CONVERSATION,
    "RFC 7252",
    "4.7",
    strict=E,
    title="Too many messages outstanding",
    what="An endpoint sends a CON while NSTART others, 1 by default, still wait for their ACK, RST "
    "or response from the same peer. All of one endpoint to another are one finding.",
    why="NSTART bounds what is under way without an answer (clause 4.7; for notifications RFC 7641 "
    "clause 4.5.1): it is all the congestion control that CoAP has.",
    bad="CON 0x1234 and 10 ms later CON 0x1235 to the same server, neither acknowledged yet.",
    good="CON 0x1234, its ACK, CON 0x1235, its ACK.",
    fix="Queue messages per peer until the one before is acknowledged. If more are agreed upon, "
    "tell msgshark the transmission parameters in use (--transmission).",
)
def too_many_outstanding(event: Outstanding, context: Context) -> Iterator[Breach]:
    message, most = event.message, context.timers.nstart
    yield Breach(
        f"{describe(message)}: {message.source} has {event.waiting} CONs outstanding with "
        f"{message.destination}",
        message,
        seen=f"{event.waiting} outstanding",
        expected=f"at most {most}",
    )


@rule(
    "COAP-7252-4.7-PROBING-RATE",
    N,
    Scope.CONVERSATION,
    "RFC 7252",
    "4.7",
    absence=True,
    title="Much is sent where nobody answers",
    what="An endpoint sends more than PROBING_RATE, 1 byte per second, over at least a minute to a "
    "peer that nothing was captured from.",
    why="Who does not hear from a peer must not send faster (clause 4.7): it may be gone, or the "
    "network too crowded. A tap that sees one direction alone shows this too.",
    bad="NON POST of 100 bytes every 30 s to a server that never sends anything.",
    good="NON POST of 100 bytes every 30 s, and their responses.",
    fix="Send a CON now and then and slow down when it fails. If the peer does answer, capture "
    "where both directions pass.",
)
def probing(event: Probed, context: Context) -> Iterator[Breach]:
    message = event.message
    if not message.destination.multicast:
        yield Breach(
            f"{message.source} sent {event.sent} bytes in {seconds(event.span)} to "
            f"{message.destination}, which sent nothing",
            message,
            seen=f"{event.sent} bytes in {seconds(event.span)}",
            expected="at most 1 byte per second",
        )
