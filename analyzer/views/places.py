# SPDX-License-Identifier: GPL-2.0-only
"""Places in a capture that a line of a view is about or leads to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from analyzer.scopes import Scope

Span: TypeAlias = tuple[int, int]
"""First byte and byte after the last."""


class Page(StrEnum):
    """The screens on keys 1, 2, 3, ...: the modes of the app."""

    PACKETS = "packets"
    EXCHANGES = "exchanges"
    FINDINGS = "findings"
    UES = "ues"
    STATISTICS = "statistics"

    @property
    def heading(self) -> str:
        """As the name of a tab."""
        return "UEs" if self is Page.UES else self.value.capitalize()


class LadderAt(NamedTuple):
    """The ladder of an exchange: how far it looks, the packet under its cursor (0: the first), and
    the page that closing it leads to."""

    frame: int = 0
    scope: Scope = Scope.EXCHANGE
    opened_from: Page = Page.EXCHANGES


class HandshakeAt(NamedTuple):
    """The handshakes of a protected flow, by its number: the packet under the cursor (0: the
    first), and the page that closing them leads to."""

    flow: int
    frame: int = 0
    opened_from: Page = Page.STATISTICS


@dataclass(frozen=True, slots=True)
class Place:
    """A packet by its frame, or an exchange, a finding or a UE (ue_standings) by its id.

    `span` are bytes of the CoAP message to light up, `branch` names a branch of the detail tree
    to select; with `ladder` the ladder of the exchange is shown, with `handshake` that of a flow.
    """

    page: Page
    number: int
    span: Span | None = None
    branch: str = ""
    ladder: LadderAt | None = None
    handshake: HandshakeAt | None = None
