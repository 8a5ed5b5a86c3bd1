# SPDX-License-Identifier: GPL-2.0-only
"""JSON payload -> values with byte spans -> MSGin5G information elements.

`read_json` takes the bytes of one body and never raises: what is not JSON (RFC 8259) is told in
`Document.error` with its byte, line and column. `read_elements` maps members to elements, looking
for those of the client profile at both depths, and keeps what it could not place.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from dissectors import json_scan
from dissectors.json_scan import Error, Kind
from dissectors.kernel import rows
from dissectors.msgin5g.elements import (
    Element,
    MessageType,
    Vocabulary,
    elements,
    holders,
    is_alias,
    normalise,
    vocabulary,
)

MAX_DEPTH: Final = 64
"""Nesting kept and judged; RFC 8259 clause 9 lets a reader set its limit."""

_MAX_DIGITS: Final = 300
"""Longer integers are read as floats: Python refuses huge ones and no element needs them."""

_LEAD: Final = b"\xef\xbb\xbf \t\r\n"
_LONGEST_LEAD: Final = 64
_LONGEST_KEPT: Final = 65_535

ERROR_TEXTS: Final[dict[Error, str]] = {
    Error.EMPTY: "no JSON value",
    Error.NOT_UTF8: "not UTF-8",
    Error.BYTE_ORDER_MARK: "starts with a byte order mark",
    Error.ENDS_EARLY: "ends too early",
    Error.EXPECTED_VALUE: "a value expected",
    Error.EXPECTED_KEY: "a member name in double quotes expected",
    Error.EXPECTED_COLON: "':' expected",
    Error.EXPECTED_COMMA: "',' or a closing bracket expected",
    Error.CONTROL_CHARACTER: "unescaped control character in a string",
    Error.BAD_ESCAPE: "bad escape in a string",
    Error.BAD_NUMBER: "not a number",
    Error.TRAILING_BYTES: "bytes after the JSON value",
}


@dataclass(slots=True)
class Value:
    """One JSON value and where it stands; `key` is None for array items and the root."""

    kind: Kind
    start: int
    end: int
    key: str | None
    key_start: int
    raw: bytes
    children: list[Value] = field(default_factory=list)

    @property
    def span(self) -> tuple[int, int]:
        """First byte and byte after the last, member name included."""
        return (self.key_start if self.key_start >= 0 else self.start, self.end)

    def python(self) -> Any:
        """As Python objects; of a member given twice the last counts, as most readers do."""
        match self.kind:
            case Kind.OBJECT:
                return {child.key or "": child.python() for child in self.children}
            case Kind.ARRAY:
                return [child.python() for child in self.children]
            case Kind.STRING:
                return _text(self.raw)
            case Kind.NUMBER:
                return _number(self.raw)
            case Kind.TRUE:
                return True
            case Kind.FALSE:
                return False
            case _:
                return None


@dataclass(slots=True)
class Document:
    """What the scanner made of one body. Offsets count from its first byte.

    `broken_key` names the member in whose value, no object or array, the scan stopped.
    """

    data: bytes
    root: Value | None
    error: Error
    error_at: int
    depth: int
    deep_at: int
    duplicates: list[Value]
    broken_key: str | None = None

    @property
    def is_object(self) -> bool:
        """A whole JSON text whose value is an object."""
        return self.error == Error.NONE and self.root is not None and self.root.kind == Kind.OBJECT

    def deeper_than(self, limit: int) -> int:
        """Where the first value stands that is nested deeper than `limit`, -1 for nowhere."""
        if self.depth <= limit or self.root is None:
            return -1
        stack = [(self.root, 1)]
        while stack:
            value, depth = stack.pop()
            if value.kind <= Kind.ARRAY:
                if depth > limit:
                    return value.start
                stack.extend((child, depth + 1) for child in reversed(value.children))
        return self.deep_at

    def place(self, offset: int) -> str:
        """`line 2, column 7 (byte 31)` of an offset, all from 1."""
        before = self.data[:offset]
        line = before.count(b"\n") + 1
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        return f"line {line}, column {column} (byte {offset + 1})"


def _text(raw: bytes) -> str:
    """A JSON string token as text; lone surrogates (legal escapes) become U+FFFD."""
    if b"\\" not in raw:
        return raw[1:-1].decode()
    text: str = json.loads(raw)
    if any("\ud800" <= c <= "\udfff" for c in text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _number(raw: bytes) -> int | float:
    if len(raw) <= _MAX_DIGITS and not any(c in raw for c in b".eE"):
        return int(raw)
    # Past the range of a float is its end, not infinity, which JSON cannot say again.
    return max(-sys.float_info.max, min(float(raw), sys.float_info.max))


def first_byte(payload: bytes) -> bytes:
    """What a payload begins with if it is JSON, behind white space and the byte order mark that
    some writers put there (RFC 8259 clauses 2 and 8.1); `b""` for nothing."""
    return payload[:_LONGEST_LEAD].lstrip(_LEAD)[:1]


def read_json(data: bytes, max_depth: int = MAX_DEPTH) -> Document:
    """Scan one body; never raises, whatever the bytes. Nobody changes the document: who asks next
    for the same bytes, as several rules do of one message, shares it."""
    return (_last if len(data) <= _LONGEST_KEPT else _scanned)(bytes(data), max_depth)


def _scanned(data: bytes, max_depth: int) -> Document:
    head = rows(json_scan.HEAD_SLOTS)
    nodes = rows((len(data) + 1) * json_scan.NODE_SLOTS)
    json_scan.scan(data, 0, len(data), max_depth, head, nodes, rows(len(data) + 1))
    values: list[Value] = []
    duplicates: list[Value] = []
    keys: set[tuple[int, str]] = set()
    broken_key = None
    error = Error(head[json_scan.ERROR])
    # A byte order mark is told at its own place, whatever else is wrong further on.
    told = error not in (Error.NONE, Error.BYTE_ORDER_MARK)
    stop = head[json_scan.ERROR_AT] if told else len(data)
    for node in range(head[json_scan.NODE_COUNT]):
        at = node * json_scan.NODE_SLOTS
        kind, start, end, key_start, key_end, parent = nodes[at : at + json_scan.NODE_SLOTS]
        key = _text(data[key_start:key_end]) if key_start >= 0 else None
        if end == start:
            if kind > Kind.ARRAY:
                broken_key = key
                break  # the scalar at which the scan stopped
            end = max(stop, start)
        raw = data[start:end] if kind > Kind.ARRAY else b""
        value = Value(Kind(kind), start, end, key, key_start, raw)
        values.append(value)
        if parent < 0:
            continue
        values[parent].children.append(value)
        if key is not None:
            if (parent, key) in keys:
                duplicates.append(value)
            keys.add((parent, key))
    return Document(
        data,
        values[0] if values else None,
        error,
        head[json_scan.ERROR_AT],
        head[json_scan.DEPTH],
        head[json_scan.DEEP_AT],
        duplicates,
        broken_key,
    )


_last = lru_cache(maxsize=1)(_scanned)


@dataclass(slots=True)
class Elements:
    """The information elements of one body, by canonical name.

    `values` is nested as the elements are (availability holds its members); profile and triggering
    containers are opened. Paths in `spans` and `keys` are dotted names. `words` are the spellings
    by which they were found.
    """

    values: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    aliased: list[tuple[Element, Value]] = field(default_factory=list)
    unknown: list[Value] = field(default_factory=list)
    twice: list[tuple[Element, Value]] = field(default_factory=list)
    words: Vocabulary = field(default_factory=vocabulary)

    def tells(self, name: str) -> bool:
        """The element is there, and not merely a common word (`result`, `ports`) in any JSON."""
        key = self.keys.get(name)
        if key is None:
            return False
        own = normalise(key) not in elements()[name].common
        return own or "ue_service_id" in self.values or "message_type" in self.values

    def text(self, name: str) -> str | None:
        """A string element that is not empty, else None."""
        value = self.values.get(name)
        return value if isinstance(value, str) and value else None


def read_elements(document: Document, words: Vocabulary | None = None) -> Elements:
    """Map a document's members to elements, by the spellings of `elements.toml` unless there are
    others; also of a broken document, as far as it was read."""
    found = Elements(words=words or vocabulary())
    root = document.root
    if root is not None and root.kind == Kind.OBJECT:
        _map_members(root, "", found.values, found)
    return found


def _map_members(container: Value, path: str, target: dict[str, Any], found: Elements) -> None:
    here: dict[str, str] = {}
    for member in container.children:
        key = member.key or ""
        element = found.words.element_of(key)
        if element is None or not _fits(element, path):
            _place_unknown(member, path, target, found)
            continue
        if is_alias(element, key):
            found.aliased.append((element, member))
        name = f"{path}.{element.name}" if path else element.name
        if here.get(element.name, key) != key:
            found.twice.append((element, member))
        here[element.name] = key
        if element.container and member.kind == Kind.OBJECT:
            found.spans.setdefault(element.name, member.span)
            found.keys.setdefault(element.name, key)
            _map_members(member, path, target, found)
            continue
        found.spans[name] = member.span
        found.keys[name] = key
        if element.name in holders() and member.kind == Kind.OBJECT:
            inner: dict[str, Any] = {}
            target[element.name] = inner
            _map_members(member, name, inner, found)
        elif target.get(element.name) != MessageType.REG or element.name != "message_type":
            # Given twice, the last counts, as most readers do; but whoever names a registration
            # once is judged as one.
            target[element.name] = element.meaning(member.python())


def _place_unknown(member: Value, path: str, target: dict[str, Any], found: Elements) -> None:
    """A member that no element names; inside an open element it is nothing strange."""
    holder = elements().get(path)
    if holder is not None and holder.open:
        key = member.key or ""
        target[key] = member.python()
        found.spans[f"{path}.{key}"] = member.span
    else:
        found.unknown.append(member)


def _fits(element: Element, path: str) -> bool:
    """Members of the availability element count only inside it, all others only outside."""
    parent = elements().get(element.inside)
    return (parent.name if parent and not parent.container else "") == path


def members(value: Value) -> Iterator[Value]:
    """The value and everything in it, document order, without recursion."""
    stack = [value]
    while stack:
        item = stack.pop()
        yield item
        stack.extend(reversed(item.children))
