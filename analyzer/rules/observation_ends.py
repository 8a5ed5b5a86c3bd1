# SPDX-License-Identifier: GPL-2.0-only
"""How long a server notifies, how often, and who still listens: RFC 7641 clauses 3.5 to 4.5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Notified, Unacknowledged
from analyzer.messages import Role
from analyzer.relations import News
from analyzer.rules.catalogue import Breach, E, N, Scope, W, declare, predicate, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import seconds
from analyzer.rules.notifications import observe

_SPEC: Final = "RFC 7641"

declare(
    "COAP-7641-4.5-AFTER-RST",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "4.5",
    title="Notification after a Reset",
    what="More than 2 s after the client answered a notification with RST, another one comes.",
    why="The RST says that the client no longer knows the token; the server removes it from the "
    "list of observers (clauses 3.6 and 4.5). Each further notification is wasted. The RST may "
    "have been lost behind the tap.",
    bad="2.05 with Observe 6, RST, and 10 s later Observe 7",
    good="2.05 with Observe 6, RST, and no more",
    fix="Match the RST by its Message ID to the notification, also to a NON, and end the "
    "observation.",
)

declare(
    "COAP-7641-4.2-AFTER-ERROR",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "4.2",
    title="Notification after an error",
    what="A notification comes under the token of an observation that an error response ended.",
    why="With a response of class 4.xx or 5.xx the server removes the client from the list of "
    "observers (clause 4.2). The client has dropped the token or uses it for something else.",
    bad="4.04 under the token of an observation, then 2.05 with Observe",
    good="4.04, and nothing more under that token",
    fix="Remove the observer when an error is sent to it.",
)

declare(
    "COAP-7641-3.6-AFTER-DEREG",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "3.6",
    title="Notification after deregistration",
    what="A notification comes more than 2 s after the response to a request with Observe 1 and "
    "the token of the observation.",
    why="The client said that it no longer listens (clause 3.6), and the server answered. It "
    "removes the entry whose endpoint and token match.",
    bad="GET with Observe 1, its 2.05, and 10 s later a notification",
    good="GET with Observe 1, its 2.05, and no more",
    fix="Look up the observer by endpoint and token, and remove it before answering.",
)

declare(
    "COAP-7641-4.5-NO-ACK-STILL-SENT",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "4.5",
    causes=("COAP-7641-3.5-UNACKED", "COAP-7252-4.2-CON-UNANSWERED"),
    absence=True,
    title="Notifies nobody",
    what="A CON notification was neither acknowledged nor rejected within MAX_TRANSMIT_WAIT (93 s "
    "by default), nor was a later one, and the server goes on.",
    why="When a CON notification times out the client counts as gone, and the server removes it "
    "(clause 4.5). The ACK may have been lost before the tap.",
    bad="CON with Observe 6 five times without ACK, and after 100 s Observe 7",
    good="CON with Observe 6 five times without ACK, and no more",
    fix="Remove the observer when a transmission of a notification fails.",
)

declare(
    "COAP-7641-4.5-24H",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "4.5",
    absence=True,
    title="A day without a confirmable notification",
    what="For more than 24 hours all notifications of an observation were NONs.",
    why="NONs do not tell whether anybody listens. At least every 24 hours a notification must be "
    "a CON (clause 4.5), or servers send to clients that are long gone.",
    bad="NON notifications alone, for more than a day",
    good="A CON among them every few hours",
    fix="Send a CON now and then, such as every hundredth.",
)

declare(
    "COAP-7641-4.5.1-RATE",
    N,
    Scope.CONVERSATION,
    _SPEC,
    "4.5.1",
    title="Notifications in quick succession",
    what="Five or more notifications of an observation come less than 3 s apart on average, and "
    "the newest is a NON. Told once of each observation.",
    why="Without ACKs nothing holds the server back: it should not send NONs more often than once "
    "every 3 s on average where it does not know the round-trip time (clause 4.5.1).",
    bad="NON notifications every 100 ms",
    good="NON notifications every 10 s, or CONs, one at a time",
    fix="Leave out states that have changed again, or raise the least time between notifications.",
)

declare(
    "COAP-7641-4.3-STALE",
    N,
    Scope.CONVERSATION,
    _SPEC,
    "4.3",
    title="Notification long after Max-Age",
    what="A notification comes more than Max-Age (60 s by default) and 15 s after the one before, "
    "and nobody registered again meanwhile.",
    why="After Max-Age the client no longer knows the state (clause 4.3), and registers again "
    "after 5 to 15 s. Notifications were lost, or Max-Age is less than the server means.",
    bad="Max-Age 60, and the next notification after 10 minutes",
    good="Max-Age 600, and the next notification after 10 minutes",
    fix="Set Max-Age to the time to the next notification, or notify before it is over.",
)

_ENDED: Final = News.AFTER_RST | News.AFTER_ERROR | News.AFTER_DEREGISTERED | News.AFTER_SILENCE
_TOLD: Final = (
    (News.AFTER_RST, "COAP-7641-4.5-AFTER-RST", "though the client has sent RST", "none"),
    (News.AFTER_ERROR, "COAP-7641-4.2-AFTER-ERROR", "though an error has ended it", "none"),
    (News.AFTER_DEREGISTERED, "COAP-7641-3.6-AFTER-DEREG", "though it was deregistered", "none"),
    (
        News.AFTER_SILENCE,
        "COAP-7641-4.5-NO-ACK-STILL-SENT",
        "though one before got no ACK in time",
        "none",
    ),
    (
        News.UNCONFIRMED,
        "COAP-7641-4.5-24H",
        "as a NON, as all since 24 hours",
        "a CON at least every 24 hours",
    ),
    (
        News.RATE,
        "COAP-7641-4.5.1-RATE",
        "less than 3 s after the one before, on average",
        "at least 3 s between NONs, on average",
    ),
    (
        News.STALE,
        "COAP-7641-4.3-STALE",
        "more than 15 s after Max-Age of the one before",
        "a notification within Max-Age",
    ),
)


@predicate()
def notified(event: Notified, context: Context) -> Iterator[Breach]:
    """What the server should not have sent any more, or otherwise."""
    for news, rule_id, how, expected in _TOLD:
        if event.news & news:
            ended = event.exchange.ended_by if news & _ENDED else None
            yield Breach(
                f"Notification of {event.exchange.request.path} {how}",
                event.message,
                seen="a notification",
                expected=expected,
                frames=((ended or event.before).frame,),
                group=event.exchange,
                rule=rule_id,
            )


@rule(
    "COAP-7641-3.5-UNACKED",
    W,
    Scope.EXCHANGE,
    _SPEC,
    "3.5",
    causes=("COAP-7252-4.2-CON-UNANSWERED",),
    absence=True,
    title="Notification unacknowledged",
    what="A CON notification got neither ACK nor RST within MAX_TRANSMIT_WAIT (93 s by default). A "
    "note near the end of the capture.",
    why="The client must acknowledge it, or reject it with RST where it does not know the token "
    "(clause 3.5). Silence means that it is gone; the server ends the observation.",
    bad="CON with Observe 6, sent five times, and nothing from the client",
    good="CON with Observe 6, and its ACK",
    fix="Check that the client still runs and is reachable: NATs forget an idle client after "
    "minutes, and keep-alives must be more frequent.",
)
def unacknowledged(event: Unacknowledged, context: Context) -> Iterator[Breach]:
    sent = event.transmission
    message = sent.message
    if message.role not in (Role.NOTIFICATION, Role.RESPONSE) or observe(message) is None:
        return
    if event.one_way or sent.icmp:
        return
    yield Breach(
        "Notification without ACK or RST"
        + (" before the capture ends: still open" if event.ended else ""),
        message,
        seen=f"{sent.copies + 1} transmission{'s' if sent.copies else ''}, no answer",
        expected=f"an ACK or RST within {seconds(context.timers.max_transmit_wait)}",
        severity=N if event.ended else None,
        exchange=sent.exchange,
    )
