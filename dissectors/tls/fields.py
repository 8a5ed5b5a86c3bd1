# SPDX-License-Identifier: GPL-2.0-only
"""Reading a message field by field: each value is kept for the detail tree with its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from struct import unpack
from typing import Final, NamedTuple

MOST_FIELDS: Final = 2048
"""Fields kept of one message; what stands behind them is read and not shown."""


class Field(NamedTuple):
    """One field: its name as Wireshark has it, and the bytes `first` to before `after`.

    `level` tells how deep in lists and extensions it stands. `text` is `value` in words; text that
    peers sent is not escaped.
    """

    name: str
    value: int | bytes
    first: int
    after: int
    text: str
    level: int = 0


class MalformedError(Exception):
    """The bytes do not fit at `at`; raised and caught while one message is read."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


class Reader:
    """Reads forward through `data[at:end]`; offsets told are `base` more.

    Fields are kept where there is a `prefix` for their names, `dtls.` or `tls.`.
    """

    __slots__ = ("at", "base", "data", "end", "fields", "level", "prefix")

    def __init__(self, data: bytes, at: int, end: int, base: int, prefix: str) -> None:
        self.data = data
        self.at = at
        self.end = end
        self.base = base
        self.prefix = prefix
        self.level = 0
        self.fields: list[Field] = []

    @property
    def left(self) -> int:
        return self.end - self.at

    def number(self, name: str, size: int, names: Mapping[int, str] | None = None) -> int:
        first = self._take(size, name)
        value = int.from_bytes(self.data[first : self.at], "big")
        if self.prefix:
            known = names and f"{names.get(value, 'Unknown')} ({value:#0{2 * size + 2}x})"
            self._keep(name, value, first, known or str(value))
        return value

    def octets(self, name: str, length: int, *, words: bool = False) -> bytes:
        """`length` bytes; `words` where people read them as text."""
        first = self._take(length, name)
        value = self.data[first : self.at]
        if self.prefix and length:
            text = value.decode("utf-8", "backslashreplace") if words else value.hex()
            self._keep(name, value, first, text)
        return value

    def vector(self, name: str, size: int, *, length: str = "", words: bool = False) -> bytes:
        """Bytes behind their length, which has `size` bytes (RFC 8446 clause 3.4)."""
        return self.octets(name, self.number(length or f"{name}_length", size), words=words)

    def part(self, length: int, name: str) -> Reader:
        """A reader of the next `length` bytes, one level down, which are then read here."""
        first = self._take(length, name)
        inner = Reader(self.data, first, self.at, self.base, self.prefix)
        inner.level = self.level + 1
        inner.fields = self.fields
        return inner

    def list(self, name: str, size: int) -> Reader:
        """A reader of a list behind its length in bytes."""
        return self.part(self.number(name, size), name)

    def numbers(self, name: str, size: int, names: Mapping[int, str] | None) -> tuple[int, ...]:
        """All that is left, of one or two bytes each."""
        if not self.prefix and self.left % size == 0:
            listed = self.data[self.at : self.end]
            self.at = self.end
            return tuple(listed) if size == 1 else unpack(f">{len(listed) // 2}H", listed)
        read = []
        while self.left:
            read.append(self.number(name, size, names))
        return tuple(read)

    def finish(self) -> None:
        """Raises MalformedError where bytes are left."""
        if self.left:
            raise MalformedError(f"{self.left} bytes too many", self.base + self.at)

    def _take(self, length: int, name: str) -> int:
        first = self.at
        if length > self.end - first:
            raise MalformedError(f"{name.rpartition('.')[2]} ends early", self.base + first)
        self.at = first + length
        return first

    def _keep(self, name: str, value: int | bytes, first: int, text: str) -> None:
        if len(self.fields) < MOST_FIELDS:
            base = self.base
            self.fields.append(
                Field(self.prefix + name, value, base + first, base + self.at, text, self.level)
            )
