# SPDX-License-Identifier: GPL-2.0-only
"""JSON texts: values are replaced, members and the form of the text stay.

Reads tokens, not the grammar: a text that is broken, or of which only a part is there, is rewritten
as well, and breaks where it did. What a member's value may show follows from its information
element (`elements.toml`): a public one stays as far as it is plain words and numbers, a secret one
is blotted out, all others become pseudonyms.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto
from typing import Final

from analyzer.redaction.words import NUMBER, Words
from dissectors.msgin5g.elements import Vocabulary

_TOKEN: Final = re.compile(
    rb'(?P<string>"(?:[^"\\]|\\.)*+(?:"|\\?\Z))(?P<key>\s*:)?'
    rb"|(?P<open>[{\[])|(?P<close>[}\]])"
    rb'|(?P<bare>[^\s"{}\[\],:]+)',
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"[0-9A-Za-z :.,+/_-]{0,40}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z _-]{0,63}")
_UNIT: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.",
    re.DOTALL,
)
_LITERALS: Final = (b"true", b"false", b"null")
_HIDDEN: Final = re.compile(rb"[^\x00-\x1f]")
_DIGIT: Final = re.compile(rb"[0-9]")
_MARK: Final = b"\xef\xbb\xbf"
_DEEPEST: Final = 1000


class _Show(Enum):
    """What becomes of a value."""

    PUBLIC = auto()
    PSEUDONYM = auto()
    IDENTITY = auto()
    NOTHING = auto()


class JsonText:
    """Rewrites JSON texts with the pseudonyms of `words`, by the spellings of `vocabulary`."""

    def __init__(self, words: Words, vocabulary: Vocabulary) -> None:
        self._words = words
        self._vocabulary = vocabulary

    def rewritten(self, data: bytes) -> bytes:
        """The text with its values replaced, of the same length. `data` is UTF-8."""
        out: list[bytes] = []
        stack: list[_Show] = []
        here, coming = _Show.PSEUDONYM, None
        sound = _is_json(data)
        hidden = False
        at = 0
        for found in _TOKEN.finditer(data, len(_MARK) if data.startswith(_MARK) else 0):
            out.append(data[at : found.start()])
            at = found.end()
            kind, token = found.lastgroup, found[0]
            show = coming or here
            if hidden or here is _Show.NOTHING:
                show = _Show.NOTHING
            if kind == "key":
                string = found["string"]
                coming = self._of_member(string)
                # Where text is broken, nobody knows where a credential ends.
                hidden = hidden or (not sound and coming is _Show.NOTHING)
                out += [self._member(string, sound), found["key"]]
                continue
            if kind == "open":
                if len(stack) < _DEEPEST:
                    stack.append(here)
                here = show
                out.append(token)
            elif kind == "close":
                here = stack.pop() if stack else _Show.PSEUDONYM
                out.append(token)
            elif kind == "string":
                out.append(self._string(token, show))
            else:
                out.append(self._bare(token, show))
            coming = None
        out.append(data[at:])
        return b"".join(out)

    def _of_member(self, string: bytes) -> _Show:
        element = self._vocabulary.element_of(_decoded(string))
        if element is None:
            return _Show.PSEUDONYM
        if element.secret:
            return _Show.NOTHING
        if element.identity:
            return _Show.IDENTITY
        return _Show.PUBLIC if element.public else _Show.PSEUDONYM

    def _member(self, string: bytes, sound: bool) -> bytes:
        """The name of a member: that of an element, or else a name as people give to things."""
        name = _decoded(string)
        element = self._vocabulary.element_of(name)
        given = sound and _NAME.fullmatch(name) is not None
        if (element is not None or given) and self._words.names_nobody(name):
            return string
        return self._pseudonym(string, False)

    def _string(self, token: bytes, show: _Show) -> bytes:
        if show is _Show.NOTHING:
            closed = len(token) > 1 and token.endswith(b'"')
            inner = token[1:-1] if closed else token[1:]
            return b'"' + _HIDDEN.sub(b"x", inner) + (b'"' if closed else b"")
        if show is _Show.PUBLIC:
            text = _decoded(token)
            if _PLAIN.fullmatch(text) and self._words.names_nobody(text):
                return token
        return self._pseudonym(token, show is _Show.IDENTITY)

    def _bare(self, token: bytes, show: _Show) -> bytes:
        if token in _LITERALS:
            return token
        text = token.decode("utf-8", "replace")
        if show is _Show.NOTHING:
            return _DIGIT.sub(b"1", token) if NUMBER.fullmatch(text) else b"x" * len(token)
        if show is _Show.PUBLIC and _PLAIN.fullmatch(text) and self._words.names_nobody(text):
            return token
        if text[0] in "-0123456789":
            return self._words.number(text, show is _Show.IDENTITY).encode()
        return self._words.octets(token)

    def _pseudonym(self, token: bytes, identity: bool) -> bytes:
        """A string with its words replaced; escapes stay escapes."""
        if b"\\" not in token:
            return self._words.octets(token, identity=identity)
        units = _UNIT.findall(token.decode())
        letters = [_letter(unit) for unit in units]
        text = self._words.text("".join(letters), identity=identity)
        pairs = zip(units, letters, text, strict=True)
        return "".join(
            unit if new == old else _escaped(unit, new) for unit, old, new in pairs
        ).encode()


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _decoded(token: bytes) -> str:
    """What a string says, closed or not."""
    text = token.decode("utf-8", "replace")
    text = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return text if "\\" not in text else "".join(map(_letter, _UNIT.findall(text)))


def _letter(unit: str) -> str:
    """The letter that a unit of a string stands for; a short escape, for itself."""
    if len(unit) == 12:
        high, low = int(unit[2:6], 16), int(unit[8:], 16)
        return chr(0x10000 + ((high & 0x3FF) << 10 | low & 0x3FF))
    if len(unit) == 6:
        return chr(int(unit[2:], 16))
    return unit[-1] if len(unit) == 1 or not unit[-1].isalnum() else " "


def _escaped(unit: str, letter: str) -> str:
    """Another letter, written as the one before was."""
    if len(unit) == 12:
        code = ord(letter) - 0x10000
        return f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}"
    return f"\\u{ord(letter):04x}" if len(unit) == 6 else letter
