# SPDX-License-Identifier: GPL-2.0-only
"""Protected flows."""

from __future__ import annotations

from typing import Final

from ..conversation import Conversation
from ..handshakes import SERVER, UE, UNKNOWN_PSK_IDENTITY, Handshakes
from . import Example

DATA: Final = bytes.fromhex("17fefd00010000000000010020") + bytes(range(32))
"""A record of application data of DTLS 1.2 (RFC 6347 clause 4.1), in epoch 1."""


def in_clear() -> Conversation:
    talk = Conversation(UE, "10.0.0.1:5683")
    return talk.con("GET", mid=0x1234, token=b"\x4a\x1f", path="/temp").ack("2.05", payload=b"21.5")


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-CAP-OPAQUE": Example(bad=Conversation(UE, SERVER).raw(DATA), good=in_clear()),
    "COAP-CAP-HANDSHAKE-ALERT": Example(
        bad=Handshakes().hellos().keys().alert(UNKNOWN_PSK_IDENTITY),
        good=Handshakes().stands().data().data("server"),
    ),
    "COAP-CAP-HANDSHAKE-UNFINISHED": Example(
        bad=Handshakes().hello().wait(1).hello().wait(2).hello().later(90),
        good=Handshakes().stands().later(90),
    ),
    "COAP-CAP-CLIENT-MOVED": Example(
        bad=Handshakes(b"\x0a").stands().data().wait(300).data(source="10.0.0.2:50007"),
        good=Handshakes(b"\x0a").stands().data().wait(300).data(),
    ),
}
