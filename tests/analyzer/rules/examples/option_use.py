# SPDX-License-Identifier: GPL-2.0-only
"""Which options may stand where, how often, and whether they are needed."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..ordinary import READING, asked, read, written
from . import Example


def created(**options: Any) -> Conversation:
    """A resource is made, and its place told, with these options beside."""
    talk = asked("POST", path="/logs", **READING)
    return talk.ack("2.01", location_path=["logs", "7"], **options)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.4.1-CRIT-UNKNOWN": Example(
        asked(options=[(25, b"\x01")]).ack("4.02"),
        read(options=[(26, b"\x01")]),
    ),
    "COAP-7252-5.4.1-ELEC-UNKNOWN": Example(
        read(options=[(26, b"\x01")]),
        read(),
    ),
    "COAP-7252-12.2-EXPERIMENTAL": Example(
        read(options=[(65000, b"\x01")]),
        read(),
    ),
    "COAP-7252-5.10.7-RESERVED-LOC": Example(
        created(options=[(128, b"7")]),
        created(),
    ),
    "COAP-7252-5.4.5-REPEATED": Example(
        asked(accept=[0, 50]).ack("4.02"),
        read(accept=0),
    ),
    "COAP-7252-5.10.6.1-ETAG-REPEATED-RESP": Example(
        asked().ack("2.05", etag=[b"\x01", b"\x02"], **READING),
        asked().ack("2.05", etag=b"\x01", **READING),
    ),
    "COAP-7252-5.4.4-DEFAULT": Example(
        asked().ack("2.05", max_age=60, **READING),
        asked().ack("2.05", max_age=30, **READING),
    ),
    "COAP-7252-5.4-CONTEXT-REQ": Example(
        read(max_age=30),
        asked().ack("2.05", max_age=30, **READING),
    ),
    "COAP-7252-5.4-CONTEXT-RESP": Example(
        asked().ack("2.05", path="/temperature", **READING),
        read(),
    ),
    "COAP-7252-5.4-CONTEXT-METHOD": Example(
        written(etag=b"\x01"),
        written(if_match=b"\x01"),
    ),
}
