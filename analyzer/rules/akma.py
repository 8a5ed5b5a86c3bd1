# SPDX-License-Identifier: GPL-2.0-only
"""How a UE and its server agree on an OSCORE context by AKMA: TS 33.535 Annex D."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.events import Responded
from analyzer.rules.catalogue import Breach, N, Scope, rule
from analyzer.rules.context import MOST_BOOTSTRAPS, Context
from dissectors.coap import numbers
from dissectors.msgin5g.akma import is_akma_bootstrap


@rule(
    "COAP-CAP-AKMA",
    N,
    Scope.EXCHANGE,
    "capture",
    "",
    title="OSCORE context agreed on by AKMA",
    what="A POST to /akma is answered by 2.01: the UE and its server have made an OSCORE context "
    "from K_AF, the key that AKMA gives to both (TS 33.535 Annex D).",
    why="What follows between the two is protected by OSCORE. It can be read with that key alone.",
    bad="POST /akma, answered by 2.01.",
    good="POST /akma, answered by 4.01: nothing was agreed on.",
    fix="To read what follows, give K_AF in a file to `--oscore-file`: a `[[context]]` with "
    "`k_af`, `client_id` and `server_id`.",
)
def bootstrap(event: Responded, context: Context) -> Iterator[Breach]:
    request, answer = event.exchange.request, event.message
    if (request.code, answer.code) != (numbers.POST, numbers.CREATED):
        return
    if not is_akma_bootstrap(request.coap, answer.coap):
        return
    hosts = request.source.packed, request.destination.packed
    if len(context.bootstraps) < MOST_BOOTSTRAPS or hosts in context.bootstraps:
        context.bootstraps[hosts] = answer.frame
    yield Breach(
        "OSCORE context agreed on by AKMA",
        answer,
        seen="POST /akma, 2.01",
        exchange=event.exchange,
        frames=(request.frame,),
    )
