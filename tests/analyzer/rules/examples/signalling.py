# SPDX-License-Identifier: GPL-2.0-only
"""Connections: CSM, Ping and Pong, Release and Abort."""

from __future__ import annotations

from typing import Any, Final

from dissectors.coap.signalling import (
    BAD_CSM_OPTION,
    BLOCK_WISE_TRANSFER,
    EXTENDED_TOKEN_LENGTH,
    MAX_MESSAGE_SIZE,
)

from ..connection import Connection
from . import Example

UE, SERVER = "10.0.0.2:49152", "10.0.0.1:5683"
TOKEN: Final = b"\x4a\x1f"
LONG: Final = bytes(range(16))
READINGS: Final = b"18.2,18.4,18.1,17.9," * 80
CHANGED: Final = {"options": [(12, b"")], "payload": b"ok"}


def talk() -> Connection:
    return Connection(UE, SERVER)


def ready(**fields: Any) -> Connection:
    """Both ends said what they take."""
    return talk().agrees(**fields)


def get(begun: Connection, **fields: Any) -> Connection:
    named = {"token": TOKEN, "path": "/temp"} | fields
    return begun.send("GET", **named).send("2.05", content_format=0, payload=b"21.5")


def post(begun: Connection, **fields: Any) -> Connection:
    named = {"token": TOKEN, "path": "/log", "content_format": 0} | fields
    return begun.send("POST", **named).send("2.04")


def blocks(szx: int) -> bytes:
    """Block1 0/1 of this size exponent."""
    return bytes([8 | szx])


LARGE: Final = [(MAX_MESSAGE_SIZE, b"\x20\x00"), (BLOCK_WISE_TRANSFER, b"")]
LENGTHY: Final = [(EXTENDED_TOKEN_LENGTH, b"\x20")]


def upload(begun: Connection, szx: int, payload: bytes) -> Connection:
    first = {"token": TOKEN, "path": "/log", "content_format": 0}
    option = [(27, blocks(szx))]
    begun.send("POST", options=option, payload=payload, **first)
    return begun.send("2.31", options=option)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-8323-5.3-CSM-FIRST": Example(
        bad=get(talk().opens().csm("server")), good=get(talk().opens().csm("client").csm("server"))
    ),
    "COAP-8323-5.3.1-TOO-BIG": Example(
        bad=post(ready(), payload=READINGS), good=post(ready(options=LARGE), payload=READINGS)
    ),
    "COAP-8974-2.2.1-TOKEN-OVER": Example(
        bad=get(ready(), token=LONG), good=get(ready(options=LENGTHY), token=LONG)
    ),
    "COAP-8323-6-BERT": Example(
        bad=upload(ready(), 7, READINGS[:1024]),
        good=upload(ready(options=LARGE), 7, READINGS[:1024]),
    ),
    "COAP-8323-5.5-AFTER-RELEASE": Example(
        bad=get(get(ready()).send("7.04")), good=get(ready()).send("7.04").ends()
    ),
    "COAP-8323-5.6-AFTER-ABORT": Example(
        bad=ready().send("GET", token=TOKEN, path="/temp").send("7.05", by="server").send("2.05"),
        good=ready().send("GET", token=TOKEN, path="/temp").send("2.05").send("7.05", by="server"),
    ),
    "COAP-8323-5-CRIT-SIGNAL-OPT": Example(
        bad=get(talk().opens().csm("client", options=[(3, b"\x01")]).csm("server")),
        good=get(talk().opens().csm("client", options=[(8, b"\x01")]).csm("server")),
    ),
    "COAP-8323-5-SIGNAL-OPT-LEN": Example(
        bad=get(talk().opens().csm("client", options=[(2, bytes(5))]).csm("server")),
        good=get(talk().opens().csm("client", options=[(2, b"\x20\x00")]).csm("server")),
    ),
    "COAP-8974-2.2.1-CSM-RANGE": Example(
        bad=get(talk().opens().csm("client", options=[(6, b"\x04")]).csm("server")),
        good=get(talk().opens().csm("client", options=LENGTHY).csm("server")),
    ),
    "COAP-8323-5.4-PONG-TOKEN": Example(
        bad=ready().send("7.02", token=b"\x01").send("7.03", by="server", token=b"\x02"),
        good=ready().send("7.02", token=b"\x01").send("7.03", by="server", token=b"\x01"),
    ),
    "COAP-8323-5.4-PING-UNANSWERED": Example(
        bad=ready().send("7.02", token=b"\x01"),
        good=ready().send("7.02", token=b"\x01").send("7.03", by="server", token=b"\x01"),
    ),
    "COAP-8323-5.6-ABORT": Example(
        bad=ready().send(
            "7.05", by="server", options=[(BAD_CSM_OPTION, b"\x09")], payload=b"what is 9?"
        ),
        good=ready().send("7.04", by="server").ends("server"),
    ),
    "COAP-8323-3.4-EMPTY": Example(
        bad=ready().send("0.00"),
        good=ready().send("7.02", token=b"\x01").send("7.03", by="server", token=b"\x01"),
    ),
}
