# SPDX-License-Identifier: GPL-2.0-only
"""Protected flows: what is known of each, how much of it was read, and why not the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer.carriers import selecting
from analyzer.carriers.carrier import Notice, Packet, Taken
from analyzer.endpoints import Endpoint, endpoint
from analyzer.stream_events import FlowOpaque, HandshakeAlert, HandshakeUnfinished
from analyzer.streams.pieces import PIECE_SIZE, packed, unpacked
from dissectors.carried import Ends
from dissectors.kernel import Rows

if TYPE_CHECKING:
    from analyzer.decryption.security import Progress, Security
    from analyzer.streams.model import Piece

MOST_HANDSHAKE: Final = 48
"""Packets without a message that are kept of a flow."""

LONGEST_TIMER: Final = 60_000_000_000
"""ns until a peer sends a flight again at the latest (RFC 6347 clause 4.2.4.1)."""

_CLIENT_HELLO: Final = 1


class SecuredFlow:
    """A DTLS association or TLS connection; its client sends from `ends.source`."""

    __slots__ = (
        "_counted",
        "_counts",
        "_entries",
        "_kept",
        "client",
        "flow",
        "handshake_whole",
        "listed",
        "number",
        "security",
        "server",
    )

    def __init__(self, number: int, flow: int, ends: Ends, security: Security) -> None:
        self.number, self.flow, self.security = number, flow, security
        self.client: Endpoint = endpoint(ends.source, ends.source_port)
        self.server: Endpoint = endpoint(ends.destination, ends.destination_port)
        self.listed = False
        self.handshake_whole = True
        """Whether `handshake` has all."""
        self._kept = bytearray()
        self._counts: Rows | None = None
        self._entries: list[int] = []
        self._counted = 0

    def keep(self, piece: Piece) -> None:
        """A packet without a message, which an export that is to be opened alone needs, too."""
        if len(self._kept) < MOST_HANDSHAKE * PIECE_SIZE:
            self._kept += packed(piece)
        else:
            self.handshake_whole = False

    @property
    def handshake(self) -> tuple[Piece, ...]:
        """Packets that carried no message: the handshake and what else keys depend on, up to
        MOST_HANDSHAKE of them; none of what nobody can open."""
        return unpacked(self._kept)

    @property
    def muted(self) -> int:
        """Of how many pairs of addresses the kernel counts the packets alone."""
        return len(self._entries)

    def mute(self, muted: Rows, at: int) -> None:
        """Its packets are counted in the entry of `muted` at index `at`, too."""
        self._counts = muted
        if at not in self._entries:
            self._entries.append(at)
        if not self.security.opened:
            self._kept.clear()

    def unmute(self) -> list[int]:
        """Its packets are not counted any more; the indices of the entries."""
        self._counted = self._uncounted()
        entries, self._entries = self._entries, []
        return entries

    def _uncounted(self) -> int:
        counts = self._counts
        if counts is None:
            return self._counted
        return self._counted + sum(counts[at + selecting.PACKETS] for at in self._entries)

    @property
    def opened(self) -> int:
        """Records of application data that were read."""
        return self.security.opened

    @property
    def opaque(self) -> int:
        """Records of application data that were not; of what nobody can open, packets of it."""
        return self.security.opaque + self._uncounted()


class Shakes:
    """What there is to tell of the handshakes of a flow, and that it is not read."""

    __slots__ = ("_alerts", "_flow", "_opaque")

    def __init__(self, flow: SecuredFlow) -> None:
        self._flow = flow
        self._opaque = False
        self._alerts = 0

    def tell(self, packet: Packet, found: list[Taken | Notice]) -> None:
        """What a packet has brought."""
        security = self._flow.security
        security.steps.leave()
        if security.reason is not None and security.opaque and not self._opaque:
            self._opaque = True
            opaque = FlowOpaque(self._flow, packet.frame, security.detail)
            found.append(Notice(packet.record, packet.frame, packet.time, opaque))
        while self._alerts < len(security.alerts):
            alert = security.alerts[self._alerts]
            self._alerts += 1
            if alert.ends_it(security.newer):
                told = HandshakeAlert(
                    self._flow, alert, security.established, security.psk_identity
                )
                found.append(Notice(packet.record, packet.frame, packet.time, told))

    def close(
        self, record: int, time: int, now: int, progress: Progress, answers: bool = False
    ) -> list[Taken | Notice]:
        """The capture is over at time `now`, and the newest packet of the flow is of `time`: a
        handshake that did not come to its end. `answers`: packets of the server were seen, whatever
        was in them.

        Where one end alone was captured nothing is told, but of a client that repeats its first
        hello: nobody answered that. An alert says why by itself, or nobody can read it; one that
        only closes what never was does neither, but ends the waiting.
        """
        security = self._flow.security
        told = any(alert.level < 0 or alert.ends_it(security.newer) for alert in security.alerts)
        if progress.over or told or self._flow.opaque or self._flow.opened:
            return []
        lone = not progress.client or not (progress.server or answers)
        closed = any(alert.closes for alert in security.alerts)
        near = now - time < LONGEST_TIMER and not closed
        if lone:
            first = progress.last in (None, (_CLIENT_HELLO, True))
            if not (progress.client and first and (near or progress.hellos > 1)):
                return []
        event = HandshakeUnfinished(
            self._flow, progress, security.psk_identity, near, security.last_frame
        )
        return [Notice(record, security.last_frame, time, event)]
