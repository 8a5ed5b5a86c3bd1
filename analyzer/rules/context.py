# SPDX-License-Identifier: GPL-2.0-only
"""What a predicate may know besides its event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from analyzer.endpoints import Endpoint
from analyzer.profiles.spec import SpecProfile
from analyzer.profiles.transmission import Transmission
from analyzer.subjects import Flow, Message

MOST_BOOTSTRAPS: Final = 1 << 12
"""Pairs of hosts of which an AKMA bootstrap is remembered; later ones are not."""


@dataclass(slots=True)
class Context:
    """The settings in force and what earlier messages proved."""

    timers: Transmission
    profile: SpecProfile
    server_uri: str = ""
    now: int = 0
    """Capture time at which the event is judged: later than it where it waited for a timer."""

    extended_tokens: set[Endpoint] = field(default_factory=set)
    """Endpoints that repeated a token longer than 8 bytes: they speak RFC 8974."""

    extended_tried: set[tuple[Endpoint, Endpoint]] = field(default_factory=set)
    """(client, server) pairs in which a request had a token longer than 8 bytes."""

    extended_rejected: set[tuple[Endpoint, Endpoint]] = field(default_factory=set)
    """(client, server) pairs in which an extended-token CON was answered by RST."""

    group_responders: dict[int, list[Message]] = field(default_factory=dict)
    """Responses to requests to groups by exchange, until the request is over."""

    bootstraps: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    """Frame of the newest answer that agreed on an OSCORE context by AKMA, by the addresses of UE
    and server."""

    def young(self, flow: Flow, time: int) -> bool:
        """Gate G-START: what the event refers to may lie before the capture."""
        return time - flow.start < self.timers.exchange_lifetime

    def is_registration(self, message: Message) -> bool:
        """The message belongs to an MSGin5G registration."""
        return message.exchange is not None and message.exchange.registration
