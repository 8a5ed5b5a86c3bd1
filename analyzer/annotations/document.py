# SPDX-License-Identifier: GPL-2.0-only
"""Annotations as text that people read, compare and put under version control: TOML.

    version = 1

    [[capture]]                    # each file that was read, by the SHA-256 of its first bytes
    name = "run.pcapng"
    length = 65536
    sha256 = "..."

    [packets]                      # by frame number
    marked = ["1,5-9"]
    time_references = ["12"]

    [[comment]]
    frame = 12
    text = "Sent before the gateway was up"

    [[ignore]]                     # as in a spec profile; `finding` is the fingerprint of one
    rule = "COAP-7252-4.2-RETRANSMISSION"
    ue = "meter-0016@iot.example"
    reason = "Known: old firmware"

    [names]                        # of addresses and UE Service IDs
    "10.0.0.7" = "gateway"

What holds anything else is refused as a whole: writing it again would lose that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from analyzer.annotations.model import LONGEST_TEXT, MOST_MARKS, Annotations, Waiver
from analyzer.profiles.spec import Ignore

VERSION: Final = 1
MOST_BYTES: Final = 1 << 24
"""A file may be this large."""

_ON_A_LINE: Final = 12
_MOST_FRAME: Final = 1 << 53
_RANGE: Final = re.compile(r"([0-9]{1,16})(?:-([0-9]{1,16}))?")
_IGNORE: Final = ("rule", "endpoint", "ue", "finding", "reason")
_TABLES: Final = ("version", "capture", "packets", "comment", "ignore", "names")
_HEADING: Final = "# What was written about a capture in msgshark. The capture itself is as it was."


class DocumentError(Exception):
    """A text holds no annotations; why, for one line."""


class Head(NamedTuple):
    """How a file begins: the SHA-256 of its first bytes, of what it unpacks to."""

    name: str
    length: int
    sha256: str


class Document(NamedTuple):
    """Annotations, and the files whose packets they are about."""

    captures: tuple[Head, ...]
    annotations: Annotations


def written(document: Document) -> str:
    """The text of a document."""
    return "\n".join(_lines(document)) + "\n"


def read(text: str) -> Document:
    """The document in a text. Raises DocumentError."""
    return Document(*_checked(_loaded(text)))


def read_waivers(text: str) -> tuple[Waiver, ...]:
    """The findings to ignore in a text, which may be a spec profile. Raises DocumentError."""
    found = _loaded(text)
    return tuple(map(_waiver, _tables(found, "ignore")))


# Writing ----------------------------------------------------------------------------------------


def _lines(document: Document) -> Iterator[str]:
    captures, noted = document
    yield from (_HEADING, f"version = {VERSION}")
    for head in captures:
        yield from ("", "[[capture]]", f"name = {_string(head.name)}")
        yield from (f"length = {head.length}", f"sha256 = {_string(head.sha256)}")
    if noted.marks or noted.references:
        yield from ("", "[packets]")
        if noted.marks:
            yield from _frames("marked", noted.marks)
        if noted.references:
            yield from _frames("time_references", noted.references)
    for frame in sorted(noted.comments):
        yield from ("", "[[comment]]", f"frame = {frame}")
        yield f"text = {_text(noted.comments[frame])}"
    for waiver in noted.waivers:
        yield from ("", "[[ignore]]")
        values = waiver.of._asdict() | {"finding": waiver.finding or "*"}
        for key in _IGNORE[:-1]:
            if values[key] != "*":
                yield f"{key} = {_string(values[key])}"
        yield f"reason = {_string(waiver.of.reason)}"
    if noted.names:
        yield from ("", "[names]")
        for what in sorted(noted.names):
            yield f"{_string(what)} = {_string(noted.names[what])}"


def _frames(key: str, frames: Iterable[int]) -> Iterator[str]:
    ranges = iter(_ranges(sorted(frames)))
    rows = iter(lambda: list(islice(ranges, _ON_A_LINE)), [])
    lines = [_string(",".join(row)) for row in rows]
    if len(lines) == 1:
        yield f"{key} = [{lines[0]}]"
        return
    yield from (f"{key} = [", *(f"    {line}," for line in lines), "]")


def _ranges(frames: Sequence[int]) -> Iterator[str]:
    """`1`, `5-9` of sorted numbers."""
    first = before = 0
    for frame in (*frames, 0):
        if first and frame != before + 1:
            yield str(first) if first == before else f"{first}-{before}"
            first = 0
        first, before = first or frame, frame


def _string(text: str) -> str:
    """A basic string."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _text(text: str) -> str:
    """A basic string that keeps its lines where it has several."""
    if "\n" not in text:
        return _string(text)
    return '"""\n' + "".join(c if c == "\n" else _escaped(c) for c in text) + '"""'


def _escaped(character: str) -> str:
    """What is neither seen nor harmless in an editor is written by its number."""
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# Reading ----------------------------------------------------------------------------------------


def _loaded(text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DocumentError("nested too deep") from None
    except ValueError as error:
        raise DocumentError(f"not TOML: {error}") from None


def _checked(found: dict[str, Any]) -> tuple[tuple[Head, ...], Annotations]:
    _known(found, _TABLES)
    if _value(found, "version", int, 0) != VERSION:
        raise DocumentError(f"version is not {VERSION}: another msgshark wrote it, or none")
    captures = tuple(map(_head, _tables(found, "capture")))
    noted = Annotations()
    packets = _value(found, "packets", dict, {})
    _known(packets, ("marked", "time_references"), "packets")
    noted.marks = _numbers(packets, "marked")
    noted.references = sorted(_numbers(packets, "time_references"))
    for comment in _tables(found, "comment"):
        _known(comment, ("frame", "text"), "comment")
        frame, text = _frame(comment), _value(comment, "text", str)
        if len(text) > LONGEST_TEXT:
            raise DocumentError(f"the comment on {frame} has more than {LONGEST_TEXT} characters")
        noted.comment(frame, text)
    noted.waivers = tuple(map(_waiver, _tables(found, "ignore")))
    for what in (names := _value(found, "names", dict, {})):
        noted.name(what, _value(names, what, str))
    noted.version = 0
    return captures, noted


def _known(table: dict[str, Any], keys: Iterable[str], where: str = "") -> None:
    for key in table:
        if key not in keys:
            place = f" in {where}" if where else ""
            raise DocumentError(f"unknown key {key[:40]!r}{place}")


def _value(table: dict[str, Any], key: str, kind: type, default: Any = None) -> Any:
    """A value of a kind, which has to be there unless there is a default."""
    value = table.get(key, default)
    if type(value) is not kind:  # a bool is an int to Python
        names = {str: "a string", int: "a whole number", dict: "a table", list: "an array"}
        raise DocumentError(f"{key[:40]!r} is not {names[kind]}")
    return value


def _tables(found: dict[str, Any], key: str) -> list[dict[str, Any]]:
    tables = _value(found, key, list, [])
    if not all(isinstance(table, dict) for table in tables):
        raise DocumentError(f"{key!r} is not an array of tables: write [[{key}]]")
    return list(tables)


def _head(table: dict[str, Any]) -> Head:
    _known(table, Head._fields, "capture")
    name, sha256 = _value(table, "name", str), _value(table, "sha256", str)
    return Head(name, _value(table, "length", int), sha256)


def _frame(table: dict[str, Any]) -> int:
    frame: int = _value(table, "frame", int)
    if not 0 < frame < _MOST_FRAME:
        raise DocumentError(f"frame {str(frame)[:40]} is no frame number")
    return frame


def _waiver(table: dict[str, Any]) -> Waiver:
    _known(table, _IGNORE, "ignore")
    values = {key: _value(table, key, str) for key in table}
    if not values.keys() - {"reason"}:
        raise DocumentError("an [[ignore]] names no rule, endpoint, ue or finding")
    return Waiver(finding=values.pop("finding", ""), of=Ignore(**values))


def _numbers(table: dict[str, Any], key: str) -> set[int]:
    """Frame numbers of `["1,5-9", ...]`."""
    found: set[int] = set()
    for text in _value(table, key, list, []):
        if not isinstance(text, str):
            raise DocumentError(f"{key!r} holds something that is no string")
        for part in filter(None, text.replace(" ", "").split(",")):
            match = _RANGE.fullmatch(part)
            first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
            if not 0 < first <= last < _MOST_FRAME:
                raise DocumentError(f"{part[:40]!r} in {key!r} are no packet numbers")
            if len(found) + last - first >= MOST_MARKS:
                raise DocumentError(f"{key!r} holds more than {MOST_MARKS:,} packets")
            found.update(range(first, last + 1))
    return found
