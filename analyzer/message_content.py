# SPDX-License-Identifier: GPL-2.0-only
"""What a message holds that only its bytes tell: options, information elements, whole bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from analyzer.block_bodies import Body, put_together
from analyzer.messages import CARRIED, WHOLE_BODY
from dissectors.coap import numbers
from dissectors.coap.media_types import CONTENT_FORMATS
from dissectors.coap.message import Message as CoapMessage
from dissectors.coap.message import Option, dissect
from dissectors.coap.numbers import Format
from dissectors.coap.signalling import is_signalling
from dissectors.coap.values import stated_length
from dissectors.coap.wire import DATAGRAM
from dissectors.msgin5g.elements import Vocabulary, elements
from dissectors.msgin5g.payload import Elements, first_byte, read_elements, read_json

if TYPE_CHECKING:
    from analyzer.session import Session

MASK: Final = "****"
"""Stands for a credential unless the user asks for it."""

_AT_ONCE: Final = 1 << 20
"""Bytes of a file read at once for messages that stand near each other."""


class Content:
    """One message, dissected when first asked; an option given several times is a list.

    `data` is its CoAP message as it was captured, bytes are told in lower-case hex.
    """

    def __init__(self, session: Session, row: int, data: bytes, framing: int = DATAGRAM) -> None:
        self._session = session
        self._row = row
        self._data, self._framing = data, framing

    @cached_property
    def coap(self) -> CoapMessage:
        return dissect(self._data, framing=self._framing)

    @cached_property
    def elements(self) -> Elements:
        """Of the body that was whole with this message, or else of its payload."""
        payload = self.body.payload if self.body else self.coap.payload
        if first_byte(payload) != b"{":
            return Elements()
        return read_elements(read_json(payload), self._session.vocabulary)

    @cached_property
    def body(self) -> Body | None:
        """The body that was whole with this message, where it came in blocks."""
        whole = self._session.messages.cell("flags", self._row) & WHOLE_BODY
        return put_together(self._session, self._row) if whole else None

    def option(self, number: int) -> Any:
        if is_signalling(self.coap.code):
            return None  # it numbers its options anew
        found = (_option_value(option) for option in self.coap.all(number))
        values = [value for value in found if value is not None]
        return values if len(values) > 1 else values[0] if values else None

    def element(self, name: str, secrets: bool) -> Any:
        """An element at any depth, masked where it is or stands in a credential."""
        secret, found = next(_named(name, self.elements.values), (False, None))
        if not secrets:
            found = MASK if secret else _masked(found, self._session.vocabulary)
        return json.dumps(found) if isinstance(found, dict) else found

    def uri(self) -> str | None:
        """Wireshark's uri_path_recon: host, port and path; a response shows its request's."""
        coap = self.coap
        exchange = self._session.messages.cell("exchange", self._row)
        if numbers.is_response(coap.code) and exchange:
            request = self._session.exchanges.stored.cell("request_row", exchange - 1)
            coap = self._session.dissected(request)
        return _uri_path(coap) or None

    def whole(self) -> int | None:
        """The later frame with which the body of this block was whole."""
        blocks = self._session.blocks
        last = blocks.whole_with(self._row) if blocks.is_block(self._row) else None
        if last is None or last == self._row:
            return None
        return self._session.messages.cell("frame", last)


VALUES: Final[dict[str, Callable[[Content], Any]]] = {
    "version": lambda content: None if content.coap.reliable else content.coap.version,
    "token_length": lambda content: content.coap.tkl,
    "length": lambda content: stated_length(content.coap) if content.coap.reliable else None,
    "uri": Content.uri,
    "whole": Content.whole,
    "body_length": lambda content: len(content.body.payload) if content.body else None,
    "block_count": lambda content: len(content.body.blocks) if content.body else None,
}
"""By the key of a field whose source is `value:`."""


def contents(session: Session, rows: Sequence[int]) -> Iterator[Content]:
    """The content of each message; those that stand near each other in a file are read at once."""
    if len(rows) == 1:  # also while the capture is being read
        yield _alone(session, rows[0])
        return
    carried = [bool(flags & CARRIED) for flags in session.messages.take("flags", rows)]
    first = 0
    for in_store, group in groupby(carried):
        after = first + len(list(group))
        some = rows[first:after]
        yield from (_alone(session, row) for row in some) if in_store else _near(session, some)
        first = after


def _alone(session: Session, row: int) -> Content:
    return Content(session, row, session.coap(row), session.framing(row))


def _near(session: Session, rows: Sequence[int]) -> Iterator[Content]:
    """Of messages that stand in the files as they are."""
    names = ("interface", "offset", "captured", "coap_at", "coap_length")
    places = list(zip(*(session.messages.take(name, rows) for name in names), strict=True))
    first = 0
    while first < len(rows):
        after = _stretch(session, places, first)
        interface, base, *_ = places[first]
        _, last, captured, *_ = places[after - 1]
        data = session.opened.read(interface, base, last + captured - base)
        for row, (_, offset, size, at, length) in zip(
            rows[first:after], places[first:after], strict=True
        ):
            start = offset - base + at
            end = min(start + length, offset - base + size)
            in_parts = row in session.parts
            yield Content(session, row, session.coap(row) if in_parts else data[start:end])
        first = after


def _stretch(session: Session, places: list[tuple[int, ...]], first: int) -> int:
    """The index after the last message that is read together with that of `first`."""
    file, base = session.interfaces[places[first][0]].file, places[first][1]
    before = base
    for index in range(first + 1, len(places)):
        interface, offset, captured, *_ = places[index]
        near = before <= offset and offset + captured - base <= _AT_ONCE
        if not near or session.interfaces[interface].file != file:
            return index
        before = offset
    return len(places)


def _uri_path(coap: CoapMessage) -> str:
    """`/a/b`, with `coap://host:port` before it where the message names them."""
    text = ""
    for option in coap.options:
        value = option.value.decode("utf-8", "replace")
        if option.number == numbers.URI_HOST:
            text += f"coap://{value}"
        elif option.number == numbers.URI_PORT and len(option.value) <= numbers.LONGEST_UINT:
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
    if len(option.value) > numbers.LONGEST_UINT:
        return None
    value = int.from_bytes(option.value, "big")
    if option.number in (numbers.CONTENT_FORMAT, numbers.ACCEPT):
        return CONTENT_FORMATS.get(value, f"Unknown Type {value}")
    return value


def _named(name: str, values: dict[str, Any], secret: bool = False) -> Iterator[tuple[bool, Any]]:
    """Values of an element at any depth, each with whether it is, or is in, a credential."""
    for key, value in values.items():
        element = elements().get(key)
        hidden = secret or (element is not None and element.secret)
        if key == name:
            yield hidden, value
        elif isinstance(value, dict) and element is not None:
            yield from _named(name, value, hidden)


def _masked(value: Any, words: Vocabulary) -> Any:
    """A value of JSON without the credentials in it; as deep as JSON may be (json_scan)."""
    if isinstance(value, list):
        return [_masked(item, words) for item in value]
    if not isinstance(value, dict):
        return value
    secret = {key for key in value if (e := words.element_of(key)) is not None and e.secret}
    return {key: MASK if key in secret else _masked(item, words) for key, item in value.items()}
