# SPDX-License-Identifier: GPL-2.0-only
"""What rules speak of: messages, exchanges, transmissions, flows, read from the tables on demand.

Each is a view of a row. What costs time, such as reading a message's bytes again, is done when
asked for and kept as long as the view: a rule that looks at nothing costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from analyzer import flows
from analyzer import messages as m
from analyzer.block_bodies import Body, block_value, put_together
from analyzer.endpoints import Endpoint
from analyzer.exchanges import message_layer as ml
from analyzer.exchanges import model as x
from analyzer.flow_subject import Flow as Flow
from analyzer.flow_subject import Tables as Tables
from analyzer.messages import MESSAGE_TYPE_IDS, NAT_LEG, Role
from analyzer.option_facts import in_blocks
from analyzer.state import TOO_MANY
from dissectors import link
from dissectors.coap import numbers
from dissectors.coap.message import Message as CoapMessage
from dissectors.coap.message import Option, dissect, uint
from dissectors.coap.numbers import Type
from dissectors.coap.wire import Defect
from dissectors.msgin5g.payload import Document, Elements, first_byte, read_elements, read_json


class Place(NamedTuple):
    """Where a message stands in the capture file; offsets and lengths in bytes."""

    frame: int
    captured: int
    wire: int
    coap_at: int
    coap_length: int
    ttl: int
    fragmented: bool


class Message:
    """A CoAP message of one datagram. `time` is nanoseconds since the epoch, from the capture."""

    def __init__(self, tables: Tables, row: int, leg_of: Message | None = None) -> None:
        self._tables = tables
        self.row = row
        self._row = tables.messages.row(row)
        self.nat_leg_of = leg_of
        self.time = self._row["time"]
        self.frame = self._row["frame"]
        self.type = self._row["type"]
        self.code = self._row["code"]
        self.message_id = self._row["message_id"]
        self.role = Role(self._row["role"])
        self.source: Endpoint = tables.endpoints[self._row["source"]]
        self.destination: Endpoint = tables.endpoints[self._row["destination"]]
        self.cut = bool(self._row["flags"] & m.CUT)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.row == other.row

    def __hash__(self) -> int:
        return hash(self.row)

    @property
    def translated(self) -> bool:
        """The other leg of an address translator was captured too (gate G-NAT)."""
        return bool(self._row["flags"] & NAT_LEG)

    @cached_property
    def flow(self) -> Flow:
        """The flow it belongs to; a forgotten one counts as never seen."""
        s = self._tables.memory.s
        found = flows.known_flow(s, self._row["source"], self._row["destination"])
        return Flow(self._tables, found)

    @cached_property
    def exchange(self) -> Exchange | None:
        id = self._row["exchange"]
        return Exchange(self._tables, id) if id else None

    @cached_property
    def place(self) -> Place:
        """Read again from the packet, but for what the table has."""
        packet = self._tables.packet(self.row)
        row = link.new_row()
        uncaptured = self._row["wire"] - self._row["captured"]
        link_type = self._tables.link_type(self.row)
        link.walk(memoryview(packet), 0, len(packet), link_type, row, uncaptured)
        return Place(
            self.frame,
            self._row["captured"],
            self._row["wire"],
            self._row["coap_at"],
            self._row["coap_length"],
            row[link.TTL],
            bool(self._row["flags"] & m.FRAGMENTED),
        )

    @cached_property
    def data(self) -> bytes:
        """The bytes of the message."""
        at = self._row["coap_at"]
        return self._tables.packet(self.row)[at : at + self._row["coap_length"]]

    @cached_property
    def coap(self) -> CoapMessage:
        """The message dissected."""
        framing = self._tables.framing(self.row)
        return dissect(self.data, self.cut, self._tables.options, framing)

    @property
    def reliable(self) -> bool:
        """Of a TCP connection: it has neither type nor Message ID (gate G-REL)."""
        return bool(self.type == Type.TCP)

    @property
    def secured(self) -> bool:
        """TLS, DTLS or OSCORE protected it."""
        return bool(self._row["flags"] & m.SECURED)

    @property
    def begun(self) -> bool:
        """Of a connection whose beginning was captured."""
        return bool(self._row["flags"] & m.BEGUN)

    @property
    def unwrapped(self) -> bool:
        """OSCORE protected it."""
        return bool(self._row["flags"] & m.UNWRAPPED)

    def knows(self, number: int) -> bool:
        """Peers know the option."""
        return self._tables.options.index[number] != 0

    @cached_property
    def token(self) -> bytes:
        return self._tables.token(self.row)

    @property
    def is_request(self) -> bool:
        return numbers.is_request(self.code)

    @property
    def is_response(self) -> bool:
        return numbers.is_response(self.code)

    @property
    def protected(self) -> bool:
        """OSCORE: outer code and options are wrapping, not semantics (gate G-OSC)."""
        return self.coap.first(numbers.OSCORE) is not None

    @property
    def defects(self) -> frozenset[Defect]:
        return frozenset(flaw.kind for flaw in self.coap.flaws)

    @property
    def path(self) -> str:
        """Uri-Path as `/a/b`; `/` when there is none."""
        return "/" + "/".join(_text(o.value) for o in self.coap.all(numbers.URI_PATH))

    @property
    def uri(self) -> str:
        """Path and query of a request, or its Proxy-Uri, without reading it again; a long one is
        cut. Only the path where there are too many to keep."""
        name = self._row["uri"]
        return self.path if name == TOO_MANY else self._tables.names[name]

    def option(self, number: int) -> Option | None:
        """The first instance of an option; of a body in blocks, also where its first block alone
        has it."""
        found = self.coap.first(number)
        if found is None and self.body is not None:
            found = Message(self._tables, self.body.blocks[0].row).coap.first(number)
        return found

    @property
    def content_format(self) -> int | None:
        option = self.option(numbers.CONTENT_FORMAT)
        return uint(option) if option is not None else None

    @property
    def in_blocks(self) -> bool:
        """The payload is one block of a body that is not whole with it (RFC 7959)."""
        return in_blocks(block_value(self.coap)) and self.body is None

    @cached_property
    def body(self) -> Body | None:
        """The body that was whole with this message, where it came in blocks."""
        if not self._row["flags"] & m.WHOLE_BODY:
            return None
        return put_together(self._tables, self.row)

    @property
    def payload(self) -> bytes:
        """The payload, or the whole body."""
        return self.body.payload if self.body else self.coap.payload

    @cached_property
    def document(self) -> Document:
        """The payload, or the whole body, read as JSON."""
        return read_json(self.payload)

    def placed(self, first: int, after: int) -> tuple[Message, tuple[int, int]]:
        """Where bytes of `payload` stand: the message, and which of its bytes."""
        if self.body is None:
            at = max(0, self.coap.payload_offset)
            return self, (at + first, at + after)
        block = self.body.block_at(first)
        at = block.payload_at - block.offset
        end = max(min(after, block.end), min(first + 1, block.end))
        return Message(self._tables, block.row), (at + first, at + end)

    @cached_property
    def elements(self) -> Elements:
        """The MSGin5G information elements of the payload; empty when it may not be JSON."""
        words = self._tables.vocabulary
        return read_elements(self.document, words) if self.may_be_json else Elements(words=words)

    @property
    def may_be_json(self) -> bool:
        """Content-Format says JSON, or the payload starts as a JSON object does."""
        payload = self.payload
        if not payload or self.protected:
            return False
        return self.content_format == numbers.JSON or first_byte(payload) == b"{"

    @property
    def message_type(self) -> str:
        """MSGin5G Message Type by its meaning, `""` when there is none."""
        value = self.elements.values.get("message_type")
        return value if isinstance(value, str) and value in MESSAGE_TYPE_IDS[1:] else ""

    @property
    def ue_service_id(self) -> str:
        """UE Service ID, else the originating one."""
        elements = self.elements
        return elements.text("ue_service_id") or elements.text("originating_ue_service_id") or ""


class OuterMessage(Message):
    """What stood outside of a message that OSCORE protected. Its row is that of the message inside,
    so no finding points at its bytes there."""

    def __init__(self, tables: Tables, row: int, data: bytes, framing: int) -> None:
        super().__init__(tables, row)
        self._data, self._framing = data, framing
        self.code = self.coap.code

    @cached_property
    def data(self) -> bytes:
        """The bytes of the message as it was sent."""
        return self._data

    @cached_property
    def coap(self) -> CoapMessage:
        """The message dissected."""
        return dissect(self._data, False, self._tables.options, self._framing)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


class Exchange:
    """A request (or CoAP ping) and all that belongs to it."""

    def __init__(self, tables: Tables, id: int) -> None:
        self._tables = tables
        self.id = id
        self._row = tables.exchanges.stored.row(id - 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Exchange) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    @cached_property
    def request(self) -> Message:
        return Message(self._tables, self._row["request_row"])

    @cached_property
    def ack(self) -> Message | None:
        return Message(self._tables, self._row["ack"] - 1) if self._row["ack"] else None

    @cached_property
    def response(self) -> Message | None:
        """The first one."""
        row = self._row["response"]
        return Message(self._tables, row - 1) if row else None

    @cached_property
    def ended_by(self) -> Message | None:
        """What ended its observation."""
        return Message(self._tables, self._row["ended_by"] - 1) if self._row["ended_by"] else None

    @property
    def transmission(self) -> Transmission:
        """The request's, as far as the exchange remembers it."""
        copies = self._row["retransmissions"]
        return Transmission(0, self.request, copies, self, self._row["icmp"])

    @property
    def registration(self) -> bool:
        return bool(self._row["flags"] & x.REGISTRATION)

    @property
    def token(self) -> bytes:
        return self.request.token

    @property
    def icmp(self) -> str:
        """The ICMP error about its request, in words."""
        return self._tables.icmp_texts.get(self.id, "")

    @property
    def ue(self) -> str:
        return self._tables.names[self._row["ue"]]


@dataclass(frozen=True, eq=False)
class Transmission:
    """One CON or NON and its copies: an entry of the message layer (RFC 7252 clause 4). `last` is
    when the newest copy was sent, `acked` when the first of `acks` ACKs and RSTs came."""

    number: int
    message: Message
    copies: int
    exchange: Exchange | None
    icmp: int
    last: int = 0
    acked: int = 0
    acks: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Transmission) and self.message == other.message

    def __hash__(self) -> int:
        return hash(self.message)

    @property
    def first(self) -> int:
        """When it was first sent."""
        return self.message.time

    @property
    def confirmable(self) -> bool:
        return self.message.type == Type.CON


def transmission(tables: Tables, number: int) -> Transmission:
    """A transmission that pairing still remembers."""
    s = tables.memory.s
    at = ml.sent_at(s, number)
    exchange = s[at + ml.EXCHANGE]
    return Transmission(
        number,
        Message(tables, s[at + ml.MESSAGE] - 1),
        s[at + ml.COPIES],
        Exchange(tables, exchange) if exchange else None,
        s[at + ml.ICMP],
        s[at + ml.LAST],
        s[at + ml.ACKED_AT],
        s[at + ml.ACKS],
    )
