# SPDX-License-Identifier: GPL-2.0-only
"""One CoAP message as a value: what the walk (`wire.py`) found, with its bytes.

Dissecting never raises: whatever the bytes, the result is a Message whose `flaws` tell what is
wrong and where.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

from dissectors.coap import numbers, wire
from dissectors.coap.wire import DEFECT_SLOTS, FATAL, OPTION_SLOTS, Defect, OptionTable
from dissectors.kernel import Bytes, rows


class Option(NamedTuple):
    """One option as it stands on the wire; offsets count from the first byte of the message."""

    number: int
    offset: int
    value_offset: int
    value: bytes

    @property
    def span(self) -> tuple[int, int]:
        """First byte and byte after the last, delta and length included."""
        return (self.offset, self.value_offset + len(self.value))

    @property
    def name(self) -> str:
        return numbers.option_name(self.number)

    @property
    def spec(self) -> numbers.OptionSpec | None:
        return numbers.NAMED_OPTIONS.get(self.number)


class Flaw(NamedTuple):
    """A defect with its byte range in the message; `detail` is an option number, code or length."""

    kind: Defect
    offset: int
    end: int
    detail: int


class Message(NamedTuple):
    """One dissected CoAP message. Fields past the first format error hold their defaults."""

    data: bytes
    version: int
    type: int
    tkl: int
    code: int
    message_id: int
    token: bytes
    token_offset: int
    options: tuple[Option, ...]
    payload_offset: int
    payload: bytes
    flaws: tuple[Flaw, ...]

    @property
    def readable(self) -> bool:
        """A whole header and no message format error: it can be paired and judged further."""
        least = wire.FRAMED_HEADER if self.reliable else wire.HEADER
        return len(self.data) >= least and not any(flaw.kind in FATAL for flaw in self.flaws)

    @property
    def code_span(self) -> tuple[int, int]:
        """Where the code stands: behind type and token length, or behind Len and its extension."""
        if not self.reliable:
            return 1, 2
        nibble = self.data[0] >> 4 if self.data else 0
        at = 1 + {13: 1, 14: 2, 15: 4}.get(nibble, 0)
        return at, at + 1

    @property
    def reliable(self) -> bool:
        """Of a reliable transport: it has no type and no Message ID (RFC 8323)."""
        return self.type == numbers.TCP

    def all(self, number: int) -> Iterator[Option]:
        """Each instance of an option."""
        return (option for option in self.options if option.number == number)

    def first(self, number: int) -> Option | None:
        """The first instance, the one that counts when it may not repeat (clause 5.4.5)."""
        return next(self.all(number), None)

    def uint(self, number: int) -> int | None:
        """Value of a uint option, None when absent or too long to be one (clause 3.2)."""
        option = self.first(number)
        return None if option is None else uint(option)


def uint(option: Option) -> int | None:
    """The value as a number, None when it is too long for one (clause 3.2)."""
    return int.from_bytes(option.value, "big") if len(option.value) <= 4 else None


class Walker:
    """The walk with its own row buffers, reused from message to message; not thread-safe.
    `table`: the options that are known, those of IANA unless given."""

    def __init__(self, capacity: int = wire.MAX_MESSAGE, table: OptionTable | None = None) -> None:
        self.head = rows(wire.HEAD_SLOTS)
        self.options = rows(capacity * OPTION_SLOTS)
        self.defects = rows(capacity * DEFECT_SLOTS)
        table = table or wire.option_table()
        self._tables = (wire.code_table(), table.index, table.specs)

    def walk(
        self, data: Bytes, start: int, end: int, cut: bool = False, framing: int = wire.DATAGRAM
    ) -> None:
        """Fill `head`, `options`, `defects` from `data[start:end]`."""
        found = (self.head, self.options, self.defects)
        wire.walk(data, start, end, int(cut), framing, *found, *self._tables)

    def message(self, data: bytes, cut: bool = False, framing: int = wire.DATAGRAM) -> Message:
        """`data` as a Message; never raises."""
        self.walk(data, 0, len(data), cut, framing)
        head = self.head
        token_at, payload_at = head[wire.TOKEN_AT], head[wire.PAYLOAD_AT]
        return Message(
            data=data,
            version=head[wire.VERSION],
            type=head[wire.TYPE],
            tkl=head[wire.TKL],
            code=head[wire.CODE],
            message_id=head[wire.MID],
            token=data[token_at : token_at + head[wire.TOKEN_LENGTH]],
            token_offset=token_at,
            options=tuple(self._options(data)),
            payload_offset=payload_at,
            payload=data[payload_at:] if payload_at >= 0 else b"",
            flaws=tuple(self.flaws()),
        )

    def _options(self, data: bytes) -> Iterator[Option]:
        for row in range(0, self.head[wire.OPTION_COUNT] * OPTION_SLOTS, OPTION_SLOTS):
            number, at, value_at, length = self.options[row : row + OPTION_SLOTS]
            yield Option(number, at, value_at, data[value_at : value_at + length])

    def flaws(self) -> Iterator[Flaw]:
        """The defects of the last walk, offsets counted as the walk counted them."""
        for row in range(0, self.head[wire.DEFECT_COUNT] * DEFECT_SLOTS, DEFECT_SLOTS):
            kind, first, after, detail = self.defects[row : row + DEFECT_SLOTS]
            yield Flaw(Defect(kind), first, after, detail)


def dissect(
    data: bytes,
    cut: bool = False,
    table: OptionTable | None = None,
    framing: int = wire.DATAGRAM,
) -> Message:
    """One CoAP message, dissected; never raises. Rows are sized for this message alone.
    `table`: the options that are known, those of IANA unless given; `framing` as `wire.walk`."""
    return Walker(len(data) + 8, table).message(data, cut, framing)


_IN_FORCE: Final[ContextVar[OptionTable | None]] = ContextVar("options", default=None)


@contextmanager
def knowing(table: OptionTable) -> Iterator[None]:
    """Scapy asks without arguments: its layers find defects by the options in force."""
    before = _IN_FORCE.set(table)
    try:
        yield
    finally:
        _IN_FORCE.reset(before)


def in_force() -> OptionTable:
    """The options of `knowing`, else those of IANA."""
    return _IN_FORCE.get() or wire.option_table()
