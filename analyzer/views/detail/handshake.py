# SPDX-License-Identifier: GPL-2.0-only
"""Everything the detail panes show of a packet of a handshake, which carries no message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.fragments import fragment
from analyzer.reassembly import Reassembler
from analyzer.views.detail import generated, lower_layers
from analyzer.views.detail.nodes import Node, Source, Zone, placed
from analyzer.views.detail.packet import Attempts, Detail
from analyzer.views.detail.records import Clear, records_node
from analyzer.views.detail.walked_layers import walked
from analyzer.views.inks import line
from analyzer.views.places import Span
from analyzer.views.wording import plural
from dissectors import link

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.decryption.steps import Step
    from analyzer.session import Session
    from analyzer.streams.model import Piece


def handshake_detail(session: Session, flow: SecuredFlow, step: Step) -> Detail:
    """The packet of a step, the last one where it came in several: tree, and bytes."""
    nodes: list[Node] = []
    attempt = Attempts(nodes)
    piece = step.pieces[-1] if step.pieces else None
    if piece is not None:
        attempt.nodes("the frame", lambda: [generated.piece_node(session, piece)])
    frame: bytes = attempt.value("the packet", lambda: _read(session, piece), b"")
    if piece is None or not frame:
        nodes.append(Node(line("[The file no longer holds this packet]", "error"), key="gone"))
        return Detail(tuple(nodes))
    sources = [Source("Frame", frame)]
    link_type = session.interfaces[piece.interface].interface.link_type
    row = walked(frame, link_type, piece.wire or piece.length)
    payload: Span = (row[link.PAYLOAD_AT], row[link.PAYLOAD_END])
    if row[link.KIND] not in (link.UDP, link.TCP):
        payload = (len(frame), len(frame))
    below = lower_layers.below
    attempt.nodes(
        "the lower layers",
        lambda: below(frame, payload[0], link_type, piece.wire or piece.length)[0],
    )
    whole: bytes = attempt.value("the fragments", lambda: _whole(session, step), b"")
    shown = 0
    if whole:
        name, shown = f"Reassembled IP packet of {plural(len(step.pieces), 'fragment')}", 1
        sources.append(Source(name, whole))
        inner = walked(whole, link.RAW_IP, len(whole))
        payload = (inner[link.PAYLOAD_AT], inner[link.PAYLOAD_END])
    data = sources[shown].data[slice(*payload)]
    clear = _clear(flow, step)
    attempt.nodes(
        "the records",
        lambda: placed([records_node(data, payload[0], clear, step.forward, flow)], shown),
    )
    zones = (Zone(0, "dim"), Zone(payload[0], ""), Zone(payload[1], "dim"))
    sources[shown] = sources[shown]._replace(zones=zones)
    return Detail(tuple(nodes), tuple(sources), shown, payload[0])


def _read(session: Session, piece: Piece | None) -> bytes:
    if piece is None:
        return b""
    return session.opened.read(piece.interface, piece.offset, piece.length)


def _clear(flow: SecuredFlow, step: Step) -> Clear:
    """What is in clear in the packet of a step."""
    if flow.security.transport == "DTLS":
        return Clear.DTLS
    first = next((one for one in flow.security.steps if one.frame == step.frame), step)
    return Clear.NOTHING if first.epoch else Clear.BEGINNING


def _whole(session: Session, step: Step) -> bytes:
    """The IP packet that came in fragments; none where it did not, or they are gone."""
    if len(step.pieces) < 2:
        return b""
    fragments, row = Reassembler(), link.new_row()
    for piece in step.pieces:
        data, wire = _read(session, piece), piece.wire or piece.length
        link_type = session.interfaces[piece.interface].interface.link_type
        link.walk(memoryview(data), 0, len(data), link_type, row, max(wire - len(data), 0))
        if not row[link.FRAGMENT]:
            return b""
        part = fragment(row, memoryview(data), 0, piece.frame, piece.time, piece.offset)
        whole = fragments.add(part)
        if whole is not None:
            return bytes(whole.packet)
    return b""
