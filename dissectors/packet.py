# SPDX-License-Identifier: GPL-2.0-only
"""A whole packet as Scapy layers: link, IP and UDP by Scapy, CoAP where the walk found it.

Scapy takes UDP for CoAP by its port; the walk knows better, so that a message on any port, or in a
tunnel, is a `CoAP` layer.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dissectors import link
from dissectors.coap.wire import DATAGRAM, STREAM, WEBSOCKET

if TYPE_CHECKING:
    from scapy.packet import Packet

    from dissectors.coap.layer import CoAP


def load() -> None:
    """Import Scapy's layers; what it says about this host's network is of no interest here."""
    logger = logging.getLogger("scapy")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        import scapy.layers.inet6
        import scapy.layers.l2
        import scapy.layers.ppp  # noqa: F401
    finally:
        logger.setLevel(level)


def link_layer(data: bytes, link_type: int) -> type[Packet] | None:
    """Scapy's layer for a packet of a link type, None where it has none."""
    from scapy.config import conf
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6

    if link_type in link.RAW_IP_TYPES and data:
        kind: type[Packet] = IPv6 if data[0] >> 4 == 6 else IP
        return kind
    found: type[Packet] | None = conf.l2types.num2layer.get(link_type)
    return found


def message_layer(framing: int) -> type[CoAP]:
    """The layer of a message, by its framing as in `coap.wire.walk`."""
    from dissectors.coap.framed_layer import CoAPTCP, CoAPWebSocket
    from dissectors.coap.layer import CoAP

    layers: dict[int, type[CoAP]] = {DATAGRAM: CoAP, STREAM: CoAPTCP, WEBSOCKET: CoAPWebSocket}
    return layers[framing]


def packet(data: bytes, link_type: int, coap_at: int, coap_length: int) -> Packet:
    """The packet `data` with the CoAP message at `coap_at`; it builds to the same bytes.

    Headers that Scapy does not know, or ends by a check sequence, are Raw. The payload of the
    message is its MSGin5G layer where it is one, by the names in force (`elements.speaking`); what
    follows the message is Padding.
    """
    load()
    from scapy.packet import Raw

    head, after = data[:coap_at], data[coap_at + coap_length :]
    message = data[coap_at : coap_at + coap_length]
    try:
        kind = link_layer(head, link_type)
        found = _put_together(kind(head), message, after) if kind and head else None
        if found is not None and bytes(found) == data:
            return found
    except Exception:  # of any kind: Scapy's outermost layer does not guard itself
        pass
    return _put_together(Raw(head) if head else None, message, after)


def _put_together(below: Packet | None, message: bytes, after: bytes) -> Packet:
    """Headers, message, and what follows it."""
    from scapy.packet import Padding

    from dissectors.coap.layer import CoAP

    last = below.lastlayer() if below is not None else None
    coap = CoAP(message, _underlayer=last)
    if after:
        coap.lastlayer().add_payload(Padding(after))
    if below is None or last is None:
        return coap
    last.add_payload(coap)
    return below
