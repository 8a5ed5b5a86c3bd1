# SPDX-License-Identifier: GPL-2.0-only
"""Protected flows: what is not read, and why."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.capture_events import OpaqueFlow
from analyzer.rules.catalogue import Breach, N, Scope, rule
from analyzer.rules.context import Context
from analyzer.stream_events import FlowOpaque, OscoreOpaque


@rule(
    "COAP-CAP-OPAQUE",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    title="Encrypted",
    what="DTLS or TLS records on a CoAP port that cannot be opened; the reason is told.",
    why="What the two endpoints say cannot be read. Nothing is said about it, good or bad.",
    bad="A DTLS ClientHello from 10.0.0.2:49152 to 10.0.0.1:5684, application data, and no key.",
    good="A CoAP request to 10.0.0.1:5683.",
    fix="Give the keys: `--psk-file` with a line `identity:key in hex` for each device, or "
    "`--keylog-file` with the key log that a client or server wrote. The capture has to begin "
    "before the handshake.",
)
def opaque(event: FlowOpaque | OpaqueFlow, context: Context) -> Iterator[Breach]:
    if isinstance(event, OpaqueFlow):
        text, seen = f"{event.flow}: DTLS in fragments of IP is not read", "DTLS in fragments"
    else:
        security = event.flow.security
        ends = f"{event.flow.client} - {event.flow.server}"
        text = f"{ends}: {security.transport} is not read: {security.detail}"
        seen = f"{security.transport} records"
    yield Breach(text, seen=seen, expected="CoAP that can be read", frame=event.frame)


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
        f"{entry.client} - {entry.server}: OSCORE is not read: {entry.text}{hint}",
        seen="OSCORE",
        expected="CoAP that can be read",
        frame=event.frame,
        frames=(agreed,) if agreed else (),
    )
