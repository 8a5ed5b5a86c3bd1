# SPDX-License-Identifier: GPL-2.0-only
"""One CoAP message of a capture: where it was seen, what it says, its part in an exchange."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from analyzer.endpoints import Endpoint
from dissectors.coap import numbers
from dissectors.coap.message import Message as CoapMessage
from dissectors.coap.message import dissect
from dissectors.coap.wire import Defect
from dissectors.msgin5g.elements import MessageType
from dissectors.msgin5g.payload import Document, Elements, read_elements, read_json

if TYPE_CHECKING:
    from analyzer.exchanges.model import Exchange
    from analyzer.flows import Flow


class Role(IntEnum):
    """What a message is in its exchange."""

    UNCONFIRMED = 0  # of a flow not (yet) known to be CoAP: hidden from every view
    REQUEST = 1
    RESPONSE = 2
    NOTIFICATION = 3
    ACK = 4
    RESET = 5
    PING = 6
    RETRANSMISSION = 7
    DUPLICATE_ACK = 8
    CAPTURE_DUPLICATE = 9
    ORPHAN = 10
    UNREADABLE = 11

    @property
    def label(self) -> str:
        """As views write it."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in the capture file; offsets and lengths in bytes."""

    frame: int
    offset: int
    captured: int
    wire: int
    interface: int
    link_type: int
    coap_at: int
    coap_length: int
    ttl: int = 0
    ip_id: int = 0
    fragmented: bool = False
    link_header: bytes = b""


@dataclass(eq=False, slots=True)
class Message:
    """A CoAP message of one datagram. `time` is nanoseconds since the epoch, from the capture.

    `peer` is the frame of a request's response, or of a response's request, `first_frame` that of
    the first transmission of which this is a copy; 0 for none. What was parsed is dropped once the
    message is judged (`settle`) and read again from `data` if asked for: pairing keeps messages
    for minutes of capture time, and a parsed body takes many times its bytes.
    """

    place: Place
    time: int
    source: Endpoint
    destination: Endpoint
    coap_message: InitVar[CoapMessage]
    cut: bool
    flow: Flow
    row: int = -1
    role: Role = Role.UNCONFIRMED
    exchange: Exchange | None = None
    peer: int = 0
    first_frame: int = 0
    response_time: int = -1
    nat_leg_of: Message | None = field(default=None, repr=False)
    data: bytes = field(init=False)
    type: int = field(init=False)
    code: int = field(init=False)
    message_id: int = field(init=False)
    token: bytes = field(init=False)
    observe: int | None = field(init=False)
    _coap: CoapMessage | None = field(init=False, repr=False)
    _document: Document | None = field(init=False, default=None, repr=False)
    _elements: Elements | None = field(init=False, default=None, repr=False)

    def __post_init__(self, coap_message: CoapMessage) -> None:
        self._coap = coap_message
        self.data = coap_message.data
        self.type = coap_message.type
        self.code = coap_message.code
        self.message_id = coap_message.message_id
        self.token = coap_message.token
        self.observe = coap_message.uint(numbers.OBSERVE)

    def settle(self) -> None:
        """Drop what was parsed."""
        self._coap = self._document = self._elements = None

    @property
    def coap(self) -> CoapMessage:
        """The message dissected."""
        if self._coap is None:
            return dissect(self.data, self.cut)
        return self._coap

    @property
    def frame(self) -> int:
        return self.place.frame

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
        """Path and query as the request names them, or the Proxy-Uri."""
        proxy = self.coap.first(numbers.PROXY_URI)
        if proxy is not None:
            return _text(proxy.value)
        query = "&".join(_text(o.value) for o in self.coap.all(numbers.URI_QUERY))
        return f"{self.path}?{query}" if query else self.path

    @property
    def content_format(self) -> int | None:
        return self.coap.uint(numbers.CONTENT_FORMAT)

    @property
    def in_blocks(self) -> bool:
        """The payload is one block of a larger body (RFC 7959)."""
        value = self.coap.uint(numbers.BLOCK1 if self.is_request else numbers.BLOCK2)
        return value is not None and bool(value >> 4 or value & 8)

    @property
    def document(self) -> Document:
        """The payload read as JSON."""
        if self._document is None:
            document = read_json(self.coap.payload)
            if self._coap is None:
                return document
            self._document = document
        return self._document

    @property
    def elements(self) -> Elements:
        """The MSGin5G information elements of the payload; empty when it may not be JSON."""
        if self._elements is None:
            elements = read_elements(self.document) if self.may_be_json else Elements()
            if self._coap is None:
                return elements
            self._elements = elements
        return self._elements

    @property
    def may_be_json(self) -> bool:
        """Content-Format says JSON, or the payload starts as a JSON object does."""
        payload = self.coap.payload
        if not payload or self.protected:
            return False
        return self.content_format == numbers.JSON or payload[:64].lstrip(_BEFORE_JSON)[:1] == b"{"

    @property
    def message_type(self) -> str:
        """MSGin5G Message Type by its meaning, `""` when there is none."""
        value = self.elements.values.get("message_type")
        return value if isinstance(value, str) and value in _MESSAGE_TYPES else ""

    @property
    def ue_service_id(self) -> str:
        """UE Service ID, else the originating one."""
        elements = self.elements
        return elements.text("ue_service_id") or elements.text("originating_ue_service_id") or ""


_BEFORE_JSON: Final = b"\xef\xbb\xbf \t\r\n"
"""White space, and the byte order mark that some writers put before it."""

_MESSAGE_TYPES: Final = frozenset(MessageType)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


MESSAGES_SCHEMA: Final = {
    "frame": "u4",
    "time": "i8",
    "offset": "u8",
    "captured": "u4",
    "wire": "u4",
    "interface": "u2",
    "link_type": "u2",
    "coap_at": "u4",
    "coap_length": "u4",
    "source": "u4",
    "destination": "u4",
    "type": "u1",
    "code": "u1",
    "message_id": "u2",
    "token": "u4",
    "uri": "u4",
    "payload_length": "u4",
    "role": "u1",
    "exchange": "u4",
    "peer": "u4",
    "first": "u4",
    "response_time": "i8",
    "message_type": "u1",
    "ue": "u4",
    "severity": "u1",
}
"""Columns of the messages table. Ids: `exchange` counts from 1 (0: none), `peer` is the frame of
the response of a request or the request of a response, `first` that of the first transmission of
which the message is a copy (0: none), `source`, `destination`, `token`,
`uri`, `ue` are interned; `severity` is that of the worst finding (0: none); times in ns."""

MESSAGE_TYPE_IDS: Final = ("", *MessageType)
"""Message Types by their number in the `message_type` column."""
