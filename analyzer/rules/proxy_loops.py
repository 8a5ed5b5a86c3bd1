# SPDX-License-Identifier: GPL-2.0-only
"""Requests that went round in a loop of proxies: RFC 8768."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import Responded
from analyzer.rules.catalogue import Breach, N, Scope, rule
from analyzer.rules.context import Context
from analyzer.rules.single import shown
from dissectors.coap import numbers


@rule(
    "COAP-8768-4-LOOP",
    N,
    Scope.EXCHANGE,
    "RFC 8768",
    "4",
    title="Proxies in a loop",
    what="A response is 5.08 (Hop Limit Reached). Its payload may name the proxies, the one that "
    "gave up first.",
    why="The request was passed on until Hop-Limit was used up: proxies send it round to each "
    "other, or the limit is too low for the way (clause 4).",
    bad="GET with Hop-Limit 10, answered by 5.08 with the payload `proxy-b proxy-a proxy-b`",
    good="GET with Hop-Limit 10, answered by 2.05",
    fix="Follow the names in the payload, and look at where each proxy forwards to.",
)
def loop(event: Responded, context: Context) -> Iterator[Breach]:
    if event.message.code != numbers.HOP_LIMIT_REACHED:
        return
    coap = event.message.coap
    proxies = shown(coap.payload) if coap.payload else "(none named)"
    yield Breach(
        f"The request to {event.exchange.request.path} reached its hop limit; proxies: {proxies}",
        event.message,
        seen=proxies,
        expected="a response of the server",
        exchange=event.exchange,
    )
