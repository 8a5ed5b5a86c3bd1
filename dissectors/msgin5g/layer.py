# SPDX-License-Identifier: GPL-2.0-only
"""Scapy layers of MSGin5G messages: one per Message Type, and one per registration direction.

Fields are the information elements of `elements.toml`; None is absent, `NULL` a JSON null.
`layer_of` tells by content which layer a CoAP payload is. Dissecting never raises; a layer left as
it was dissected builds to the same bytes; a changed one keeps the order, nesting and spelling of
its members, and a new member gets the seed's name. Spellings are those in force around the
dissecting (`elements.speaking`). TS 24.538 clauses 6.3.1, 7.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, ClassVar, Final

from scapy.fields import ConditionalField, Field
from scapy.packet import Packet, bind_top_down
from scapy.volatile import VolatileValue

from dissectors.coap import numbers
from dissectors.coap.layer import CoAP
from dissectors.json_scan import Error, Kind
from dissectors.msgin5g.constraints import CLAUSES, COMMON
from dissectors.msgin5g.elements import (
    Element,
    MessageType,
    elements,
    in_force,
    registration_only,
    vocabulary,
)
from dissectors.msgin5g.payload import (
    ERROR_TEXTS,
    Document,
    Elements,
    members,
    read_elements,
    read_json,
)
from dissectors.msgin5g.writer import NULL, element_names, is_opened, is_part, write


def field_name(element: Element) -> str:
    """The Scapy field of an element; `payload` is taken by Scapy itself."""
    return f"{element.name}_element" if hasattr(Packet, element.name) else element.name


class _MemberField(Field):  # type: ignore[misc]
    """A JSON value in a field. Adds no bytes: the layer writes its JSON as a whole."""

    # Scapy takes a list for many values of a field, unless the field is a list.
    islist = 1

    def any2i(self, pkt: Any, x: Any) -> Any:
        return list(x) if isinstance(x, tuple) else x

    def do_copy(self, x: Any) -> Any:
        return x if isinstance(x, VolatileValue) else deepcopy(x)

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        return s

    def i2repr(self, pkt: Any, x: Any) -> str:
        return repr(x)  # escapes what a terminal would obey

    def randval(self) -> None:
        """Not fuzzed by default: a random member needs a JSON type first."""


class _ElementField(_MemberField):
    """One information element; a value with a known meaning is shown with it."""

    __slots__ = ("element",)

    def __init__(self, element: Element, default: Any) -> None:
        super().__init__(field_name(element), default)
        self.element = element

    def i2repr(self, pkt: Any, x: Any) -> str:
        meaning = self.element.meaning(x)
        return repr(x) if meaning == x else f"{x!r} ({meaning})"


class _DefectsField(_MemberField):
    """What is wrong with the JSON text as it would be sent now; cannot be set."""

    def any2i(self, pkt: Any, x: Any) -> Any:
        if pkt is not None:
            raise AttributeError("defects are found, not set")

    def i2h(self, pkt: Any, x: Any) -> tuple[str, ...]:
        return tuple(_defects(read_json(pkt.do_build()))) if pkt is not None else ()

    def i2repr(self, pkt: Any, x: Any) -> str:
        return "\n".join(self.i2h(pkt, x)) or "none"


def _defects(document: Document) -> Iterator[str]:
    if document.error != Error.NONE:
        what = ERROR_TEXTS.get(document.error, "not JSON")
        yield f"{what}, {document.place(document.error_at)}"
    for member in document.duplicates:
        yield f"member {member.key!r} given twice, {document.place(member.span[0])}"


def _fields(message_type: MessageType | None, *clauses: str) -> list[Any]:
    """Fields of a layer: the common elements, and those declared for the clauses."""
    fields: list[Any] = []
    for element in elements().values():
        if is_part(element):
            continue
        if element.name in COMMON or element.clause.startswith(clauses):
            default = message_type if element.name == "message_type" else None
            fields.append(_present(_ElementField(element, default and default.value)))
    fields.append(_present(_MemberField("other_members", None)))
    return [*fields, _DefectsField("defects", None)]


def _present(field: _MemberField) -> Any:
    return ConditionalField(field, lambda pkt: pkt.getfieldval(field.name) is not None)


class MSGin5G(Packet):  # type: ignore[misc]
    """Any MSGin5G message; itself that of a Message Type nobody knows.

    Members of the client profile and of Communication Availability are fields of the layer,
    wherever they stand in the JSON text. `other_members` holds by key what has no field here.
    """

    name = "MSGin5G"
    match_subclass = True
    fields_desc: ClassVar[list[Any]] = _fields(None, "")

    def do_dissect(self, s: bytes) -> bytes:
        """Fields of `s`, also of a broken JSON text as far as it was read. Never raises."""
        document, self.words = read_json(s), in_force()
        # A default (the Message Type) is for what is built: what the text lacks stays absent.
        absent = {name: None for name, value in self.default_fields.items() if value is not None}
        found = read_elements(document, self.words)
        self.fields, self.template = absent | _read(self.fieldtype, found, document), s
        self.raw_packet_cache = s
        self.raw_packet_cache_fields = {
            name: deepcopy(value)
            for name, value in self.fields.items()
            if isinstance(value, list | dict)
        }
        self.explicit = 1
        return b""

    def self_build(self) -> bytes:
        nothing: bytes = super().self_build()  # drops the cache where a list or dict has changed
        if self.raw_packet_cache is not None:
            return nothing
        given = {
            name: value
            for name, element in elements().items()
            if field_name(element) in self.fieldtype
            and (value := self.getfieldval(field_name(element))) is not None
        }
        others = self.getfieldval("other_members") or {}
        template = read_json(getattr(self, "template", b""))
        return write(given, others, template, getattr(self, "words", None))

    def copy(self) -> Any:
        return self._with_template(super().copy())

    def clone_with(self, *args: Any, **fields: Any) -> Any:
        return self._with_template(super().clone_with(*args, **fields))

    def _with_template(self, clone: Any) -> Any:
        """A changed layer is written along the text it was dissected from; so is its copy."""
        clone.template = getattr(self, "template", b"")
        clone.words = getattr(self, "words", vocabulary())
        return clone

    @property
    def spans(self) -> dict[str, tuple[int, int]]:
        """Bytes of each member in the payload, member name included, by field name.

        Containers by their element name; parts of a credential as `<field>.<part>`; members
        without a field as `other_members.<key>`.
        """
        found = read_elements(read_json(self.do_build()), getattr(self, "words", None))
        names = element_names(found)
        spans = {
            field_name(elements()[names[span[0]]]) if span[0] in names else path: span
            for path, span in found.spans.items()
        }
        return spans | {f"other_members.{member.key}": member.span for member in found.unknown}

    def mysummary(self) -> tuple[str, list[Any]]:
        ue = self.getfieldval("ue_service_id")
        return self.name if ue is None else f"{self.name} {ue!r}", [CoAP]


def _read(fieldtype: dict[str, Any], found: Elements, document: Document) -> dict[str, Any]:
    """Field values of a document; members without a field go to `other_members` by key."""
    names = element_names(found)
    unknown = {member.span for member in found.unknown}
    fields: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for member in members(document.root) if document.root else ():
        element = elements().get(names.get(member.span[0], ""))
        value = NULL if member.kind == Kind.NULL else member.python()
        if element is None or member.key is None:
            if member.key is not None and member.span in unknown:
                others[member.key] = value
        elif not is_opened(element, member) or not member.children:
            if field_name(element) in fieldtype:
                fields[field_name(element)] = value
            else:
                others[member.key] = value
    return fields | ({"other_members": others} if others else {})


class RegistrationRequest(MSGin5G):
    """Clause 6.3.1.1.1 d): what the client registers."""

    name = "MSGin5G Registration request"
    fields_desc: ClassVar[list[Any]] = _fields(MessageType.REG, *CLAUSES["registration_request"])


class RegistrationResponse(MSGin5G):
    """Clause 6.3.1.2.1 c): whether it succeeded. The seed gives it no Message Type."""

    name = "MSGin5G Registration response"
    fields_desc: ClassVar[list[Any]] = _fields(None, *CLAUSES["registration_response"])


class Deregistration(MSGin5G):
    """DEREG; its rows (TS 23.554 clause 8.2.2) are not published: those of a registration."""

    name = "MSGin5G Deregistration"
    fields_desc: ClassVar[list[Any]] = _fields(MessageType.DEREG, "6.3.1")


_MESSAGE: Final = ("TS 23.554 Table 8.3", "TS 23.554 clause 8.5")


class MSGin5GMessage(MSGin5G):
    """MSG: a message or one segment of it, TS 23.554 clauses 8.3.2, 8.5."""

    name = "MSGin5G Message"
    fields_desc: ClassVar[list[Any]] = _fields(MessageType.MSG, *_MESSAGE)


class MSGin5GMessageResponse(MSGin5G):
    """MSGRESP, TS 23.554 Table 8.3.2-3."""

    name = "MSGin5G Message response"
    fields_desc: ClassVar[list[Any]] = _fields(MessageType.MSGRESP, *_MESSAGE)


class DeliveryStatusReport(MSGin5G):
    """IMDN, TS 23.554 Table 8.3.4-1."""

    name = "MSGin5G Delivery status report"
    fields_desc: ClassVar[list[Any]] = _fields(MessageType.IMDN, *_MESSAGE)


class SegmentRecovery(MSGin5G):
    """SEGREC, TS 23.554 clause 8.5."""

    name = "MSGin5G Segment recovery"
    fields_desc: ClassVar[list[Any]] = _fields(MessageType.SEGREC, *_MESSAGE)


class SegmentsReceived(MSGin5G):
    """SEGCONFIR, TS 23.554 clause 8.5."""

    name = "MSGin5G Segments received confirmation"
    fields_desc: ClassVar[list[Any]] = _fields(MessageType.SEGCONFIR, *_MESSAGE)


_LAYERS: Final[dict[str, type[MSGin5G]]] = {
    MessageType.DEREG: Deregistration,
    MessageType.MSG: MSGin5GMessage,
    MessageType.MSGRESP: MSGin5GMessageResponse,
    MessageType.IMDN: DeliveryStatusReport,
    MessageType.SEGREC: SegmentRecovery,
    MessageType.SEGCONFIR: SegmentsReceived,
}


def layer_of(payload: bytes, request: bool) -> type[MSGin5G] | None:
    """The layer of a CoAP payload by its content, None where it is not MSGin5G.

    `request` tells a registration from its response. A JSON text broken further on counts by
    what was read of it.
    """
    if payload.lstrip(b" \t\r\n")[:1] != b"{":
        return None
    found = read_elements(read_json(payload), in_force())
    kind = found.values.get("message_type")
    if found.tells("registration_result") and (kind is None or not request):
        return RegistrationResponse
    if kind == MessageType.REG:
        return RegistrationRequest if request else RegistrationResponse
    if isinstance(kind, str) and kind in _LAYERS:
        return _LAYERS[kind]
    if request and any(found.tells(name) for name in registration_only()):
        return RegistrationRequest
    if kind is None and not request and "ue_service_id" in found.values:
        return RegistrationResponse
    return MSGin5G if kind is not None else None


bind_top_down(CoAP, RegistrationRequest, code=numbers.POST)
