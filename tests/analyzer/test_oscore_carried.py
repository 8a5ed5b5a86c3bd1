# SPDX-License-Identifier: GPL-2.0-only
"""OSCORE within what carries CoAP: TCP (RFC 8323) and DTLS."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from decryption.hellos import clear, client_hello, server_hello
from decryption.sealing import CLIENT_RANDOM, DTLS12, MASTER, Sealer
from generated import read, snapshot
from rules.conversation import MILLISECOND, SECOND, START, Address, coap
from rules.sealed import CONTEXT, Ends
from streams.segments import message as framed

from analyzer.decryption.oscore import Reason
from analyzer.decryption.suites import suite
from analyzer.messages import CARRIED, SECURED, UNWRAPPED
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from analyzer.session import Session
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

CLIENT, SERVER = Address("192.0.2.1", 40000), Address("192.0.2.2", 5683)
SECURE = Address("192.0.2.2", 5684)
CCM8 = 0xC0A8
TCP, UDP = 6, 17
SYN, ACK = 2, 16
CSM = framed(0xE1)
REGISTRATION = b'{"Message Type":"REG","UE Service ID":"ue-1@example"}'


def ip(protocol: int, source: Address, destination: Address, body: bytes) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0)
    return head + source.packed + destination.packed + body


def pcap(path: Path, packets: Iterable[bytes]) -> Path:
    file = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101)
    for number, packet in enumerate(packets):
        seconds, rest = divmod(START + number * 10 * MILLISECOND, SECOND)
        file += struct.pack("<IIII", seconds, rest, len(packet), len(packet)) + packet
    path.write_bytes(file)
    return path


def in_stream(data: bytes) -> bytes:
    """A datagram's message as RFC 8323 frames it."""
    length = data[0] & 15
    return framed(data[1], data[4 : 4 + length], data[4 + length :])


def messages() -> tuple[bytes, bytes]:
    """A registration and its answer; what stands outside of the first is wrong."""
    ends = Ends()
    inside: dict[str, Any] = {"content_format": 50, "payload": REGISTRATION}
    asked = ends.asked("POST", path="/msgin5g/registration", **inside)
    answered = ends.answered("2.01", content_format=50, payload=b'{"UE Service ID":"ue-1@example"}')
    return (
        coap(Type.CON, "POST", mid=1, token=b"tk", accept=50, **asked),
        coap(Type.ACK, "2.04", mid=1, token=b"tk", **answered),
    )


def over_tcp(path: Path) -> Path:
    asked, answered = map(in_stream, messages())
    sent = {CLIENT: 1000, SERVER: 2000}

    def segment(source: Address, destination: Address, data: bytes, flags: int = ACK) -> bytes:
        numbers = sent[source], sent[destination]
        sent[source] += len(data) + (flags & SYN > 0)
        ports = struct.pack(">HHII", source.port, destination.port, *numbers)
        return ip(
            TCP, source, destination, ports + struct.pack(">BBHHH", 80, flags, 65535, 0, 0) + data
        )

    return pcap(
        path,
        [
            segment(CLIENT, SERVER, b"", SYN),
            segment(SERVER, CLIENT, b"", SYN | ACK),
            segment(CLIENT, SERVER, CSM + asked[:20]),
            segment(SERVER, CLIENT, CSM),
            segment(CLIENT, SERVER, asked[20:]),
            segment(SERVER, CLIENT, answered),
        ],
    )


def over_dtls(path: Path) -> Path:
    cipher = suite(CCM8)
    assert cipher is not None

    def datagram(source: Address, destination: Address, data: bytes) -> bytes:
        ports = struct.pack(">HHHH", source.port, destination.port, 8 + len(data), 0)
        return ip(UDP, source, destination, ports + data)

    asked, _ = messages()
    number = 1 << 48 | 5
    sealed = Sealer(cipher).seal(23, DTLS12, number, asked)
    record = b"\x17\xfe\xfd" + number.to_bytes(8, "big") + len(sealed).to_bytes(2, "big") + sealed
    return pcap(
        path,
        [
            datagram(CLIENT, SECURE, clear(client_hello((CCM8,), {}), 1)),
            datagram(SECURE, CLIENT, clear(server_hello(CCM8, {}), 1)),
            datagram(CLIENT, SECURE, clear(b"\1", 2, 20) + record),
        ],
    )


def secrets(*contexts: Any) -> Secrets:
    log = KeyLog()
    log.add(f"CLIENT_RANDOM {CLIENT_RANDOM.hex()} {MASTER.hex()}\n".encode())
    return Secrets(keylog=log, oscore=contexts)


def asked(session: Session) -> dict[str, Any]:
    (cells,) = (c for c in session.messages.rows() if numbers.is_request(c["code"]))
    return cells


@pytest.mark.parametrize("carried", [over_tcp, over_dtls])
def test_what_it_carries_is_opened_and_judged(tmp_path: Path, carried: Any) -> None:
    path = carried(tmp_path / "carried.pcap")
    session = read(path, secrets=secrets(CONTEXT))
    cells = asked(session)
    assert session.names[cells["uri"]] == "/msgin5g/registration"
    assert session.names[cells["ue"]] == "ue-1@example"
    assert cells["flags"] & (CARRIED | SECURED | UNWRAPPED) == CARRIED | SECURED | UNWRAPPED
    (finding,) = (f for f in session.findings if f.rule.id == "COAP-8613-4.1.1-OUTER-CLASS-E")
    assert finding.frame == cells["frame"]
    assert not session.carriers.unopened.messages
    whole = snapshot(session)
    assert snapshot(read(path, 1, secrets=secrets(CONTEXT))) == whole


@pytest.mark.parametrize(("carried", "messages"), [(over_tcp, 2), (over_dtls, 1)])
def test_without_contexts_it_is_counted(tmp_path: Path, carried: Any, messages: int) -> None:
    session = read(carried(tmp_path / "carried.pcap"), secrets=secrets())
    (entry,) = session.carriers.unopened.entries
    assert (entry.reason, entry.messages) == (Reason.NO_CONTEXTS, messages)
    assert entry.first_frame == asked(session)["frame"]
    found = {finding.rule.id for finding in session.findings}
    assert "COAP-CAP-OSCORE-OPAQUE" in found
    assert "COAP-8613-4.1.1-OUTER-CLASS-E" in found
    assert not any(rule.startswith("MSG-24538") for rule in found)
