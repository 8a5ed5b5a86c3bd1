# SPDX-License-Identifier: GPL-2.0-only
"""How panes share the screen: as users left them, remembered from one run to the next."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from analyzer import remembered

_FILE: Final = "panes"
LEAST: Final = 10
MOST: Final = 90
"""Percent that a pane may have of two."""


class Layout(StrEnum):
    """How the panes of a page stand, in the order of the `|` key. Automatic goes by the width of
    the terminal."""

    AUTOMATIC = "automatic"
    STACKED = "stacked"
    BESIDE = "side by side"
    ALONE = "list alone"

    @property
    def next(self) -> Layout:
        layouts = list(Layout)
        return layouts[(layouts.index(self) + 1) % len(layouts)]

    @property
    def style(self) -> str:
        """The class of a page that stands so; `""` for automatic."""
        return "" if self is Layout.AUTOMATIC else f"-{self.value.split()[-1].lower()}"


class Panes:
    """Layouts of pages, and shares of panes in percent, by the names of splits."""

    def __init__(self) -> None:
        kept = remembered.recall(_FILE)
        kept = kept if isinstance(kept, dict) else {}
        layouts, shares = kept.get("layouts"), kept.get("shares")
        self._layouts: dict[str, Layout] = {}
        for page, layout in layouts.items() if isinstance(layouts, dict) else ():
            if isinstance(layout, str) and layout in list(Layout):
                self._layouts[page] = Layout(layout)
        self._shares: dict[str, int] = {}
        for split, share in shares.items() if isinstance(shares, dict) else ():
            if isinstance(share, int) and not isinstance(share, bool):
                self._shares[split] = max(LEAST, min(share, MOST))

    def layout(self, page: str) -> Layout:
        """How a page stands."""
        return self._layouts.get(page, Layout.AUTOMATIC)

    def share(self, split: str) -> int | None:
        """Percent of the first of two panes, None for what the styles say."""
        return self._shares.get(split)

    def set_layout(self, page: str, layout: Layout) -> None:
        """Let a page stand otherwise."""
        self._layouts[page] = layout
        self.keep()

    def set_share(self, split: str, share: int) -> int:
        """Give so much to the first pane, within bounds; how much it got. `keep` remembers it."""
        self._shares[split] = max(LEAST, min(share, MOST))
        return self._shares[split]

    def keep(self) -> None:
        """Remember all that was set."""
        layouts = {page: str(layout) for page, layout in self._layouts.items()}
        remembered.keep(_FILE, {"layouts": dict(layouts), "shares": dict(self._shares)})
