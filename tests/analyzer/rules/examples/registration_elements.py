# SPDX-License-Identifier: GPL-2.0-only
"""Information elements of the registration request."""

from __future__ import annotations

from typing import Any, Final

from ..conversation import Conversation
from ..registrations import GOOD, UE, registered, without
from . import Example

AVAILABILITY: Final = "MSGin5G Client Communication Availability"
TIMES: Final = {"Scheduled communication time": "02:00", "Communication duration time": 600}
PERIODIC: Final = {"Periodic communication indicator": True}
INTERVAL: Final = {"Periodic communication interval": 3600}

UE_ID: Final = {"MSGin5G UE ID": "msisdn-4917012345"}
PORTS: Final = {"MSGin5G Client Ports": [5683]}


def plus(*more: dict[str, Any]) -> Conversation:
    """A good registration with further elements."""
    members = GOOD.copy()
    for elements in more:
        members |= elements
    return registered(members)


def available(*elements: dict[str, Any]) -> Conversation:
    """A good registration with these elements in Communication Availability."""
    return plus({AVAILABILITY: {name: value for some in elements for name, value in some.items()}})


EXAMPLES: Final[dict[str, Example]] = {
    "MSG-24538-6.3.1.1.1.d1-NO-MESSAGE-TYPE": Example(
        registered(without("Message Type")),
        registered(),
    ),
    "MSG-24538-6.3.1.1.1.d2-UE-SERVICE-ID": Example(
        registered(GOOD | {"UE Service ID": 17}),
        registered(),
    ),
    "MSG-24538-6.3.1.1.1.d3-CREDENTIAL": Example(
        registered(without("UE Credential Information")),
        registered(),
    ),
    "MSG-24538-6.3.1.1.1.d4-CLIENT-PORTS": Example(
        plus(UE_ID, {"MSGin5G Client Ports": [70000]}),
        plus(UE_ID, PORTS),
    ),
    "MSG-24538-6.3.1.1.1.d4-PAIR": Example(
        plus(PORTS),
        plus(UE_ID, PORTS),
    ),
    "MSG-24538-6.3.1.1.1.d5-AVAILABILITY": Example(
        plus({AVAILABILITY: "daily"}),
        plus({AVAILABILITY: TIMES}),
    ),
    "MSG-24538-6.3.1.1.1.d5i-SCHEDULED-TIME": Example(
        available({"Communication duration time": 600}),
        available(TIMES),
    ),
    "MSG-24538-6.3.1.1.1.d5ii-DURATION": Example(
        available(TIMES, {"Communication duration time": 0}),
        available(TIMES),
    ),
    "MSG-24538-6.3.1.1.1.d5iii-INDICATOR": Example(
        available(TIMES, INTERVAL),
        available(TIMES, PERIODIC, INTERVAL),
    ),
    "MSG-24538-6.3.1.1.1.d5iv-INTERVAL": Example(
        available(TIMES, PERIODIC),
        available(TIMES, PERIODIC, INTERVAL),
    ),
    "MSG-24538-6.3.1.1.1.d-ELEMENT-TYPE": Example(
        plus({"MSGin5G UE ID": False}, PORTS),
        plus(UE_ID, PORTS),
    ),
    "MSG-24538-6.3.1.1.1.d-UNKNOWN-ELEMENT": Example(
        plus({"MSGin5G Client Port": [5683]}),
        plus(),
    ),
    "MSG-24538-6.3.1.1.1-KEY-SPELLING": Example(
        registered(without("UE Service ID") | {"ueSvcId": UE}),
        registered(),
    ),
}
