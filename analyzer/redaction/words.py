# SPDX-License-Identifier: GPL-2.0-only
"""Pseudonyms of what stands in a text: each word becomes another of the same form.

A word is a run of letters, digits, `-` and `_`; what stands between (`@`, `.`, `:`, `/`) stays. So
an identifier has one pseudonym wherever it stands, `a@one.example` and `b@one.example` stay in one
domain, and a text keeps its length in characters and in bytes of UTF-8. An IP address in a text
becomes the pseudonym it has in the packets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final

from analyzer.redaction.addresses import Addresses
from analyzer.redaction.cipher import Cipher
from dissectors.utf8 import utf8_error

_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
_WIDE: Final = {
    2: "".join(map(chr, range(0xE0, 0xF7))),
    3: "".join(map(chr, range(0x4E00, 0x4E80))),
    4: "".join(map(chr, range(0x1F600, 0x1F640))),
}
"""Letters of so many bytes in UTF-8, all their own normalisation form C."""

_WORD: Final = re.compile(r"[0-9A-Za-z_\-\x80-\U0010ffff]+")
_PART: Final = re.compile(
    r"(?P<v4>(?<![\w.-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w-]|\.\w))"
    r"|(?P<v6>(?<![\w:.-])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:.-]))"
    r"|(?P<escape>%[0-9A-Fa-f]{2})"
    rf"|(?P<word>{_WORD.pattern})"
)
NUMBER: Final = re.compile(r"(-?)(0|[1-9][0-9]*)((?:\.[0-9]+)?)((?:[eE][+-]?[0-9]+)?)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONG: Final = 12
_REMEMBERED: Final = 1 << 16
SHORTEST: Final = 8
"""Letters of the shortest word that is looked for in what was written: shorter ones come by
chance."""


class Words:
    """The pseudonyms of one key.

    `kept` are words that say nothing of anybody; `about` those known to name somebody, in lower
    case, which nothing keeps.
    """

    def __init__(self, cipher: Cipher, kept: Collection[str], about: Collection[str] = ()) -> None:
        self.addresses = Addresses(cipher)
        self.kept = frozenset(kept)
        self.about = frozenset(
            word.lower() for text in about for word in _WORD.findall(text)
        ) - frozenset(word.lower() for word in kept)
        self.identities: dict[str, str] = {}
        """Words of identifiers met, with their pseudonyms."""
        self.written: set[int] = set()
        """Hashes of all pseudonyms given that could be taken for a word that was replaced."""
        self.shown: set[str] = set()
        """Words that were kept."""
        self.secrets: set[str] = set()
        self._cipher = cipher
        self._known: dict[str, str] = {}

    def may_show(self, text: str) -> bool:
        """A text that says nothing by its kind stays: no word of it is of a known identifier."""
        found = _WORD.findall(text)
        if not self.about.isdisjoint(word.lower() for word in found):
            return False
        self.shown.update(word for word in found if len(word) >= SHORTEST)
        return True

    def hide(self, text: str) -> None:
        """A credential, of which nothing may be left: its words are looked for. Those of letters
        alone, and dates, stand elsewhere for good reasons."""
        if len(self.secrets) < _REMEMBERED * 16:
            self.secrets.update(
                word
                for word in _WORD.findall(text)
                if len(word) >= _LONG and any(map(str.isdigit, word)) and not _DATE.match(word)
            )

    def text(self, text: str, keep: bool = False, identity: bool = False) -> str:
        """Replace what a text names; of as many characters and bytes.

        `keep`: but for words that say nothing. `identity`: it is an identifier.
        """

        def pseudonym(found: re.Match[str]) -> str:
            part = found[0]
            match found.lastgroup:
                case "v4" | "v6":
                    return self._literal(part) or _WORD.sub(lambda word: self._word(word[0]), part)
                case "escape":
                    byte = int(part[1:], 16)
                    return "%78" if byte >= 0x80 or chr(byte).isalnum() else part
            if keep and part in self.kept:
                return part
            return self._word(part, identity)

        return _PART.sub(pseudonym, text)

    def octets(self, data: bytes, keep: bool = False, identity: bool = False) -> bytes:
        """Replace what a text of UTF-8 names. Where it is no UTF-8, the byte that breaks it stays,
        and nothing behind it."""
        broken = utf8_error(data, 0, len(data)) if not data.isascii() else -1
        if broken < 0:
            return self.text(data.decode(), keep, identity).encode()
        before = self.text(data[:broken].decode(), keep, identity).encode()
        return before + data[broken : broken + 1] + self.letters(data[broken + 1 :])

    def letters(self, data: bytes) -> bytes:
        """Letters and digits in the place of any bytes but punctuation."""
        noise = self._cipher.stream(b"letters|" + data, len(data))
        return bytes(_drawn(byte, n) for byte, n in zip(data, noise, strict=False))

    def opaque(self, data: bytes, tweak: bytes = b"") -> bytes:
        """Other bytes in the place of bytes."""
        return self._cipher.octets(data, b"opaque|" + tweak) if data else data

    def number(self, text: str, identity: bool = False) -> str:
        """A JSON number (NUMBER) of the same form: sign, digits, and whether it is whole."""
        form = NUMBER.fullmatch(text)
        assert form is not None, text
        sign, whole, fraction, exponent = form.groups()
        digits = whole + fraction[1:]
        # What comes first, and digits that make it whole or no whole number, stay 1 to 9 or 0.
        exact = len(whole) if "-" in exponent else 1
        ranges = [
            (0, 10) if exact <= at < len(whole) else (0, 1) if digit == "0" else (1, 9)
            for at, digit in enumerate(digits)
        ]
        values = [int(digit) - least for digit, (least, _) in zip(digits, ranges, strict=True)]
        sizes = [size for _, size in ranges]
        permuted = self._cipher.symbols(values, sizes, b"number|%d" % len(whole))
        out = "".join(str(n + least) for n, (least, _) in zip(permuted, ranges, strict=True))
        if identity:
            self._note(digits, out)
        point = "." if fraction else ""
        return f"{sign}{out[: len(whole)]}{point}{out[len(whole) :]}{exponent}"

    def _literal(self, text: str) -> str:
        """The pseudonym of an IP address; `""` where this is none, or one of another length."""
        try:
            packed = ip_address(text).packed
        except ValueError:
            return ""
        other = str(ip_address(self.addresses.ip(packed)))
        if text != text.lower():
            other = other.upper()
        return other if len(other) == len(text) else ""

    def _word(self, word: str, identity: bool = False) -> str:
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[word] = self._permuted(word)
            if len(known) >= SHORTEST:
                self.written.add(hash(known))
        if identity:
            self._note(word, known)
        return known

    def _note(self, word: str, pseudonym: str) -> None:
        if len(self.identities) < _REMEMBERED * 16:
            self.identities[word] = pseudonym
            self.written.add(hash(pseudonym))

    def _permuted(self, word: str) -> str:
        alphabets = [_alphabet(letter) for letter in word]
        places = [at for at, alphabet in enumerate(alphabets) if alphabet]
        if not places:
            return word
        values = [alphabets[at].find(word[at]) for at in places]
        form = "".join("*" if alphabet else c for c, alphabet in zip(word, alphabets, strict=True))
        sizes = [len(alphabets[at]) for at in places]
        values = [  # most letters of the world share a few
            value if value >= 0 else ord(word[at]) % size
            for value, at, size in zip(values, places, sizes, strict=True)
        ]
        tweak = f"word|{form}|{''.join(a[0] for a in alphabets if a)}".encode()
        out = list(word)
        for at, value in zip(places, self._cipher.symbols(values, sizes, tweak), strict=True):
            out[at] = alphabets[at][value]
        return "".join(out)


def _drawn(byte: int, chance: int) -> int:
    if 0x30 <= byte <= 0x39:
        return 0x30 + chance % 10
    if byte < 0x80 and not chr(byte).isalpha():
        return byte
    first = 0x41 if byte < 0x60 else 0x61  # a host is in lower case, or is not
    if byte < 0x80 and chr(byte) in "abcdefABCDEF":  # after a `%` it is another character
        return first + chance % 6
    return first + 6 + chance % 20


def _alphabet(letter: str) -> str:
    """The letters that one may become, `""` for none but itself."""
    if letter <= "\x7f":
        if letter.isdigit():
            return _DIGITS
        if letter.isalpha():
            return _LOWER if letter.islower() else _LOWER.upper()
        return ""
    if "\ud800" <= letter <= "\udfff" or unicodedata.combining(letter):
        return ""
    return _WIDE[2 if letter <= "\u07ff" else 3 if letter <= "\uffff" else 4]
