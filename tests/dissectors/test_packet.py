# SPDX-License-Identifier: GPL-2.0-only
"""Whole packets as Scapy layers: the message is where the walk found it, and no byte is lost."""

from __future__ import annotations

import logging

import pytest
from frames import ALL, COAP, MACS, Frame, ip
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import Ether

from dissectors import link
from dissectors.coap.layer import CoAP
from dissectors.packet import packet


@pytest.mark.parametrize("frame", ALL.values(), ids=ALL)
def test_coap_is_a_layer_on_every_link_and_in_every_tunnel(frame: Frame) -> None:
    at = frame.data.find(COAP)
    found = packet(frame.data, frame.link_type, at, len(COAP))
    assert bytes(found) == frame.data
    assert found[CoAP].message_id == 0x1234


def test_plain_headers_are_layers() -> None:
    data = bytes(Ether(**MACS) / ip()) + b"trailer"
    found = packet(data, 1, data.find(COAP), len(COAP))
    layers = [layer.__name__ for layer in found.layers()]
    assert layers == ["Ether", "IP", "UDP", "CoAP", "Padding"]
    assert found[CoAP].underlayer.name == "UDP"


@given(
    st.binary(min_size=1, max_size=80),
    st.integers(0, 80),
    st.sampled_from([*link.LINK_TYPES, 65535]),
)
def test_any_bytes_are_a_packet(data: bytes, at: int, link_type: int) -> None:
    at = min(at, len(data) - 1)
    assert bytes(packet(data, link_type, at, len(data) - at)) == data


def test_scapy_may_speak_afterwards_as_before() -> None:
    logger = logging.getLogger("scapy")
    level = logger.level
    packet(COAP, 1, 0, len(COAP))
    assert logger.level == level
