# SPDX-License-Identifier: GPL-2.0-only
"""Requests with Observe where an observation stands: RFC 7641 clauses 3.1, 3.3.1 and 3.6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.events import Observes
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Breach, E, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.rules.differences import OF_BLOCKS, differing, names
from analyzer.rules.message_layer import seconds
from analyzer.rules.notifications import REGISTER
from analyzer.rules.option_use import DEFAULT_MAX_AGE
from dissectors.coap import numbers

_SPEC: Final = "RFC 7641"
_PATIENCE: Final = 5 * SECOND
"""A client waits so long at least, beyond Max-Age, before it registers anew (clause 3.3.1)."""

_MAY_DIFFER: Final = OF_BLOCKS | {numbers.ETAG, numbers.OBSERVE, numbers.REQUEST_TAG}


def _registers(event: Observes) -> bool:
    return event.exchange.request.coap.uint(numbers.OBSERVE) == REGISTER


def _otherwise(event: Observes, done: str) -> Iterator[Breach]:
    """The request has other options than the registration with its token."""
    if event.by_token is None:
        return
    request, before = event.exchange.request, event.by_token.request
    if request.protected or before.protected or request.cut or before.cut:
        return
    changed = names(differing(request, before, _MAY_DIFFER))
    if changed:
        yield Breach(
            f"{done} with another {changed}",
            request,
            seen=changed,
            expected="the options of the registration",
            frames=(before.frame,),
        )


@rule(
    "COAP-7641-3.3.1-REREG-EARLY",
    N,
    Scope.CONVERSATION,
    _SPEC,
    "3.3.1",
    title="Registered again too early",
    what="A client registers again under the same token while the newest notification is fresh, or "
    "less than 5 s after its Max-Age.",
    why="A client that heard nothing should wait until Max-Age is over and then 5 to 15 s more "
    "(clause 3.3.1): the notification may be on its way, and many clients that ask at once load "
    "the server.",
    bad="Max-Age 60, and GET with Observe 0 once more after 30 s",
    good="Max-Age 60, and GET with Observe 0 once more after 70 s without a notification",
    fix="Start the timer anew with each notification, at Max-Age plus 5 to 15 s by chance.",
)
def registered_early(event: Observes, context: Context) -> Iterator[Breach]:
    newest = event.newest
    if event.by_token is None or newest is None or not _registers(event):
        return
    said = newest.coap.uint(numbers.MAX_AGE)
    fresh = (DEFAULT_MAX_AGE if said is None else said) * SECOND
    age = event.exchange.request.time - newest.time
    if 0 <= age < fresh + _PATIENCE:
        yield Breach(
            f"Registered again {seconds(age)} after a notification with Max-Age {fresh // SECOND}",
            event.exchange.request,
            seen=seconds(age),
            expected=f"at least {seconds(fresh + _PATIENCE)}",
            frames=(newest.frame,),
            group=event.by_token,
        )


@rule(
    "COAP-7641-3.3.1-REREG-OPTIONS",
    E,
    Scope.CONVERSATION,
    _SPEC,
    "3.3.1",
    title="Registered again with other options",
    what="A client registers again under the token of an observation that stands, for the same "
    "resource, with other options. ETag and what tells blocks may differ. Not judged behind "
    "OSCORE.",
    why="The request must be the one that registered, but for ETag (clause 3.3.1): the server "
    "replaces the entry with this token, and intermediaries tell observations by their options.",
    bad="GET with Observe 0 and Accept 60, then with the same token, Observe 0 and no Accept",
    good="The same request once more",
    fix="Send the same options again, or deregister and register under a new token.",
)
def registered_otherwise(event: Observes, context: Context) -> Iterator[Breach]:
    if _registers(event):
        yield from _otherwise(event, "Registered again")


@rule(
    "COAP-7641-3.6-DEREG-OPTIONS",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "3.6",
    title="Deregistered with other options",
    what="A request with Observe 1 has the token of an observation that stands, but other options "
    "than its registration. ETag and what tells blocks may differ. Not judged behind OSCORE.",
    why="Apart from Observe it should be the request that registered (clause 3.6); a server or "
    "proxy that goes by the options does not find the observation and keeps notifying.",
    bad="GET with Observe 0 and Accept 60, then GET with Observe 1 and no Accept",
    good="GET with Observe 1 and Accept 60",
    fix="Keep the request that registered, and send it with Observe 1.",
)
def deregistered_otherwise(event: Observes, context: Context) -> Iterator[Breach]:
    if not _registers(event):
        yield from _otherwise(event, "Deregistered")


@rule(
    "COAP-7641-3.6-DEREG-TOKEN",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "3.6",
    title="Deregistered under another token",
    what="A request with Observe 1 has a token under which no observation stands, while one of the "
    "same resource stands under another token.",
    why="The server removes the entry with the token of the request (clause 3.6). It finds none, "
    "answers as to a plain GET, and goes on notifying.",
    bad="GET with Observe 0 and token a1, then GET with Observe 1 and token a2",
    good="GET with Observe 0 and token a1, then GET with Observe 1 and token a1",
    fix="Deregister with the token of the registration.",
)
def deregistered_other_token(event: Observes, context: Context) -> Iterator[Breach]:
    other = event.by_resource
    if other is None or event.by_token is not None or _registers(event):
        return
    yield Breach(
        f"Observe 1 with token {_token(event.exchange.token)}; the observation has token "
        f"{_token(other.token)}",
        event.exchange.request,
        seen=_token(event.exchange.token),
        expected=_token(other.token),
        frames=(other.request.frame,),
    )


@rule(
    "COAP-7641-3.1-DUPLICATE-REG",
    W,
    Scope.CONVERSATION,
    _SPEC,
    "3.1",
    title="Registered twice",
    what="A client registers for a resource under a new token while its observation of that "
    "resource stands, with the same options.",
    why="A client must not register more than once for the same (clause 3.1): each notification "
    "is sent twice. A client that was restarted and has forgotten the first one looks the same; it "
    "answers its notifications with RST.",
    bad="GET with Observe 0 and token a1, then the same with token a2",
    good="GET with Observe 0 and token a1, then the same with token a1",
    fix="Use the token of the first registration again, or deregister it.",
)
def registered_twice(event: Observes, context: Context) -> Iterator[Breach]:
    other = event.by_resource
    if other is None or not _registers(event) or other.token == event.exchange.token:
        return
    yield Breach(
        f"{event.exchange.request.path} is observed under token {_token(other.token)} already",
        event.exchange.request,
        seen=_token(event.exchange.token),
        expected=_token(other.token),
        frames=(other.request.frame,),
    )


def _token(token: bytes) -> str:
    return token.hex() or "(empty)"
