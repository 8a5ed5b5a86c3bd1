# SPDX-License-Identifier: GPL-2.0-only
"""What is acknowledged or reset, and when: RFC 7252 clauses 4.2, 4.3, 5.2.2 and 5.3.2."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import Acknowledged, Responded, UnreadableAnswered
from analyzer.messages import Role
from analyzer.relations import How, Match
from analyzer.rules.catalogue import Alike, Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.critical_options import critical_flaws
from analyzer.rules.message_layer import describe, seconds
from analyzer.subjects import Message
from dissectors.coap.numbers import EMPTY, Type
from dissectors.coap.wire import Defect


def answered(event: Acknowledged | Responded) -> Message:
    """What an ACK, RST or piggybacked response answers."""
    if isinstance(event, Acknowledged):
        return event.transmission.message
    return event.exchange.request


def piggybacked(event: Responded) -> bool:
    """The response came in an ACK under the Message ID of the request."""
    by_mid = event.match in (Match.MID_TOKEN, Match.OTHER_TOKEN)
    return event.message.type == Type.ACK and by_mid


@rule(
    "COAP-7252-4.2-ACK-DELAY",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    title="Late acknowledgement",
    what="The first ACK for a CON comes later than ACK_TIMEOUT (2 s by default) after the last "
    "transmission before it.",
    why="A sender waits no longer than ACK_TIMEOUT x ACK_RANDOM_FACTOR (clause 4.2): the CON is "
    "sent again though it arrived, on every exchange with this receiver.",
    bad="CON GET 0x1234 at 0 s, ACK 2.05 0x1234 at 2.6 s.",
    good="CON GET 0x1234 at 0 s, Empty ACK 0x1234 at 0.5 s, CON 2.05 at 2.6 s.",
    fix="Acknowledge at once with an Empty ACK when the response takes longer, and send it as a "
    "separate response. Over a slow network agree upon a longer ACK_TIMEOUT.",
)
def late(event: Acknowledged | Responded, context: Context) -> Iterator[Breach]:
    if event.message.type != Type.ACK:
        return
    message, least = answered(event), context.timers.ack_timeout
    if message.type != Type.CON:
        return
    if isinstance(event, Responded):
        if not piggybacked(event) or How.LATE not in event.how or How.PROMISED in event.how:
            return
        seen = f"more than {seconds(least)}"
    else:
        delay = event.message.time - event.transmission.last
        if delay <= least:
            return
        seen = seconds(delay)
    yield Breach(
        f"{describe(message)}: its ACK comes {seen} after it was last sent",
        event.message,
        seen=seen,
        expected=f"an ACK within {seconds(least)}",
        exchange=message.exchange,
        frames=(message.frame,),
        group=Alike(event.message.flow),
    )


@rule(
    "COAP-7252-4.3-NON-ACKED",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.3",
    title="Non-confirmable message acknowledged",
    what="An ACK, Empty or with a response, has the Message ID of a Non-confirmable message.",
    why="A NON must not be acknowledged (clause 4.3): the sender does not expect an ACK, so the "
    "response in it is lost.",
    bad="NON GET 0x1234, answered by ACK 2.05 0x1234.",
    good="NON GET 0x1234, answered by NON 2.05 with a Message ID of the server's.",
    fix="Answer a NON request with a NON of your own Message ID; acknowledge CONs only.",
)
def non_acknowledged(event: Acknowledged | Responded, context: Context) -> Iterator[Breach]:
    message = answered(event)
    if isinstance(event, Responded) and not piggybacked(event):
        return
    if event.message.type != Type.ACK or message.type != Type.NON or message.destination.multicast:
        return
    yield Breach(
        f"{describe(message)} is acknowledged",
        event.message,
        seen="ACK",
        expected="no ACK to a NON",
        span=(0, 1),
        exchange=message.exchange,
        frames=(message.frame,),
        group=Alike(event.message.flow),
    )


@rule(
    "COAP-7252-4.3-NON-RST",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.3",
    title="Non-confirmable message rejected",
    what="A RST has the Message ID of a Non-confirmable message. All of one endpoint to another "
    "are one finding.",
    why="Its receiver could not use it: no context, an unknown token, or a client that cancels an "
    "observation (clause 4.3, RFC 7641 clause 3.6). Allowed, and worth knowing.",
    bad="NON 2.05 0x1234, rejected by RST 0x1234.",
    good="NON 2.05 0x1234, and silence.",
    fix="If this ends an observation, nothing is wrong. Else look at why the receiver rejects the "
    "message: restarted, another token, a message format error.",
)
def non_rejected(event: Acknowledged, context: Context) -> Iterator[Breach]:
    message = event.transmission.message
    if event.message.type != Type.RST or message.type != Type.NON or message.destination.multicast:
        return
    yield Breach(
        f"{describe(message)} is rejected by RST",
        event.message,
        seen="RST",
        expected="acceptance, or silence",
        exchange=message.exchange,
        frames=(message.frame,),
        group=Alike(event.message.flow),
    )


@rule(
    "COAP-7252-8.1-MC-RST",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "8.1",
    title="Message to a group rejected",
    what="A RST has the Message ID of a message to a group; the first one is told.",
    why="Who knows that a message came by multicast must not reject it (clause 8.1): the sender "
    "would get a RST from each member. A server may not know, so it is a warning.",
    bad="NON GET 0x1234 to 224.0.1.187, RST 0x1234 from a member.",
    good="NON GET 0x1234 to 224.0.1.187, and silence of members that cannot use it.",
    fix="Ask the socket for the destination address (IP_PKTINFO, IPV6_PKTINFO) and send no RST "
    "when it is a group.",
)
def group_rejected(event: Acknowledged, context: Context) -> Iterator[Breach]:
    message = event.transmission.message
    if event.message.type == Type.RST and message.destination.multicast:
        yield Breach(
            f"{describe(message)} to {message.destination} is rejected by {event.message.source}",
            event.message,
            seen="RST",
            expected="silence",
            exchange=message.exchange,
            frames=(message.frame,),
        )


@rule(
    "COAP-7252-8.1-MC-ACK",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "8.1",
    title="Message to a group acknowledged",
    what="An ACK, Empty or with a response, has the Message ID of a message to a group.",
    why="Messages to groups are Non-confirmable (clause 8.1), and NONs are not acknowledged "
    "(clause 4.3): many members would do it at once.",
    bad="NON GET 0x1234 to 224.0.1.187, ACK 2.05 0x1234 from a member.",
    good="NON GET 0x1234 to 224.0.1.187, NON 2.05 from a member after a random delay.",
    fix="Answer with a NON of your own Message ID and the token of the request.",
)
def group_acknowledged(event: Acknowledged | Responded, context: Context) -> Iterator[Breach]:
    message = answered(event)
    if isinstance(event, Responded) and not piggybacked(event):
        return
    if event.message.type == Type.ACK and message.destination.multicast:
        yield Breach(
            f"{describe(message)} to {message.destination} is acknowledged by "
            f"{event.message.source}",
            event.message,
            seen="ACK",
            expected="a NON, or silence",
            span=(0, 1),
            exchange=message.exchange,
            frames=(message.frame,),
        )


@rule(
    "COAP-7252-4.2-PING-ACKED",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    title="Ping acknowledged",
    what="An Empty CON, a CoAP ping, is answered by an ACK.",
    why="An Empty CON is answered by RST (clauses 4.2, 4.3): the sender waits for it and takes the "
    "peer for dead.",
    bad="CON 0.00 0x1234, answered by ACK 0x1234.",
    good="CON 0.00 0x1234, answered by RST 0x1234.",
    fix="Reject a CON with code 0.00 by RST.",
)
def ping_acknowledged(event: Acknowledged, context: Context) -> Iterator[Breach]:
    message = event.transmission.message
    if message.role == Role.PING and event.message.type == Type.ACK:
        yield Breach(
            f"The ping from {message.source} is answered by an ACK",
            event.message,
            seen="ACK",
            expected="RST",
            span=(0, 1),
            exchange=message.exchange,
            frames=(message.frame,),
            group=Alike(event.message.flow),
        )


@rule(
    "COAP-7252-5.2.2-ACK-NONEMPTY",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.2.2",
    title="Acknowledgement of a response carries a code",
    what="The ACK for a Confirmable response has a code other than 0.00.",
    why="A response is acknowledged by an Empty ACK (clause 5.2.2); a response to a response means "
    "nothing, and is ignored with the acknowledgement it came in.",
    bad="CON 2.05 0x1234, answered by ACK 2.05 0x1234.",
    good="CON 2.05 0x1234, answered by ACK 0.00 0x1234.",
    fix="Acknowledge responses and notifications with type 2, code 0.00 and their Message ID.",
)
def response_in_acknowledgement(event: Acknowledged, context: Context) -> Iterator[Breach]:
    message, answer = event.transmission.message, event.message
    confirmable = message.type == Type.CON and message.is_response
    if confirmable and answer.type == Type.ACK and answer.code != EMPTY:
        yield Breach(
            f"{describe(message)} is acknowledged by {describe(answer)}",
            answer,
            seen=describe(answer),
            expected="an Empty ACK",
            span=answer.coap.code_span,
            exchange=message.exchange,
            frames=(message.frame,),
        )


@rule(
    "COAP-7252-5.2.2-EMPTY-THEN-PIGGYBACK",
    E,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.2.2",
    title="Piggybacked response after an Empty ACK",
    what="A CON request was acknowledged by an Empty ACK, and later an ACK with its Message ID "
    "carries the response, whether the request was sent again in between or not.",
    why="After an Empty ACK the response comes as a message of its own (clause 5.2.2): the client "
    "is done with the Message ID and ignores a second ACK.",
    bad="CON GET 0x1234, ACK 0.00 0x1234, and 3 s later ACK 2.05 0x1234.",
    good="CON GET 0x1234, ACK 0.00 0x1234, and 3 s later CON 2.05 0x8000, ACK 0x8000.",
    fix="Once an Empty ACK is sent, send the response as CON or NON with a Message ID of the "
    "server's, and repeat the Empty ACK for copies of the request.",
)
def promised(event: Responded, context: Context) -> Iterator[Breach]:
    if How.PROMISED in event.how and piggybacked(event):
        request = event.exchange.request
        yield Breach(
            f"{describe(request)} was acknowledged by an Empty ACK; its response comes in an ACK",
            event.message,
            seen=describe(event.message),
            expected="a CON or NON with a Message ID of its own",
            span=(0, 1),
            frames=(request.frame,),
        )


@rule(
    "COAP-7252-4.2-REJECT-EXPECTED",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    title="Malformed message acknowledged",
    what="A CON that is a message format error, or whose code is of a reserved class, is answered "
    "by an ACK.",
    why="Such a message must be rejected, by RST or silently (clause 4.2). An answer means that "
    "the receiver read something into it; some stacks answer 4.00 or 4.02 on purpose.",
    bad="CON 0x1234 whose option runs past its end, answered by ACK 2.05 0x1234.",
    good="CON 0x1234 whose option runs past its end, answered by RST 0x1234.",
    fix="Check that the message parses to its last byte before acting on it, and answer with RST "
    "when it does not.",
)
def not_rejected(event: UnreadableAnswered, context: Context) -> Iterator[Breach]:
    message, bad = event.message, event.bad
    if message.type == Type.ACK and Defect.VERSION not in bad.defects:
        yield Breach(
            f"{describe(message)} answers frame {bad.frame}, which is malformed",
            message,
            seen=describe(message),
            expected="RST",
            frames=(bad.frame,),
        )


@rule(
    "COAP-7252-5.3.2-LATE-RST",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "5.3.2",
    title="Response rejected",
    what="A client rejects a Confirmable response by RST. Not for notifications, which a client "
    "cancels that way, nor where the response is malformed.",
    why="The client no longer knows the request: it was answered before, was given up, or the "
    "client restarted. That is normal after losses (clause 5.3.2); often, it means that the "
    "server answers too late.",
    bad="CON GET, NON 2.05, and 60 s later CON 2.05 with its token, rejected by RST.",
    good="CON GET, CON 2.05 with its token, acknowledged by ACK.",
    fix="Nothing is wrong once in a while. If it is the rule, compare the token with that of the "
    "request, and the server's delay with the patience of the client.",
)
def response_rejected(event: Acknowledged, context: Context) -> Iterator[Breach]:
    message = event.transmission.message
    confirmable = message.type == Type.CON and message.is_response
    if event.message.type != Type.RST or not confirmable or message.role == Role.NOTIFICATION:
        return
    if not critical_flaws(message):
        yield Breach(
            f"{describe(message)} is rejected by RST",
            event.message,
            seen="RST",
            expected="an Empty ACK",
            exchange=message.exchange,
            frames=(message.frame,),
            group=Alike(event.message.flow),
        )
