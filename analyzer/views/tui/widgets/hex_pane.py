# SPDX-License-Identifier: GPL-2.0-only
"""The bytes of a packet in hexadecimal and as text, with zones, a lit range and a byte cursor."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from analyzer.views.detail.nodes import NOTHING, Source, Zone
from analyzer.views.escape import letter
from analyzer.views.places import Span
from analyzer.views.tui.inks import INK_CLASSES, Inked

_WIDE: Final = 16
_NARROW: Final = 8
_MASK: Final = ("••", "•")


class HexPane(Inked, ScrollView, can_focus=True, inherit_bindings=False):
    """Offset, hexadecimal, text: 16 bytes a line, 8 where the pane is narrow."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *INK_CLASSES,
        "hex-pane--lit",
        "hex-pane--cursor",
        "hex-pane--offset",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Left", show=False, id="hex.left", tooltip="One byte back"),
        Binding("right,l", "move(1)", "Right", show=False, id="hex.right", tooltip="One byte on"),
        Binding("up,k", "lines(-1)", "Up", show=False, id="hex.up", tooltip="One line up"),
        Binding("down,j", "lines(1)", "Down", show=False, id="hex.down", tooltip="One line down"),
        Binding(
            "pageup,ctrl+b,ctrl+u",
            "page(-1)",
            "Page up",
            show=False,
            id="hex.page-up",
            tooltip="One page up",
        ),
        Binding(
            "pagedown,ctrl+d",
            "page(1)",
            "Page down",
            show=False,
            id="hex.page-down",
            tooltip="One page down",
        ),
        Binding("home,g", "first", "First", show=False, id="hex.first", tooltip="First byte"),
        Binding("end,G", "last", "Last", show=False, id="hex.last", tooltip="Last byte"),
        Binding(
            "b",
            "turn",
            "Other bytes",
            show=False,
            id="hex.other-bytes",
            tooltip="Of a message in TCP, TLS, DTLS or OSCORE: packet, or what was made of it",
        ),
    ]

    class Pointed(Message):
        """The user points at a byte; the field it belongs to is wanted."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    class Turned(Message):
        """Bytes of another source are shown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.sources: Sequence[Source] = ()
        self.source = 0
        self.data = b""
        self.lit: Span | None = None
        self._zones: Sequence[Zone] = ()
        self._masked: Sequence[Span] = ()
        self._cursor = 0

    # Content ------------------------------------------------------------------------------------

    def show(self, sources: Sequence[Source], source: int = 0) -> None:
        """Show the bytes of another packet, those of one of its sources first."""
        self.sources, self.source = sources, source
        shown = sources[source] if sources else NOTHING
        self.data, self._zones, self._masked = shown.data, shown.zones, shown.secrets
        self.lit, self._cursor = None, 0
        self._measure()
        self.scroll_to(y=0, animate=False)

    @property
    def title(self) -> str:
        """What the bytes are of, where that goes not without saying."""
        return self.sources[self.source].name if len(self.sources) > 1 else "Bytes"

    def action_turn(self) -> None:
        if len(self.sources) > 1:
            self.show(self.sources, (self.source + 1) % len(self.sources))
            self.post_message(self.Turned())

    def light(self, span: Span | None, source: int = 0) -> None:
        """Light up a range of a source and bring it into view."""
        if span is not None and source != self.source and source < len(self.sources):
            self.show(self.sources, source)
        self.lit = span
        if span is not None and self.data:
            self._cursor = min(span[0], len(self.data) - 1)
            first, last = self._line(span[0]), self._line(max(span[0], span[1] - 1))
            top, room = round(self.scroll_y), max(1, self.scrollable_content_region.height)
            if first < top or last >= top + room:
                # As much of the range as fits, its first byte in any case.
                target = first if last - first >= room else first - (room - (last - first)) // 2
                self.scroll_to(y=max(0, target), animate=False)
        self.refresh()

    def on_resize(self) -> None:
        self._measure()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def _measure(self) -> None:
        self.virtual_size = Size(0, -(-len(self.data) // self.bytes_a_line))
        self.refresh()

    @property
    def bytes_a_line(self) -> int:
        """How many bytes fit beside each other."""
        return _WIDE if self.scrollable_content_region.width >= _columns(_WIDE) else _NARROW

    def _line(self, offset: int) -> int:
        return offset // self.bytes_a_line

    # Painting -----------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        style, width = self.base, self.scrollable_content_region.width
        count = self.bytes_a_line
        start = (round(self.scroll_y) + y) * count
        if start >= len(self.data):
            return Strip.blank(width, style)
        offset = style + self.look("hex-pane--offset")
        left = [Segment(f"{start:04x}", offset), Segment("  ", style)]
        right = [Segment("  ", style)]
        for place in range(start, start + count):
            gap = " " if place % 8 == 0 and place > start else ""
            hexed, shown, look = self._byte(place, style)
            # The blank before a byte is lit only inside a lit range, so that it reads as one.
            joint = self._joint(place, look, style) if place > start else style
            left += [Segment(f"{gap} " if place > start else "", joint), Segment(hexed, look)]
            right.append(Segment(shown, look))
        return Strip([*left, *right]).simplify().adjust_cell_length(width, style)

    def _joint(self, place: int, look: Style, style: Style) -> Style:
        lit = self.lit
        return look if lit is not None and lit[0] < place < lit[1] else style

    def _byte(self, place: int, style: Style) -> tuple[str, str, Style]:
        if place >= len(self.data):
            return "  ", " ", style
        byte = self.data[place]
        hexed, shown = f"{byte:02x}", letter(byte)
        look = style + self.ink(self._ink(place))
        if any(start <= place < end for start, end in self._masked):
            (hexed, shown), look = _MASK, style + self.ink("secret")
        if self.lit is not None and self.lit[0] <= place < self.lit[1]:
            look += self.look("hex-pane--lit")
        if self.has_focus and place == self._cursor:
            look += self.look("hex-pane--cursor")
        return hexed, shown, look

    def _ink(self, place: int) -> str:
        index = bisect_right(self._zones, place, key=lambda zone: zone.start) - 1
        return self._zones[index].ink if index >= 0 else ""

    # Pointing -----------------------------------------------------------------------------------

    def _point(self, offset: int) -> None:
        if self.data:
            self._cursor = max(0, min(offset, len(self.data) - 1))
            self.post_message(self.Pointed(self._cursor))
            self.scroll_to_line(self._line(self._cursor))

    def scroll_to_line(self, line: int) -> None:
        """Bring a line into view."""
        top, room = round(self.scroll_y), max(1, self.scrollable_content_region.height)
        if not top <= line < top + room:
            self.scroll_to(y=line if line < top else line - room + 1, animate=False)
        self.refresh()

    def action_move(self, step: int) -> None:
        self._point(self._cursor + step)

    def action_lines(self, step: int) -> None:
        self._point(self._cursor + step * self.bytes_a_line)

    def action_page(self, step: int) -> None:
        self.action_lines(step * max(1, self.scrollable_content_region.height - 1))

    def action_first(self) -> None:
        self._point(0)

    def action_last(self) -> None:
        self._point(len(self.data) - 1)

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        count = self.bytes_a_line
        column = _byte_at(at.x, count)
        offset = (round(self.scroll_y) + at.y) * count + column
        if 0 <= column < count and offset < len(self.data):
            self._point(offset)


def extent(span: Span | None) -> str:
    """`byte 43`, `bytes 44 to 45`, `""` for none; they count from 0."""
    if span is None or span[1] <= span[0]:
        return ""
    first, last = span[0], span[1] - 1
    return f"byte {first}" if first == last else f"bytes {first} to {last}"


def _text_column(count: int) -> int:
    """Where the text begins: offset, blanks, pairs and the gap between groups of eight."""
    return 6 + 3 * count - 1 + (count // 8 - 1) + 2


def _columns(count: int) -> int:
    return _text_column(count) + count


def _byte_at(x: int, count: int) -> int:
    """The byte of the line under a column, -1 for none."""
    if x >= _text_column(count):
        return x - _text_column(count)
    x -= 6
    if x >= 8 * 3:
        x -= 1
    return x // 3
