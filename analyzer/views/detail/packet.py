# SPDX-License-Identifier: GPL-2.0-only
"""Everything the detail panes show of one packet. Nothing here raises: a part that cannot be
shown becomes a line that says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analyzer.views.detail import generated, lower_layers
from analyzer.views.detail.blocks import block_nodes, secrets_of_block
from analyzer.views.detail.coap import coap_node
from analyzer.views.detail.comments import comment_nodes
from analyzer.views.detail.nodes import Node, Zone
from analyzer.views.detail.payload import masked_spans, payload_nodes
from analyzer.views.escape import escape
from analyzer.views.inks import line
from analyzer.views.places import Span
from analyzer.views.session_view import SessionView
from dissectors.coap import numbers
from dissectors.coap.message import Message, dissect, knowing
from dissectors.msgin5g.elements import speaking


@dataclass(frozen=True, slots=True)
class Detail:
    """A packet: tree, bytes, their zones, and the bytes of credentials to hide."""

    nodes: tuple[Node, ...] = ()
    data: bytes = b""
    zones: tuple[Zone, ...] = ()
    secrets: tuple[Span, ...] = ()
    coap_at: int = 0


def load() -> None:
    """Import what dissecting one packet needs (half a second, best done in the background)."""
    lower_layers.load()
    import dissectors.msgin5g.layer  # noqa: F401


def packet_detail(view: SessionView, row: int) -> Detail:
    """The packet that carries a message."""
    nodes: list[Node] = []
    attempt = _Attempts(nodes)
    cells = view.opened.messages.row(row)
    data: bytes = attempt.value("the packet", lambda: view.opened.packet(row), b"")
    at, end = cells["coap_at"], cells["coap_at"] + cells["coap_length"]
    attempt.nodes("the comments", lambda: comment_nodes(view, row))
    attempt.nodes("the frame", lambda: [generated.frame_node(view, row)])
    if not data:
        nodes.append(Node(line("[The file no longer holds this packet]", "error"), key="gone"))
        return Detail(tuple(nodes))
    below, under = attempt.value(
        "the lower layers",
        lambda: lower_layers.below(data, at, view.opened.link_type(row), cells["wire"]),
        ([], None),
    )
    nodes.extend(below)
    attempt.nodes("CoAP", lambda: _coap(view, row, data[at:end], at, under))
    attempt.nodes("the findings", lambda: _findings(view, row, at))
    zones, secrets = _zones(view, row, data, attempt)
    return Detail(tuple(nodes), data, zones, secrets, at)


def packet_bytes(view: SessionView, row: int) -> Detail:
    """The bytes of the packet alone, as `packet_detail` has them; Scapy is not needed."""
    attempt = _Attempts([])
    data: bytes = attempt.value("the packet", lambda: view.opened.packet(row), b"")
    if not data:
        return Detail()
    zones, secrets = _zones(view, row, data, attempt)
    return Detail((), data, zones, secrets, view.opened.messages.cell("coap_at", row))


def _zones(
    view: SessionView, row: int, data: bytes, attempt: _Attempts
) -> tuple[tuple[Zone, ...], tuple[Span, ...]]:
    """The zones of a packet and the bytes in it to hide."""
    at = view.opened.messages.cell("coap_at", row)
    end = at + view.opened.messages.cell("coap_length", row)
    # The walk, not the layers: what fails above must not uncover a credential.
    coap = dissect(data[at:end])
    payload_at = at + coap.payload_offset if coap.payload_offset >= 0 else end
    secrets = attempt.value(
        "the payload", lambda: _secrets(view, row, coap, payload_at), [(payload_at, end)]
    )
    zones = (Zone(0, "dim"), Zone(at, ""), Zone(payload_at, "payload"), Zone(end, "dim"))
    return zones, () if view.unmasked else tuple(secrets)


def _coap(view: SessionView, row: int, message: bytes, at: int, under: Any) -> list[Node]:
    """CoAP and its payload."""
    from dissectors import CoAP

    words = view.opened.vocabulary
    with speaking(words):
        coap = CoAP(message, _underlayer=under)
    links = tuple(generated.exchange_nodes(view, row))
    first, after = coap.spans.get("payload", (len(message), len(message)))
    form = coap.content_format
    if view.opened.blocks.is_block(row):
        inside = block_nodes(view.opened, row, at + first, form, view.unmasked)
    else:
        payload = message[first:after]
        inside = payload_nodes(payload, coap.payload, at + first, form, view.unmasked, words)
    with knowing(view.opened.options):
        return [coap_node(coap, at, links), *inside]


def _secrets(view: SessionView, row: int, coap: Message, at: int) -> list[Span]:
    """Bytes of the payload, which begins at `at`, that hold credentials."""
    if view.opened.blocks.is_block(row):
        form = coap.uint(numbers.CONTENT_FORMAT)
        return secrets_of_block(view.opened, row, at, form)
    return masked_spans(coap.payload, at, view.opened.vocabulary)


def _findings(view: SessionView, row: int, at: int) -> list[Node]:
    node = generated.findings_node(view, row, at)
    return [node] if node is not None else []


class _Attempts:
    """Runs what may fail on a packet nobody thought of, and says so in the tree."""

    def __init__(self, nodes: list[Node]) -> None:
        self._nodes = nodes

    def value(self, what: str, make: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return make()
        except Exception as error:
            words = f"[Cannot show {what}: {type(error).__name__}: {escape(str(error), 120)}]"
            self._nodes.append(Node(line(words, "error"), key=f"error {what}"))
            return otherwise

    def nodes(self, what: str, make: Callable[[], list[Node]]) -> None:
        self._nodes.extend(self.value(what, make, []))
