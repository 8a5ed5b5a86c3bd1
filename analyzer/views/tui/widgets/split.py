# SPDX-License-Identifier: GPL-2.0-only
"""Two panes that share their room: keys and the mouse move the border between them."""

from __future__ import annotations

from textual import events
from textual.containers import Container
from textual.geometry import Region
from textual.widget import Widget

from analyzer.views.tui.panes import Panes


class Split(Container):
    """Two panes, one above the other or side by side as the styles say. Once the user has moved
    their border, they keep their shares, which `panes` remembers for each direction."""

    def __init__(
        self, first: Widget, second: Widget, panes: Panes, *, id: str, classes: str | None = None
    ) -> None:
        super().__init__(first, second, id=id, classes=classes)
        self.first, self.second = first, second
        self._panes = panes
        self._dragged = False

    @property
    def beside(self) -> bool:
        """The panes stand side by side."""
        return self.layout.name == "horizontal"

    @property
    def _share_name(self) -> str:
        return f"{self.id}.{'beside' if self.beside else 'stacked'}"

    @property
    def is_split(self) -> bool:
        """Both panes are on screen."""
        return bool(self.first.region and self.second.region)

    def give_shares(self, alone: bool = False) -> None:
        """Let panes have their shares; `alone`: one fills the screen, as its styles say."""
        share = None if alone else self._panes.share(self._share_name)
        for pane in (self.first, self.second):
            pane.styles.width = pane.styles.height = pane.styles.max_width = None
        if share is None:
            return
        if self.beside:
            self.first.styles.width, self.second.styles.width = f"{share}%", "1fr"
            self.second.styles.max_width = "100%"
        else:
            self.first.styles.height, self.second.styles.height = f"{share}%", "1fr"

    def grow(self, pane: Widget, percent: int) -> None:
        """Give a pane more of the room, or less."""
        room, own = self._extent(self), self._extent(self.first)
        now = self._panes.share(self._share_name) or round(100 * own / max(1, room))
        self._set(now + (percent if pane is self.first else -percent))
        self._panes.keep()

    def _extent(self, widget: Widget) -> int:
        region: Region = widget.region
        return region.width if self.beside else region.height

    def _set(self, share: int) -> None:
        self._panes.set_share(self._share_name, share)
        self.give_shares()

    # The mouse ----------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self.is_split and self._on_border(event):
            event.stop()
            self._dragged = True
            self.capture_mouse()

    def _on_border(self, event: events.MouseDown) -> bool:
        """The last cells of the first pane are its frame, where it has one, and so are the first
        cells of the other."""
        if self.beside:
            distance = event.screen_x - self.second.region.x
            framed = bool(self.first.styles.border_right[0])
        else:
            distance = event.screen_y - self.second.region.y
            framed = bool(self.first.styles.border_bottom[0])
        return distance == 0 or (distance == -1 and framed)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged:
            at = event.screen_x - self.region.x if self.beside else event.screen_y - self.region.y
            self._set(round(100 * at / max(1, self._extent(self))))

    def on_mouse_up(self) -> None:
        if self._dragged:
            self._dragged = False
            self.release_mouse()
            self._panes.keep()
