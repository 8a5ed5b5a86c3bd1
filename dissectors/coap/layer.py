# SPDX-License-Identifier: GPL-2.0-only
"""The Scapy layer of CoAP: `CoAP`; of one option, see `layer_fields`, in streams `framed_layer`.

Dissecting asks the one walk (`message.dissect`) and never raises; what is wrong with a message is
in `defects`. A message left as it was dissected builds to the same bytes; a changed one builds
canonically: options sorted by number, lengths computed unless set.

`sr1()` pairs a request with its piggybacked or separate response by token and endpoints. Scapy
compares `hashret()` first, so what carries no token is paired only with what has none: an RST
with a ping, not with a request that has a token. Multicast needs `conf.checkIPaddr = False`:
Scapy's IP layers insist on the address asked.

Needs no `scapy.all` (750 ms). RFC 7252; RFC 8974 (tokens); numbers in `numbers.py`.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, ClassVar

from scapy.config import conf
from scapy.fields import BitEnumField, BitField, StrField
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, bind_bottom_up, bind_top_down

from dissectors.coap import numbers, wire
from dissectors.coap.layer_fields import (
    CoAPOption,
    CodeField,
    DefectsField,
    MessageIdField,
    NoBytesField,
    OptionsField,
    TokenField,
    TokenLengthField,
    shown_when_set,
    token_nibble,
)
from dissectors.coap.message import Message, dissect, in_force
from dissectors.coap.numbers import Type
from dissectors.coap.values import (
    Decoded,
    Span,
    code_text,
    field_spans,
    option_number,
    undecoded,
)


class CoAP(Packet):  # type: ignore[misc]
    """One CoAP message over UDP.

    >>> CoAP(code="POST", options=[("Uri-Path", "register"), ("Content-Format", 50)]) / b"{}"

    `undecoded` holds the bytes at which dissection stopped (also a way to send broken options);
    `payload_marker` None puts the marker where a payload follows, True and False override that.
    `cut` tells that the capture holds less than the wire did (found by UDP's length): what runs
    past the end is then no breach.
    """

    name = "CoAP"
    framing: ClassVar[int] = wire.DATAGRAM
    fields_desc: ClassVar[list[Any]] = [
        BitField("version", numbers.VERSION, 2),
        BitEnumField(
            "type", Type.CON.value, 2, {kind.value: kind.name for kind in Type if kind < 4}
        ),
        TokenLengthField("token_length", None, 4),
        CodeField("code", numbers.EMPTY, {code: code_text(code) for code in numbers.CODES}),
        MessageIdField("message_id", 0),
        TokenField("token", b""),
        OptionsField("options", [], CoAPOption),
        shown_when_set(StrField("undecoded", b"")),
        shown_when_set(NoBytesField("payload_marker", None)),
        shown_when_set(NoBytesField("cut", False)),
        DefectsField("defects", None),
    ]

    @classmethod
    def dispatch_hook(cls, _pkt: bytes = b"", *args: Any, **fields: Any) -> Any:
        """On the DTLS port, first bytes 20 to 63 are DTLS records (RFC 7983 clause 7)."""
        below = fields.get("_underlayer")
        dtls = isinstance(below, UDP) and numbers.COAPS_PORT in (below.sport, below.dport)
        return conf.raw_layer if dtls and _pkt and 20 <= _pkt[0] <= 63 else cls

    def do_dissect(self, s: bytes) -> bytes:
        """Fields of `s`; the payload is left to Scapy. Never raises."""
        options, cut = self.get_field("options"), self._is_cut(s)
        message = dissect(s, cut, framing=self.framing)
        self.fields = self._fields_of(message) | ({"cut": True} if cut else {})
        self.fields["options"] = options.any2i(self, self.fields["options"])
        end = len(s) if message.payload_offset < 0 else message.payload_offset - 1
        self.raw_packet_cache = s[:end]  # the marker is built with the payload
        kept = self._raw_packet_cache_field_value(options, self.fields["options"], copy=True)
        self.raw_packet_cache_fields = {"options": kept}
        self.explicit = 1
        return message.payload

    def _is_cut(self, s: bytes) -> bool:
        """UDP says that there was more of it."""
        below = self.underlayer
        return isinstance(below, UDP) and below.len is not None and below.len - 8 > len(s)

    def _fields_of(self, message: Message) -> dict[str, Any]:
        """Field values of a dissected message; what a canonical build computes is left to it."""
        header_read = "code" in field_spans(message)
        fields: dict[str, Any] = {
            "version": message.version,
            "type": message.type,
            "code": message.code if header_read else None,
            "message_id": message.message_id if header_read else None,
        }
        return fields | common_fields(message)

    def do_build_payload(self) -> bytes:
        """The payload after its marker (RFC 7252 clause 3)."""
        payload: bytes = super().do_build_payload()
        marker = self.getfieldval("payload_marker")
        return (b"\xff" if marker or (marker is None and payload) else b"") + payload

    def guess_payload_class(self, payload: bytes) -> Any:
        """What the user bound (`bind_layers(CoAP, ...)`), else by content: MSGin5G, else Raw."""
        bound = super().guess_payload_class(payload)
        if bound is not conf.raw_layer:
            return bound
        from dissectors.msgin5g.layer import layer_of  # loads only when a payload is dissected

        return layer_of(payload, numbers.is_request(self.code)) or bound

    def _command(self, json: bool = False) -> list[tuple[str, Any]]:
        """For command() and json(), which know no defects."""
        return [(name, value) for name, value in super()._command(json) if name != "defects"]

    @property
    def message(self) -> Message:
        """The message as it would be sent now, as the rest of msgshark sees it."""
        return dissect(self.do_build(), bool(self.cut), in_force(), self.framing)

    @property
    def spans(self) -> dict[str, Span]:
        """Where each field stands in the message, by name; options as `options[0]`."""
        return field_spans(self.message)

    def values(self, name: str | int) -> list[Decoded]:
        """Decoded values of every instance of an option, by name or number."""
        number = option_number(name) if isinstance(name, str) else name
        return [option.decoded for option in self.options if option.number == number]

    @property
    def content_format(self) -> Decoded:
        """Value of the first Content-Format option, None without one."""
        return next(iter(self.values(numbers.CONTENT_FORMAT)), None)

    def mysummary(self) -> tuple[str, list[Any]]:
        path = "".join(f"/{repr(part)[1:-1]}" for part in self.values(numbers.URI_PATH))
        what = self.sprintf("CoAP %CoAP.type% %CoAP.code%")
        return f"{what} {path}".rstrip() + f" MID {self.message_id}", [UDP]

    def hashret(self) -> bytes:
        """The token: the same in a request and its response, piggybacked or separate."""
        return bytes(self.token)

    def answers(self, other: Any) -> int:
        """1 where this message answers `other` (RFC 7252 clauses 4.2, 4.3, 5.3.2), else 0.

        A response: same token, and in an ACK the same Message ID. An RST: same Message ID. An
        Empty ACK: of a CON response, same Message ID; never of a request, whose response is
        still to come, so that `sr1()` waits on.
        """
        if not isinstance(other, CoAP) or other.framing != self.framing:
            return 0
        if not _reversed(self, other):
            return 0
        same_id = self.message_id == other.message_id
        if numbers.is_response(self.code or 0):
            matches = self.token == other.token and (same_id or self.type != Type.ACK)
            return int(matches and numbers.is_request(other.code or 0))
        if self.code != numbers.EMPTY or not same_id:
            return 0
        if self.type == Type.RST:
            return int(other.type in (Type.CON, Type.NON))
        response = numbers.is_response(other.code or 0) and other.type == Type.CON
        return int(self.type == Type.ACK and response)


def common_fields(message: Message) -> dict[str, Any]:
    """Field values that messages of any framing have."""
    start, end = undecoded(message)
    fields: dict[str, Any] = {
        "token": message.token,
        "options": [CoAPOption(number=o.number, value=o.value) for o in message.options],
    }
    if message.tkl != token_nibble(message.token):
        fields["token_length"] = message.tkl
    if start < end:
        fields["undecoded"] = message.data[start:end]
    if message.payload_offset == len(message.data):
        fields["payload_marker"] = True
    return fields


def _reversed(answer: CoAP, request: CoAP) -> bool:
    """The answer goes back between the same endpoints, as far as Scapy's settings ask for that.

    IP and UDP compare the most themselves, but not the port an answer comes from.
    """
    udp, asked = answer.underlayer, request.underlayer
    if not isinstance(udp, UDP) or not isinstance(asked, UDP):
        return True
    if conf.checkIPsrc and (udp.sport, udp.dport) != (asked.dport, asked.sport):
        return False
    ip, asked_ip = _network(udp), _network(asked)
    if ip is None or asked_ip is None or not conf.checkIPaddr:
        return True
    asked_of = ip_address(asked_ip.dst)
    by_asked = ip_address(ip.src) == asked_of or asked_of.is_multicast
    return by_asked and ip_address(ip.dst) == ip_address(asked_ip.src)


def _network(layer: Any) -> Any:
    """The IP layer below, past IPv6 extension headers; None without one."""
    while layer is not None and not isinstance(layer, IP | IPv6):
        layer = layer.underlayer
    return layer


for _port in (numbers.COAP_PORT, numbers.COAPS_PORT):
    bind_bottom_up(UDP, CoAP, dport=_port)
    bind_bottom_up(UDP, CoAP, sport=_port)
# Both ports: from Scapy's default source port, 53, the answer would be taken for DNS.
bind_top_down(UDP, CoAP, sport=numbers.COAP_PORT, dport=numbers.COAP_PORT)
