# SPDX-License-Identifier: GPL-2.0-only
"""What rules on one message alone (events.Formed) ask of it. Never of the body it completes, its
exchange or its flow: like messages are not told again."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.block_bodies import block_value
from analyzer.option_facts import in_blocks
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Option, uint
from dissectors.coap.values import Block

_MOST_SHOWN = 40


def has(message: Message, *options: int) -> bool:
    """Any of these options is there."""
    return any(option.number in options for option in message.coap.options)


def block(message: Message, option: int) -> Block | None:
    """Value of a block option; None where it is absent or no such value (RFC 7959 clause 2.2)."""
    found = message.coap.first(option)
    return block_of(found) if found is not None else None


def block_of(option: Option) -> Block | None:
    """The value of a block option, None where it is too long for one."""
    value = uint(option) if len(option.value) <= 3 else None
    return None if value is None else Block(value >> 4, bool(value & 8), value & 7)


def blocks(message: Message) -> Iterator[tuple[Option, Block]]:
    """Each block option with its value."""
    for option in message.coap.options:
        if option.number in numbers.BLOCK_OPTIONS:
            value = block_of(option)
            if value is not None:
                yield option, value


def is_later_block(message: Message) -> bool:
    """It sends or asks for a block that is not the first of its body."""
    return any(value.num for _, value in blocks(message))


def whole_payload(message: Message) -> bytes:
    """The payload where it is a body that can be read; empty for a block of one, behind OSCORE
    (gate G-OSC) and where bytes are missing (gate G-CUT)."""
    coap = message.coap
    if message.cut or message.protected or in_blocks(block_value(coap)):
        return b""
    return coap.payload


def payload_span(message: Message) -> tuple[int, int]:
    """First byte of the payload in its message, and the byte after the last."""
    return message.coap.payload_offset, len(message.coap.data)


def shown(value: bytes) -> str:
    """Bytes as the text they should be, else in hex; a long value shortened."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.hex()
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."
