# SPDX-License-Identifier: GPL-2.0-only
"""Streams that carry CoAP: their framing in TCP and WebSocket (RFC 8323 clauses 3, 4), and what the
capture has of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.rules.catalogue import Breach, E, N, Rule, Scope, W, declare, predicate
from analyzer.rules.context import Context
from analyzer.stream_events import StreamFault
from analyzer.streams.model import FaultKind

LOST: Final = declare(
    "COAP-CAP-STREAM-LOST",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    absence=True,
    title="Bytes of a stream missing",
    what="The capture has not got some bytes of a TCP stream that carries CoAP: the receiver "
    "acknowledged them, or they never came.",
    why="Messages in them are not there, and the message behind the hole begins at a place that "
    "has to be guessed. What is missing cannot be judged.",
    bad="Segments of bytes 0 to 99 and 200 to 299, and an acknowledgement of 300.",
    good="Segments of bytes 0 to 99, 100 to 199 and 200 to 299.",
    fix="Capture closer to one of the ends, with a larger buffer (-B) and without a snap length.",
)
OVERLAP: Final = declare(
    "COAP-CAP-STREAM-OVERLAP",
    W,
    Scope.CONVERSATION,
    "capture",
    "",
    title="Segments overlap",
    what="A TCP segment covers bytes that came before, and they differ.",
    why="No sender does this: a retransmission has the same bytes. Receivers differ in which they "
    "take, so a firewall may have seen another message than the server. Shown is what came first.",
    bad="Bytes 100 to 199 twice, with other contents.",
    good="Bytes 100 to 199 twice, the same.",
    fix="Find out which host sends the frames shown.",
)
FRAME: Final = declare(
    "COAP-8323-3.2-FRAME",
    E,
    Scope.MESSAGE,
    "RFC 8323",
    "3.2",
    title="No message can be framed",
    what="Len and token length at a place where a message has to begin make no message, or leave "
    "less than its options need; or the stream ends inside a message.",
    why="On a stream the Len field alone tells where the next message begins. Once it is wrong, "
    "nothing that follows can be read; the receiver breaks the connection off.",
    bad="Len says 20 bytes, and the FIN comes after 12.",
    good="Len says 20 bytes, and 20 bytes follow the token.",
    fix="Let Len count options, payload marker and payload, not the token; send a message whole "
    "before the socket is closed.",
)
WS_LEN: Final = declare(
    "COAP-8323-4.2-WS-LEN",
    E,
    Scope.MESSAGE,
    "RFC 8323",
    "4.2",
    title="Len in a WebSocket message",
    what="The Len field of a CoAP message in a WebSocket is not 0.",
    why="A WebSocket message has its own length: Len must be 0 there, and a receiver may refuse "
    "what is not.",
    bad="52 02 ... in a binary frame.",
    good="02 02 ... in a binary frame.",
    fix="Write 0 into the upper half of the first byte, and no extended length.",
)
WS_TEXT: Final = declare(
    "COAP-8323-4.2-WS-TEXT",
    E,
    Scope.MESSAGE,
    "RFC 8323",
    "4.2",
    title="Not a binary WebSocket message",
    what="A CoAP message came in a text frame, or the WebSocket has another subprotocol than "
    "`coap`.",
    why="CoAP messages are binary: a peer fails the connection at text that is no UTF-8 (RFC 6455 "
    "8.1). Without the subprotocol it need not take the messages for CoAP.",
    bad="Sec-WebSocket-Protocol: mqtt.",
    good="Sec-WebSocket-Protocol: coap, and binary frames.",
    fix="Ask for the subprotocol `coap`, and send each message as one binary WebSocket message.",
)
WS_FRAME: Final = declare(
    "COAP-CAP-WEBSOCKET",
    W,
    Scope.CONVERSATION,
    "capture",
    "",
    title="WebSocket broken",
    what="The upgrade to a WebSocket or one of its frames is not as RFC 6455 has it.",
    why="The peer fails the connection, and the messages that were to come on it are lost.",
    bad="A client that does not mask its frames.",
    good="Masked frames of the client, unmasked ones of the server.",
    fix="Look at the detail shown; use a maintained WebSocket library on both ends.",
)
NOT_COAP: Final = declare(
    "COAP-CAP-STREAM-NONCOAP",
    N,
    Scope.CONVERSATION,
    "capture",
    "",
    title="Not CoAP on a CoAP port of TCP",
    what="A connection to a port of CoAP over TCP begins with neither a CoAP message, a TLS record "
    "nor an upgrade to a WebSocket.",
    why="Something else runs there: a port scan, another protocol. Nothing of it is read.",
    bad="`SSH-2.0-OpenSSH_9.2` on port 5683.",
    good="A CSM on port 5683.",
    fix="Find out which program sends from the address shown; or take the port out of `-d`.",
)

_RULES: Final[dict[FaultKind, Rule]] = {
    FaultKind.LOST: LOST,
    FaultKind.OVERLAP: OVERLAP,
    FaultKind.FRAME: FRAME,
    FaultKind.FRAME_CUT: FRAME,
    FaultKind.TOO_LONG: FRAME,
    FaultKind.NOT_COAP: NOT_COAP,
    FaultKind.WS_LENGTH: WS_LEN,
    FaultKind.WS_TEXT: WS_TEXT,
    FaultKind.WS_SUBPROTOCOL: WS_TEXT,
    FaultKind.WS_UPGRADE: WS_FRAME,
    FaultKind.WS_FRAME: WS_FRAME,
}


@predicate()
def stream_fault(event: StreamFault, context: Context) -> Iterator[Breach]:
    fault = event.fault
    broken = _RULES[fault.kind]
    sender, receiver = event.client, event.server
    if not fault.forward:
        sender, receiver = receiver, sender
    yield Breach(
        f"{sender} to {receiver}: {fault.detail}",
        rule=broken.id,
        seen=fault.kind.value,
        expected="whole messages",
        frame=fault.frame,
        frames=tuple(frame for frame in fault.frames if frame != fault.frame),
        group=(sender, receiver, fault.kind) if broken in (LOST, OVERLAP) else None,
    )
