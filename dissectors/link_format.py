# SPDX-License-Identifier: GPL-2.0-only
"""CoRE link format -> links and their attributes, with byte spans. RFC 6690 clause 2.

Reading never raises and takes time in proportion to the bytes: what does not fit the grammar is
told with its byte, and the links before it are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

Span = tuple[int, int]

_TARGET: Final = re.compile(rb"<([^\x00-\x20\x7f-\xff<>\"]*)>")
_NAME: Final = re.compile(rb"[A-Za-z0-9!#$&+.^_`|~-]+\*?")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9!#$%&'()*+./:<=>?@\[\]^_`{|}~-]+")
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class Attribute(NamedTuple):
    """One link attribute: `value` without quotes and escapes, None where it has none."""

    name: str
    value: str | None
    span: Span


class Link(NamedTuple):
    """One link: the URI reference between the angle brackets, and its attributes."""

    target: str
    span: Span
    attributes: tuple[Attribute, ...]

    def all(self, name: str) -> Iterator[Attribute]:
        """Each attribute of this name; names do not tell case apart (RFC 5988 clause 5)."""
        return (found for found in self.attributes if found.name.lower() == name)


class LinkFormat(NamedTuple):
    """What was read: links, and where the grammar was left; `error` is `""` for nowhere."""

    links: tuple[Link, ...]
    error: str
    error_at: int


class _BrokenError(Exception):
    """The grammar was left at byte `at`."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


def read_links(data: bytes) -> LinkFormat:
    """A link-format document; an empty one has no links."""
    links: list[Link] = []
    at = 0
    try:
        data.decode()
        while at < len(data):
            if links:
                at = _after(data, at, b",")
            link, at = _link(data, at)
            links.append(link)
    except UnicodeDecodeError as error:
        return LinkFormat((), "not UTF-8", error.start)
    except _BrokenError as error:
        return LinkFormat(tuple(links), str(error), error.at)
    return LinkFormat(tuple(links), "", -1)


def _link(data: bytes, at: int) -> tuple[Link, int]:
    """`<target>;name=value;...` from `at`, and where it ends."""
    begin = at
    found = _TARGET.match(data, at)
    if not found:
        if data[at : at + 1] != b"<":
            raise _BrokenError("'<' expected", at)
        raise _BrokenError("no URI reference between '<' and '>'", at)
    at = found.end()
    attributes = []
    while data[at : at + 1] == b";":
        attribute, at = _attribute(data, at + 1)
        attributes.append(attribute)
    return Link(found.group(1).decode(), (begin, at), tuple(attributes)), at


def _attribute(data: bytes, at: int) -> tuple[Attribute, int]:
    begin = at
    name = _NAME.match(data, at)
    if not name:
        raise _BrokenError("attribute name expected", at)
    at = name.end()
    value = None
    if data[at : at + 1] == b"=":
        at += 1
        quoted = data[at : at + 1] == b'"'
        found = (_QUOTED if quoted else _TOKEN).match(data, at)
        if not found:
            raise _BrokenError("quotes not closed" if quoted else "value expected", at)
        value = _ESCAPE.sub(r"\1", found.group(1).decode()) if quoted else found.group().decode()
        at = found.end()
    return Attribute(name.group().decode(), value, (begin, at)), at


def _after(data: bytes, at: int, wanted: bytes) -> int:
    if data[at : at + 1] == wanted:
        return at + 1
    blank = data[at : at + 1].isspace()
    raise _BrokenError("white space between links" if blank else "',' or ';' expected", at)
