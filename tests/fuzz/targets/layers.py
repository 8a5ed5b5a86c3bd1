# SPDX-License-Identifier: GPL-2.0-only
"""Scapy layers: the bytes are one CoAP message, its payload perhaps a body of MSGin5G."""

from __future__ import annotations

from typing import Any

from dissectors import CoAP
from dissectors.coap.message import dissect
from dissectors.json_scan import Error
from dissectors.msgin5g.layer import MSGin5G
from dissectors.msgin5g.payload import read_json


def run(data: bytes) -> None:
    if not data:
        return  # no bytes are a layer to be built, to Scapy
    layer: Any = CoAP(data)
    message = dissect(data)
    assert bytes(layer) == data
    assert layer.defects == message.flaws
    assert layer.token == message.token
    assert bytes(layer.payload) == message.payload
    assert [(o.number, o.value) for o in layer.options] == [
        (o.number, o.value) for o in message.options
    ]
    assert all(line.isprintable() for line in layer.show(dump=True).splitlines())
    assert layer.summary().isprintable()
    copy = layer.copy()
    copy.clear_cache()
    bytes(copy)
    if MSGin5G in layer:
        _body(layer[MSGin5G], message.payload)


def _body(layer: Any, payload: bytes) -> None:
    document = read_json(payload)
    assert bytes(layer) == payload
    assert len(layer.defects) == (document.error != Error.NONE) + len(document.duplicates)
    for start, end in layer.spans.values():
        assert 0 <= start <= end <= len(payload)
