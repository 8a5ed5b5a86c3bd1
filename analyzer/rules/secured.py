# SPDX-License-Identifier: GPL-2.0-only
"""Protected flows: what is not read, and why."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.capture_events import OpaqueFlow
from analyzer.rules.catalogue import Breach, N, Scope, rule
from analyzer.rules.context import Context
from analyzer.stream_events import FlowOpaque


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
