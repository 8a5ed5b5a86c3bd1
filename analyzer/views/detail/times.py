# SPDX-License-Identifier: GPL-2.0-only
"""Times of an exchange in words: its answers, and how its request was repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer.exchanges.times import Times
from analyzer.views.times import duration

_MOST: Final = 8
"""Gaps written out."""


def time_words(times: Times) -> Iterator[tuple[str, str]]:
    """A key and a sentence for each time that there is."""
    yield from _answer("Response time", times.response, times.response_from_last, times)
    if times.ack is not None and times.ack_to_response is not None:
        yield from _answer("ACK after", times.ack, times.ack_from_last, times)
        yield "separate", f"Response after the ACK: {duration(times.ack_to_response)}"
    elif times.response is None:
        yield from _answer("ACK after", times.ack, times.ack_from_last, times)
    if times.ambiguous:
        yield "ambiguous", f"Which of {times.transmissions} transmissions was answered is unknown"
    if times.gaps:
        yield "gaps", f"Sent again after: {_gaps(times)}"


def _answer(
    name: str, time: int | None, from_last: int | None, times: Times
) -> Iterator[tuple[str, str]]:
    """From the first transmission, and from the last before it where that is another one."""
    if time is None:
        return
    yield name.lower(), f"{name}: {duration(time)}"
    if times.ambiguous and from_last is not None:
        yield (
            f"{name.lower()} from last",
            f"{name}: {duration(from_last)} from the last transmission",
        )


def _gaps(times: Times) -> str:
    """`2.10 s, 4.30 s (× 2.05)`: each with its ratio to the one before."""
    ratios = (None, *times.ratios)
    words = [
        duration(gap) + ("" if ratio is None else f" (× {ratio:.2f})")
        for gap, ratio in zip(times.gaps[:_MOST], ratios, strict=False)
    ]
    return ", ".join(words) + (", …" if len(times.gaps) > _MOST else "")
