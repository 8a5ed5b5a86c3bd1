# SPDX-License-Identifier: GPL-2.0-only
"""One TLS connection: chunks of ciphertext become chunks of plaintext.

TLS 1.2 (RFC 5246) with keys of a key log, a pre-shared key or the session resumed, TLS 1.3
(RFC 8446) with those of a key log. Records are numbered by counting: behind a hole the next few
numbers are tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer.decryption.handshake import (
    APPLICATION_TRAFFIC,
    HANDSHAKE_TRAFFIC,
    Negotiation,
)
from analyzer.decryption.records import Opener, Tampered, TrafficOpener, inner
from analyzer.decryption.security import Progress, Reason, Security
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.steps import Steps
from analyzer.decryption.tls_records import MOST_SKIPPED, Records, TlsRecord
from analyzer.streams.model import UNKNOWN, Chunk
from dissectors.tls import numbers
from dissectors.tls.handshake import TLS_HEADER

if TYPE_CHECKING:
    from analyzer.secrets.model import Secrets

MOST_ASKED: Final = 64
"""Records that a missing secret is looked for again at: a key log may lag behind."""

MOST_TRIED: Final = 4096
"""Numbers that are tried in vain, in one direction, since a record opened."""

MOST_FAILED: Final = 16
"""Records in a row that do not open; those behind them will not, either."""

MOST_MESSAGE: Final = 256 << 10
"""Bytes of a handshake message at most; a longer one is passed over with all behind it."""


_HOPELESS: Final = frozenset(
    {Reason.NO_HANDSHAKE, Reason.UNSUPPORTED, Reason.NO_CRYPTOGRAPHY, Reason.CUT}
)


class _Direction:
    """What one peer sends."""

    __slots__ = (
        "asked",
        "begun",
        "failed",
        "forward",
        "label",
        "messages",
        "missed",
        "negotiation",
        "opener",
        "protected",
        "records",
        "sequence",
        "tried",
    )

    def __init__(self, forward: bool, negotiation: Negotiation) -> None:
        self.forward = forward
        self.negotiation = negotiation  # whose keys it is protected by
        self.protected = False
        self.label = ""  # of the traffic secret in 1.3
        self.opener: Opener | None = None
        self.sequence = 0
        self.asked = 0
        self.failed = 0
        self.tried = 0
        self.begun = False  # bytes of it came
        self.missed = False  # application data before the next is not there
        self.messages = bytearray()  # of the handshake, not whole yet
        self.records = Records(self._opens)

    @property
    def given_up(self) -> bool:
        return (
            self.records.ended
            or (self.opener is None and self.asked >= MOST_ASKED)
            or self.failed >= MOST_FAILED
            or self.tried >= MOST_TRIED
        )

    def protect(self, negotiation: Negotiation, label: str = "") -> None:
        """From here on other keys hold."""
        self.negotiation = negotiation
        self.protected = True
        self.label = label
        self.opener = None
        self.sequence = 0
        self.asked = 0
        self.failed = 0
        self.records.skipped = 0
        self.messages.clear()  # none goes on under other keys (RFC 8446 clause 5.1)

    def ask(self) -> Opener | None:
        """What opens its records, if it is known by now."""
        if self.opener is None and self.asked < MOST_ASKED:
            self.asked += 1
            if self.label:
                self.opener = self.negotiation.traffic(self.forward, self.label)
            else:
                pair = self.negotiation.openers()
                self.opener = pair[0 if self.forward else 1] if pair is not None else None
        return self.opener

    def open(self, kind: int, version: int, fragment: bytes) -> bytes:
        """The plaintext of its next record. Raises Tampered, and then nothing has changed."""
        opener, sequence = self.opener, self.sequence
        assert opener is not None
        last = sequence + self.records.skipped
        while True:
            try:
                plaintext = opener.open(kind, version, sequence, fragment)
                break
            except Tampered:
                self.tried += 1
                if sequence == last or self.tried >= MOST_TRIED:
                    raise
                sequence += 1
        self.sequence = sequence + 1
        self.tried = self.failed = self.records.skipped = 0
        return plaintext

    def _opens(self, kind: int, version: int, fragment: bytes) -> bool:
        """Whether what was found behind a hole is a record."""
        if self.opener is None or self.label == HANDSHAKE_TRAFFIC:
            return True  # no key is there, or which one it is cannot be told
        if self.tried >= MOST_TRIED:
            return False
        try:
            self.open(kind, version, fragment)
        except Tampered:
            return False
        self.sequence -= 1  # it is read once more
        return True


class TlsStream:
    """Opens one connection. Chunks come in the order of the capture, of each direction in its own.

    Never raises, whatever the bytes.
    """

    def __init__(self, secrets: Secrets | None, sessions: SessionCache) -> None:
        self.security = Security("TLS", Steps(sessions.room))
        self._secrets = secrets
        self._sessions = sessions
        self._negotiation = self._begun()
        self._client = _Direction(True, self._negotiation)
        self._server = _Direction(False, self._negotiation)

    @property
    def muted(self) -> bool:
        """No more of its application data can ever be opened."""
        return self._client.given_up and self._server.given_up

    @property
    def held(self) -> int:
        """Bytes kept of what is not whole, and of handshakes."""
        kept = self._negotiation.held
        for half in (self._client, self._server):
            kept += len(half.messages) + half.records.held
        return kept

    @property
    def progress(self) -> Progress:
        """How far the newest handshake came."""
        negotiation, security = self._negotiation, self.security
        seen = negotiation.client is not None or negotiation.server is not None
        over = security.established or not seen
        return Progress(over, 1, self._client.begun, self._server.begun, negotiation.last)

    def feed(self, chunk: Chunk, forward: bool) -> list[Chunk]:
        """The application data that is readable with this chunk: a chunk for each record.

        `lost` of one is UNKNOWN where application data before it was not read, else 0.
        """
        half = self._client if forward else self._server
        self.security.seen(chunk.frame)
        if chunk.lost:
            self._lose(half)
        half.begun = True
        found = []
        for record in half.records.take(chunk):
            plaintext = self._read(half, record, chunk)
            if plaintext:
                lost = UNKNOWN if half.missed else 0
                half.missed = False
                found.append(Chunk(plaintext, record[3], lost, chunk.time, chunk.frame))
        return found

    def _begun(self) -> Negotiation:
        return Negotiation(self._secrets, self._sessions, self.security, dtls=False)

    def _lose(self, half: _Direction) -> None:
        if not half.begun:  # what was sent before the capture began is not missed
            return
        half.missed = True
        half.messages.clear()
        if not half.protected:
            self._negotiation.holes = True

    def _read(self, half: _Direction, record: TlsRecord, chunk: Chunk) -> bytes:
        """Application data of a record, if it has any; all else is followed here."""
        kind, _, content, pieces = record
        steps = self.security.steps
        if kind == numbers.CHANGE_CIPHER_SPEC:
            steps.arrived = chunk.frame, chunk.time, pieces
            steps.record(kind, half.forward, int(half.protected))
            self._change(half)
            return b""
        if kind == numbers.APPLICATION_DATA and not half.protected:
            # What comes before it was not captured: a ChangeCipherSpec and Finished at least.
            skipped = half.records.skipped
            self._protect(half)
            half.records.skipped = max(skipped, 1)
        if half.protected and not (half.label and kind != numbers.APPLICATION_DATA):
            opened = self._open(half, record)
            if opened is None:
                steps.arrived = chunk.frame, chunk.time, pieces
                self._leave(half, kind, chunk.frame, len(content))
                return b""
            kind, content = opened
        if kind == numbers.APPLICATION_DATA and half.protected:
            self.security.opened += 1
            self.security.established = True
            return content
        steps.arrived = chunk.frame, chunk.time, pieces
        if kind == numbers.HANDSHAKE:
            self._take_messages(half, content)
        elif kind == numbers.ALERT and len(content) >= 2:
            protected = int(half.protected)
            self.security.alert(content[0], content[1], half.forward, chunk.frame, protected)
        return b""

    def _open(self, half: _Direction, record: TlsRecord) -> tuple[int, bytes] | None:
        """Content type and content of a protected record, None where it stays opaque."""
        kind, version, fragment, _ = record
        security = self.security
        if half.opener is None and half.ask() is None:
            if self._secrets is None or security.reason in _HOPELESS:
                half.asked = MOST_ASKED
            half.sequence += 1
            return self._with_later_keys(half, record)
        try:
            if half.failed >= MOST_FAILED:
                raise Tampered
            plaintext = half.open(kind, version, fragment)
        except Tampered:
            opened = self._with_later_keys(half, record)
            if opened is None:
                self._fail(half)
            return opened
        if security.reason is not None:
            security.readable()
        return inner(plaintext) if half.label else (kind, plaintext)

    def _with_later_keys(self, half: _Direction, record: TlsRecord) -> tuple[int, bytes] | None:
        """The keys of application data may hold already, when the Finished before them was lost,
        or could not be read (RFC 8446 clause 7.3): how many records were, nobody can tell."""
        if half.label != HANDSHAKE_TRAFFIC or half.given_up:
            return None
        opener = half.negotiation.traffic(half.forward, APPLICATION_TRAFFIC)
        if opener is None:
            return None
        reason, detail = self.security.reason, self.security.detail
        kind, version, fragment, _ = record
        for sequence in range(min(half.sequence + half.records.skipped, MOST_SKIPPED) + 1):
            try:
                plaintext = opener.open(kind, version, sequence, fragment)
            except Tampered:
                half.tried += 1
                continue
            half.protect(half.negotiation, APPLICATION_TRAFFIC)
            half.opener, half.sequence = opener, sequence + 1
            self.security.readable()
            return inner(plaintext)
        if reason is not None:
            self.security.because(reason, detail)
        return None

    def _fail(self, half: _Direction) -> None:
        """A record did not open for which keys are there."""
        security = self.security
        security.tampered += 1
        early = half.label == HANDSHAKE_TRAFFIC and half.sequence == 0
        if not early:  # else it may be early data, that has keys of its own
            half.sequence += 1
            half.failed += 1
        if half.sequence <= 1 and not half.missed:
            security.because(Reason.WRONG_KEY, "authentication failed: the key is wrong")
        elif security.reason is None:
            security.because(Reason.LOST, "records are missing, and those behind them do not open")

    def _leave(self, half: _Direction, kind: int, frame: int, length: int) -> None:
        """Count a record that stays opaque."""
        if kind == numbers.ALERT:
            self.security.alert(-1, -1, half.forward, frame, 1)
        elif kind == numbers.APPLICATION_DATA and self._about_data(half):
            self.security.opaque += 1
            half.missed = True
        elif kind in (numbers.HANDSHAKE, numbers.APPLICATION_DATA):
            self.security.steps.sealed(half.forward, 1, length)

    def _about_data(self, half: _Direction) -> bool:
        """Whether a record that nobody can read is one of application data.

        In 1.3 nothing tells but that the handshake is over, which the client's Finished ends.
        """
        if not half.negotiation.newer:
            return True
        over = self.security.established
        if half.forward:
            self.security.established = True
        return over

    def _protect(self, half: _Direction) -> None:
        half.protect(self._negotiation)
        half.ask()

    def _change(self, half: _Direction) -> None:
        """ChangeCipherSpec: means nothing in 1.3 (RFC 8446 clause 5), which it may be till the
        ServerHello."""
        if self._negotiation.newer or self._negotiation.server is None:
            return
        self._protect(half)
        other = self._server if half.forward else self._client
        if other.protected and other.negotiation is self._negotiation:
            self.security.established = True

    def _take_messages(self, half: _Direction, content: bytes) -> None:
        """Handshake messages, which records cut and join as they like."""
        buffer = half.messages
        buffer += content
        at = 0
        while len(buffer) - at >= TLS_HEADER:
            body = at + TLS_HEADER
            end = body + int.from_bytes(buffer[at + 1 : body], "big")
            if end - body > MOST_MESSAGE:
                self._negotiation.holes = True
                buffer.clear()
                return
            if end > len(buffer):
                break
            kind, header = buffer[at], bytes(buffer[at:body])
            self._message(half, kind, header, bytes(buffer[body:end]))
            at = end
        del buffer[:at]

    def _message(self, half: _Direction, kind: int, header: bytes, body: bytes) -> None:
        steps, epoch = self.security.steps, int(half.protected)
        if half.protected and half.label == APPLICATION_TRAFFIC:
            steps.message(kind, half.forward, epoch, self.security)
            if kind == numbers.KEY_UPDATE and isinstance(half.opener, TrafficOpener):
                half.opener, half.sequence = half.opener.next(), 0
            return
        if kind == numbers.CLIENT_HELLO and half.forward:
            self._begin()
        negotiation = self._negotiation
        before = negotiation.server
        whole = negotiation.take(kind, body, header, half.forward)
        steps.message(kind, half.forward, epoch, self.security, whole)
        if kind == numbers.FINISHED and half.label:
            half.protect(negotiation, APPLICATION_TRAFFIC)
            self.security.established |= half.forward
        elif negotiation.newer and before is None:
            for direction in (self._client, self._server):
                direction.protect(negotiation, HANDSHAKE_TRAFFIC)

    def _begin(self) -> None:
        """A ClientHello: the first, another one behind a HelloRetryRequest, or a renegotiation."""
        if self._negotiation.server is not None or self._negotiation.client is None:
            self.security.begin()
            self._negotiation = self._begun()
