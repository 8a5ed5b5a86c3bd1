# SPDX-License-Identifier: GPL-2.0-only
"""Messages in full as text, as tshark's `-V` and `-x` print them: the tree that the screen shows,
and the bytes of the packet. Credentials are masked in both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from analyzer.candidates import Candidates
from analyzer.views.detail.packet import packet_detail
from analyzer.views.escape import escape, letter
from analyzer.views.inks import GLYPHS, safe
from analyzer.views.session_view import SessionView
from analyzer.views.text import message_line

if TYPE_CHECKING:
    from analyzer.findings import Finding
    from analyzer.session import Session
    from analyzer.views.detail.nodes import Node
    from analyzer.views.detail.packet import Detail
    from analyzer.views.places import Span

_INDENT: Final = " " * 4
_BYTES: Final = 16
_MOST_TEXT: Final = 300
_SHARED: Final = frozenset(("frame", "version", "type", "token_length"))
"""Nodes whose bytes tell nothing: all of the packet, and the byte that three fields share."""


def write_packets(
    session: Session, rows: Iterable[int], out: TextIO, tree: bool, octets: bool
) -> None:
    """Each message as its tree, or else its line; with its bytes if asked for."""
    view, candidates = SessionView(session), Candidates(session)
    for row in rows:
        detail = packet_detail(view, row)
        if tree:
            out.writelines(f"{line}\n" for line in tree_lines(detail, view.findings_of_row(row)))
        else:
            out.write(message_line(session, row, candidates) + "\n")
        out.write("\n")
        for source in detail.sources if octets else ():
            if len(detail.sources) > 1:
                out.write(f"{source.title}:\n")
            out.writelines(f"{line}\n" for line in hex_lines(source.data, source.secrets))
            out.write("\n")


def tree_lines(detail: Detail, findings: Iterable[Finding] = ()) -> Iterator[str]:
    """The tree, children indented; below the smallest part that holds all bytes of a finding stands
    the finding."""
    marks: defaultdict[int, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.span is not None:
            span = (detail.coap_at + finding.span[0], detail.coap_at + finding.span[1])
            holder = _smallest(detail.nodes, span, detail.message)
            if holder is not None:
                text = escape(finding.text, _MOST_TEXT)
                marks[id(holder)].append(f"{GLYPHS[finding.severity]} {finding.rule.id}: {text}")
    yield from _lines(detail.nodes, "", marks)


def _smallest(nodes: Sequence[Node], span: Span, source: int) -> Node | None:
    """The node of the fewest bytes that holds the span of a source, the outer one of those alike;
    None where only the packet as a whole does."""
    own = (node for node in _all(nodes) if node.source == source)
    inside = (node for node in own if node.key not in _SHARED)
    holders = [node for node in inside if node.span and _holds(node.span, span)]
    return min(holders, key=_size, default=None)


def _all(nodes: Sequence[Node]) -> Iterator[Node]:
    """The nodes of a packet and what is in them, but for what was found."""
    for node in nodes:
        if node.key != "findings":
            yield node
            yield from _all(node.children)


def _size(node: Node) -> int:
    return node.span[1] - node.span[0] if node.span else 0


def _holds(outer: Span, inner: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _lines(nodes: Sequence[Node], indent: str, marks: dict[int, list[str]]) -> Iterator[str]:
    for node in nodes:
        yield indent + safe(node.text)
        for mark in marks.get(id(node), ()):
            yield f"{indent}{_INDENT}[{mark}]"
        yield from _lines(node.children, indent + _INDENT, marks)


def hex_lines(data: bytes, masked: Sequence[Span] = ()) -> Iterator[str]:
    """`0000  02 00 ...   ..`, 16 bytes a line; `**` for a masked one."""
    hidden = {place for first, after in masked for place in range(first, after)}
    for start in range(0, len(data), _BYTES):
        places = range(start, min(start + _BYTES, len(data)))
        pairs = " ".join("**" if at in hidden else f"{data[at]:02x}" for at in places)
        letters = "".join("*" if at in hidden else letter(data[at]) for at in places)
        yield f"{start:04x}  {pairs:<{3 * _BYTES - 1}}   {letters}"
