# SPDX-License-Identifier: GPL-2.0-only
"""What answers what: message against message, and `sr1()` on a pipe and with a real server."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from scapy.automaton import ObjectPipe
from scapy.config import conf
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, Raw, bind_bottom_up, split_bottom_up
from scapy.sendrecv import sndrcv, sr1

from dissectors import CoAP

# Message against message.


def udp(packet: Any, src: str, dst: str, sport: int = 5683, dport: int = 5683) -> Packet:
    ip = IPv6(src=src, dst=dst) if ":" in src else IP(src=src, dst=dst)
    return ip.__class__(bytes(ip / UDP(sport=sport, dport=dport) / packet))


REQUEST = CoAP(code="GET", token=b"t", message_id=1)
RESPONSE = CoAP(type="ACK", code="2.05", token=b"t", message_id=1)


def test_an_acknowledgement_answers_only_its_own_message_id() -> None:
    """RFC 7252 clause 5.3.2."""
    assert not CoAP(type="ACK", code="2.05", token=b"t", message_id=2).answers(REQUEST)


def test_an_empty_acknowledgement_is_not_the_answer() -> None:
    empty = CoAP(type="ACK", message_id=1)
    assert not empty.answers(REQUEST)
    assert not empty.answers(CoAP(code="GET", message_id=1))
    assert empty.answers(CoAP(type="CON", code="2.05", token=b"t", message_id=1))
    assert not empty.answers(CoAP(type="CON", code="2.05", token=b"t", message_id=2))


def test_a_reset_answers_by_message_id() -> None:
    reset = CoAP(type="RST", message_id=1)
    ping = CoAP(type="CON", message_id=1)
    assert reset.answers(ping)
    assert reset.hashret() == ping.hashret()
    assert reset.answers(REQUEST)
    assert not reset.answers(CoAP(code="GET", message_id=2))
    assert not reset.answers(RESPONSE)


def test_requests_answer_nothing() -> None:
    assert not REQUEST.answers(REQUEST)
    assert not RESPONSE.answers(RESPONSE)
    assert not RESPONSE.answers(Raw(b"x"))
    assert not CoAP(b"\x80").answers(REQUEST)
    assert not RESPONSE.answers(CoAP(b"\x80"))


@pytest.mark.parametrize(("client", "server"), [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")])
def test_endpoints_must_be_reversed(client: str, server: str) -> None:
    request = udp(REQUEST, client, server, 4000)
    assert udp(RESPONSE, server, client, 5683, 4000).answers(request)
    assert not udp(RESPONSE, server, client, 5684, 4000).answers(request)
    assert not udp(RESPONSE, server, client, 5683, 4001).answers(request)
    other = client[:-1] + "9"
    assert not udp(RESPONSE, server, other, 5683, 4000).answers(request)
    assert not udp(RESPONSE, other, client, 5683, 4000)[CoAP].answers(request[CoAP])


@pytest.mark.parametrize(
    ("client", "group", "server"),
    [("10.0.0.1", "224.0.1.187", "10.0.0.7"), ("fe80::1", "ff02::fd", "fe80::7")],
)
def test_multicast_requests_are_answered_by_anyone(
    client: str, group: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = udp(CoAP(type="NON", code="GET", token=b"t"), client, group, 4000)
    response = udp(CoAP(type="NON", code="2.05", token=b"t"), server, client, 5683, 4000)
    assert response[CoAP].answers(request[CoAP])
    monkeypatch.setattr(conf, "checkIPaddr", False)  # Scapy's IP layers hash both addresses
    assert response.answers(request)
    assert response.hashret() == request.hashret()


def test_a_port_unreachable_answers_what_it_quotes() -> None:
    request = udp(REQUEST, "10.0.0.1", "10.0.0.2", 4000)
    error = IP(
        bytes(IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=3, code=3) / Raw(bytes(request)))
    )
    assert error.answers(request)
    assert error.hashret() == request.hashret()


# Scapy's matching, on a pipe.


class Peer(ObjectPipe):  # type: ignore[misc]
    """The far end of a link: each packet sent is met with the prepared answers."""

    def __init__(self, *answers: Packet) -> None:
        super().__init__("peer")
        self.answers = answers

    def send(self, packet: Packet) -> None:
        for answer in self.answers:
            super().send(IP(bytes(answer)))


def asked(packet: CoAP, *answers: CoAP) -> Any:
    """What `sr1()` would return."""
    there = IP(src="10.0.0.1", dst="10.0.0.2") / UDP()
    back = IP(src="10.0.0.2", dst="10.0.0.1") / UDP()
    peer = Peer(*(back / answer for answer in answers))
    found, _ = sndrcv(peer, there / packet, timeout=0.3, verbose=False, threaded=False)
    return found[0].answer[CoAP] if found else None


@pytest.mark.parametrize("token", [b"", b"t"])
def test_past_an_empty_acknowledgement_to_the_separate_response(token: bytes) -> None:
    answer = asked(
        CoAP(code="GET", message_id=1, token=token),
        CoAP(type="ACK", message_id=1),
        CoAP(type="CON", code="2.05", message_id=9, token=token) / b"late",
    )
    assert answer.code == 0x45
    assert bytes(answer.payload) == b"late"


def test_past_a_response_to_another_request() -> None:
    answer = asked(
        CoAP(code="GET", message_id=1, token=b"mine"),
        CoAP(type="ACK", code="2.05", message_id=1, token=b"else"),
        CoAP(type="ACK", code="4.04", message_id=1, token=b"mine"),
    )
    assert answer.code == 0x84


def test_a_ping_is_answered_by_a_reset() -> None:
    assert asked(CoAP(message_id=1), CoAP(type="RST", message_id=1)).type == 3


def test_an_empty_acknowledgement_alone_leaves_the_request_unanswered() -> None:
    assert asked(CoAP(code="GET", message_id=1), CoAP(type="ACK", message_id=1)) is None


# Scapy's matching, with a real server.

raw_sockets = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0,
    reason="raw sockets need root on Linux",
)


@contextmanager
def aiocoap_server() -> Iterator[int]:
    """A real server on loopback: /fast answers at once, /slow after an Empty ACK; its port."""
    aiocoap = pytest.importorskip("aiocoap", reason="aiocoap is not installed")
    from aiocoap import resource

    class Slow(resource.Resource):  # type: ignore[misc]
        async def render_post(self, request: Any) -> Any:
            await asyncio.sleep(0.4)
            return aiocoap.Message(code=aiocoap.CHANGED, payload=b"slow " + request.payload)

    class Fast(resource.Resource):  # type: ignore[misc]
        async def render_get(self, request: Any) -> Any:
            return aiocoap.Message(payload=b"fast")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    site = resource.Site()
    site.add_resource(["slow"], Slow())
    site.add_resource(["fast"], Fast())
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        context = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", port))
        ready.set()
        await stop.wait()
        await context.shutdown()

    server = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    server.start()
    try:
        assert ready.wait(10)
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        server.join()
        loop.close()


@raw_sockets
def test_sr1_with_a_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    from scapy.supersocket import L3RawSocket

    monkeypatch.setattr(conf, "L3socket", L3RawSocket)
    with (
        aiocoap_server() as port,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,  # no ICMP from our port
    ):
        client.bind(("127.0.0.1", 0))
        bind_bottom_up(UDP, CoAP, sport=port)
        try:
            to = IP(dst="127.0.0.1") / UDP(sport=client.getsockname()[1], dport=port)

            def ask(packet: Any) -> Any:
                return sr1(to / packet, timeout=5, verbose=False)

            fast = ask(CoAP(code="GET", message_id=1, token=b"a", options="Uri-Path: fast"))
            assert (fast[CoAP].type, fast[CoAP].code) == (2, 0x45)
            assert bytes(fast[CoAP].payload) == b"fast"
            request = CoAP(code="POST", message_id=2, token=b"b", options="Uri-Path: slow")
            slow = ask(request / b"body")
            assert (slow[CoAP].type, slow[CoAP].code) == (0, 0x44)
            assert bytes(slow[CoAP].payload) == b"slow body"
            assert ask(CoAP(type="CON", message_id=3))[CoAP].type == 3
        finally:
            split_bottom_up(UDP, CoAP, sport=port)
