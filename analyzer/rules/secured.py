# SPDX-License-Identifier: GPL-2.0-only
"""Protected flows: what is not read, and why; handshakes that fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.capture_events import OpaqueFlow
from analyzer.decryption.security import quoted
from analyzer.rules.catalogue import Breach, N, Scope, W, rule
from analyzer.rules.context import Context
from analyzer.stream_events import (
    ClientMoved,
    FlowOpaque,
    HandshakeAlert,
    HandshakeUnfinished,
)

_KEY: Final = "the two ends have different keys, mostly another pre-shared key each"
_CERTIFICATE: Final = "the peer's certificate is not taken: "
_MEANINGS: Final = {
    10: "a message that does not fit where the sender stands: one end has begun again",
    20: _KEY,
    21: _KEY,
    40: "no cipher suite, group, or kind of key that both ends take",
    42: _CERTIFICATE + "it is damaged, or its signature is wrong",
    43: _CERTIFICATE + "it is of a kind the sender does not know",
    44: _CERTIFICATE + "it is revoked",
    45: _CERTIFICATE + "it has expired, or a clock is wrong",
    46: _CERTIFICATE + "the sender does not say why",
    47: "a field has a value it must not have, or that contradicts another",
    48: _CERTIFICATE + "the sender does not know who issued it",
    49: "the peer is known, and may not do this",
    50: "a message that cannot be read",
    51: _KEY + "; or a signature is wrong",
    70: "no version that both ends take",
    71: "the sender wants stronger cipher suites than the peer offers",
    80: "the sender has failed, whatever the peer did: its log tells more",
    86: "the client offers less than it can",
    109: "an extension is missing that has to be there",
    110: "an extension that was not offered",
    112: "the server does not have the name asked for",
    115: "the server has no key for this identity",
    116: "the server wants a certificate of the client",
    120: "no application protocol that both ends take",
}
"""What an alert mostly comes from (RFC 5246 clause 7.2.2, RFC 8446 clause 6.2), by its number."""


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
    flow = 0
    if isinstance(event, OpaqueFlow):
        text = f"{event.flow}: datagrams begin as those of DTLS do, and hold no whole record"
        seen = "a first byte of DTLS"
    else:
        security, flow = event.flow.security, event.flow.number
        ends = f"{event.flow.client} - {event.flow.server}"
        text = f"{ends}: {security.transport} is not read: {event.detail}"
        seen = f"{security.transport} records"
    expected = "CoAP that can be read"
    yield Breach(text, seen=seen, expected=expected, frame=event.frame, flow=flow)


@rule(
    "COAP-CAP-HANDSHAKE-ALERT",
    W,
    Scope.CONVERSATION,
    "capture",
    "",
    title="Broken off by an alert",
    what="One end of a DTLS association or TLS connection told the other that it gives up: a fatal "
    "alert, in the handshake or later.",
    why="Nothing passes between the two until another handshake succeeds. A device that keeps "
    "trying with the same key or certificate fails the same way each time.",
    bad="A ClientKeyExchange with the identity `ue-7`, and the server's alert 115, "
    "unknown_psk_identity.",
    good="A handshake up to both Finished, application data, and close_notify in the end.",
    fix="Look at the messages before it: `msgshark handshakes`, or `l` on the screen. By the "
    "alert: the same pre-shared key and identity on both ends for decrypt_error, bad_record_mac "
    "and unknown_psk_identity; a common cipher suite for handshake_failure; a valid certificate "
    "and the issuer's on the other end for those about certificates.",
)
def handshake_alert(event: HandshakeAlert, context: Context) -> Iterator[Breach]:
    flow, alert = event.flow, event.alert
    sender, which = (flow.client, "client") if alert.forward else (flow.server, "server")
    text = f"the {which} {sender} sent {alert.text}"
    identity = f", identity {quoted(event.identity)}" if event.identity else ""
    when = "after the handshake" if event.established else "in the handshake"
    meaning = _MEANINGS.get(alert.description, "")
    yield Breach(
        f"{flow.client} - {flow.server}: {text} {when}{identity}"
        + (f": {meaning}" if meaning else ""),
        seen=f"alert {alert.description}",
        expected="a handshake that succeeds" if not event.established else "application data",
        frame=alert.frame,
        group=(flow.number, alert.forward, alert.description),
        flow=flow.number,
    )


@rule(
    "COAP-CAP-HANDSHAKE-UNFINISHED",
    W,
    Scope.CONVERSATION,
    "capture",
    "",
    absence=True,
    title="Handshake never finished",
    what="A DTLS or TLS handshake begins, and neither its end nor an alert about an error was "
    "seen: nobody answers, or it stops behind a message. Where only one end was captured this is "
    "not told; a note where the capture ends less than a minute later.",
    why="Without a handshake no CoAP passes. A DTLS server answers a message whose check fails by "
    "silence (RFC 6347 4.1.2.7), so a wrong key looks like this, too; as do a firewall, a server "
    "that is not there, and large certificates whose IP fragments get lost.",
    bad="A ClientHello, repeated after 1, 3 and 7 seconds, and no HelloVerifyRequest.",
    good="A ClientHello, HelloVerifyRequest, and so on up to both Finished.",
    fix="Look at its messages one by one: `msgshark handshakes`, or `l` on the screen. No answer "
    "to a ClientHello: address, port, firewall, server. Behind the HelloVerifyRequest: what the "
    "server sends does not arrive. Behind ServerHelloDone: MTU and fragments, mostly of a "
    "certificate. Behind ClientKeyExchange or Finished: the pre-shared key, which mostly differs "
    "where the server only sends its messages again.",
)
def handshake_unfinished(event: HandshakeUnfinished, context: Context) -> Iterator[Breach]:
    from analyzer.decryption.stopping import mostly, repeats  # most captures need none

    flow, progress = event.flow, event.progress
    hellos = f"{progress.hellos} times" if progress.hellos > 1 else "once"
    if progress.server and progress.last is not None:
        text = f"the handshake stops behind {progress.stopped}"
    else:
        text = f"ClientHello {hellos}, no answer"
    identity = f", identity {quoted(event.identity)}" if event.identity else ""
    open_ = " before the capture ends: still open" if event.ended else ""
    told = not event.ended or repeats(flow.security)
    why = mostly(flow.security) if told else ""
    yield Breach(
        f"{flow.client} - {flow.server}: {text}{identity}{open_}{why and f'; {why}'}",
        severity=N if event.ended else W,
        seen=progress.stopped,
        expected="both Finished",
        frame=event.frame,
        flow=flow.number,
    )


@rule(
    "COAP-CAP-CLIENT-MOVED",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    title="Client address changed",
    what="Records of a DTLS association come from another address or port; their Connection ID "
    "tells whose they are (RFC 9146, RFC 9147 9).",
    why="A NAT gave the client another port, or it changed its network. Its messages are those of "
    "the same client here. A server that sends to the old address, as notifications after a long "
    "silence, does not reach it.",
    bad="Connection ID 0a from 10.0.0.2:49152, then from 10.0.0.2:50007.",
    good="Connection ID 0a from 10.0.0.2:49152 throughout.",
    fix="Nothing, where the server follows. Else let the client send more often than the NAT "
    "forgets, mostly 30 to 120 seconds.",
)
def client_moved(event: ClientMoved, context: Context) -> Iterator[Breach]:
    flow = event.flow
    yield Breach(
        f"{flow.client} - {flow.server}: the client's address changed from {event.before} to "
        f"{event.after}",
        seen=str(event.after),
        expected=str(event.before),
        frame=event.frame,
        flow=flow.number,
    )
