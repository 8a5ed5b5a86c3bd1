# SPDX-License-Identifier: GPL-2.0-only
"""How CONs and NONs are repeated: RFC 7252 clauses 4.2 and 4.3, RFC 7641 clause 4.5.2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Retransmitted
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Breach, E, N, Scope, Severity, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe, seconds

_LATE: Final = 1.05
"""Clocks of small devices run slow by some percent; that is no breach."""

_LEAST_RATIO: Final = 0.9
_RATIOS: Final = (1.8, 2.3)
"""Of a gap to the one before it, where the timeout was doubled."""

_CROSSING: Final = SECOND // 2
"""An acknowledgement and a retransmission this close may have passed each other on the way."""


@rule(
    "COAP-7252-4.3-NON-REPEAT",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.3",
    title="Non-confirmable message sent again",
    what="A Non-confirmable message is sent again: same endpoints, same Message ID, same content. "
    "A warning when the copy comes later than MAX_TRANSMIT_SPAN (45 s by default) after the first.",
    why="A sender may send copies of a NON to make up for losses, but within MAX_TRANSMIT_SPAN "
    "(clause 4.3): the receiver forgets the Message ID soon after, and would take a later copy "
    "for a new message.",
    bad="NON 0x1234 at 0 s and again, byte for byte, at 10 s.",
    good="NON 0x1234 at 0 s, and its response.",
    fix="Send what must arrive as a CON; else send all copies at once, and anything later under a "
    "new Message ID.",
)
def non_repeated(event: Retransmitted, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    if sent.confirmable:
        return
    age = event.message.time - sent.first
    late = age > context.timers.max_transmit_span * _LATE
    yield Breach(
        f"{describe(sent.message)}: sent again {seconds(age)} after the first",
        event.message,
        seen=f"copy {event.count}, {seconds(age)} after the first",
        expected=f"copies, if any, within {seconds(context.timers.max_transmit_span)}",
        severity=W if late else None,
        exchange=sent.exchange,
        frames=(sent.message.frame,),
        group=(sent, late),
    )


@rule(
    "COAP-7641-4.5.2-NOTIF-SAME-MID",
    W,
    Scope.CONVERSATION,
    "RFC 7641",
    "4.5.2",
    title="Retransmitted notification with another payload",
    what="A notification is sent again under its Message ID, but its payload is another one. "
    "Another Observe or Max-Age alone is a legal refresh.",
    why="A newer state belongs into a message of its own (RFC 7641 clause 4.5.2). A client that "
    "has the first one drops this as a copy, and never learns the newer state.",
    bad="CON 2.05 0x1234 payload `20`, and after 2.5 s CON 2.05 0x1234 payload `21`.",
    good="CON 2.05 0x1234 payload `20`, again after 2.5 s, ACK, and CON 2.05 0x1235 payload `21`.",
    fix="When the state changes while a notification waits for its ACK, stop repeating it and "
    "send the new state under a new Message ID, going on with the old one's timer and counter.",
)
def same_message_id(event: Retransmitted, context: Context) -> Iterator[Breach]:
    if not event.new_payload:
        return
    sent = event.transmission
    yield Breach(
        f"{describe(sent.message)}: the notification is repeated with another payload",
        event.message,
        seen=f"Message ID {event.message.message_id} with another payload",
        expected="a new Message ID, or the same payload",
        span=(2, 4),
        exchange=sent.exchange,
        frames=(sent.message.frame,),
        group=event.message.flow,
    )


@rule(
    "COAP-7252-4.2-RETR-BACKOFF",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    title="Retransmissions without back-off",
    what="The gap between two transmissions of a CON is shorter than the one before it, by more "
    "than 10 %. A note when it is not about twice as long, or when the first gap is longer than "
    "ACK_TIMEOUT x ACK_RANDOM_FACTOR.",
    why="The timeout doubles with each retransmission (clause 4.2), so that a crowded network "
    "gets time to recover. Gaps that grow by more are allowed: the device may sleep, or a copy "
    "between the two was not captured.",
    bad="CON 0x1234 at 0, 3, 5.6 and 7.8 s.",
    good="CON 0x1234 at 0, 3, 9 and 21 s.",
    fix="Double the timeout after each retransmission, starting from a random value between "
    "ACK_TIMEOUT and ACK_TIMEOUT x ACK_RANDOM_FACTOR.",
)
def no_backoff(event: Retransmitted, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    if not sent.confirmable or event.gap <= 0:
        return
    if event.count == 1:
        longest = context.timers.first_timeout
        if event.gap > longest * _LATE:
            yield _gap(event, f"at most {seconds(longest)} before the first copy", N)
    elif event.before > 0:
        ratio = event.gap / event.before
        if not _RATIOS[0] <= ratio <= _RATIOS[1]:
            expected = f"about {seconds(2 * event.before)}, twice the gap before"
            yield _gap(event, expected, W if ratio < _LEAST_RATIO else N)


def _gap(event: Retransmitted, expected: str, severity: Severity) -> Breach:
    sent = event.transmission
    after = f" after a gap of {seconds(event.before)}" if event.before else ""
    return Breach(
        f"{describe(sent.message)}: copy {event.count} comes {seconds(event.gap)} later{after}",
        event.message,
        seen=seconds(event.gap),
        expected=expected,
        severity=severity,
        exchange=sent.exchange,
        frames=(sent.message.frame,),
        group=(sent, severity),
    )


@rule(
    "COAP-7252-4.2-RETR-COUNT",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    strict=E,
    title="Too many retransmissions",
    what="A CON is retransmitted more often than MAX_RETRANSMIT, 4 times by default.",
    why="After MAX_RETRANSMIT copies the sender must give up (clause 4.2): nobody is there, or the "
    "way is too crowded, and every further copy makes it worse.",
    bad="CON 0x1234 at 0, 2, 6, 14, 30 and 46 s.",
    good="CON 0x1234 at 0, 2, 6, 14 and 30 s, then an error to the application.",
    fix="Stop after MAX_RETRANSMIT retransmissions and report the failure; if more are agreed "
    "upon, tell msgshark the transmission parameters in use (--transmission).",
)
def too_many(event: Retransmitted, context: Context) -> Iterator[Breach]:
    sent, most = event.transmission, context.timers.max_retransmit_count
    if not sent.confirmable or event.count <= most:
        return
    yield Breach(
        f"{describe(sent.message)}: retransmission {event.count} of at most {most}",
        event.message,
        seen=f"{event.count} retransmissions",
        expected=f"at most {most}",
        exchange=sent.exchange,
        frames=(sent.message.frame,),
        group=sent,
    )


@rule(
    "COAP-7252-4.2-RETR-SPAN",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    strict=E,
    title="Retransmitted too late",
    what="A copy of a CON comes later after its first transmission than MAX_TRANSMIT_SPAN "
    "(45 s by default), plus 5 % for slow clocks.",
    why="All transmissions of a message must lie within MAX_TRANSMIT_SPAN (clauses 4.2, 4.8.2): "
    "the times for which Message IDs are remembered rest on it, so a late copy may be taken for a "
    "new message and be executed twice.",
    bad="CON 0x1234 at 0, 2, 6, 14 and 60 s.",
    good="CON 0x1234 at 0, 2, 6, 14 and 30 s.",
    fix="Give up when MAX_TRANSMIT_SPAN is over, sleep included; a device that wakes later sends a "
    "new message under a new Message ID.",
)
def too_late(event: Retransmitted, context: Context) -> Iterator[Breach]:
    sent, span = event.transmission, context.timers.max_transmit_span
    age = event.message.time - sent.first
    if not sent.confirmable or age <= span * _LATE:
        return
    yield Breach(
        f"{describe(sent.message)}: retransmitted {seconds(age)} after the first transmission",
        event.message,
        seen=seconds(age),
        expected=f"at most {seconds(span)} after the first",
        exchange=sent.exchange,
        frames=(sent.message.frame,),
        group=sent,
    )


@rule(
    "COAP-7252-4.2-RETR-AFTER-ACK",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "4.2",
    title="Retransmitted after it was acknowledged",
    what="A CON is sent again more than half a second after an ACK or RST for it was captured.",
    why="The acknowledgement stops retransmission (clause 4.2). It got lost between the tap and "
    "the sender, or the sender does not take it: wrong source address, a token in an Empty ACK, a "
    "malformed message.",
    bad="CON 0x1234 at 0 s, ACK 0x1234 at 0.1 s, CON 0x1234 again at 2.5 s.",
    good="CON 0x1234 at 0 s, ACK 0x1234 at 0.1 s, and no copy.",
    fix="Capture at the sender: if the ACK arrives there, compare its addresses, ports, Message ID "
    "and bytes with what the sender expects; if not, look for loss or a firewall on the way.",
)
def acknowledged_before(event: Retransmitted, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    since = event.message.time - sent.acked
    if not sent.confirmable or not sent.acks or since <= _CROSSING:
        return
    yield Breach(
        f"{describe(sent.message)}: sent again {seconds(since)} after it was acknowledged",
        event.message,
        seen=f"copy {event.count}, {seconds(since)} after the acknowledgement",
        expected="no copy after an ACK or RST",
        exchange=sent.exchange,
        frames=(sent.message.frame,),
        group=sent,
    )
