# SPDX-License-Identifier: GPL-2.0-only
"""In which options two requests differ."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.numbers import no_cache_key, option_name

OF_BLOCKS: Final = frozenset({*numbers.BLOCK_OPTIONS, numbers.SIZE1, numbers.SIZE2})
"""Options that tell blocks of one body apart."""


def differing(one: Message, other: Message, but_for: Collection[int]) -> list[int]:
    """Numbers of the options that one request has and the other has not, or otherwise; those that
    are no part of the cache key (RFC 7252 clause 5.4.6) and the options `but_for` do not count."""
    return sorted(
        number
        for number in {option.number for m in (one, other) for option in m.coap.options}
        if number not in but_for
        and not no_cache_key(number)
        and _values(one, number) != _values(other, number)
    )


def _values(message: Message, number: int) -> list[bytes]:
    return [option.value for option in message.coap.all(number)]


def names(options: Collection[int]) -> str:
    """`Accept, Uri-Query` of options by number."""
    return ", ".join(option_name(number) for number in options)
