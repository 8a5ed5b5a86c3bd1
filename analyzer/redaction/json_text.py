# SPDX-License-Identifier: GPL-2.0-only
"""JSON texts: values are replaced, members and the form of the text stay.

Reads tokens, not the grammar: a text that is broken, or of which only a part is there, is rewritten
as well, and breaks where it did. What a member's value may show follows from its information
element (`elements.toml`): a public one stays as far as it is a time, a number or one of the words
that such elements are known to have, a secret one is blotted out, all others become pseudonyms.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto
from typing import Final

from analyzer.redaction.words import NUMBER, Words
from dissectors.msgin5g.elements import Element, Vocabulary, normalise

_TOKEN: Final = re.compile(
    rb'(?P<string>"(?:[^"\\]|\\.)*+(?:"|\\?\Z))(?P<key>\s*:)?'
    rb"|(?P<open>[{\[])|(?P<close>[}\]])"
    rb'|(?P<bare>[^\s"{}\[\],:]+)',
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"(?!.*[0-9]{9})(?=.*[0-9])[0-9PTZYMDHWSptzymdhws :.,+/-]{1,40}")
"""Times, durations and numbers; one of nine digits may be a subscriber's or a device's."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z _-]{0,63}")
_UNIT: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}"
    r"|(?P<broken>\\u[0-9a-fA-F]{0,3}[g-zG-Z]?|\\[^\"\\/bfnrtu])|\\.|.",
    re.DOTALL,
)
_HEX: Final = "0123456789abcdefABCDEF"
_LITERALS: Final = (b"true", b"false", b"null")
BLOT: Final = "x"
"""What stands for each byte of a secret."""

_DIGIT: Final = re.compile(rb"[0-9]")
_MARK: Final = b"\xef\xbb\xbf"
_REMEMBERED: Final = 1 << 14


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
        self._members: dict[tuple[bytes, bool], tuple[bytes, _Show]] = {}
        self._values: dict[tuple[bytes, _Show], bytes] = {}

    def rewritten(self, data: bytes) -> bytes:
        """The text with its values replaced, of the same length. `data` is UTF-8."""
        out: list[bytes] = []
        stack: list[_Show] = []
        here, coming, last = _Show.PSEUDONYM, None, _Show.PSEUDONYM
        stop = _broken_at(data)
        broken = hidden = False
        at = 0
        for found in _TOKEN.finditer(data, len(_MARK) if data.startswith(_MARK) else 0):
            out.append(data[at : found.start()])
            at = found.end()
            kind, token = found.lastgroup, found[0]
            show = coming or here
            if not broken and at > stop:
                # Nobody knows where the credential ends that was read last.
                broken, hidden = True, _Show.NOTHING in (show, last)
            if show is _Show.NOTHING and kind == "string":
                self._words.hide(_decoded(token))
            if hidden or here is _Show.NOTHING:
                show = _Show.NOTHING
            last = show
            if kind == "key":
                name, coming = self._member(found["string"], not broken)
                hidden = hidden or (broken and coming is _Show.NOTHING)
                out += [name, found["key"]]
                continue
            if kind == "open":
                stack.append(here)
                here = show
                out.append(token)
            elif kind == "close":
                here = stack.pop() if stack else _Show.PSEUDONYM
                out.append(token)
            else:
                out.append(self._value(token, show))
            coming = None
        out.append(data[at:])
        return b"".join(out)

    def _member(self, string: bytes, sound: bool) -> tuple[bytes, _Show]:
        """The name of a member, and what becomes of its value."""
        known = self._members.get((string, sound))
        if known is None:
            if len(self._members) >= _REMEMBERED:
                self._members.clear()
            name = _decoded(string)
            element = self._vocabulary.element_of(name)
            # That of an element, or a name as people give to things.
            given = sound and _NAME.fullmatch(name) is not None and self._words.may_show(name)
            kept = given or (element is not None and name.isascii())
            known = string if kept else self._pseudonym(string, False), _show(element)
            self._members[string, sound] = known
        return known

    def _value(self, token: bytes, show: _Show) -> bytes:
        known = self._values.get((token, show))
        if known is None:
            if len(self._values) >= _REMEMBERED:
                self._values.clear()
            made = self._string if token.startswith(b'"') else self._bare
            known = self._values[token, show] = made(token, show)
        return known

    def _string(self, token: bytes, show: _Show) -> bytes:
        if show is _Show.NOTHING:
            return _blotted(token)
        if show is _Show.PUBLIC:
            text = _decoded(token)
            plain = _PLAIN.fullmatch(text) and self._words.may_show(text)
            known = text.isascii() and normalise(text) in self._words.kept
            if plain or known:  # a meaning that an element is known to have
                return token
        return self._pseudonym(token, show is _Show.IDENTITY)

    def _bare(self, token: bytes, show: _Show) -> bytes:
        if token in _LITERALS:
            return token
        text = token.decode()
        if not NUMBER.fullmatch(text):
            return _no_value(text)
        if show is _Show.NOTHING:
            return _DIGIT.sub(b"1", token)
        if show is _Show.PUBLIC and _PLAIN.fullmatch(text) and self._words.may_show(text):
            return token
        return self._words.number(text, show is _Show.IDENTITY).encode()

    def _pseudonym(self, token: bytes, identity: bool) -> bytes:
        """A string with its words replaced; escapes stay escapes."""
        if b"\\" not in token:
            return self._words.octets(token, identity=identity)
        units, letters = zip(*map(_read, _UNIT.finditer(token.decode())), strict=True)
        text = self._words.text("".join(letters), identity=identity)
        pairs = zip(units, letters, text, strict=True)
        return "".join(
            unit if new == old else _escaped(unit, new) for unit, old, new in pairs
        ).encode()


def _blotted(token: bytes) -> bytes:
    """A string of which nothing is to be seen but where it breaks."""
    closed = len(token) > 1 and token.endswith(b'"')
    out = []
    for found in _UNIT.finditer(token[1 : -1 if closed else None].decode()):
        unit, _ = _read(found)
        kept = found["broken"] or unit < " "  # a control character
        out.append(unit if kept else BLOT * len(unit.encode()))
    return b'"' + "".join(out).encode() + (b'"' if closed else b"")


def _no_value(text: str) -> bytes:
    """What is neither a number nor a literal, as something that is no more of one."""
    shared = len(text)
    while not any(literal.startswith(text[:shared].encode()) for literal in _LITERALS):
        shared -= 1
    exponent = "eE" if text[0] in "-0123456789" else ""
    out = text[:shared].encode()
    for letter in text[shared:]:
        if letter.isascii() and letter.isdigit():
            out += b"0" if letter == "0" else b"1"
        elif letter in exponent or (letter.isascii() and not letter.isalnum()):
            out += letter.encode()
        else:
            out += BLOT.encode() * len(letter.encode())
    return out


def _show(element: Element | None) -> _Show:
    """What becomes of the value of an element."""
    if element is None:
        return _Show.PSEUDONYM
    if element.secret:
        return _Show.NOTHING
    if element.identity:
        return _Show.IDENTITY
    return _Show.PUBLIC if element.public else _Show.PSEUDONYM


def _broken_at(data: bytes) -> int:
    """Where a text is no JSON any more, its length for nowhere."""
    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        return len(error.doc[: error.pos].encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return 0
    return len(data)


def _decoded(token: bytes) -> str:
    """What a string says, closed or not."""
    text = token.decode("utf-8", "replace")
    text = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    if "\\" not in text:
        return text
    return "".join(_read(found)[1] for found in _UNIT.finditer(text))


def _read(found: re.Match[str]) -> tuple[str, str]:
    """A unit of a string, and the one letter it stands for: a space where that is none to replace.

    An escape that is none becomes another such one.
    """
    unit = found[0]
    if found["broken"]:
        digits = "".join("0" if letter in _HEX else "g" for letter in unit[2:])
        return "\\" + (f"u{digits}" if unit[1] == "u" else BLOT * len(unit[1:].encode())), " "
    if len(unit) == 12:
        high, low = int(unit[2:6], 16), int(unit[8:], 16)
        return unit, chr(0x10000 + ((high & 0x3FF) << 10 | low & 0x3FF))
    if len(unit) == 6:
        return unit, chr(int(unit[2:], 16))
    return unit, unit if len(unit) == 1 else unit[1] if not unit[1].isalnum() else " "


def _escaped(unit: str, letter: str) -> str:
    """Another letter, written as the one before was."""
    if len(unit) == 12:
        code = ord(letter) - 0x10000
        return f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}"
    return f"\\u{ord(letter):04x}" if len(unit) == 6 else letter
