# SPDX-License-Identifier: GPL-2.0-only
"""Messages read again: their packets, their bytes, what these say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.messages import CARRIED, CUT, LONG_TOKEN
from dissectors import carried
from dissectors.coap.message import Message as CoapMessage
from dissectors.coap.message import dissect
from dissectors.coap.wire import DATAGRAM

if TYPE_CHECKING:
    from analyzer.capture import Source, SourceInterface
    from analyzer.carriers.stage import Carriers
    from analyzer.datagrams import Packet
    from analyzer.memory import Memory
    from analyzer.tables import Table
    from dissectors.coap.wire import OptionTable


class Stored:
    """What a session can read again of the messages in its table."""

    memory: Memory
    messages: Table
    interfaces: list[SourceInterface]
    source: Source | None
    carriers: Carriers
    options: OptionTable
    parts: dict[int, Packet]
    """Messages that came in fragments, by row."""
    _window: tuple[int, int, memoryview] | None
    """What is being read: the index of a file, an offset in it, the bytes from there on."""

    @property
    def opened(self) -> Source:
        """What is read. Raises RuntimeError before `open`."""
        if self.source is None:
            raise RuntimeError("open a capture first")
        return self.source

    def link_type(self, row: int) -> int:
        """The link type of the packet that carries a message."""
        if row in self.parts:
            return self.parts[row].link_type
        if self.messages.cell("flags", row) & CARRIED:
            return carried.LINK_TYPE
        return self.interfaces[self.messages.cell("interface", row)].interface.link_type

    def token(self, row: int) -> bytes:
        """The token of a message."""
        length = self.messages.cell("token_length", row)
        return self.token_bytes(self.messages.cell("token", row), length)

    def token_bytes(self, token: int, length: int) -> bytes:
        """A token as the columns `token` and `token_length` hold it."""
        if length == LONG_TOKEN:
            return self.memory.bytes_of(token)
        return (token & (1 << 64) - 1).to_bytes(8, "big")[8 - length :]

    def packet(self, row: int) -> bytes:
        """The captured bytes of the packet that carries a message; empty when the file is gone."""
        if row in self.parts:
            return self.parts[row].read(self.opened)
        if self.messages.cell("flags", row) & CARRIED:
            cells = self.messages.row(row)
            return self.carriers.store.read(cells["offset"], cells["captured"])
        offset, captured = self.messages.cell("offset", row), self.messages.cell("captured", row)
        interface = self.messages.cell("interface", row)
        if self._window is not None:
            file, base, data = self._window
            inside = base <= offset and offset + captured <= base + len(data)
            if inside and self.interfaces[interface].file == file:
                return bytes(data[offset - base : offset - base + captured])
        return self.opened.read(interface, offset, captured)

    def coap(self, row: int) -> bytes:
        """The CoAP bytes of a message."""
        at = self.messages.cell("coap_at", row)
        return self.packet(row)[at : at + self.messages.cell("coap_length", row)]

    def framing(self, row: int) -> int:
        """How a message is framed, as `dissectors.coap.wire.walk` takes it."""
        if not self.messages.cell("flags", row) & CARRIED:
            return DATAGRAM
        return self.packet(row)[carried.FRAMING_AT]

    def dissected(self, row: int) -> CoapMessage:
        """A message dissected, with the options that are known here."""
        cut = bool(self.messages.cell("flags", row) & CUT)
        return dissect(self.coap(row), cut, self.options, self.framing(row))
