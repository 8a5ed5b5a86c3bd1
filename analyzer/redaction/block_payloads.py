# SPDX-License-Identifier: GPL-2.0-only
"""Payloads of the messages of a session, blocks among them: a body is replaced as a whole, so that
what crosses from one block into the next gets the pseudonym it has elsewhere.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.block_bodies import block_value, read_block, rows_of_blocks
from analyzer.exchanges.blockwise import offset_of
from analyzer.option_facts import in_blocks
from analyzer.redaction.payloads import Payloads
from dissectors.coap import numbers
from dissectors.coap.message import Message

if TYPE_CHECKING:
    from analyzer.session import Session

_MOST_BODY: Final = 1 << 20
_MOST_BLOCKS: Final = 1 << 14
_BODIES: Final = 64
_COPIES: Final = 1 << 12


class _Body(NamedTuple):
    """A body from its first byte up to where bytes are missing, before and after."""

    payload: bytes
    replaced: bytes
    content_format: int | None
    code: int


class BlockPayloads:
    """Replaces the payload of one message after the other, in the order of a session's rows."""

    def __init__(self, session: Session, payloads: Payloads) -> None:
        self._session = session
        self._payloads = payloads
        self._bodies: OrderedDict[int, _Body | None] = OrderedDict()
        self._blocks: OrderedDict[bytes, bytes] = OrderedDict()

    def replaced(self, row: int, message: Message) -> bytes:
        """The payload of the message of `row` (-1: it has none), of the same length."""
        value = block_value(message)
        if message.first(numbers.OSCORE) is not None:
            return self._payloads.opaque(message.payload, offset_of(max(0, value)))
        if not in_blocks(value):
            found = self._payloads.replaced(
                message.payload, message.uint(numbers.CONTENT_FORMAT), message.code
            )
            return found
        known = self._blocks.get(message.data)  # a copy belongs to no body
        if known is None:
            known = self._blocks[message.data] = self._block(row, message, offset_of(value))
            if len(self._blocks) > _COPIES:
                self._blocks.popitem(last=False)
        return known

    def _block(self, row: int, message: Message, offset: int) -> bytes:
        body = self._body_of(row) if row >= 0 and self._session.blocks.is_block(row) else None
        payload = message.payload
        end = offset + len(payload)
        if body is None and not offset:
            content_format = message.uint(numbers.CONTENT_FORMAT)
            return self._payloads.replaced(payload, content_format, message.code)
        if body is None or end > len(body.payload):
            return self._payloads.opaque(payload, offset)
        if body.payload[offset:end] == payload:
            return body.replaced[offset:end]
        # Another block came in its place later: the body as it was with this one.
        other = body.payload[:offset] + payload + body.payload[end:]
        return self._payloads.replaced(other, body.content_format, body.code)[offset:end]

    def _body_of(self, row: int) -> _Body | None:
        last = self._session.blocks.last_of(row)
        if last in self._bodies:
            self._bodies.move_to_end(last)
        else:
            self._bodies[last] = self._gathered(last)
            if len(self._bodies) > _BODIES:
                self._bodies.popitem(last=False)
        return self._bodies[last]

    def _gathered(self, last: int) -> _Body | None:
        """The body of which a row is the newest block; None where it is too large."""
        rows = []
        for row in rows_of_blocks(self._session.messages, last):
            rows.append(row)
            if len(rows) > _MOST_BLOCKS:
                return None
        blocks = [read_block(self._session, row) for row in reversed(rows)]
        if max(block.end for block in blocks) > _MOST_BODY:
            return None
        body = bytearray(max(block.end for block in blocks))
        reached = 0
        for block in blocks:  # what came later counts (RFC 7959 clause 2.5)
            body[block.offset : block.end] = block.payload
        for block in sorted(blocks, key=lambda block: block.offset):
            if block.offset <= reached:
                reached = max(reached, block.end)
        first = self._message(min(blocks, key=lambda block: block.offset).row)
        content_format = first.uint(numbers.CONTENT_FORMAT)
        payload = bytes(body[:reached])
        replaced = self._payloads.replaced(payload, content_format, first.code)
        return _Body(payload, replaced, content_format, first.code)

    def _message(self, row: int) -> Message:
        return self._session.dissected(row)
