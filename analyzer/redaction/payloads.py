# SPDX-License-Identifier: GPL-2.0-only
"""Payloads: their content is replaced, what rules judge of their form stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from analyzer.redaction import cbor_items
from analyzer.redaction.json_text import JsonText
from analyzer.redaction.words import Words
from dissectors.coap import numbers
from dissectors.coap.content_formats import Syntax, syntax_of
from dissectors.msgin5g.elements import Vocabulary
from dissectors.msgin5g.payload import first_byte
from dissectors.utf8 import utf8_error

CHUNK: Final = 16
"""The smallest block (RFC 7959 clause 2.2): opaque bodies are replaced piece by piece, so that a
block can be without the others."""

_ATTRIBUTE: Final = re.compile(rb"(;\s*[A-Za-z][A-Za-z-]*\*?)(=(?:\"[^\"]*\"|[^;,]*))?")
_COUNTS: Final = (b";ct", b";sz", b";obs", b";osc", b";con", b";ep-type")
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")


class Payloads:
    """Replaces payloads with the pseudonyms of `words`, by the spellings of `vocabulary`."""

    def __init__(self, words: Words, vocabulary: Vocabulary) -> None:
        self._words = words
        self._json = JsonText(words, vocabulary)

    def replaced(self, data: bytes, content_format: int | None, code: int) -> bytes:
        """A payload, or a body or its beginning, of a message that says so much of it; of the same
        length."""
        match self._syntax(data, content_format, code):
            case Syntax.JSON:
                return self._text(data, self._json.rewritten)
            case Syntax.TEXT:
                return self._words.octets(data)
            case Syntax.LINKS:
                return self._text(data, self._links)
            case Syntax.CBOR:
                return cbor_items.rewritten(data, self._words, False)
            case Syntax.CBOR_SEQUENCE:
                counts = content_format == numbers.MISSING_BLOCKS
                return cbor_items.rewritten(data, self._words, True, counts)
        return self.opaque(data)

    def opaque(self, data: bytes, offset: int = 0) -> bytes:
        """Bytes that stand at `offset` of a body, whatever they are."""
        pieces = []
        for at in range(0, len(data), CHUNK):
            pieces.append(self._words.opaque(data[at : at + CHUNK], b"%d" % (offset + at)))
        return b"".join(pieces)

    def _syntax(self, data: bytes, content_format: int | None, code: int) -> Syntax:
        known = syntax_of(content_format) if content_format is not None else Syntax.ANY
        if known in (Syntax.ANY, Syntax.TEXT) and first_byte(data) in (b"{", b"["):
            return Syntax.JSON
        if content_format is None:
            text = utf8_error(data, 0, len(data)) < 0 and not _CONTROL.search(data)
            return Syntax.TEXT if text or code >> 5 in (4, 5) else Syntax.ANY
        return known

    def _text(self, data: bytes, rewritten: Callable[[bytes], bytes]) -> bytes:
        """A text of which only what is UTF-8 can be read."""
        broken = utf8_error(data, 0, len(data)) if not data.isascii() else -1
        if broken < 0:
            return rewritten(data)
        behind = self._words.letters(data[broken + 1 :])
        return rewritten(data[:broken]) + data[broken : broken + 1] + behind

    def _links(self, data: bytes) -> bytes:
        """Link format (RFC 6690): names of attributes and numbers of formats and bytes stay."""
        out, at = [], 0
        for found in _ATTRIBUTE.finditer(data):
            name, value = found[1], found[2] or b""
            out.append(self._words.octets(data[at : found.start()], keep=True))
            kept = self._words.may_show(name.decode())
            out.append(name if kept else self._words.octets(name))
            counts = kept and name.lower() in _COUNTS and len(value) < CHUNK
            out.append(value if counts else self._words.octets(value))
            at = found.end()
        out.append(self._words.octets(data[at:], keep=True))
        return b"".join(out)
