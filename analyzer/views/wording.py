# SPDX-License-Identifier: GPL-2.0-only
"""Words that several views write the same way."""

from __future__ import annotations


def plural(number: int, word: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
