# SPDX-License-Identifier: GPL-2.0-only
"""Answers to requests to groups: RFC 7252 clause 8.2, draft-ietf-core-groupcomm-bis.

Each response to a group is told one by one (linking.MOST_OF_GROUP), and remembered until nobody
will answer any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import GroupOver, Responded
from analyzer.profiles.transmission import MILLISECOND, SECOND
from analyzer.relations import Match
from analyzer.rules.catalogue import Breach, N, Scope, W, predicate, rule
from analyzer.rules.context import Context
from analyzer.rules.message_layer import describe, seconds
from analyzer.subjects import Message
from dissectors.coap.numbers import Type, code_name

_MOST_REMEMBERED: Final = 1 << 12
_MOST_SHOWN: Final = 8
_MOST_FRAMES: Final = 64
_ENOUGH: Final = 3
_TOGETHER: Final = 10 * MILLISECOND

_LEISURE: Final = 5 * SECOND
"""DEFAULT_LEISURE, RFC 7252 clause 4.8."""


@predicate()
def remember(event: Responded, context: Context) -> Iterator[Breach]:
    """A member answers; it breaks no rule."""
    known = context.group_responders
    id = event.exchange.id
    if event.match is Match.MULTICAST and (id in known or len(known) < _MOST_REMEMBERED):
        known.setdefault(id, []).append(event.message)
    yield from ()


@rule(
    "COAP-7252-8.2-MC-RESPONDERS",
    N,
    Scope.EXCHANGE,
    "RFC 7252",
    "8.2",
    title="Who answered a request to a group",
    what="The endpoints that answered a request to a group, each with its delay.",
    why="Members answer after a random time within their leisure, 5 s by default (clause 8.2). The "
    "list shows who is there, who answers late, and who answers more than once.",
    bad="NON GET to 224.0.1.187, answered by 10.0.0.3 after 1.2 s and by 10.0.0.4 after 3.9 s.",
    good="NON GET to 224.0.1.187, and nobody who answers.",
    fix="Nothing is wrong. If members are missing, check that they joined the group and that the "
    "network passes multicast.",
)
def responders(event: GroupOver, context: Context) -> Iterator[Breach]:
    request = event.exchange.request
    answers = context.group_responders.get(event.exchange.id, [])
    if not answers:
        return
    told = [f"{a.source} after {seconds(a.time - request.time)}" for a in answers[:_MOST_SHOWN]]
    more = f" and {len(answers) - _MOST_SHOWN} more" if len(answers) > _MOST_SHOWN else ""
    count = len({answer.source for answer in answers})
    yield Breach(
        f"{describe(request)} to {request.destination}: answered by {', '.join(told)}{more}",
        request,
        seen=f"{count} endpoint{'' if count == 1 else 's'} answered",
        expected="answers spread over the leisure of the members",
        exchange=event.exchange,
        frames=_frames(answers),
    )


@rule(
    "COAP-7252-8.2-MC-NO-LEISURE",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "8.2",
    title="Group answers all at once",
    what="Three or more members answer a request to their group, and all of their answers "
    "within the leisure of 5 s lie within 10 ms. A note where the capture ends before.",
    why="Each member should wait for a random time before it answers (clause 8.2). Answers that "
    "come together collide, on radio above all, and are lost together.",
    bad="NON GET to 224.0.1.187, and five answers within 4 ms.",
    good="NON GET to 224.0.1.187, and five answers spread over 5 s.",
    fix="In the members, wait for a random part of the leisure before answering a multicast "
    "request: (size of the group x size of the response) / data rate, or 5 s where unknown.",
)
def no_leisure(event: GroupOver, context: Context) -> Iterator[Breach]:
    request = event.exchange.request
    known = context.group_responders.pop(event.exchange.id, [])
    answers = [answer for answer in known if answer.time - request.time <= _LEISURE]
    times = [answer.time for answer in answers]
    sources = {answer.source for answer in answers}
    if len(sources) < _ENOUGH or max(times) - min(times) > _TOGETHER:
        return
    span = max(times) - min(times)
    yield Breach(
        f"{describe(request)} to {request.destination}: {len(sources)} members answer within "
        f"{seconds(span)}",
        request,
        seen=f"{len(answers)} answers within {seconds(span)}",
        expected="answers spread over the leisure, 5 s by default",
        severity=N if context.now - request.time <= _LEISURE else None,
        exchange=event.exchange,
        frames=_frames(answers),
    )


def _frames(answers: list[Message]) -> tuple[int, ...]:
    return tuple(answer.frame for answer in answers[:_MOST_FRAMES])


@rule(
    "COAP-7252-8.2-MC-RESP-CON",
    W,
    Scope.EXCHANGE,
    "RFC 7252",
    "8.2",
    title="Confirmable answer to a group request",
    what="A member answers a request to its group by a CON.",
    why="The request was Non-confirmable, so its answers should be too (clauses 5.2.3, 8.2): the "
    "client would have to acknowledge each, and some take NONs alone.",
    bad="NON GET to 224.0.1.187, answered by CON 2.05.",
    good="NON GET to 224.0.1.187, answered by NON 2.05.",
    fix="Answer multicast requests by NON.",
)
def confirmable_answer(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if event.match is Match.MULTICAST and answer.type == Type.CON:
        yield Breach(
            f"{describe(request)} to {request.destination} is answered by {describe(answer)}",
            answer,
            seen="CON",
            expected="NON",
            span=(0, 1),
            frames=(request.frame,),
            group=(answer.source, request.destination),
        )


@rule(
    "COAP-GCBIS-3.1.2-MC-ERROR-RESP",
    N,
    Scope.EXCHANGE,
    "draft-ietf-core-groupcomm-bis",
    "3.1.2",
    title="Error in answer to a group request",
    what="A member answers a request to its group by an error, 4.xx or 5.xx.",
    why="A server should keep back what helps nobody (RFC 7252 clause 8.2, "
    "draft-ietf-core-groupcomm-bis clause 3.1.2): a 4.04 from each member that lacks the resource "
    "is load alone.",
    bad="NON GET /lights to 224.0.1.187, answered by NON 4.04.",
    good="NON GET /lights to 224.0.1.187, and silence of members without it.",
    fix="In the members, suppress errors in answer to multicast requests, unless the application "
    "wants them.",
)
def error_answer(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if event.match is Match.MULTICAST and answer.code >> 5 != 2:
        yield Breach(
            f"{describe(request)} to {request.destination} is answered by "
            f"{code_name(answer.code)} of {answer.source}",
            answer,
            seen=code_name(answer.code),
            expected="silence",
            span=answer.coap.code_span,
            frames=(request.frame,),
            group=(answer.source, request.destination),
        )
