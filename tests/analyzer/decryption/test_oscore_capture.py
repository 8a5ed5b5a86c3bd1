# SPDX-License-Identifier: GPL-2.0-only
"""The shipped capture: what is opened with its file of contexts."""

from __future__ import annotations

import json
from pathlib import Path

import scapy.layers.l2
from scapy.layers.inet import IP, UDP
from scapy.utils import rdpcap

from analyzer.decryption.oscore import Contexts, Reason, Unprotected, Unprotector
from analyzer.secrets.oscore_context import Context
from analyzer.secrets.oscore_files import read_contexts
from dissectors.coap import numbers
from dissectors.coap.message import Message, dissect
from dissectors.msgin5g.akma import is_akma_bootstrap

CAPTURES = Path(__file__).parents[3] / "captures"
CAPTURE = CAPTURES / "oscore.pcapng"
CONTEXTS = read_contexts(str(CAPTURES / "oscore-context.toml"))
ETHERNET = scapy.layers.l2.Ether


def read(contexts: tuple[Context, ...]) -> dict[int, tuple[Message, Unprotected | None]]:
    """Each message of the capture, and what became of it, by its frame."""
    unprotector = Unprotector(Contexts(contexts))
    told = {}
    for frame, packet in enumerate(rdpcap(str(CAPTURE)), 1):
        assert isinstance(packet, ETHERNET)
        ip, udp = packet[IP], packet[UDP]
        data, time = bytes(udp.payload), int(packet.time * 1_000_000_000)
        ends = (ip.src, udp.sport), (ip.dst, udp.dport)
        told[frame] = dissect(data), unprotector.take(data, *ends, time, frame, False)
    return told


def test_what_it_shows() -> None:
    told = read(CONTEXTS)
    (asked, _), (answered, _) = told[1], told[2]
    assert is_akma_bootstrap(asked, answered)
    opened = {frame: result for frame, (_, result) in told.items() if result and result.message}
    registered = {"meter-0001": 2, "meter-0002": 2, "meter-0004": 3}
    for name, messages in registered.items():
        bodies = [
            json.loads(dissect(result.message).payload)
            for result in opened.values()
            if result.context == name and dissect(result.message).uint(numbers.CONTENT_FORMAT) == 50
        ]
        named = [body.get("UE Service ID") for body in bodies]
        assert named.count(f"{name}@iot.example") == messages
    opaque = {
        result.detail: result.reason
        for _, result in told.values()
        if result is not None and not result.message
    }
    assert opaque == {'kid "0x03"': Reason.NO_CONTEXT}
    reused = {frame: result.reused_with for frame, result in opened.items() if result.reused_with}
    assert list(reused.items()) == [(13, 11)]
