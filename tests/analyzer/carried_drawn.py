# SPDX-License-Identifier: GPL-2.0-only
"""Captures that hypothesis makes up, in which several things carry CoAP at a time: UDP in clear,
TCP and WebSocket, DTLS with keys and without.

`mixtures()` draws one. Its parts are interleaved; segments and datagrams are lost, come twice, in
another order, cut, changed, or in fragments of IP.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from decryption import recorded
from generated import HAPPENINGS, SERVERS, Happening, frames, snapshot
from hypothesis import strategies as st
from rules.connection import ACK, PSH, Connection, framed
from rules.conversation import MILLISECOND, START, Address, Conversation, Frame
from rules.examples.streams import over_websocket, upgraded

from analyzer.messages import CARRIED
from analyzer.secrets.model import Secrets
from analyzer.secrets.psk import Identities
from analyzer.session import Session
from dissectors import carried

DTLS_PORT = recorded.PORT
HANDSHAKES = ("psk-ccm8", "psk-resumed", "psk-renegotiated", "coap-ccm8", "coap-ecdhe-psk")
SETTINGS = {"dtls_ports": frozenset({DTLS_PORT})}
SERVER = "198.51.100.9"


def secrets() -> Secrets:
    """The key of the recorded handshakes."""
    identities = Identities()
    identities.keys[b"ue-1"] = recorded.KEY
    return Secrets(identities)


@cache
def handshake(name: str, client: Address) -> tuple[Frame, ...]:
    """A recorded handshake, and what came behind it, between these ends."""
    server = Address(SERVER, DTLS_PORT)
    made = []
    for number, one in enumerate(recorded.datagrams(name), 1):
        host = Address(client.host, client.port + one.port % 7)
        ends = (host, server) if one.forward else (server, host)
        made.append(Frame(0, *ends, one.data, ip_id=number))
    return tuple(made)


def connection(chance: random.Random, number: int) -> list[Frame]:
    """A connection with CSM, some requests and their answers, cut into segments of any size."""
    client = f"192.0.2.{20 + number}:{41000 + number}"
    if chance.random() < 0.2:
        return over_websocket(upgraded()).frames
    talk = Connection(client, f"{SERVERS[0].host}:5683")
    if chance.random() < 0.8:
        talk.opens()
    streams = {"client": framed("7.01"), "server": framed("7.01")}
    for asked in range(chance.randrange(1, 5)):
        token = bytes([asked + 1])
        body = bytes(chance.randrange(400))
        streams["client"] += framed("POST", token=token, path="/r", payload=body)
        if chance.random() < 0.8:
            streams["server"] += framed("2.04", token=token)
        while (size := chance.choice([0, 1, 7, 100, 1000])) and any(streams.values()):
            by = chance.choice([by for by in ("client", "server") if streams[by]])
            talk.segment(streams[by][:size], by=by)
            streams[by] = streams[by][size:]
    for by in ("client", "server"):
        talk.segment(streams[by], by=by)
    if chance.random() < 0.1:
        talk.segment(chance.randbytes(40), by="server", flags=PSH | ACK)
    if chance.random() < 0.5:
        talk.ends().ends("server")
    return talk.frames


def in_fragments(frame: Frame) -> list[Frame]:
    """A datagram as two fragments of IPv4."""
    length = 8 + len(frame.data)
    middle = length // 16 * 8
    parts = ((0, middle), (middle, length))
    return [replace(frame, part=part, ip_id=frame.ip_id | 0x4000) for part in parts]


def spoiled(sent: list[Frame], chance: random.Random) -> Iterator[Frame]:
    """What the network and the tap make of it."""
    kept: list[Frame] = []
    for frame in sent:
        fate = chance.randrange(24)
        if fate == 0:
            continue
        if fate == 1:
            kept += [frame, replace(frame, ip_id=frame.ip_id + 0x100)]
        elif fate == 2:
            kept.insert(max(0, len(kept) - 1), frame)
        elif fate == 3:
            kept.append(replace(frame, cut=min(5, len(frame.data))))
        elif fate == 4 and frame.data and not frame.tcp:
            at = chance.randrange(len(frame.data))
            wrong = bytes([frame.data[at] ^ 1 << chance.randrange(8)])
            kept.append(replace(frame, data=frame.data[:at] + wrong + frame.data[at + 1 :]))
        elif fate == 5 and len(frame.data) > 16 and not frame.tcp:
            kept += in_fragments(frame)
        else:
            kept.append(frame)
    yield from kept


def mixed(happenings: list[Happening], seed: int, *, kinds: int = 5) -> Conversation:
    """All of it in one capture."""
    chance = random.Random(seed)
    parts = [list(frames(happenings))]
    for number in range(chance.randrange(kinds)):
        if chance.random() < 0.5:
            parts.append(list(spoiled(connection(chance, number), chance)))
        else:
            client = Address(f"192.0.2.{40 + number}", 42000 + 10 * number)
            name = chance.choice(HANDSHAKES)
            parts.append(list(spoiled(list(handshake(name, client)), chance)))
    talk, clock = Conversation(), START
    while parts := [part for part in parts if part]:
        part = chance.choice(parts)
        for _ in range(min(len(part), chance.choice([1, 1, 2, 5]))):
            frame = part.pop(0)
            clock += chance.choice([1, 10, 10, 700]) * MILLISECOND
            talk.add(replace(frame, time=clock))
    return talk


@st.composite
def mixtures(draw: st.DrawFn, most: int = 4) -> Conversation:
    """A mixture."""
    happenings = draw(st.lists(HAPPENINGS, max_size=most))
    return mixed(happenings, draw(st.integers(0, 1 << 32)))


def flows(session: Session) -> list[tuple[Any, ...]]:
    """What is known of each protected flow."""
    return [
        (
            *(flow.number, flow.client, flow.server, flow.opened, flow.opaque),
            *(flow.security.reason, flow.security.detail, flow.security.first_frame),
            *(flow.security.last_frame, flow.security.alerts, flow.security.tampered),
            *(flow.security.handshakes, flow.security.handshake_retransmissions),
        )
        for flow in session.carriers.secured
    ]


def kept(session: Session) -> list[tuple[bytes, tuple[object, ...]]]:
    """Each message that was taken out: header and bytes, and the packets that carried it."""
    found = []
    for row in range(len(session.messages)):
        message = session.messages.row(row)
        if message["flags"] & CARRIED:
            pieces = session.carriers.store.pieces(message["offset"])
            packet = session.packet(row)
            # The hash of the link differs from session to session.
            found.append((packet[: carried.LINK_HASH_AT] + packet[carried.ENDS_AT :], pieces))
    return found


def everything(session: Session) -> dict[str, Any]:
    return snapshot(session) | {"flows": flows(session), "kept": kept(session)}
