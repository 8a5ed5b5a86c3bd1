# SPDX-License-Identifier: GPL-2.0-only
"""Text from packets made safe to show: the one place every view goes through.

A UE names itself; nothing it sends may move the cursor, hide text, reverse its order or forge a
line. What cannot be shown becomes a visible escape as Python writes it (`\\x1b`, `\\u202e`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

ELLIPSIS: Final = "…"

_PLAIN: Final = re.compile(r"[ -~]*").fullmatch

_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Letters, marks and symbols by category that show nothing: fillers, variation selectors."""

_MOST_MARKS: Final = 2
"""Combining marks in a row: more would paint over the lines above and below."""


def letter(byte: int) -> str:
    """The letter beside a byte in hex: ASCII that shows, else a dot."""
    return chr(byte) if 0x20 <= byte < 0x7F else "."


def escape(text: str, limit: int = 200) -> str:
    """`text` with everything unprintable as a visible escape, at most `limit` characters long.

    A backslash is doubled, so an escape seen is never a backslash that was sent. The escapes are
    plain ASCII; markup characters pass, since no view interprets markup in packet text.
    """
    if limit <= 0:
        return ""
    if _PLAIN(text, 0, limit + 1) and "\\" not in text:
        return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS
    shown: list[str] = []
    length = marks = 0
    # Each character becomes at least one, so no more than limit + 1 are ever looked at.
    for character in text[: limit + 1]:
        combining = unicodedata.category(character) in ("Mn", "Mc")
        marks = marks + 1 if combining else 0
        # A mark without a letter before it would join the caller's own text.
        stray = combining and (not shown or marks > _MOST_MARKS)
        piece = _escaped(character) if stray else _visible(character)
        shown.append(piece)
        length += len(piece)
        if length > limit:
            return _cut(shown, length, limit)
    return "".join(shown)


_ESCAPES: Final = re.compile(r"\\(?:([\\tnr])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


def unescape(text: str) -> str:
    """What `escape` wrote, uncut, as it was before: what a user copies from a view."""

    def character(found: re.Match[str]) -> str:
        named = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}.get(found[1] or "")
        code = 0 if named else int(found[2] or found[3] or found[4], 16)
        return named or (chr(code) if code < 0x110000 else found[0])

    return _ESCAPES.sub(character, text)


def _cut(shown: list[str], length: int, limit: int) -> str:
    """Whole pieces and an ellipsis: never half an escape."""
    while shown and length > limit - 1:
        length -= len(shown.pop())
    return "".join(shown) + ELLIPSIS


def _visible(character: str) -> str:
    if character == "\\":
        return "\\\\"
    # Not printable to Python: controls, formats such as bidi overrides, surrogates, private use,
    # unassigned characters and every separator but the space.
    return character if character.isprintable() and character not in _BLANK else _escaped(character)


def _escaped(character: str) -> str:
    code = ord(character)
    named = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    if named:
        return named
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
