# SPDX-License-Identifier: GPL-2.0-only
"""What is copied, and what a copy is. A format is a module with `copied(subject) -> Copied`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.messages import CARRIED
from analyzer.views.offending import credentials
from dissectors.fields import Table

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.ladders import Ladder
    from analyzer.views.detail.nodes import Node
    from analyzer.views.places import Span
    from analyzer.views.session_view import SessionView

MASK: Final = ord("*")
"""Stands for each byte of a credential where bytes are copied."""

MASKED: Final = "credentials masked, X shows them"


class Subject(NamedTuple):
    """A row of the table `of`, and what belongs to it: the message in `row` (-1: none), its
    exchange (0: none), a finding, the line of the detail tree under the cursor, the ladder that is
    drawn. Of a UE there is its UE Service ID alone."""

    view: SessionView
    of: Table
    row: int = -1
    exchange: int = 0
    finding: Finding | None = None
    field: Node | None = None
    ladder: Ladder | None = None
    ue: str = ""


class Copied(NamedTuple):
    """The text, and what has to be said of it."""

    text: str
    remarks: tuple[str, ...] = ()


class CopyError(Exception):
    """There is no such text of a subject; says why, in a few words."""


NO_PACKET: Final = "it points at no packet"


class Octets(NamedTuple):
    """The captured packet of a message, credentials masked unless the user sees them: which bytes
    those are. The message begins at `coap_at`; one that was carried stands alone."""

    data: bytes
    coap_at: int
    coap_length: int
    masked: tuple[Span, ...]

    @property
    def message(self) -> bytes:
        """The CoAP message alone."""
        return self.data[self.coap_at : self.coap_at + self.coap_length]

    @property
    def remarks(self) -> tuple[str, ...]:
        return (MASKED,) if self.masked else ()


def octets(subject: Subject, row: int | None = None) -> Octets:
    """Of the message of a subject, or another one. Raises CopyError where there are none."""
    row = subject.row if row is None else row
    if row < 0:
        raise CopyError(NO_PACKET)
    session, view = subject.view.opened, subject.view
    data = session.packet(row)
    if not data:
        raise CopyError("the file no longer holds the packet")
    at, length = (session.messages.cell(name, row) for name in ("coap_at", "coap_length"))
    if session.messages.cell("flags", row) & CARRIED:  # no packet has it as it is
        data, at = data[at : at + length], 0
    message = data[at : at + length]
    spans: tuple[Span, ...] = ()
    if not view.unmasked:
        found = credentials(session, row, message, len(message))
        spans = tuple((at + first, at + after) for first, after in found if first < after)
    shown = bytearray(data)
    for first, after in spans:
        shown[first:after] = bytes((MASK,)) * (after - first)
    return Octets(bytes(shown), at, length, spans)
