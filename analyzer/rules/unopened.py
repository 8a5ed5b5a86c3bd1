# SPDX-License-Identifier: GPL-2.0-only
"""Messages that OSCORE protects and nobody opened, and why."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.rules.catalogue import Breach, N, Scope, rule
from analyzer.rules.context import Context
from analyzer.stream_events import OscoreOpaque


@rule(
    "COAP-CAP-OSCORE-OPAQUE",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    title="Protected by OSCORE",
    what="Messages with the OSCORE option that cannot be opened; the reason is told once for each "
    "pair of endpoints and each kid.",
    why="Code, options and payload of these messages cannot be read. Nothing is said about them, "
    "good or bad; rules on what stands outside are judged nevertheless.",
    bad="POST with OSCORE, and no security context.",
    good="The same, with the file that has its security context.",
    fix="Give the security contexts: `--oscore-file` with a file of `[[context]]` entries. "
    "Responses need their requests: the capture has to begin before those.",
)
def oscore_opaque(event: OscoreOpaque, context: Context) -> Iterator[Breach]:
    entry = event.entry
    agreed = context.bootstraps.get((entry.client.packed, entry.server.packed))
    hint = f"; agreed on by AKMA in frame {agreed}: give K_AF" if agreed else ""
    yield Breach(
        f"{entry.client} - {entry.server}: OSCORE is not read: {event.detail}{hint}",
        seen="OSCORE",
        expected="CoAP that can be read",
        frame=event.frame,
        frames=(agreed,) if agreed else (),
    )
