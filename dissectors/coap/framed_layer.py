# SPDX-License-Identifier: GPL-2.0-only
"""Scapy layers of CoAP on reliable transports (RFC 8323): `CoAPTCP` and `CoAPWebSocket`.

Built and dissected as `CoAP` is; there is no version, type and Message ID, and a length before the
code that `None` computes. Signalling messages have their own options:

>>> CoAPTCP(code="7.01", options=[("Max-Message-Size", 1152), "Block-Wise-Transfer"])

Of a TCP segment with several messages the first is dissected and the others are padding;
`sniff(session=TCPSession)` puts segments together and layers the messages behind each other.
"""

from __future__ import annotations

from typing import Any, ClassVar

from scapy.fields import BitField, StrField
from scapy.layers.inet import TCP
from scapy.packet import NoPayload, Packet, bind_bottom_up, bind_top_down

from dissectors.coap import numbers, signalling, stream, wire
from dissectors.coap.layer import CoAP, common_fields
from dissectors.coap.layer_fields import (
    CoAPOption,
    CodeField,
    DefectsField,
    NoBytesField,
    OptionsField,
    TokenField,
    TokenLengthField,
    shown_when_set,
)
from dissectors.coap.message import Message, dissect, in_force
from dissectors.coap.values import code_text, encode_options, field_spans, stated_length


class _LengthField(BitField):  # type: ignore[misc]
    """Bytes behind the token; None is what there is. Its upper half byte stands here."""

    def i2h(self, pkt: Any, x: Any) -> Any:
        return pkt.needed_length if x is None and pkt is not None else x

    def i2m(self, pkt: Any, x: Any) -> int:
        return _length(self.i2h(pkt, x))[0]

    def i2repr(self, pkt: Any, x: Any) -> str:
        return repr(self.i2h(pkt, x))


class _CodeField(CodeField):
    """The code, behind the extended length."""

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        more = b"" if val is None else _length(pkt.length)[1]
        return bytes(super().addfield(pkt, s + more, val))


def _length(length: int) -> tuple[int, bytes]:
    """Half byte and extension (RFC 8323 clause 3.2). Raises ValueError for what is too long."""
    for nibble, size, least in ((15, 4, 65805), (14, 2, 269), (13, 1, 13)):
        if length >= least:
            if length - least >= 256**size:
                raise ValueError(f"length {length} does not fit")
            return nibble, (length - least).to_bytes(size, "big")
    return length, b""


class CoAPTCP(CoAP):
    """One CoAP message over TCP. Fields as in `CoAP`; `length` None is what follows the token."""

    name = "CoAP over TCP"
    framing: ClassVar[int] = wire.STREAM
    fields_desc: ClassVar[list[Any]] = [
        _LengthField("length", None, 4),
        TokenLengthField("token_length", None, 4),
        _CodeField("code", numbers.EMPTY, {code: code_text(code) for code in numbers.CODES}),
        TokenField("token", b""),
        OptionsField("options", [], CoAPOption),
        shown_when_set(StrField("undecoded", b"")),
        shown_when_set(NoBytesField("payload_marker", None)),
        shown_when_set(NoBytesField("cut", False)),
        DefectsField("defects", None),
    ]

    @classmethod
    def dispatch_hook(cls, _pkt: bytes = b"", *args: Any, **fields: Any) -> Any:
        return cls

    @classmethod
    def tcp_reassemble(cls, data: bytes, metadata: Any, session: Any) -> Packet | None:
        """The first message of a stream, with what follows it as padding; None while it is not
        whole."""
        length = _whole(data)
        return cls(data) if length <= len(data) else None

    def do_dissect(self, s: bytes) -> bytes:
        """Fields of the first message of `s`; payload and what follows are left to Scapy."""
        own = s[: self._own_length(s)]
        payload: bytes = super().do_dissect(own)
        return payload + s[len(own) :]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """Payload, and the messages behind this one."""
        behind = max(0, len(self.original) - self._own_length(self.original))
        return s[: len(s) - behind], s[len(s) - behind :]

    def _own_length(self, s: bytes) -> int:
        return _whole(s)

    def _is_cut(self, s: bytes) -> bool:
        """In a segment: the next one has the rest."""
        return isinstance(self.underlayer, TCP) and _whole(s) > len(s)

    def _fields_of(self, message: Message) -> dict[str, Any]:
        header_read = "code" in field_spans(message)
        fields: dict[str, Any] = {"code": message.code if header_read else None}
        stated = stated_length(message)
        if stated != self._usual_length(message):
            fields["length"] = stated
        return fields | common_fields(message)

    def _usual_length(self, message: Message) -> int:
        return len(message.data) - message.token_offset - len(message.token)

    @property
    def message(self) -> Message:
        """This message alone, as it would be sent now."""
        data = self._alone(self.do_build())
        return dissect(data, bool(self.cut), in_force(), self.framing)

    @property
    def needed_length(self) -> int:
        """What `length` is unless it is set."""
        options = encode_options(option.pair() for option in self.options)
        after = len(self._alone(self.do_build_payload()))
        return len(options) + len(self.getfieldval("undecoded")) + after

    def _alone(self, built: bytes) -> bytes:
        """What was built, without the next messages of the stream."""
        layer = self.payload
        while not isinstance(layer, CoAPTCP | NoPayload):
            layer = layer.payload
        return built[: len(built) - len(layer.do_build())]

    def do_build_payload(self) -> bytes:
        """The payload after its marker; the next message of a stream has none before it."""
        if not isinstance(self.payload, CoAPTCP):
            return super().do_build_payload()
        marker = b"\xff" if self.getfieldval("payload_marker") else b""
        return marker + bytes(self.payload.do_build())

    def mysummary(self) -> tuple[str, list[Any]]:
        path = "".join(f"/{repr(part)[1:-1]}" for part in self.values(numbers.URI_PATH))
        return f"{self.name} {code_text(self.code or 0)} {path}".rstrip(), [TCP]

    def answers(self, other: Any) -> int:
        """1 where this is the response to a request, or the Pong to a Ping, of the same token."""
        if not isinstance(other, CoAPTCP) or self.token != other.token:
            return 0
        own, asked = self.code or 0, other.code or 0
        responds = numbers.is_response(own) and numbers.is_request(asked)
        return int(responds or (own, asked) == (signalling.PONG, signalling.PING))


class CoAPWebSocket(CoAPTCP):
    """One CoAP message in a message of a WebSocket, which tells its length: `length` is 0 (RFC
    8323 clause 4.2)."""

    name = "CoAP over WebSocket"
    framing: ClassVar[int] = wire.WEBSOCKET

    def _own_length(self, s: bytes) -> int:
        return len(s)

    def _is_cut(self, s: bytes) -> bool:
        return False

    def _usual_length(self, message: Message) -> int:
        return 0

    @property
    def needed_length(self) -> int:
        return 0


def _whole(data: bytes) -> int:
    """Bytes of the first message; more than there are where it is not whole."""
    length = stream.message_length(data, 0, len(data))
    if length == stream.NEVER:
        return len(data)
    return len(data) + 1 if length == stream.MORE else length


bind_bottom_up(TCP, CoAPTCP, dport=numbers.COAP_PORT)
bind_bottom_up(TCP, CoAPTCP, sport=numbers.COAP_PORT)
bind_top_down(TCP, CoAPTCP, sport=numbers.COAP_PORT, dport=numbers.COAP_PORT)
