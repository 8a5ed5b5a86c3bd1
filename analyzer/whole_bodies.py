# SPDX-License-Identifier: GPL-2.0-only
"""Bodies that kernels leave to Python: odd ones, and those that came in blocks, which are judged
once they are whole as if they had come in one message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer import facts as fact
from analyzer import flows
from analyzer import happenings as tells
from analyzer.arriving import MOST_TEXT
from analyzer.block_bodies import MOST_JUDGED, Body, differing, holes, read_block, rows_of_blocks
from analyzer.bodies import tells_of
from analyzer.events import BlockDiffers, BodyWhole
from analyzer.exchanges import blockwise
from analyzer.exchanges.blockwise import body_at, complete
from analyzer.messages import MESSAGE_TYPE_IDS
from analyzer.registrations import registration_body, registration_requested
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import dissect
from dissectors.coap.values import encode_options
from dissectors.kernel import Rows
from dissectors.link import RAW_IP
from dissectors.msgin5g.payload import read_elements, read_json

if TYPE_CHECKING:
    from analyzer.session import Session
    from analyzer.telling import Row

KINDS: Final = frozenset({tells.BODY_WHOLE, tells.BODY_DUE, tells.BLOCK_AGAIN})

_BLOCKWISE: Final = frozenset({*numbers.BLOCK_OPTIONS, numbers.SIZE1, numbers.SIZE2})


class WholeBodies:
    """The block-wise transfers of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, kind: int, row: Row) -> None:
        """An event of KINDS."""
        if kind == tells.BLOCK_AGAIN:
            self._again(row[0])
        elif kind == tells.BODY_DUE:
            self._look(row[0], row[2])
        else:
            self._whole(row[0], row[2])

    def _again(self, row: int) -> None:
        found = differing(self._session, row)
        if found is not None:
            earlier, offset = found
            messages = Message(self._session, row), Message(self._session, earlier)
            self._session.judge(BlockDiffers(*messages, offset))

    def _look(self, row: int, body: int) -> None:
        """All bytes may be there by now, in whatever order they came."""
        session = self._session
        rows = rows_of_blocks(session.messages, row)
        missing = holes([read_block(session, at) for at in rows])
        s = session.memory.s
        if missing:
            s[body_at(s, body) + blockwise.MISSING] = sum(end - start for start, end in missing)
        else:
            complete(s, body, row, session.messages.cells)
            self._whole(row, body)

    def _whole(self, row: int, body: int) -> None:
        """A body is whole with the message of this row."""
        s = self._session.memory.s
        message = Message(self._session, row)
        first = Message(self._session, s[body_at(s, body) + blockwise.FIRST] - 1)
        size = s[body_at(s, body) + blockwise.SIZE]
        if message.exchange is not None and not message.translated:
            self._session.judge(BodyWhole(message.exchange, message, first, size))
        if message.translated or size > MOST_JUDGED or not first.may_be_json:
            return
        if message.body is not None and message.exchange is not None:
            self._judge(message, message.body, first)

    def _judge(self, message: Message, body: Body, first: Message) -> None:
        session = self._session
        exchange, begun = message.exchange, first.exchange
        assert exchange is not None
        data, facts = self._gather(message, body)
        ue = self._name_ue(data, facts)
        facts[fact.SOURCE] = session.messages.cell("source", message.row)
        facts[fact.DESTINATION] = session.messages.cell("destination", message.row)
        s, mm, xx = session.memory.s, session.messages.cells, session.exchanges.stored.cells
        facts[fact.FLOW] = flows.known_flow(s, facts[fact.SOURCE], facts[fact.DESTINATION])
        facts[fact.MESSAGE], facts[fact.TIME] = message.row + 1, message.time
        facts[fact.PATH] = session.exchanges.stored.cell("path", exchange.id - 1)
        facts[fact.LEG_OF] = 0
        facts[fact.FLAGS] |= fact.SECURED if message.secured else 0
        kind = facts[fact.MESSAGE_TYPE]
        session.messages.update(message.row, ue=ue, message_type=kind)
        if message.is_request:
            registration_requested(s, facts, 0, exchange.id, mm, xx)
        elif begun is not None:
            registration_body(s, facts, 0, begun.id, mm, xx)
        self._spread(message.row, ue)

    def _gather(self, message: Message, body: Body) -> tuple[memoryview, Rows]:
        """What a datagram would say that has the message's options and the whole body."""
        packet = _datagram(_unblocked(message, body))
        return self._session.gather_packet(packet, RAW_IP)

    def _name_ue(self, data: memoryview, facts: Rows) -> int:
        """The name of the UE; MESSAGE_TYPE and TELLS come to be right even for an odd body."""
        if facts[fact.FLAGS] & fact.ODD_BODY:
            read_odd_body(self._session, data, facts, 0)
        else:
            ue = bytes(data[facts[fact.UE_AT] : facts[fact.UE_END]])[:MOST_TEXT]
            facts[fact.UE] = self._session.memory.name(ue)
        return facts[fact.UE]

    def _spread(self, row: int, ue: int) -> None:
        """All exchanges of the operation are about the UE."""
        stored = self._session.exchanges.stored
        for at in rows_of_blocks(self._session.messages, row):
            exchange = self._session.messages.cell("exchange", at)
            if exchange and not stored.cell("ue", exchange - 1):
                stored.update(exchange - 1, ue=ue)


def read_odd_body(session: Session, data: memoryview, facts: Rows, f: int) -> None:
    """A body that the kernel left to us: write its facts."""
    message = dissect(bytes(data[facts[f + fact.AT] : facts[f + fact.END]]))
    document = read_json(message.payload)
    elements = read_elements(document, session.vocabulary)
    kind = elements.values.get("message_type")
    known = isinstance(kind, str) and kind in MESSAGE_TYPE_IDS
    facts[f + fact.MESSAGE_TYPE] = MESSAGE_TYPE_IDS.index(kind) if known else 0
    facts[f + fact.TELLS] = tells_of(document, elements)
    ue = elements.text("ue_service_id") or elements.text("originating_ue_service_id") or ""
    facts[f + fact.UE] = session.memory.name(ue.encode()[:MOST_TEXT])
    facts[f + fact.FLAGS] += fact.BODY_READ - fact.ODD_BODY


def _unblocked(message: Message, body: Body) -> bytes:
    """The message with the whole body, and without what is about blocks."""
    coap = message.coap
    options = [(o.number, o.value) for o in coap.options if o.number not in _BLOCKWISE]
    form = message.option(numbers.CONTENT_FORMAT)
    if form is not None and coap.first(numbers.CONTENT_FORMAT) is None:
        options.append((form.number, form.value))
    head = coap.data[: coap.token_offset + len(coap.token)]
    return head + encode_options(sorted(options, key=lambda o: o[0])) + b"\xff" + body.payload


def _datagram(coap: bytes) -> bytes:
    """An IPv4 packet from and to nobody, with a UDP datagram without checksum."""
    port = numbers.COAP_PORT.to_bytes(2, "big")
    udp = port + port + (8 + len(coap)).to_bytes(2, "big") + bytes(2) + coap
    start = b"\x45\0" + (20 + len(udp)).to_bytes(2, "big")
    return start + bytes(4) + b"\x40\x11" + bytes(10) + udp
