# SPDX-License-Identifier: GPL-2.0-only
"""A tree of nodes that stand for bytes; the selected one tells which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from analyzer.views.detail.nodes import Node
from analyzer.views.places import Place
from analyzer.views.tui.inks import INK_CLASSES, Inked


class DetailTree(Inked, Tree[Node], inherit_bindings=False):
    """What a packet says."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {*INK_CLASSES}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False, id="tree.up", tooltip="One line up"),
        Binding(
            "down,j", "cursor_down", "Down", show=False, id="tree.down", tooltip="One line down"
        ),
        Binding(
            "pageup,ctrl+b,ctrl+u",
            "page_up",
            "Page up",
            show=False,
            id="tree.page-up",
            tooltip="One page up",
        ),
        Binding(
            "pagedown,ctrl+d",
            "page_down",
            "Page down",
            show=False,
            id="tree.page-down",
            tooltip="One page down",
        ),
        Binding(
            "home,g", "scroll_home", "First", show=False, id="tree.first", tooltip="First line"
        ),
        Binding("end,G", "scroll_end", "Last", show=False, id="tree.last", tooltip="Last line"),
        Binding(
            "left,h",
            "close",
            "Close",
            show=False,
            id="tree.close",
            tooltip="Close the branch, or go to the one around",
        ),
        Binding("right,l", "open", "Open", show=False, id="tree.open", tooltip="Open the branch"),
        Binding(
            "space",
            "toggle_node",
            "Fold",
            show=False,
            id="tree.toggle",
            tooltip="Open or close the branch",
        ),
        Binding(
            "enter", "follow", "Follow", id="tree.follow", tooltip="Follow a link, or open a branch"
        ),
    ]

    class Selected(Message):
        """The cursor stands on a node."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Followed(Message):
        """Enter or a click on a node that leads somewhere."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def __init__(self, selected: str, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.show_root = False
        self.guide_depth = 2
        self.auto_expand = False
        self._opened: dict[tuple[str, ...], bool] = {}
        self._selected: tuple[str, ...] = (selected,)

    # Content ------------------------------------------------------------------------------------

    def show(self, nodes: Sequence[Node]) -> None:
        """Show other nodes, opened and selected as those before were."""
        selected = self._selected
        self.cursor_line = -1
        self.root.remove_children()
        for node in nodes:
            self._grow(self.root, node)
        self.root.expand()
        # Lines are numbered by the layout of the tree, which `last_line` brings about.
        if self.last_line >= 0:
            found = self._find(selected)
            self._put_cursor(found.line if found else 0)

    def _grow(self, parent: TreeNode[Node], node: Node) -> None:
        if not node.children:
            parent.add_leaf("", node)
            return
        path = (*_path(parent), node.key)
        branch = parent.add("", node, expand=self._opened.get(path, node.expanded))
        for child in node.children:
            self._grow(branch, child)

    def _find(self, path: tuple[str, ...]) -> TreeNode[Node] | None:
        """The visible node of a path, else the nearest around it."""
        found, branch = None, self.root
        for key in path:
            if branch is not self.root and not branch.is_expanded:
                break
            match = next((c for c in branch.children if c.data and c.data.key == key), None)
            if match is None:
                break
            found = branch = match
        return found

    def reveal(self, wanted: Node) -> None:
        """Open the tree down to a node and select it."""
        for found in self._all(self.root):
            if found.data is wanted:
                parent = found.parent
                while parent is not None and parent is not self.root:
                    parent.expand()
                    parent = parent.parent
                if self.last_line >= 0:
                    self._put_cursor(found.line)
                return

    def _put_cursor(self, line: int) -> None:
        """Select a line and show it with a little before and more after it."""
        self.cursor_line = line
        # Before the first layout the height of the pane is not known yet.
        self.call_after_refresh(self._scroll_to_cursor)

    def _scroll_to_cursor(self) -> None:
        above = self.scrollable_content_region.height // 4
        self.scroll_to(y=max(0, self.cursor_line - above), animate=False)

    def _all(self, branch: TreeNode[Node]) -> Iterator[TreeNode[Node]]:
        for child in branch.children:
            yield child
            yield from self._all(child)

    @property
    def selected(self) -> Node | None:
        """The node under the cursor."""
        return self.cursor_node.data if self.cursor_node is not None else None

    # Painting -----------------------------------------------------------------------------------

    def render_label(self, node: TreeNode[Node], base_style: Style, style: Style) -> Text:
        if node.data is None:
            return Text()
        arrow = ("▾ " if node.is_expanded else "▸ ") if node.allow_expand else "  "
        return self.text(((arrow, "dim"), *node.data.line), style)

    # Events -------------------------------------------------------------------------------------

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Node]) -> None:
        event.stop()
        if event.node.data is not None:
            self._selected = _path(event.node)
            self.post_message(self.Selected(event.node.data))

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Node]) -> None:
        event.stop()
        self._opened[_path(event.node)] = True

    def on_tree_node_collapsed(self, event: Tree.NodeCollapsed[Node]) -> None:
        event.stop()
        self._opened[_path(event.node)] = False

    def on_tree_node_selected(self, event: Tree.NodeSelected[Node]) -> None:
        """A click: a branch opens or closes, a link is followed."""
        event.stop()
        self.action_follow()

    def action_follow(self) -> None:
        node = self.cursor_node
        if node is None or node.data is None:
            return
        if node.data.place is not None:
            self.post_message(self.Followed(node.data.place))
        elif node.allow_expand:
            node.toggle()

    def action_open(self) -> None:
        node = self.cursor_node
        if node is not None and node.allow_expand:
            node.expand()

    def action_close(self) -> None:
        node = self.cursor_node
        if node is not None and node.allow_expand and node.is_expanded:
            node.collapse()
        elif node is not None and node.parent is not None and node.parent is not self.root:
            self.cursor_line = node.parent.line


def _path(node: TreeNode[Node]) -> tuple[str, ...]:
    keys: list[str] = []
    at: TreeNode[Node] | None = node
    while at is not None and at.data is not None:
        keys.append(at.data.key)
        at = at.parent
    return tuple(reversed(keys))
