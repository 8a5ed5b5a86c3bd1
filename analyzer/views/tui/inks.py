# SPDX-License-Identifier: GPL-2.0-only
"""Inked text: what is shown, as pieces of plain text each with the name of an ink.

Rows and nodes are written in ink names, never in colours or markup; a widget mixes in `Inked`
to turn them into styled segments under the theme of the day (`inks.tcss`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from analyzer.views.info import Line
from analyzer.views.inks import safe
from analyzer.views.tui.guarded import Guarded

CONVERSATION_COLOURS: Final = 8

INKS: Final = (
    "dim",
    "bold",
    "heading",
    "request",
    "success",
    "client-error",
    "server-error",
    "error",
    "warning",
    "note",
    "path",
    "payload",
    "msgin5g",
    "link",
    "secret",
    *(f"conversation-{number}" for number in range(1, CONVERSATION_COLOURS + 1)),
)

INK_CLASSES: Final = frozenset(f"ink--{name}" for name in INKS)
"""Component classes that a widget with inked text declares."""

_PAINT: Final = "paint:"


def paint(foreground: str, background: str) -> str:
    """An ink of colours that the user chose, `#rrggbb` each or "" for that of the list."""
    return f"{_PAINT}{foreground}/{background}"


def is_paint(ink: str) -> bool:
    """Whether it is an ink of `paint`."""
    return ink.startswith(_PAINT)


@lru_cache(256)
def _style_of(ink: str) -> Style:
    foreground, background = ink.removeprefix(_PAINT).split("/")
    return Style(color=foreground or None, bgcolor=background or None)


class Inked(Guarded):
    """A widget that shows inked text; its component classes include INK_CLASSES."""

    _looks: dict[str, Style]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._looks = {}

    def ink(self, name: str) -> Style:
        """The Rich style of an ink on this widget's background; one of rows may have its own."""
        if is_paint(name):
            return _style_of(name)
        return self.look(f"ink--{name}") if name else Style.null()

    @property
    def base(self) -> Style:
        """The widget's own style."""
        if "" not in self._looks:
            self._looks[""] = self.rich_style
        return self._looks[""]

    def look(self, component: str) -> Style:
        """What a component class sets, translucent colours blended with the widget's background."""
        look = self._looks.get(component)
        if look is None:
            styles, below = self.get_component_styles(component), self.background_colors[1]
            color, back = (
                (below + getattr(styles, rule)).rich_color if styles.has_rule(rule) else None
                for rule in ("color", "background")
            )
            look = self._looks[component] = Style(color=color, bgcolor=back) + styles.text_style
        return look

    def segments(self, pieces: Line, base: Style) -> list[Segment]:
        """The pieces as segments over a base style."""
        return [Segment(safe(text), base + self.ink(ink)) for text, ink in pieces if text]

    def text(self, pieces: Line, base: Style) -> Text:
        """The pieces as one Rich text over a base style."""
        text = Text(no_wrap=True, end="", style=base)
        for piece, ink in pieces:
            text.append(safe(piece), self.ink(ink))
        return text
