# SPDX-License-Identifier: GPL-2.0-only
"""Message IDs and tokens that are used again while their first use may still be about.

RFC 7252 clauses 4.4, 4.5 and 5.3.1. Each is one finding per direction of a pair of endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import MidReused, TokenReused
from analyzer.relations import Reuse
from analyzer.rules.catalogue import Breach, E, N, Scope, Severity, W, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe, seconds
from analyzer.subjects import Message
from dissectors.msgin5g.elements import MessageType

_MESSAGE_IDS: Final = 1 << 16


@rule(
    "COAP-7252-4.4-MID-REUSE",
    E,
    Scope.CONVERSATION,
    "RFC 7252",
    "4.4",
    title="Message ID used again too early",
    what="A CON or NON has the Message ID of an earlier, different one between the same endpoints, "
    "of which it may still be taken for a copy: within EXCHANGE_LIFETIME (247 s by default) of a "
    "CON. A warning after MAX_LATENCY (100 s by default) where the earlier one is a NON, after a "
    "restart, behind an address translator, and where all 65,536 Message IDs are in use.",
    why="A receiver knows copies by endpoint and Message ID (clauses 4.4, 4.5): it drops the new "
    "message as a copy, or answers it with the old answer.",
    bad="CON GET /a 0x1234 at 0 s, and CON GET /b 0x1234 at 20 s.",
    good="CON GET /a 0x1234 at 0 s, and CON GET /b 0x1235 at 20 s.",
    fix="Count Message IDs up by one per peer, from a random value that is new after each start; a "
    "sender of more than about 250 messages per second needs several ports.",
)
def message_id_reused(event: MidReused, context: Context) -> Iterator[Breach]:
    message, earlier = event.message, event.earlier
    age = message.time - earlier.time
    why = ""
    if message.row - earlier.row >= _MESSAGE_IDS:
        why = f": no other may be free after {message.row - earlier.row} messages"
    elif _registers(message) and _registers(earlier):
        why = ": it may have restarted"
    doubtful = why or message.translated or earlier.translated or not event.certain
    yield Breach(
        f"{describe(message)}: {seconds(age)} after {describe(earlier)}, another message{why}",
        message,
        seen=f"Message ID {message.message_id} again after {seconds(age)}",
        expected="a Message ID not in use",
        span=(2, 4),
        severity=W if doubtful else None,
        frames=(earlier.frame,),
    )


def _registers(message: Message) -> bool:
    return message.message_type == MessageType.REG


@rule(
    "COAP-7252-5.3.1-TOKEN-REUSE",
    W,
    Scope.CONVERSATION,
    "RFC 7252",
    "5.3.1",
    title="Token used again too early",
    what="A new request has the token of an earlier one to the same server that is still open. "
    "Not for retransmissions, later blocks, or what belongs to an observation. A note when an ICMP "
    "error ended the earlier one.",
    why="A token tells to which request a response belongs, so it must not be in use (clause "
    "5.3.1): the client may take the late answer to the first request for that to the second.",
    bad="GET /a with token a1b2, and GET /b with token a1b2 before the answer.",
    good="GET /a with token a1b2, and GET /b with token a1b3.",
    fix="Take a new token for each request, and free it when the exchange is over. An empty token "
    "allows one request to a server at a time.",
)
def token_reused(event: TokenReused, context: Context) -> Iterator[Breach]:
    if event.kind in (Reuse.OPEN, Reuse.FAILED):
        yield _reused(event, "still open", W if event.kind is Reuse.OPEN else N)


@rule(
    "COAP-7252-5.3.1-TOKEN-REUSE-OBS",
    E,
    Scope.CONVERSATION,
    "RFC 7252",
    "5.3.1",
    title="Token of an observation used for another request",
    what="A request for another resource, or by another method, has the token of an observation "
    "that stands.",
    why="Notifications come with that token as long as the observation stands (RFC 7641 clause "
    "3.1), so it is in use (clause 5.3.1): the client cannot tell the answer from a notification.",
    bad="GET /a with Observe 0 and token a1b2, its notifications, and GET /b with token a1b2.",
    good="GET /a with Observe 0 and token a1b2, its notifications, and GET /b with token a1b3.",
    fix="Keep the token of an observation reserved until it is cancelled or its end is seen.",
)
def observation_token_reused(event: TokenReused, context: Context) -> Iterator[Breach]:
    if event.kind is Reuse.OBSERVING:
        yield _reused(event, "an observation that stands", E)


@rule(
    "COAP-GCBIS-3.1.5-MC-TOKEN-REUSE",
    W,
    Scope.CONVERSATION,
    "draft-ietf-core-groupcomm-bis",
    "3.1.5",
    title="Token of a group request used again too early",
    what="A request to a group has the token of another request to it within EXCHANGE_LIFETIME "
    "(247 s by default). Asking the group the same once more is none.",
    why="Nobody knows how many members still answer, so the token stays in use for "
    "MIN_TOKEN_REUSE_TIME, 250 s and more (draft-ietf-core-groupcomm-bis clause 3.1.5): a late "
    "answer to the first request would be taken for one to the second.",
    bad="NON GET /a to 224.0.1.187 with token a1b2, and 10 s later NON GET /b with token a1b2.",
    good="NON GET /a to 224.0.1.187 with token a1b2, and 10 s later NON GET /b with token a1b3.",
    fix="Take a new token for each request to a group.",
)
def group_token_reused(event: TokenReused, context: Context) -> Iterator[Breach]:
    if event.kind is Reuse.GROUP:
        yield _reused(event, "members of the group may still answer", W)


def _reused(event: TokenReused, why: str, severity: Severity) -> Breach:
    request, earlier = event.exchange.request, event.earlier.request
    token = request.token.hex() or "(empty)"
    return Breach(
        f"{describe(request)} has token {token} of {describe(earlier)}: {why}",
        request,
        seen=f"token {token} again after {seconds(request.time - earlier.time)}",
        expected="a token not in use",
        span=(request.coap.token_offset, request.coap.token_offset + len(request.token)),
        severity=severity,
        exchange=event.exchange,
        frames=(earlier.frame,),
    )
