# SPDX-License-Identifier: GPL-2.0-only
"""A CoAP message field by field, its bytes beside what they mean; those of a finding are marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.views.escape import escape
from analyzer.views.offending import HIDDEN, credentials
from analyzer.views.wording import plural
from dissectors.coap.message import Message, Option
from dissectors.coap.numbers import Type
from dissectors.coap.values import (
    Span,
    code_text,
    decode_value,
    describe_value,
    field_spans,
    option_name,
    stated_length,
)

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session

WIDTH: Final = 8
"""Bytes in a row of hex."""

TEXT_WIDTH: Final = 64
"""Characters in a row of a payload that is text."""

_FIRST: Final = 2
"""Rows of a long field that are always shown; of the others, those with marked bytes."""

_MOST_WORDS: Final = 200


class Row(NamedTuple):
    """Bytes from `offset` on: in hex, or as `letters`, and which of them are marked; `words` say
    what they are, in the first row of a field."""

    offset: int
    cells: tuple[str, ...]
    marked: tuple[bool, ...]
    words: str = ""
    letters: bool = False

    def joined(self, cells: Iterable[str]) -> str:
        """Cells side by side, as wide as bytes or letters are."""
        return ("" if self.letters else " ").join(cells)

    def pick(self, *pairs: tuple[str, str]) -> tuple[str, ...]:
        """Of a pair for each cell, the first where it is marked."""
        return tuple(
            yes if marked else no for (yes, no), marked in zip(pairs, self.marked, strict=True)
        )


def rows(session: Session, finding: Finding) -> Iterator[Row]:
    """The message a finding points at; nothing where it points at none, or its bytes are gone."""
    if finding.row < 0:
        return
    data = session.coap(finding.row)
    secret = credentials(session, finding.row, data, len(data))
    paper = _Bytes(data, finding.span or (0, 0), secret)
    message = session.dissected(finding.row)
    for span, words in _fields(message):
        yield from paper.rows(span, words)
    if message.payload_offset >= 0:
        yield from paper.payload(message.payload_offset)


def _fields(message: Message) -> Iterator[tuple[Span, str]]:
    """All but the payload, in the order of the wire."""
    spans = field_spans(message)
    if "length" in spans:  # RFC 8323 clause 3.2
        yield spans["length"], f"Length {stated_length(message)}, token length {message.tkl}"
    elif "version" in spans:
        kind = Type(message.type).name
        words = f"Version {message.version}, {kind}, token length {message.tkl}"
        yield spans["version"], words
    if "code" in spans:
        yield spans["code"], code_text(message.code)
        _, before = spans["code"]
        if "message_id" in spans:
            number = message.message_id
            yield spans["message_id"], f"Message ID {number} (0x{number:04x})"
            _, before = spans["message_id"]
        start, end = spans["token"]
        if start > before:  # RFC 8974 clause 2.1
            yield (before, start), f"Token length {end - start}"
        if end > start:
            yield (start, end), "Token"
    for index, option in enumerate(message.options):
        yield spans[f"options[{index}]"], _option(option, message.code)
    if "undecoded" in spans:
        yield spans["undecoded"], "Not decoded"
    if "payload_marker" in spans:
        start, end = spans["payload"]
        size = plural(end - start, "byte") if end > start else "nothing"
        yield spans["payload_marker"], f"Payload marker, then {size}"


def _option(option: Option, code: int) -> str:
    decoded = decode_value(option.number, option.value, code)
    if isinstance(decoded, str):
        value = escape(decoded, _MOST_WORDS) or "(empty)"
    else:
        value = escape(describe_value(option.number, option.value, code), _MOST_WORDS)
    return f"{escape(option_name(option.number, code))}: {value}"


class _Bytes:
    """Bytes of a message, some marked, some that nobody is to see."""

    def __init__(self, data: bytes, marked: Span, secret: list[Span]) -> None:
        self._data = data
        self._marked = range(*marked)
        self._secret = [range(*span) for span in secret]

    def rows(self, span: Span, words: str) -> Iterator[Row]:
        """A field in hex."""
        cells = [HIDDEN if self._hidden(at) else f"{self._data[at]:02x}" for at in range(*span)]
        yield from self._split(span[0], cells, WIDTH, words, False)

    def payload(self, start: int) -> Iterator[Row]:
        """The payload as text where it is some, else in hex."""
        data = self._data[start:]
        if all(0x20 <= byte < 0x7F for byte in data):
            cells = ["*" if self._hidden(start + at) else chr(b) for at, b in enumerate(data)]
            yield from self._split(start, cells, TEXT_WIDTH, "", True)
        else:
            yield from self.rows((start, len(self._data)), "")

    def _hidden(self, at: int) -> bool:
        return any(at in span for span in self._secret)

    def _split(
        self, start: int, cells: list[str], width: int, words: str, letters: bool
    ) -> Iterator[Row]:
        left_out = 0
        for at in range(0, len(cells), width):
            part = tuple(cells[at : at + width])
            marked = tuple(start + at + index in self._marked for index in range(len(part)))
            if at >= _FIRST * width and not any(marked):
                left_out += len(part)
                continue
            if left_out:
                yield _gap(start + at - left_out, left_out)
                left_out = 0
            yield Row(start + at, part, marked, "" if at else words, letters)
        if left_out:
            yield _gap(start + len(cells) - left_out, left_out)


def _gap(offset: int, count: int) -> Row:
    return Row(offset, ("...",), (False,), f"{plural(count, 'byte')} more")
