# SPDX-License-Identifier: GPL-2.0-only
"""What all TLS and DTLS of a capture share: sessions, which later handshakes may resume."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from typing import Final

from analyzer.decryption.steps import Room
from analyzer.decryption.used import UsedSecrets

MOST_SESSIONS: Final = 1 << 16
"""Sessions remembered for resumption; the one not used for longest is forgotten first."""


class Session:
    """A session that may be resumed. Its repr has no secret."""

    __slots__ = ("identity", "master")

    def __init__(self, master: bytes | None, identity: bytes) -> None:
        self.master = master
        self.identity = identity

    def __repr__(self) -> str:
        return f"<Session: {'with' if self.master else 'no'} master secret>"


class SessionCache:
    """What all handshakes of a capture share: sessions by session ID (RFC 5246 clause 7.4.1.2) and
    by ticket (RFC 5077), secrets used, room for what is told of them."""

    def __init__(self, most: int = MOST_SESSIONS) -> None:
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        self._most = most
        self.used = UsedSecrets()
        self.unseen = "was not captured"
        """What is said of what begins a flow, where nothing is known of it."""
        self.room = Room()
        """For the steps of all handshakes."""

    def crowded(self, most: int) -> None:
        """Flows were forgotten, as more than `most` came at a time: later packets of theirs look
        like those of flows whose beginning is missing."""
        self.unseen = f"was not captured, or was forgotten among more than {most:,} flows"

    def remember(self, name: bytes, session: Session) -> None:
        """`name` is a session ID or a ticket; an empty one names nothing.

        One whose master secret is known is not forgotten for one whose is not.
        """
        key = _key(name)
        known = self._sessions.get(key)
        if not name or (session.master is None and known is not None and known.master):
            return
        self._sessions[key] = session
        self._sessions.move_to_end(key)
        if len(self._sessions) > self._most:
            self._sessions.popitem(last=False)

    def find(self, name: bytes) -> Session | None:
        key = _key(name)
        found = self._sessions.get(key) if name else None
        if found is not None:
            self._sessions.move_to_end(key)
        return found


def _key(name: bytes) -> bytes:
    """A ticket is as long as a server likes; a session ID has at most 32 bytes."""
    return name if len(name) <= 32 else b"ticket" + sha256(name).digest()
