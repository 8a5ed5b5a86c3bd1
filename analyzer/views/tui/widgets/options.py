# SPDX-License-Identifier: GPL-2.0-only
"""A list to choose from."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from textual.widgets import OptionList


class Options(OptionList):
    """Textual's, which fails where a page is turned before other options are laid out."""

    def _move_page(self, direction: Literal[-1, 1]) -> None:
        with suppress(KeyError, IndexError):
            super()._move_page(direction)
