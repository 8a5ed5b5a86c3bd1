# SPDX-License-Identifier: GPL-2.0-only
"""Everything the detail panes show of one packet. Nothing here raises: a part that cannot be
shown becomes a line that says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analyzer.views.detail import generated, lower_layers
from analyzer.views.detail.blocks import block_nodes, secrets_of_block
from analyzer.views.detail.carriers import layers_below
from analyzer.views.detail.coap import coap_node
from analyzer.views.detail.comments import comment_nodes
from analyzer.views.detail.nodes import NOTHING, Node, Source, Zone, placed
from analyzer.views.detail.payload import masked_spans, payload_nodes
from analyzer.views.detail.standing import Standing, foreign_secrets, standing
from analyzer.views.escape import escape
from analyzer.views.inks import line
from analyzer.views.places import Span
from analyzer.views.session_view import SessionView
from dissectors.coap import numbers
from dissectors.coap.message import Message, knowing
from dissectors.msgin5g.elements import speaking
from dissectors.packet import message_layer


@dataclass(frozen=True, slots=True)
class Detail:
    """A packet: tree, and the bytes it is about: the frame, and for a message that was carried what
    was put together or decrypted. The CoAP message begins at `coap_at` of the source `message`."""

    nodes: tuple[Node, ...] = ()
    sources: tuple[Source, ...] = ()
    message: int = 0
    coap_at: int = 0

    @property
    def shown(self) -> Source:
        """The bytes that hold the message; none where the file no longer holds the packet."""
        return self.sources[self.message] if self.sources else NOTHING

    @property
    def data(self) -> bytes:
        """Those of `shown`."""
        return self.shown.data


def load() -> None:
    """Import what dissecting one packet needs (half a second, best done in the background)."""
    lower_layers.load()
    import dissectors.msgin5g.layer  # noqa: F401


def packet_detail(view: SessionView, row: int) -> Detail:
    """The packet that carries a message."""
    nodes: list[Node] = []
    attempt = Attempts(nodes)
    attempt.nodes("the comments", lambda: comment_nodes(view, row))
    place = _place(view, row, attempt)
    length = place.wire if place else None
    attempt.nodes("the frame", lambda: [generated.frame_node(view, row, length)])
    if place is None:
        nodes.append(Node(line("[The file no longer holds this packet]", "error"), key="gone"))
        return Detail(tuple(nodes))
    below, under = attempt.value(
        "the lower layers", lambda: layers_below(view, row, place), ([], None)
    )
    nodes.extend(below)
    attempt.nodes("CoAP", lambda: placed(_coap(view, row, place, under), place.source))
    attempt.nodes("the findings", lambda: placed(_findings(view, row, place.at), place.source))
    return Detail(tuple(nodes), _sources(view, row, place, attempt), place.source, place.at)


def packet_bytes(view: SessionView, row: int) -> Detail:
    """The bytes of the packet alone, as `packet_detail` has them; Scapy is not needed."""
    attempt = Attempts([])
    place = _place(view, row, attempt)
    if place is None:
        return Detail()
    return Detail((), _sources(view, row, place, attempt), place.source, place.at)


def _place(view: SessionView, row: int, attempt: Attempts) -> Standing | None:
    found: Standing | None = attempt.value("the packet", lambda: standing(view.opened, row), None)
    return found


def _sources(view: SessionView, row: int, place: Standing, attempt: Attempts) -> tuple[Source, ...]:
    """The bytes, in zones, and which of them to hide."""
    at, end = place.at, place.at + len(place.message)
    # The walk, not the layers: what fails above must not uncover a credential.
    coap = view.opened.dissected(row)
    payload_at = at + coap.payload_offset if coap.payload_offset >= 0 else end
    secrets: list[Span] = attempt.value(
        "the payload", lambda: _secrets(view, row, coap, payload_at), [(payload_at, end)]
    )
    zones = (Zone(0, "dim"), Zone(at, ""), Zone(payload_at, "payload"), Zone(end, "dim"))
    hidden = () if view.unmasked else tuple(secrets)
    sources = [Source(name, data) for name, data in place.sources]
    sources[place.source] = sources[place.source]._replace(zones=zones, secrets=hidden)
    frame = sources[0]
    if place.clear and not view.unmasked:
        others = attempt.value(
            "the segment", lambda: foreign_secrets(view.opened, row, place), [place.payload]
        )
        if place.source and secrets:
            others = [place.payload]
        sources[0] = frame._replace(secrets=(*frame.secrets, *others))
    return tuple(sources)


def _coap(view: SessionView, row: int, place: Standing, under: Any) -> list[Node]:
    """CoAP and its payload."""
    words, message, at = view.opened.vocabulary, place.message, place.at
    with speaking(words):
        coap = message_layer(view.opened.framing(row))(message, _underlayer=under)
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


class Attempts:
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
