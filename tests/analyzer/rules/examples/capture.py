# SPDX-License-Identifier: GPL-2.0-only
"""What is true of a capture, whoever sent what is in it."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from . import Example

UE, SERVER = "10.0.0.2:49152", "10.0.0.1:5683"


def talk(server: str = SERVER) -> Conversation:
    return Conversation(UE, server)


def get(**fields: Any) -> Conversation:
    return talk().con("GET", mid=0x1234, token=b"\x4a\x1f\x77\x20", path="/temp", **fields)


def answered(**fields: Any) -> Conversation:
    return get(**fields).ack("2.05", payload=b"21.5")


def registration(**fields: Any) -> Conversation:
    body = b"18.2,18.4,18.1,17.9,18.0,18.3,18.6,18.8,18.9,18.7,18.5,18.4,18.2,18.1,18.0"
    named = {"token": b"\x4a\x1f", "path": "/log", "content_format": 0, "payload": body}
    return talk().con("POST", mid=0x1234, **named, **fields)


def repeated(*seconds: float) -> Conversation:
    """A CON, and its copies so many seconds after the one before."""
    asked = get()
    for gap in seconds:
        asked.wait(gap - 0.01).again(0)
    return asked


def lonely(count: int) -> Conversation:
    """Requests that nobody repeats and nobody answers."""
    asked = talk()
    for number in range(count):
        asked.con("GET", token=b"\x4a" + bytes([number]), path="/temp").wait(100)
    return asked


def third_and_fourth(seconds: float) -> Conversation:
    """Two exchanges; the last frame so many seconds after the one before."""
    begun = answered().wait(4.98).con("GET", token=b"\x4a\x20", path="/temp")
    return begun.wait(seconds - 0.01).ack("2.05", payload=b"21.6")


def rtp(*numbers: int) -> Conversation:
    """Packets of a protocol whose first byte is no CoAP's."""
    sent = talk()
    for number in numbers:
        sent.raw(b"\x80\x60" + number.to_bytes(2, "big") + bytes.fromhex("0001f400 5eed5eed"))
    return sent


def behind_nat() -> Conversation:
    """A request on its way to the translator."""
    sent = Conversation("10.0.0.2:40000", "192.0.2.1:5683")
    return sent.raw(get().frames[0].data)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-CAP-DUP": Example(
        bad=get(ip_id=0x4A01).recorded_again(),
        good=get(ip_id=0x4A01).wait(2.39).again(ip_id=0x4A0F),
    ),
    "COAP-CAP-CUT": Example(bad=registration(cut=32), good=registration()),
    "COAP-CAP-ONEWAY": Example(bad=lonely(3), good=repeated(2.4, 4.7, 9.8, 19.3)),
    "COAP-CAP-MIDSTART": Example(
        bad=talk().ack("2.05", mid=0x1234, token=b"\x4a\x1f", by="server", payload=b"21.5"),
        good=answered(),
    ),
    "COAP-CAP-CLOCK": Example(bad=third_and_fourth(-0.8), good=third_and_fourth(0.001)),
    "COAP-CAP-ICMP": Example(bad=registration().icmp(), good=registration().ack("2.04")),
    "COAP-CAP-NONCOAP": Example(
        bad=rtp(1, 2, 3),
        good=answered(),
        beside={"COAP-7252-3-VERSION": "the version of RTP is 2"},
    ),
    "COAP-CAP-NATLEG": Example(
        bad=behind_nat().raw(get().frames[0].data, source="203.0.113.7:61001", ttl=63),
        good=behind_nat(),
    ),
}
