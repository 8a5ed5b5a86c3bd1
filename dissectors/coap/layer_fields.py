# SPDX-License-Identifier: GPL-2.0-only
"""Fields of the Scapy layers of CoAP, and the layer of one option: `CoAPOption`.

RFC 7252 clause 3; RFC 8974 (tokens).
"""

from __future__ import annotations

from typing import Any, ClassVar

from scapy.fields import (
    BitField,
    ByteEnumField,
    ConditionalField,
    Field,
    PacketListField,
    ShortField,
    StrField,
    XStrField,
)
from scapy.packet import Packet

from dissectors.coap.message import Flaw, dissect
from dissectors.coap.values import (
    Decoded,
    code_number,
    code_text,
    decode_value,
    describe_flaw,
    describe_number,
    describe_value,
    encode_options,
    encode_value,
    extended,
    option_name,
    option_number,
    signalling_code,
)


def code_of(option: Any) -> int:
    """The code of the message that an option stands in, as far as it stands in one."""
    parent = getattr(option, "parent", None)
    code = parent.fields.get("code") if parent is not None else None
    return code if isinstance(code, int) else 0


class OptionNumberField(Field):  # type: ignore[misc]
    """Given as a number or a name."""

    def any2i(self, pkt: Any, x: Any) -> Any:
        return option_number(x) if isinstance(x, str) else x

    def i2repr(self, pkt: Any, x: Any) -> str:
        return describe_number(x, code_of(pkt)) if isinstance(x, int) else repr(x)


class OptionValueField(StrField):  # type: ignore[misc]
    """Raw bytes of an option value; shown decoded, given as what its format holds."""

    def any2i(self, pkt: Any, x: Any) -> Any:
        number = pkt.getfieldval("number") if pkt is not None else None
        if isinstance(number, int) and isinstance(x, str | int | tuple | bytearray | None):
            return encode_value(number, x)
        return super().any2i(pkt, x)

    def i2repr(self, pkt: Any, x: Any) -> str:
        number = pkt.getfieldval("number")
        known = isinstance(number, int) and isinstance(x, bytes)
        return describe_value(number, x, code_of(pkt)) if known else repr(x)


class CoAPOption(Packet):  # type: ignore[misc]
    """One option: `number`, raw `value`, and by the registry its `name` and `decoded` value."""

    fields_desc: ClassVar[Any] = [
        OptionNumberField("number", 0, "H"),
        OptionValueField("value", b""),
    ]

    @property
    def decoded(self) -> Decoded:
        return decode_value(self.number, self.value, code_of(self))

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
        return f"{self.name} {describe_value(self.number, self.value, code_of(self))}"


def _option_title(option: CoAPOption) -> str:
    number = option.fields.get("number", 0)
    return option_name(number, code_of(option)) if isinstance(number, int) else "CoAP option"


# Scapy's metaclass would take a `name` in the class body as the one title of all instances.
CoAPOption.name = property(_option_title, lambda option, title: None)


class _Unread(Field):  # type: ignore[misc]
    """A header field that is None, and builds to nothing, where the header could not be read."""

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        built: bytes = s if val is None else super().addfield(pkt, s, val)
        return built


class CodeField(_Unread, ByteEnumField):  # type: ignore[misc]
    """A code, shown as `0.02 POST`; given as a number, `POST`, `2.05` or `2.05 Content`."""

    def any2i_one(self, pkt: Any, x: Any) -> Any:
        return code_number(x) if isinstance(x, str) else x

    def i2repr_one(self, pkt: Any, x: Any) -> str:
        return code_text(x) if isinstance(x, int) else repr(x)


class MessageIdField(_Unread, ShortField): ...  # type: ignore[misc]


def token_nibble(token: bytes) -> int:
    return extended(len(token), "token length")[0]


class TokenLengthField(BitField):  # type: ignore[misc]
    """TKL; None is what the token needs (RFC 8974 clause 2.1), any other value is sent as it is."""

    def i2m(self, pkt: Any, x: Any) -> int:
        return token_nibble(pkt.getfieldval("token")) if x is None else int(x)

    def i2h(self, pkt: Any, x: Any) -> Any:
        computed = x is None and pkt is not None and isinstance(pkt.getfieldval("token"), bytes)
        return self.i2m(pkt, x) if computed else x

    def i2repr(self, pkt: Any, x: Any) -> str:
        return repr(self.i2h(pkt, x))


class TokenField(XStrField):  # type: ignore[misc]
    """The token, after the extended length that TKL 13 and 14 announce."""

    def i2m(self, pkt: Any, x: Any) -> bytes:
        token: bytes = super().i2m(pkt, x)
        size, least = {13: (1, 13), 14: (2, 269)}.get(pkt.token_length, (0, len(token)))
        announced = min(max(len(token) - least, 0), 256**size - 1)
        return bytes(announced.to_bytes(size, "big")) + token


class OptionsField(PacketListField):  # type: ignore[misc]
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
        number, value = item
        if isinstance(number, str) and (code := signalling_code(number)):
            value = encode_value(option_number(number), value, code)
        return CoAPOption(number=number, value=value)
    return item if isinstance(item, Packet) else CoAPOption(number=item)


class NoBytesField(Field):  # type: ignore[misc]
    """Something told about the message, not sent in it."""

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        return s


class DefectsField(NoBytesField):
    """What is wrong with the message as it would be sent now; cannot be set."""

    def any2i(self, pkt: Any, x: Any) -> Any:
        if pkt is not None:
            raise AttributeError("defects are found, not set")

    def i2h(self, pkt: Any, x: Any) -> tuple[Flaw, ...]:
        return pkt.message.flaws if pkt is not None else ()

    def i2repr(self, pkt: Any, x: Any) -> str:
        return "\n".join(describe_flaw(flaw) for flaw in self.i2h(pkt, x)) or "none"


def shown_when_set(field: Any) -> Any:
    """The field where it differs from its default: rare, so not in every show()."""
    return ConditionalField(field, lambda pkt: pkt.getfieldval(field.name) != field.default)
