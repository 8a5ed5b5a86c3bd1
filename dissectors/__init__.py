# SPDX-License-Identifier: GPL-2.0-only
"""Dissectors of CoAP and MSGin5G: `from dissectors import CoAP` in any Scapy shell.

The public layers load when first asked for (PEP 562): importing the package costs nothing, and
the analyzer uses the walks below them without Scapy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dissectors.coap.framed_layer import CoAPTCP, CoAPWebSocket
    from dissectors.coap.layer import CoAP
    from dissectors.coap.layer_fields import CoAPOption
    from dissectors.coap.values import Block
    from dissectors.msgin5g.layer import (
        DeliveryStatusReport,
        Deregistration,
        MSGin5G,
        MSGin5GMessage,
        MSGin5GMessageResponse,
        RegistrationRequest,
        RegistrationResponse,
        SegmentRecovery,
        SegmentsReceived,
    )
    from dissectors.msgin5g.writer import NULL

__all__ = [
    "NULL",
    "Block",
    "CoAP",
    "CoAPOption",
    "CoAPTCP",
    "CoAPWebSocket",
    "DeliveryStatusReport",
    "Deregistration",
    "MSGin5G",
    "MSGin5GMessage",
    "MSGin5GMessageResponse",
    "RegistrationRequest",
    "RegistrationResponse",
    "SegmentRecovery",
    "SegmentsReceived",
]

_MODULES = {
    "NULL": "dissectors.msgin5g.writer",
    "Block": "dissectors.coap.values",
    "CoAP": "dissectors.coap.layer",
    "CoAPOption": "dissectors.coap.layer_fields",
    "CoAPTCP": "dissectors.coap.framed_layer",
    "CoAPWebSocket": "dissectors.coap.framed_layer",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES.get(name, "dissectors.msgin5g.layer")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
