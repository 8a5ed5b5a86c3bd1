# SPDX-License-Identifier: GPL-2.0-only
"""A block of a larger body in the detail pane: what is in it, and the body once it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from analyzer.block_bodies import Block, Body, read_block
from analyzer.session import Session
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.payload import payload_nodes
from analyzer.views.inks import line
from analyzer.views.places import Page, Place, Span
from dissectors.coap import numbers
from dissectors.msgin5g.credentials import secrets_of
from dissectors.msgin5g.elements import speaking
from dissectors.msgin5g.payload import first_byte

_MOST_BLOCKS: Final = 500
_MOST_NAMED: Final = 12


def block_nodes(session: Session, row: int, at: int, form: Any, unmasked: bool) -> list[Node]:
    """The payload of a message that carries a block; `at` is its first byte in the packet."""
    block = read_block(session, row)
    span = (at, at + len(block.payload))
    words = f"Block, {len(block.payload)} bytes from byte {block.offset} of the body"
    nodes = [Node(line(words), span, key="block")]
    whole = session.blocks.whole_with(row)
    if whole is None:
        return [*nodes, Node(line("[The body is not whole in this capture]", "dim"), key="partial")]
    frame = session.messages.cell("frame", whole)
    if whole != row:
        link = Place(Page.PACKETS, frame)
        reassembled = line(f"[Reassembled in: {frame}]", "link")
        field = "coap.block.reassembled.in"
        return [*nodes, Node(reassembled, key="whole", place=link, field=field)]
    body = session.blocks.body_of(row)
    if body is None:
        return nodes
    nodes.append(_blocks_node(body))
    from dissectors.msgin5g.layer import layer_of  # Scapy: loads when a packet is dissected

    request = numbers.is_request(session.messages.cell("code", row))
    vocabulary = session.vocabulary
    with speaking(vocabulary):
        made = layer_of(body.payload, request)
        layer = made(body.payload) if made is not None else None
    shown = payload_nodes(body.payload, layer, 0, form, unmasked, vocabulary)
    return nodes + [_moved(node, block, at) for node in shown]


def _blocks_node(body: Body) -> Node:
    """`[3 Blocks (2500 bytes): #3(1024), #5(1024), #7(452)]`, as Wireshark has it."""
    named = [f"#{block.frame}({len(block.payload)})" for block in body.blocks[:_MOST_NAMED]]
    more = ["..."] if len(body.blocks) > _MOST_NAMED else []
    words = f"[{len(body.blocks)} Blocks ({len(body.payload)} bytes): {', '.join(named + more)}]"
    return Node(line(words), None, tuple(_places(body)), key="blocks")


def _places(body: Body) -> Iterator[Node]:
    for block in body.blocks[:_MOST_BLOCKS]:
        size = len(block.payload)
        words = f"[Frame: {block.frame}, payload: {block.offset}-{block.end - 1} ({size} bytes)]"
        place = Place(Page.PACKETS, block.frame)
        yield Node(line(words, "link"), key=f"block {block.offset}", place=place)


def _moved(node: Node, block: Block, at: int) -> Node:
    """A node of the body, with its bytes where this packet has them."""
    span = _in_block(node.span, block, at) if node.span else None
    children = tuple(_moved(child, block, at) for child in node.children)
    return replace(node, span=span, children=children)


def _in_block(span: Span, block: Block, at: int) -> Span | None:
    first, after = max(span[0], block.offset), min(span[1], block.end)
    return (at + first - block.offset, at + after - block.offset) if first < after else None


def secrets_of_block(session: Session, row: int, at: int, form: int | None) -> list[Span]:
    """Bytes of a block that hold credentials, as the whole body tells; all of a block of a body
    that is not whole and may be JSON."""
    block = read_block(session, row)
    body = session.blocks.body_of(row)
    if body is None:
        first = read_block(session, session.blocks.first_of(row))
        begins = first_byte(first.payload) in (b"{", b"[")
        json = form in (None, numbers.JSON) and (first.offset > 0 or begins)
        return [(at, at + len(block.payload))] if json and block.payload else []
    secrets = secrets_of(body.payload, session.vocabulary)
    found = (_in_block(span, block, at) for span in secrets)
    return [span for span in found if span is not None]
