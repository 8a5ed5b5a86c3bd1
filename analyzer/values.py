# SPDX-License-Identifier: GPL-2.0-only
"""Values of fields: what a message holds under each name of `dissectors.fields`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from analyzer.block_bodies import Body, put_together
from analyzer.candidates import Candidates
from analyzer.messages import MESSAGE_TYPE_IDS, NO_RESPONSE_TIME, WHOLE_BODY, Role
from analyzer.nearness import Candidate
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Severity
from dissectors.coap import numbers
from dissectors.coap.media_types import CONTENT_FORMATS
from dissectors.coap.message import Message as CoapMessage
from dissectors.coap.message import Option, dissect
from dissectors.coap.numbers import Format
from dissectors.fields import Field, fields
from dissectors.msgin5g.elements import elements
from dissectors.msgin5g.payload import Elements, read_elements, read_json

if TYPE_CHECKING:
    from analyzer.session import Session

MASK: Final = "****"
"""Stands for a credential unless the user asks for it."""

_LONGEST_UINT: Final = 4
"""Bytes of the longest registered uint option; a longer value is none (RFC 7252 clause 5.4.3)."""


class MessageValues:
    """One message of a session, read again from the file to answer for any field.

    Absent values are None, as are uint options too long to be numbers; an option given several
    times is a list. Times are seconds, bytes lower-case hex. `candidates` spare later messages of
    the session the work of the first.
    """

    def __init__(self, session: Session, row: int, candidates: Candidates | None = None) -> None:
        self._session = session
        self._candidates = candidates or Candidates(session)
        self._row = row
        self.cells = session.messages.row(row)
        self.coap: CoapMessage = dissect(session.coap(row))
        self._elements: Elements | None = None

    def get(self, field: Field, secrets: bool = False) -> Any:
        """The value of one field."""
        kind, _, key = field.source.partition(":")
        match kind:
            case "column":
                return self.cells[key]
            case "option":
                return self._option(int(key))
            case "element":
                return self._element(key, secrets)
            case _:
                return _COMPUTED[key](self)

    def all(self, secrets: bool = False) -> dict[str, Any]:
        """Every field that has a value."""
        found = ((name, self.get(field, secrets)) for name, field in fields().items())
        return {name: value for name, value in found if value is not None}

    def _option(self, number: int) -> Any:
        found = (_option_value(option) for option in self.coap.all(number))
        values = [value for value in found if value is not None]
        return values if len(values) > 1 else values[0] if values else None

    @property
    def elements(self) -> Elements:
        if self._elements is None:
            payload = self.body.payload if self.body else self.coap.payload
            words = self._session.vocabulary
            self._elements = read_elements(read_json(payload), words) if payload else Elements()
        return self._elements

    def _element(self, name: str, secrets: bool) -> Any:
        found = next(_named(name, self.elements.values), None)
        if found is not None and elements()[name].secret and not secrets:
            return MASK
        return json.dumps(found) if isinstance(found, dict) else found

    @cached_property
    def body(self) -> Body | None:
        """The body that was whole with this message, where it came in blocks."""
        whole = self.cells["flags"] & WHOLE_BODY
        return put_together(self._session, self._row) if whole else None

    @cached_property
    def nearest(self) -> Candidate | None:
        """What a message that found no request was probably meant for."""
        return self._candidates.of_orphan(self._row)

    # Computed values ----------------------------------------------------------------------------

    def _endpoint(self, column: str) -> Any:
        return self._session.endpoints[self.cells[column]]

    def _address(self, column: str, version: int) -> str | None:
        endpoint = self._endpoint(column)
        return str(endpoint.address) if endpoint.version == version else None

    def _relative(self) -> float:
        return (self.cells["time"] - (self._session.first_time or 0)) / SECOND

    def _uri(self) -> str | None:
        """Wireshark's uri_path_recon: host, port and path; a response shows its request's."""
        coap = self.coap
        if numbers.is_response(coap.code) and self.cells["exchange"]:
            coap = dissect(self._session.coap(self._of_exchange("request_row")))
        return uri_path(coap) or None

    def _of_exchange(self, column: str) -> int:
        """A cell of the exchange the message belongs to, 0 where it belongs to none."""
        exchange = self.cells["exchange"]
        return int(self._session.exchanges[column][exchange - 1]) if exchange else 0

    def _whole(self) -> int | None:
        """The later frame with which the body of this block was whole."""
        blocks = self._session.blocks
        last = blocks.whole_with(self._row) if blocks.is_block(self._row) else None
        if last is None or last == self._row:
            return None
        return self._session.messages.cell("frame", last)

    def _peer(self, response: bool) -> int | None:
        if response != numbers.is_response(self.cells["code"]):
            return None
        peer = self.cells["peer"]
        if not peer and self.cells["role"] == Role.RETRANSMISSION:
            peer = self._of_exchange("response_frame")  # that of the first transmission
        return peer or None

    def _first(self, response: bool) -> int | None:
        is_response = numbers.is_response(self.cells["code"])
        return self.cells["first"] or None if response == is_response else None

    def _response_time(self) -> float | None:
        time = self.cells["response_time"]
        if time == NO_RESPONSE_TIME or not numbers.is_response(self.cells["code"]):
            return None
        return time / SECOND


_COMPUTED: Final[dict[str, Callable[[MessageValues], Any]]] = {
    "time": lambda m: m.cells["time"] / SECOND,
    "relative_time": MessageValues._relative,
    "ip_source": lambda m: m._address("source", 4),
    "ip_destination": lambda m: m._address("destination", 4),
    "ipv6_source": lambda m: m._address("source", 6),
    "ipv6_destination": lambda m: m._address("destination", 6),
    "source_port": lambda m: m._endpoint("source").port,
    "destination_port": lambda m: m._endpoint("destination").port,
    "version": lambda m: m.coap.version,
    "token_length": lambda m: m.coap.tkl,
    "token": lambda m: m.coap.token.hex() or None,
    "payload_length": lambda m: len(m.coap.payload) or None,
    "uri": MessageValues._uri,
    "response_in": lambda m: m._peer(response=False),
    "response_to": lambda m: m._peer(response=True),
    "response_time": MessageValues._response_time,
    "first_request": lambda m: m._first(response=False),
    "first_response": lambda m: m._first(response=True),
    "whole": MessageValues._whole,
    "body_length": lambda m: len(m.body.payload) if m.body else None,
    "block_count": lambda m: len(m.body.blocks) if m.body else None,
    "operation": lambda m: m._of_exchange("operation") or None,
    "nearest": lambda m: m.nearest.sentence if m.nearest else None,
    "nearest_frame": lambda m: m.nearest.frame if m.nearest else None,
    "role": lambda m: Role(m.cells["role"]).label,
    "message_type": lambda m: MESSAGE_TYPE_IDS[m.cells["message_type"]] or None,
    "severity": lambda m: Severity(m.cells["severity"]).label if m.cells["severity"] else None,
}


def uri_path(coap: CoapMessage) -> str:
    """`/a/b`, with `coap://host:port` before it where the message names them."""
    text = ""
    for option in coap.options:
        value = option.value.decode("utf-8", "replace")
        if option.number == numbers.URI_HOST:
            text += f"coap://{value}"
        elif option.number == numbers.URI_PORT and len(option.value) <= _LONGEST_UINT:
            text += f":{int.from_bytes(option.value, 'big')}"
        elif option.number == numbers.URI_PATH:
            text += f"/{value}"
    return text


def _option_value(option: Option) -> Any:
    spec = option.spec
    if spec is None or spec.format in (Format.OPAQUE, Format.OSCORE):
        return option.value.hex()
    if spec.format == Format.STRING:
        return option.value.decode("utf-8", "replace")
    if spec.format == Format.EMPTY:
        return True
    if len(option.value) > _LONGEST_UINT:
        return None
    value = int.from_bytes(option.value, "big")
    if option.number in (numbers.CONTENT_FORMAT, numbers.ACCEPT):
        return CONTENT_FORMATS.get(value, f"Unknown Type {value}")
    return value


def _named(name: str, values: dict[str, Any]) -> Iterator[Any]:
    """Values of an element at any depth."""
    for key, value in values.items():
        if key == name:
            yield value
        elif isinstance(value, dict) and key in elements():
            yield from _named(name, value)
