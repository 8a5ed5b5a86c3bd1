# SPDX-License-Identifier: GPL-2.0-only
"""What a notification says, and responses where there should be one: RFC 7641 clauses 3 and 4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Formed, Notified, Responded
from analyzer.messages import Role
from analyzer.relations import SURE, How, Match, News
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.single import block
from analyzer.stream_events import Unwrapped
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Option
from dissectors.coap.numbers import code_name

_SPEC: Final = "RFC 7641"
_SUCCESS: Final = 2
_BYTE: Final = 256
_PARTIAL_IV: Final = 7
REGISTER: Final = 0


def observe(message: Message) -> Option | None:
    return message.coap.first(numbers.OBSERVE)


def _span(message: Message) -> tuple[int, int]:
    found = observe(message)
    return found.span if found is not None else (1, 2)


@rule(
    "COAP-7641-4.1-UNREQUESTED",
    E,
    Scope.EXCHANGE,
    _SPEC,
    "4.1",
    title="Observe not asked for",
    what="A response has Observe, but its request has none. A warning where it did not come with "
    "the ACK: it may be a notification under the same token.",
    why="Observe in a response says that the client is registered, which it did not ask for "
    "(clause 4.1). It rejects the notifications that follow, or takes them for something else.",
    bad="GET without Observe, answered by 2.05 with Observe 5",
    good="GET with Observe 0, answered by 2.05 with Observe 5",
    fix="Register a client only where the request has Observe 0; also not in the requests for "
    "further blocks of a notification.",
)
def unrequested(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    sure = event.match in SURE
    stands = event.how & (How.NOTIFIES | How.OBSERVED)
    if not sure or stands or request.cut or observe(request) is not None:
        return
    if observe(answer) is not None and answer.code >> 5 == _SUCCESS:
        yield Breach(
            f"{code_name(answer.code)} has Observe, the request has none",
            answer,
            seen="Observe",
            expected="no Observe",
            span=_span(answer),
            severity=None if event.match is Match.MID_TOKEN else W,
            frames=(request.frame,),
        )


@rule(
    "COAP-7641-4.1-NOT-ACCEPTED",
    N,
    Scope.EXCHANGE,
    _SPEC,
    "4.1",
    title="Registration not accepted",
    what="A GET or FETCH with Observe 0 is answered by a success without Observe. Not judged "
    "behind OSCORE and in requests for later blocks.",
    why="The server answers once and will not notify (clause 4.1): it does not observe this "
    "resource, or has no room. A client that goes by the code alone waits for ever.",
    bad="GET with Observe 0, answered by 2.05 without Observe",
    good="GET with Observe 0, answered by 2.05 with Observe 1",
    fix="Let the client poll instead; check whether the resource should be observable.",
)
def not_accepted(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if not event.how & How.FIRST or not _registers(request) or request.protected:
        return
    asked = block(request, numbers.BLOCK2)
    if answer.code == numbers.CONTINUE or (asked is not None and asked.num):
        return
    if answer.code >> 5 == _SUCCESS and observe(answer) is None and not answer.cut:
        yield Breach(
            f"{request.path}: answered by {code_name(answer.code)} without Observe",
            answer,
            seen="no Observe",
            expected="Observe, if the server will notify",
            frames=(request.frame,),
        )


def _registers(request: Message) -> bool:
    return (
        request.code in (numbers.GET, numbers.FETCH)
        and request.coap.uint(numbers.OBSERVE) == REGISTER
    )


@rule(
    "COAP-7641-4.2-NOTIF-NO-OPTION",
    W,
    Scope.EXCHANGE,
    _SPEC,
    "4.2",
    title="Notification without Observe",
    what="A further success comes under the token of an observation and has no Observe. Responses "
    "with a later block do not count.",
    why="Every notification that is a success has Observe (clause 4.2), by which the client orders "
    "them. Without it the client may drop this one, or take the observation for over.",
    bad="2.05 with Observe 5, then 2.05 under the same token without Observe",
    good="2.05 with Observe 5, then 2.05 with Observe 6",
    fix="Add Observe to every notification, also to those that are sent as CON.",
)
def without_observe(event: Responded, context: Context) -> Iterator[Breach]:
    answer = event.message
    further = event.how & How.OBSERVED and not event.how & How.FIRST
    if not further or answer.code >> 5 != _SUCCESS or observe(answer) is not None or answer.cut:
        return
    value = block(answer, numbers.BLOCK2) or block(answer, numbers.Q_BLOCK2)
    if _registers(event.exchange.request) and (value is None or value.num == 0):
        yield Breach(
            f"{code_name(answer.code)} under the token of an observation has no Observe",
            answer,
            seen="no Observe",
            expected="Observe",
            group=event.exchange,
        )


@rule(
    "COAP-7959-2.6-NOTIF-BLOCK",
    E,
    Scope.MESSAGE,
    "RFC 7959",
    "2.6",
    title="Notification with a later block",
    what="A success with Observe has Block2 with a NUM other than 0.",
    why="A notification carries the first block; the client fetches the rest by requests of its "
    "own (clause 2.6). It cannot tell what this block belongs to.",
    bad="2.05 with Observe 5 and Block2 1/0/64",
    good="2.05 with Observe 5 and Block2 0/1/64",
    fix="Send block 0 only, and the others to those who ask, without Observe.",
)
def later_block(event: Formed, context: Context) -> Iterator[Breach]:
    message = event.message
    value = block(message, numbers.BLOCK2) if message.code >> 5 == _SUCCESS else None
    if value is not None and value.num and observe(message) is not None:
        found = message.coap.first(numbers.BLOCK2)
        yield Breach(
            f"Notification with block {value.num}",
            message,
            seen=f"NUM {value.num}",
            expected="NUM 0",
            span=found.span if found is not None else None,
        )


@rule(
    "COAP-7641-4.4-SEQ",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "4.4",
    causes=("COAP-8613-4.1.3.5-NOTIF-NO-PIV", "COAP-8613-7.2-NONCE-REUSED"),
    title="Notification not newer than the one before",
    what="Observe of a notification is not greater than that of the one before, by less than half "
    "its 24 bits, within 128 s; or it is the same. A note where Message IDs show that the network "
    "changed the order, or where it is the response to the registration that comes late.",
    why="The client takes the notification for an old one that was overtaken, and drops it "
    "(clauses 3.4 and 4.4): it goes on with a state that is no longer true.",
    bad="Observe 255, then Observe 0: a counter of 8 bits",
    good="Observe 255, then Observe 256; Observe 16777215, then Observe 0",
    fix="Count up by at least one for every notification, in 24 bits; do not start again within "
    "128 s, also after a restart.",
)
def not_newer(event: Notified, context: Context) -> Iterator[Breach]:
    if not event.news & (News.NOT_NEWER | News.SAME_VALUE):
        return
    now, before = event.message.coap.uint(numbers.OBSERVE), event.before.coap.uint(numbers.OBSERVE)
    overtaken = event.news & News.REORDERED
    text = f"Observe {now} after {before}"
    if overtaken:
        text += ": overtaken on its way"
    elif now is not None and before is not None and now < before < _BYTE:
        text += ": a counter of 8 bits, or one that began anew"
    yield Breach(
        text,
        event.message,
        seen=f"Observe {now}",
        expected=f"more than {before}",
        span=_span(event.message),
        severity=N if overtaken else None,
        frames=(event.before.frame,),
        group=(event.exchange, bool(overtaken)),
    )


@rule(
    "COAP-7641-4.4-SEQ-TOO-FAST",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "4.4",
    title="Sequence numbers run too fast",
    what="Observe goes up by more than 2^23 within 256 s.",
    why="Beyond that the numbers say nothing: what is newer looks older (clause 4.4). It is a "
    "counter that began anew, or one fed by a clock that runs too fast.",
    bad="Observe 5, then Observe 9000000 after 150 s",
    good="Observe 5, then Observe 6",
    fix="Count notifications, or take a clock of at most 32768 steps a second.",
)
def too_fast(event: Notified, context: Context) -> Iterator[Breach]:
    if event.news & News.TOO_FAST:
        now, before = (
            event.message.coap.uint(numbers.OBSERVE),
            event.before.coap.uint(numbers.OBSERVE),
        )
        yield Breach(
            f"Observe {now} after {before}, within 256 s",
            event.message,
            seen=f"Observe {now}",
            expected=f"less than 2^23 above {before}",
            span=_span(event.message),
            frames=(event.before.frame,),
            group=event.exchange,
        )


@rule(
    "COAP-7641-4.2-CF-CHANGED",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "4.2",
    title="Content-Format of notifications changes",
    what="A notification has another Content-Format than the one before. A warning where one of "
    "them has none. Notifications that are errors or 2.03 do not count.",
    why="All notifications have the format of the first response (clause 4.2). A server that can "
    "no longer send it ends the observation with 4.06.",
    bad="2.05 with Content-Format 50, then 2.05 with Content-Format 60",
    good="Content-Format 50 in both",
    fix="Keep the format for each observer, or send 4.06 and remove it from the list.",
)
def format_changed(event: Notified, context: Context) -> Iterator[Breach]:
    if not event.message.code == event.before.code == numbers.CONTENT:
        return
    now = event.message.coap.uint(numbers.CONTENT_FORMAT)
    before = event.before.coap.uint(numbers.CONTENT_FORMAT)
    if now == before or event.message.cut or event.before.cut:
        return
    found = event.message.coap.first(numbers.CONTENT_FORMAT)
    yield Breach(
        f"Content-Format {_or_none(now)}, before it was {_or_none(before)}",
        event.message,
        seen=f"Content-Format {_or_none(now)}",
        expected=f"Content-Format {_or_none(before)}",
        span=found.span if found is not None else None,
        severity=W if now is None or before is None else None,
        frames=(event.before.frame,),
        group=event.exchange,
    )


def _or_none(value: int | None) -> str:
    return "none" if value is None else str(value)


@rule(
    "COAP-8613-4.1.3.5-NOTIF-NO-PIV",
    E,
    Scope.CONVERSATION,
    "RFC 8613",
    "4.1.3.5",
    title="Protected notification without Partial IV",
    what="A notification after the first response is protected by OSCORE and has no Partial IV.",
    why="Without one the nonce is that of the request, which the first response may have used "
    "already (clause 4.1.3.5): a nonce used twice gives the plaintext away. It also orders the "
    "notifications.",
    bad="2.05 with Observe and an empty OSCORE option, for the second time",
    good="2.05 with Observe and OSCORE 01 05",
    fix="Take a new sender sequence number for every notification and send it as Partial IV.",
)
def no_partial_iv(event: Notified | Unwrapped, context: Context) -> Iterator[Breach]:
    if isinstance(event, Unwrapped):
        yield from _opened_without(event)
        return
    option = event.message.coap.first(numbers.OSCORE)
    if option is None or event.message.cut or observe(event.message) is None:
        return
    if not option.value or not option.value[0] & _PARTIAL_IV:
        yield Breach(
            "Protected notification without Partial IV",
            event.message,
            seen=option.value.hex() or "(empty)",
            expected="a Partial IV",
            span=option.span,
            frames=(event.before.frame,),
            group=event.exchange,
        )


def _opened_without(event: Unwrapped) -> Iterator[Breach]:
    """The same of a notification that was opened, unless its nonce was used already: that is told
    as what it is."""
    message, found = event.message, event.found
    if message.role is Role.NOTIFICATION and found.piv < 0 and not found.reused_with:
        yield Breach(
            "Protected notification without Partial IV",
            message,
            seen="no Partial IV",
            expected="a Partial IV",
            group=message.exchange,
        )
