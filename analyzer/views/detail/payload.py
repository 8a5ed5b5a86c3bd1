# SPDX-License-Identifier: GPL-2.0-only
"""The payload as nodes: MSGin5G elements, other JSON member by member, text, or bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from analyzer.views.detail.nodes import Node
from analyzer.views.escape import escape
from analyzer.views.info import Line, Piece
from analyzer.views.inks import line
from analyzer.views.places import Span
from dissectors.coap import numbers
from dissectors.fields import named_by_source
from dissectors.json_scan import Error, Kind
from dissectors.msgin5g.credentials import secret_values, secrets_of
from dissectors.msgin5g.elements import (
    MESSAGE_TYPE_NAMES,
    Element,
    MessageType,
    Vocabulary,
    elements,
    is_alias,
)
from dissectors.msgin5g.payload import (
    ERROR_TEXTS,
    Document,
    Elements,
    Value,
    read_elements,
    read_json,
)

MASK: Final = "••••"

_MOST_MEMBERS: Final = 500
_MOST_LINES: Final = 200
_TEXT_FORMATS: Final = frozenset({0, 40, 41, 20000, 30000})


def payload_nodes(
    payload: bytes,
    layer: Any,
    at: int,
    content_format: Any,
    unmasked: bool,
    words: Vocabulary,
) -> list[Node]:
    """The payload by what it is; `layer` is what Scapy made of it, `at` its first byte."""
    if not payload:
        return []
    from dissectors.msgin5g.layer import MSGin5G

    document = read_json(payload)
    if isinstance(layer, MSGin5G):
        tree = _JsonTree(document, at, words, known=True, unmasked=unmasked)
        return [tree.node(str(layer.name))]
    container = document.root is not None and document.root.kind in (Kind.OBJECT, Kind.ARRAY)
    if content_format == numbers.JSON or (container and document.error == Error.NONE):
        tree = _JsonTree(document, at, words, known=False, unmasked=unmasked)
        return [tree.node("JavaScript Object Notation")]
    secrets = [] if unmasked else secret_values(document, words)
    return [_text_or_data(_hidden(payload, secrets), at, content_format)]


def masked_spans(payload: bytes, at: int, words: Vocabulary) -> list[Span]:
    """Bytes of the packet that hold credentials."""
    return [(at + first, at + after) for first, after in secrets_of(payload, words)]


def _hidden(payload: bytes, secrets: Iterable[Span]) -> bytes:
    """The payload with asterisks in the place of credentials."""
    shown = bytearray(payload)
    for first, after in secrets:
        shown[first:after] = b"*" * (after - first)
    return bytes(shown)


def _text_or_data(payload: bytes, at: int, content_format: Any) -> Node:
    span = (at, at + len(payload))
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or (content_format not in _TEXT_FORMATS and not text.isprintable()):
        return Node(line(f"Data, {len(payload)} bytes"), span, key="payload")
    children = tuple(_lines(payload, at))
    words = f"Text, {len(payload)} bytes"
    return Node(line(words), span, children, key="payload", expanded=True)


def _lines(payload: bytes, at: int) -> Iterator[Node]:
    """Lines of a text; links of link-format (RFC 6690) one a line."""
    for number, part in enumerate(payload.splitlines(keepends=True)[:_MOST_LINES]):
        end = at + len(part)
        text = escape(part.decode("utf-8", "replace").rstrip("\r\n"), 400)
        yield Node(line(text), (at, end), key=f"line {number}")
        at = end


class _JsonTree:
    """Nodes of one JSON document; members that are MSGin5G elements by their titles."""

    def __init__(
        self, document: Document, at: int, words: Vocabulary, *, known: bool, unmasked: bool
    ) -> None:
        self._document = document
        self._at = at
        self._found = read_elements(document, words) if known else Elements()
        self._words = words
        self._known = known
        self._unknown = {member.span for member in self._found.unknown}
        self._duplicates = {member.span for member in document.duplicates}
        self._secret = set() if unmasked else set(secret_values(document, words))
        self._left = _MOST_MEMBERS

    def node(self, title: str) -> Node:
        """The document under a heading."""
        root, document = self._document.root, self._document
        children = list(self._children(root)) if root is not None else []
        if document.error != Error.NONE:
            what = ERROR_TEXTS.get(document.error, "not JSON")
            place = (self._at + document.error_at, self._at + len(document.data))
            words = f"[Not JSON: {what}, {document.place(document.error_at)}]"
            children.append(Node(line(words, "error"), place, key="error"))
        span = (self._at, self._at + len(document.data))
        ink = "msgin5g" if self._known else ""
        field = "msgin5g" if self._known else ""
        shown = line(title, ink)
        return Node(shown, span, tuple(children), key="payload", expanded=True, field=field)

    def _children(self, parent: Value) -> Iterator[Node]:
        if parent.kind not in (Kind.OBJECT, Kind.ARRAY):
            yield self._member(parent, 0)
            return
        for index, value in enumerate(parent.children):
            if self._left <= 0:
                more = f"[{len(parent.children) - index} more]"
                yield Node(line(more, "dim"), key="more")
                return
            self._left -= 1
            yield self._member(value, index)

    def _member(self, value: Value, index: int) -> Node:
        name = f"[{index}]" if value.key is None else value.key
        container = value.kind in (Kind.OBJECT, Kind.ARRAY)
        children = tuple(self._children(value)) if container else ()
        element = self._element(value)
        first, after = value.span
        head: list[Piece] = [(element.title if element else escape(name, 80), "dim")]
        if element is not None and is_alias(element, name):
            head.append((f" (as {escape(name, 40)})", "dim"))
        shown: Line = (*head, (": ", "dim"), *self._value(value, element), *self._remarks(value))
        span = (self._at + first, self._at + after)
        field = ""
        if element is not None and not element.container:
            field = named_by_source().get(f"element:{element.name}", "")
        return Node(shown, span, children, key=name, expanded=True, field=field)

    def _element(self, value: Value) -> Element | None:
        if not self._known or value.key is None or value.span in self._unknown:
            return None
        return self._words.element_of(value.key)

    def _value(self, value: Value, element: Element | None) -> Iterator[Piece]:
        if value.kind in (Kind.OBJECT, Kind.ARRAY):
            words = "member" if value.kind == Kind.OBJECT else "item"
            count = len(value.children)
            yield f"{count} {words}{'' if count == 1 else 's'}", "dim"
        elif (value.start, value.end) in self._secret:
            yield MASK, "secret"
        else:
            yield json_text(value), "success" if value.kind == Kind.STRING else "request"
            meaning = _meaning(value.python(), element)
            if meaning:
                yield f" ({meaning})", ""

    def _remarks(self, value: Value) -> Iterator[Piece]:
        if value.span in self._duplicates:
            yield " [given twice]", "warning"
        if value.span in self._unknown:
            yield " [unknown]", "note"


def json_text(value: Value) -> str:
    """A scalar as JSON writes it, its text escaped."""
    if value.kind == Kind.STRING:
        return f'"{escape(str(value.python()))}"'
    return escape(value.raw.decode("utf-8", "replace"), 80)


def _meaning(value: Any, element: Element | None) -> str:
    """What a value with known meanings says, where it does not say so itself."""
    if element is None:
        return ""
    meaning = element.meaning(value)
    if element is elements()["message_type"] and meaning in MESSAGE_TYPE_NAMES:
        return MESSAGE_TYPE_NAMES[MessageType(str(meaning))]
    return "" if meaning == value else escape(str(meaning))
