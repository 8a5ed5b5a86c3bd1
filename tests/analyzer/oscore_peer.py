# SPDX-License-Identifier: GPL-2.0-only
"""Ends of OSCORE contexts in aiocoap, which seals what tests open."""

from __future__ import annotations

from typing import Any

from aiocoap import oscore
from aiocoap.message import Direction
from aiocoap.numbers import types
from aiocoap.transports.tcp import _serialize

from analyzer.secrets.oscore_context import Context

THEIR_NAMES = {
    "AES-GCM-128": "A128GCM",
    "AES-GCM-192": "A192GCM",
    "AES-GCM-256": "A256GCM",
    "ChaCha20-Poly1305": "ChaCha20/Poly1305",
}


class Peer(oscore.CanProtect, oscore.CanUnprotect, oscore.SecurityContextUtils):  # type: ignore[misc]
    """One end of a context in aiocoap."""

    is_signing = False
    responses_send_kid = False
    echo_recovery = None

    def __init__(self, context: Context, own: bytes, other: bytes, sequence: int = 0) -> None:
        name = context.algorithm.name
        self.alg_aead = oscore.algorithms[THEIR_NAMES.get(name, name)]
        self.hashfun = oscore.hashfunctions[context.hash.lower().replace("-", "")]
        self.sender_id, self.recipient_id = own, other
        self.id_context = context.id_context
        self.sender_sequence_number = sequence
        self.recipient_replay_window = oscore.ReplayWindow(32, lambda: None)
        self.recipient_replay_window.initialize_empty()
        self.derive_keys(context.master_salt, context.master_secret)

    def post_seqnoincrease(self) -> None:
        """Nothing is kept."""


def peers(context: Context, sequence: int = 0) -> tuple[Peer, Peer]:
    client = Peer(context, context.client_id, context.server_id, sequence)
    return client, Peer(context, context.server_id, context.client_id, sequence // 2)


def encoded(message: Any, header: tuple[Any, int, bytes], reliable: bool) -> bytes:
    message.mtype, message.mid, message.token = header
    message.direction = Direction.OUTGOING
    data: bytes = _serialize(message) if reliable else message.encode()
    return data


def received(message: Any) -> Any:
    message.direction = Direction.INCOMING
    return message


def sealed(
    peer: Peer, message: Any, mid: int, token: bytes = b"tk", reliable: bool = False
) -> tuple[bytes, Any]:
    """A request as bytes, and what its responses need."""
    message.direction = Direction.OUTGOING
    outer, asked = peer.protect(message)
    return encoded(outer, (types.CON, mid, token), reliable), asked


def answered(
    peer: Peer,
    asked: Any,
    message: Any,
    mid: int,
    token: bytes = b"tk",
    own_nonce: bool = False,
    reliable: bool = False,
) -> bytes:
    """A response as bytes, to what `sealed` returned."""
    identity = oscore.RequestIdentifiers(
        asked.kid, asked.partial_iv, not own_nonce, asked.code_style.request
    )
    message.direction = Direction.OUTGOING
    outer, _ = peer.protect(message, identity)
    return encoded(outer, (types.NON, mid, token), reliable)
