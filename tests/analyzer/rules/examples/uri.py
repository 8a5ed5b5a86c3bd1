# SPDX-License-Identifier: GPL-2.0-only
"""The URI in its options: path, host and port."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..ordinary import asked, read
from . import Example


def refused(code: str, **options: Any) -> Conversation:
    return asked(**options).ack(code)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-7252-5.10.1-DOT-SEGMENT": Example(
        refused("4.00", path="/logs/../temperature"),
        read(path="/temperature"),
    ),
    "COAP-7252-5.10.1-PATH-SLASH": Example(
        refused("4.04", path="", uri_path="room/temperature"),
        read(path="/room/temperature"),
    ),
    "COAP-7252-5.10.1-PATH-PERCENT": Example(
        refused("4.04", path="/living%20room"),
        read(path="/living room"),
    ),
    "COAP-7252-6.4-EMPTY-PATH": Example(
        refused("4.04", path="", uri_path=""),
        read(path="/temperature/"),
    ),
    "COAP-7252-5.10.1-HOST-FORM": Example(
        refused("4.04", uri_host="Sensor"),
        read(uri_host="sensor"),
    ),
    "COAP-7252-5.10.1-HOST-IP-DIFFERS": Example(
        refused("4.04", uri_host="10.0.0.1"),
        read(),
    ),
    "COAP-7252-5.10.1-PORT-ZERO": Example(
        refused("4.04", uri_port=0),
        read(uri_port=5684),
    ),
}
