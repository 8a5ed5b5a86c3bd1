# SPDX-License-Identifier: GPL-2.0-only
"""All keys by where they work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

from analyzer.views.tui.screens.capture_statistics import CaptureStatisticsScreen
from analyzer.views.tui.screens.columns import ColumnsScreen
from analyzer.views.tui.screens.comment import CommentScreen
from analyzer.views.tui.screens.copy_as import CopyScreen
from analyzer.views.tui.screens.difference import DifferenceScreen
from analyzer.views.tui.screens.export import ExportScreen
from analyzer.views.tui.screens.go_to import GoToScreen
from analyzer.views.tui.screens.handshake import HandshakeScreen
from analyzer.views.tui.screens.ignoring import IgnoreScreen
from analyzer.views.tui.screens.ladder import LadderScreen
from analyzer.views.tui.screens.leave import LeaveScreen
from analyzer.views.tui.screens.naming import NameScreen
from analyzer.views.tui.screens.open import OpenScreen
from analyzer.views.tui.screens.packets import PacketsScreen
from analyzer.views.tui.screens.page import PageScreen
from analyzer.views.tui.screens.picker import PickerScreen
from analyzer.views.tui.screens.save import SaveScreen
from analyzer.views.tui.screens.sort import SortScreen
from analyzer.views.tui.screens.statistics import StatisticsScreen
from analyzer.views.tui.widgets.bar_plot import BarPlot
from analyzer.views.tui.widgets.detail_tree import DetailTree
from analyzer.views.tui.widgets.filter_input import FilterInput
from analyzer.views.tui.widgets.find_bar import FindBar
from analyzer.views.tui.widgets.hex_pane import HexPane
from analyzer.views.tui.widgets.rule_pane import RulePane
from analyzer.views.tui.widgets.tree_list import TreeList
from analyzer.views.tui.widgets.virtual_list import VirtualList

KEY_PLACES: Final[dict[str, type[DOMNode]]] = {
    "Everywhere": App,
    "On a page": PageScreen,
    "In the filter bar": FilterInput,
    "Packets": PacketsScreen,
    "In a ladder": LadderScreen,
    "In a handshake": HandshakeScreen,
    "In a comparison": DifferenceScreen,
    "Statistics": StatisticsScreen,
    "In a plot": BarPlot,
    "In a list": VirtualList,
    "In the list of exchanges": TreeList,
    "In the packet detail": DetailTree,
    "In the bytes": HexPane,
    "In an explanation": RulePane,
    "In the find bar": FindBar,
    "When one goes to a number": GoToScreen,
    "In the copy menu": CopyScreen,
    "In the export dialogue": ExportScreen,
    "In the columns of a list": ColumnsScreen,
    "When a list is sorted": SortScreen,
    "When a file is opened": OpenScreen,
    "In the statistics of the capture": CaptureStatisticsScreen,
    "When interfaces are picked": PickerScreen,
    "In a comment": CommentScreen,
    "When a finding is ignored": IgnoreScreen,
    "When names are given": NameScreen,
    "When a recording is saved": SaveScreen,
    "When a recording is left": LeaveScreen,
}
"""What declares keys, by the heading in the help; the app's own come first."""


def bindings_by_place(app: App[None]) -> Iterator[tuple[str, list[Binding]]]:
    """Bindings by the heading in the help, those of an app first."""
    for title, place in KEY_PLACES.items():
        bindings = (app if place is App else place).BINDINGS
        yield title, [binding for binding in bindings if isinstance(binding, Binding)]
