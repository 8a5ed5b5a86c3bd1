# SPDX-License-Identifier: GPL-2.0-only
"""What is looked for, and where: as a user asks for it, and as texts and bytes are tried.

Regular expressions are those of display filters: the engine needs time linear in the text whatever
the expression is. Of bytes, each is a letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from analyzer.views.places import Span

_HEX: Final = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2}[ :.\-]?)+)").fullmatch


class Kind(StrEnum):
    """How what was typed is meant."""

    TEXT = "text"
    HEX = "hex"
    REGEX = "regex"
    FILTER = "filter"

    @property
    def hint(self) -> str:
        """What to type."""
        return _HINTS[self]


_HINTS: Final = {
    Kind.TEXT: "text",
    Kind.HEX: "bytes, as 64 45",
    Kind.REGEX: "regular expression",
    Kind.FILTER: "display filter, as coap.code == 2.05",
}


class Where(StrEnum):
    """What is searched: lines of the list (source, destination, protocol, Info), the packet
    detail, the bytes of packets."""

    LIST = "list"
    DETAIL = "detail"
    BYTES = "bytes"


class SearchError(Exception):
    """What was typed cannot be looked for; says why."""


class Needle(NamedTuple):
    """`case`: upper and lower case differ."""

    kind: Kind
    where: Where
    text: str
    case: bool = False

    def check(self) -> None:
        """Raise SearchError where this cannot be looked for; filters are checked by theirs."""
        if not self.text:
            raise SearchError(f"Type {self.kind.hint}")
        if self.kind is Kind.HEX:
            _ = self.octets
        elif self.kind is Kind.REGEX:
            _tried(self.pattern)

    @property
    def octets(self) -> bytes:
        """The bytes wanted, those of text in lower case unless case matters. Raises
        SearchError."""
        if self.kind is not Kind.HEX:
            return (self.text if self.case else self.text.lower()).encode("utf-8", "replace")
        found = _HEX(self.text.strip())
        if found is None:
            raise SearchError("Bytes are pairs of hexadecimal digits, as 64 45 or 0x6445")
        return bytes.fromhex(re.sub("[^0-9a-fA-F]", "", found[1]))

    @property
    def pattern(self) -> str:
        """The regular expression as the engine takes it."""
        return self.text if self.case else f"(?i){self.text}"

    @property
    def folds(self) -> bool:
        """Upper and lower case are as good."""
        return not self.case and self.kind is Kind.TEXT

    def in_texts(self, texts: Sequence[str]) -> list[bool]:
        """Which of some texts have it."""
        if self.kind is Kind.REGEX:
            import polars as pl

            series = pl.Series(texts, dtype=pl.String)
            found: list[bool] = series.str.contains(self.pattern).to_list()
            return found
        wanted = self.text if self.case else self.text.lower()
        return [wanted in (text if self.case else text.lower()) for text in texts]

    def span_in(self, data: bytes) -> Span | None:
        """Where it first stands in bytes, None for nowhere."""
        if self.kind is Kind.REGEX:
            return self._matched(data)
        wanted = self.octets
        at = (data.lower() if self.folds else data).find(wanted)
        return (at, at + len(wanted)) if at >= 0 else None

    def _matched(self, data: bytes) -> Span | None:
        import polars as pl

        series = pl.Series([letters(data)])
        at = series.str.find(self.pattern).item()
        if at is None:
            return None
        # Places are of UTF-8, in which a letter from 0x80 on takes two bytes.
        first = len(series.item().encode()[:at].decode())
        found = series.str.extract(f"({self.pattern})", 1).item() or ""
        return first, first + len(found)


def letters(data: bytes) -> str:
    """Each byte as a letter."""
    return data.decode("latin-1")


def _tried(pattern: str) -> None:
    import polars as pl

    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        reason = re.search(r"(?:^error|regex error): (?!regex parse)(.*)", str(error), re.MULTILINE)
        text = f"No regular expression: {reason[1]}" if reason else "No regular expression"
        raise SearchError(text.rstrip(".")) from None
