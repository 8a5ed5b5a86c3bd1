# SPDX-License-Identifier: GPL-2.0-only
"""Scapy layers of CoAP: `CoAP`, `CoAPOption`.

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
from scapy.fields import (
    BitEnumField,
    BitField,
    ByteEnumField,
    ConditionalField,
    Field,
    PacketListField,
    ShortField,
    StrField,
    XStrField,
)
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, bind_bottom_up, bind_top_down

from dissectors.coap import numbers
from dissectors.coap.message import Flaw, Message, dissect, in_force
from dissectors.coap.numbers import Type
from dissectors.coap.values import (
    Decoded,
    Span,
    code_number,
    code_text,
    decode_value,
    describe_flaw,
    describe_number,
    describe_value,
    encode_options,
    encode_value,
    extended,
    field_spans,
    option_number,
    undecoded,
)


class _OptionNumberField(Field):  # type: ignore[misc]
    """Given as a number or a name."""

    def any2i(self, pkt: Any, x: Any) -> Any:
        return option_number(x) if isinstance(x, str) else x

    def i2repr(self, pkt: Any, x: Any) -> str:
        return describe_number(x) if isinstance(x, int) else repr(x)


class _OptionValueField(StrField):  # type: ignore[misc]
    """Raw bytes of an option value; shown decoded, given as what its format holds."""

    def any2i(self, pkt: Any, x: Any) -> Any:
        number = pkt.getfieldval("number") if pkt is not None else None
        if isinstance(number, int) and isinstance(x, str | int | tuple | bytearray | None):
            return encode_value(number, x)
        return super().any2i(pkt, x)

    def i2repr(self, pkt: Any, x: Any) -> str:
        number = pkt.getfieldval("number")
        known = isinstance(number, int) and isinstance(x, bytes)
        return describe_value(number, x) if known else repr(x)


class CoAPOption(Packet):  # type: ignore[misc]
    """One option: `number`, raw `value`, and by the registry its `name` and `decoded` value."""

    fields_desc: ClassVar[Any] = [
        _OptionNumberField("number", 0, "H"),
        _OptionValueField("value", b""),
    ]

    @property
    def decoded(self) -> Decoded:
        return decode_value(self.number, self.value)

    def pair(self) -> tuple[int, bytes]:
        """Number and value, random ones fixed."""
        fixed = next(iter(self))
        return fixed.getfieldval("number"), bytes(fixed.getfieldval("value"))

    def self_build(self) -> bytes:
        """The option as the first of a message: its delta is its number."""
        cached: bytes | None = self.raw_packet_cache
        return encode_options([self.pair()]) if cached is None else cached

    def do_dissect(self, s: bytes) -> bytes:
        """The first option of `s`; what follows it is padding."""
        head = b"\x40\x01\x00\x00"
        option = next(iter(dissect(head + s).options), None)
        after = len(s)
        if option is not None:
            self.fields = {"number": option.number, "value": option.value}
            after = option.value_offset + len(option.value) - len(head)
        self.raw_packet_cache = s[:after]
        return s[after:]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return b"", s

    def mysummary(self) -> str:
        return f"{self.name} {describe_value(self.number, self.value)}"


def _option_title(option: CoAPOption) -> str:
    number = option.fields.get("number", 0)
    return numbers.option_name(number) if isinstance(number, int) else "CoAP option"


# Scapy's metaclass would take a `name` in the class body as the one title of all instances.
CoAPOption.name = property(_option_title, lambda option, title: None)


class _Unread(Field):  # type: ignore[misc]
    """A header field that is None, and builds to nothing, where the header could not be read."""

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        built: bytes = s if val is None else super().addfield(pkt, s, val)
        return built


class _CodeField(_Unread, ByteEnumField):  # type: ignore[misc]
    """A code, shown as `0.02 POST`; given as a number, `POST`, `2.05` or `2.05 Content`."""

    def any2i_one(self, pkt: Any, x: Any) -> Any:
        return code_number(x) if isinstance(x, str) else x

    def i2repr_one(self, pkt: Any, x: Any) -> str:
        return code_text(x) if isinstance(x, int) else repr(x)


class _MessageIdField(_Unread, ShortField): ...  # type: ignore[misc]


def _tkl(token: bytes) -> int:
    return extended(len(token), "token length")[0]


class _TokenLengthField(BitField):  # type: ignore[misc]
    """TKL; None is what the token needs (RFC 8974 clause 2.1), any other value is sent as it is."""

    def i2m(self, pkt: Any, x: Any) -> int:
        return _tkl(pkt.getfieldval("token")) if x is None else int(x)

    def i2h(self, pkt: Any, x: Any) -> Any:
        computed = x is None and pkt is not None and isinstance(pkt.getfieldval("token"), bytes)
        return self.i2m(pkt, x) if computed else x

    def i2repr(self, pkt: Any, x: Any) -> str:
        return repr(self.i2h(pkt, x))


class _TokenField(XStrField):  # type: ignore[misc]
    """The token, after the extended length that TKL 13 and 14 announce."""

    def i2m(self, pkt: Any, x: Any) -> bytes:
        token: bytes = super().i2m(pkt, x)
        size, least = {13: (1, 13), 14: (2, 269)}.get(pkt.token_length, (0, len(token)))
        announced = min(max(len(token) - least, 0), 256**size - 1)
        return bytes(announced.to_bytes(size, "big")) + token


class _OptionsField(PacketListField):  # type: ignore[misc]
    """Options given as CoAPOption, (name, value), `name: value` or a bare name; sorted on build."""

    def any2i(self, pkt: Any, x: Any) -> list[Any]:
        single = isinstance(x, str | int | Packet) or (
            isinstance(x, tuple) and len(x) == 2 and isinstance(x[0], str | int)
        )
        options = [_option(item) for item in ([x] if single else x or [])]
        made: list[Any] = super().any2i(pkt, options)
        return made

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        return s + encode_options(option.pair() for option in val)


def _option(item: Any) -> Any:
    """A CoAPOption of what a person may write for one."""
    if isinstance(item, str) and ":" in item:
        name, _, text = item.partition(":")
        item = name, text.strip()
    if isinstance(item, tuple):
        return CoAPOption(number=item[0], value=item[1])
    return item if isinstance(item, Packet) else CoAPOption(number=item)


class _NoBytesField(Field):  # type: ignore[misc]
    """Something told about the message, not sent in it."""

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        return s


class _DefectsField(_NoBytesField):
    """What is wrong with the message as it would be sent now; cannot be set."""

    def any2i(self, pkt: Any, x: Any) -> Any:
        if pkt is not None:
            raise AttributeError("defects are found, not set")

    def i2h(self, pkt: Any, x: Any) -> tuple[Flaw, ...]:
        return pkt.message.flaws if pkt is not None else ()

    def i2repr(self, pkt: Any, x: Any) -> str:
        return "\n".join(describe_flaw(flaw) for flaw in self.i2h(pkt, x)) or "none"


def _shown_when_set(field: Any) -> Any:
    """The field where it differs from its default: rare, so not in every show()."""
    return ConditionalField(field, lambda pkt: pkt.getfieldval(field.name) != field.default)


class CoAP(Packet):  # type: ignore[misc]
    """One CoAP message over UDP.

    >>> CoAP(code="POST", options=[("Uri-Path", "register"), ("Content-Format", 50)]) / b"{}"

    `undecoded` holds the bytes at which dissection stopped (also a way to send broken options);
    `payload_marker` None puts the marker where a payload follows, True and False override that.
    `cut` tells that the capture holds less than the wire did (found by UDP's length): what runs
    past the end is then no breach.
    """

    name = "CoAP"
    fields_desc: ClassVar[list[Any]] = [
        BitField("version", numbers.VERSION, 2),
        BitEnumField(
            "type", Type.CON.value, 2, {kind.value: kind.name for kind in Type if kind < 4}
        ),
        _TokenLengthField("token_length", None, 4),
        _CodeField("code", numbers.EMPTY, {code: code_text(code) for code in numbers.CODES}),
        _MessageIdField("message_id", 0),
        _TokenField("token", b""),
        _OptionsField("options", [], CoAPOption),
        _shown_when_set(StrField("undecoded", b"")),
        _shown_when_set(_NoBytesField("payload_marker", None)),
        _shown_when_set(_NoBytesField("cut", False)),
        _DefectsField("defects", None),
    ]

    @classmethod
    def dispatch_hook(cls, _pkt: bytes = b"", *args: Any, **fields: Any) -> Any:
        """On the DTLS port, first bytes 20 to 63 are DTLS records (RFC 7983 clause 7)."""
        below = fields.get("_underlayer")
        dtls = isinstance(below, UDP) and numbers.COAPS_PORT in (below.sport, below.dport)
        return conf.raw_layer if dtls and _pkt and 20 <= _pkt[0] <= 63 else cls

    def do_dissect(self, s: bytes) -> bytes:
        """Fields of `s`; the payload is left to Scapy. Never raises."""
        below, options = self.underlayer, self.get_field("options")
        cut = isinstance(below, UDP) and below.len is not None and below.len - 8 > len(s)
        message = dissect(s, cut)
        self.fields = _fields_of(message) | ({"cut": True} if cut else {})
        self.fields["options"] = options.any2i(self, self.fields["options"])
        end = len(s) if message.payload_offset < 0 else message.payload_offset - 1
        self.raw_packet_cache = s[:end]  # the marker is built with the payload
        kept = self._raw_packet_cache_field_value(options, self.fields["options"], copy=True)
        self.raw_packet_cache_fields = {"options": kept}
        self.explicit = 1
        return message.payload

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
        return dissect(self.do_build(), bool(self.cut), in_force())

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
        if not isinstance(other, CoAP) or not _reversed(self, other):
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


def _fields_of(message: Message) -> dict[str, Any]:
    """Field values of a dissected message; what a canonical build computes is left to it."""
    start, end = undecoded(message)
    header_read = start != 1
    fields: dict[str, Any] = {
        "version": message.version,
        "type": message.type,
        "code": message.code if header_read else None,
        "message_id": message.message_id if header_read else None,
        "token": message.token,
        "options": [CoAPOption(number=o.number, value=o.value) for o in message.options],
    }
    if message.tkl != _tkl(message.token):
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
