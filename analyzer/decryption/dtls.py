# SPDX-License-Identifier: GPL-2.0-only
"""One DTLS association: its handshakes are followed, its records opened where there are keys.

    association = Association(secrets, sessions)
    for every datagram between two endpoints, in file order:
        for opened in association.take(datagram, forward, frame, time): ...

DTLS 1.2 (RFC 6347) with Connection IDs (RFC 9146), and DTLS 1.3 (RFC 9147) by the traffic secrets
of a key log. A record that does not authenticate is counted and stops nothing; one that comes
twice is handed out twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer.decryption.epoch_keys import EpochKeys, Opened
from analyzer.decryption.flights import Flights
from analyzer.decryption.handshake import Negotiation
from analyzer.decryption.records import Tampered, inner
from analyzer.decryption.security import Progress, Reason, Security
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.steps import Steps
from analyzer.decryption.traffic import Traffic
from dissectors.tls.handshake import Fragment, dtls_fragments
from dissectors.tls.numbers import (
    ACK,
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    CLIENT_HELLO,
    FINISHED,
    HANDSHAKE,
    HELLO_REQUEST,
    TLS12_CID,
)
from dissectors.tls.records import Record, cid_at, dtls_record

if TYPE_CHECKING:
    from analyzer.secrets.model import Secrets
    from analyzer.streams.model import Piece

MOST_FAILURES: Final = 8
"""Records that do not authenticate, with none before that did, until no more are tried."""

MOST_ASKED: Final = 64
"""Records at which keys are looked for again that may still come."""

_MOST_EPOCHS: Final = 4
_APPLICATION: Final = (APPLICATION_DATA, TLS12_CID)
"""Content types of records that may have application data; they come behind a handshake."""


class Association:
    """What passes between two endpoints, from the first datagram seen on.

    `security` tells what is known of it. The stage that finds the flow of a datagram by its
    Connection ID finds the one to look for in `security.client_cid` and `security.server_cid`.
    """

    __slots__ = (
        "_asked",
        "_blocked",
        "_cache",
        "_failures",
        "_flights",
        "_heard",
        "_hellos",
        "_keys",
        "_latest",
        "_negotiation",
        "_secrets",
        "_target",
        "_traffic",
        "security",
    )

    def __init__(self, secrets: Secrets | None, session_cache: SessionCache) -> None:
        self._secrets = secrets
        self._cache = session_cache
        self.security = Security("DTLS", Steps(session_cache.room))
        self._negotiation: Negotiation | None = None
        self._target = 0
        self._flights = (Flights(), Flights())
        self._keys: dict[int, list[EpochKeys]] = {}
        self._latest: EpochKeys | None = None
        """Those that opened application data last, until something else begins."""
        self._traffic: tuple[Traffic, Traffic] | None = None
        self._heard = [False, False]
        self._hellos = 0
        self._failures = 0
        self._asked = 0
        self._blocked = False
        if secrets is None or secrets.empty:
            self.security.because(Reason.NO_KEYS, "no keys were given")

    @property
    def muted(self) -> bool:
        """Whether no application data can be opened any more, unless a new handshake comes."""
        return self._blocked or self._secrets is None or self._secrets.empty

    @property
    def held(self) -> int:
        """Bytes kept of handshakes."""
        kept = self._flights[0].held + self._flights[1].held
        return kept + (self._negotiation.held if self._negotiation is not None else 0)

    @property
    def progress(self) -> Progress:
        """How far the newest handshake came. It is over when both have sent what its keys
        protect."""
        negotiation = self._negotiation
        over = self.security.established or negotiation is None or all(self.security.finished)
        client, server = self._heard
        last = negotiation.last if negotiation is not None else None
        if negotiation is not None and not negotiation.newer and any(self.security.finished):
            last = FINISHED, self.security.finished[0]  # protected: nothing in it is to be seen
        return Progress(over, self._hellos, client, server, last)

    def take(
        self, datagram: bytes, forward: bool, frame: int, time: int, pieces: tuple[Piece, ...] = ()
    ) -> list[Opened]:
        """The application data of one datagram; `forward` is from client to server.

        `time` is the capture's, in ns; `pieces` are the packets it came in.
        """
        security = self.security
        security.seen(frame)
        self._heard[0 if forward else 1] = True
        if self._latest is not None and security.reason is None and not self._blocked:
            lone = self._latest.lone_record(datagram, forward)
            if lone is not None:
                security.opened += 1
                return [lone]
        security.steps.arrived = frame, time, pieces
        opened: list[Opened] = []
        at = 0
        while at < len(datagram):
            cid = security.server_cid if forward else security.client_cid
            if cid is None and cid_at(datagram, at):
                self._unknown_cid()
                break
            record = dtls_record(datagram, at, len(cid) if cid else 0)
            at = record.end
            if record.error:
                break
            if record.sequence_length:
                self._newer(record, datagram, forward, frame, opened)
            elif record.epoch or record.content_type == TLS12_CID:
                self._protected(record, datagram, forward, frame, opened)
            else:
                self._content(
                    record.content_type, 0, datagram, record.body, record.end, forward, frame
                )
        return opened

    def _protected(
        self, record: Record, datagram: bytes, forward: bool, frame: int, opened: list[Opened]
    ) -> None:
        """A record of 1.2 behind a ChangeCipherSpec."""
        kind, epoch = record.content_type, record.epoch
        heard, side = self.security.finished, 0 if forward else 1
        # Behind a Connection ID the type is hidden, and Finished is first (RFC 5246 clause 7.4.9).
        unnamed = kind == TLS12_CID and not heard[side] and self._negotiation is not None
        finished = epoch == self._target and (kind == HANDSHAKE or unnamed)
        heard[side] |= finished
        plaintext = self._open(record, datagram, forward)
        if plaintext is not None and kind == TLS12_CID:
            kind, plaintext = inner(plaintext)
        if plaintext is None:
            if kind in _APPLICATION and not finished:
                self.security.established = True
                self.security.opaque += 1
            elif kind == ALERT:
                self.security.alert(-1, -1, forward, frame, epoch)
            elif kind == HANDSHAKE or finished:
                size = record.end - record.body
                self.security.steps.sealed(forward, epoch, size, epoch == self._target)
        elif kind == APPLICATION_DATA:
            self.security.established = True
            self.security.opened += 1
            self._latest = self._keys[epoch][0]
            opened.append(Opened(plaintext, epoch, record.sequence, record.start, record.end))
        else:
            self._content(kind, epoch, plaintext, 0, len(plaintext), forward, frame)

    def _open(self, record: Record, datagram: bytes, forward: bool) -> bytes | None:
        """The plaintext, by the newest keys of the epoch first: peers may have begun anew."""
        epoch = record.epoch
        negotiation = self._negotiation
        pending = negotiation is not None and self._target == epoch and not negotiation.done
        known = self._keys.get(epoch)
        plaintext = self._try(known, record, datagram, forward) if known else None
        if plaintext is None and pending:
            self._agree(record.content_type)
            known = self._keys.get(epoch) if negotiation and negotiation.done else None
            plaintext = self._try(known[:1], record, datagram, forward) if known else None
        if plaintext is None:
            if known and not self._blocked:
                self._tampered(not known[0].opened)
            elif record.content_type in _APPLICATION:
                self._without_keys()
        return plaintext

    def _try(
        self, candidates: list[EpochKeys], record: Record, datagram: bytes, forward: bool
    ) -> bytes | None:
        if self._blocked:
            return None
        fragment = datagram[record.body : record.end]
        sequence = record.epoch << 48 | record.sequence
        for keys in candidates:
            opener = keys.pair[0 if forward else 1]
            try:
                plaintext = opener.open(
                    record.content_type, record.version, sequence, fragment, cid=record.cid
                )
            except Tampered:
                continue
            keys.opened += 1
            self._failures = 0
            if self.security.reason is not None:
                self.security.readable()
            return plaintext
        return None

    def _agree(self, kind: int) -> None:
        """Keys of the handshake that runs, once, when records ask for them."""
        negotiation = self._negotiation
        assert negotiation is not None
        if negotiation.done or negotiation.newer or self.muted:
            return
        last = kind in _APPLICATION  # nothing more of the handshake will come
        if last and not negotiation.ready:
            self._give_up()
        if not (last or negotiation.ready):
            return
        pair = negotiation.openers()
        if pair is not None:
            negotiation.done = True
            self._latest = None
            older = self._keys.get(self._target, [])[:1]
            self._keys[self._target] = [EpochKeys(self._target, pair), *older]
            for old in sorted(self._keys)[:-_MOST_EPOCHS]:
                del self._keys[old]
            self._failures = 0
            self.security.readable()
        elif last:
            self._stay_opaque()

    def _without_keys(self) -> None:
        security = self.security
        if self._negotiation is None and not self.muted:
            security.because(Reason.NO_HANDSHAKE, f"its handshake {self._cache.unseen}")
            self._blocked = True

    def _stay_opaque(self) -> None:
        """No keys for the records that come, unless a ServerHello is late or a key log grows."""
        negotiation, secrets = self._negotiation, self._secrets
        late = negotiation is not None and negotiation.client and negotiation.server is None
        growing = secrets is not None and secrets.growing
        missing = self.security.reason is Reason.NO_SECRET
        self._asked += 1
        self._blocked = not (late or (growing and missing)) or self._asked >= MOST_ASKED

    def _tampered(self, never: bool) -> None:
        """A record does not authenticate; `never` when none did so far with these keys."""
        self.security.tampered += 1
        if never:
            self._failures += 1
            self.security.because(Reason.WRONG_KEY, "authentication failed: the key is wrong")
            self._blocked = self._failures >= MOST_FAILURES

    def _unknown_cid(self) -> None:
        self.security.opaque += 1
        self._blocked |= self._negotiation is None
        if self.security.reason is None:
            detail = f"its Connection ID is not known: the handshake {self._cache.unseen}"
            self.security.because(Reason.UNKNOWN_CID, detail)

    def _newer(
        self, record: Record, datagram: bytes, forward: bool, frame: int, opened: list[Opened]
    ) -> None:
        """A record of 1.3 behind the hellos."""
        self.security.finished[0 if forward else 1] = True
        negotiation = self._negotiation
        found = None
        if negotiation is None:
            self._without_keys()
        elif not self.muted:
            if self._traffic is None:
                self._traffic = (Traffic(negotiation, True), Traffic(negotiation, False))
            traffic = self._traffic[0 if forward else 1]
            found = traffic.open(record, datagram)
            if found is None and traffic.failed:
                self._tampered(not (self._traffic[0].opened or self._traffic[1].opened))
            elif found is None and record.epoch == 3:
                self._stay_opaque()
        if found is None:
            # Epoch 2 is that of the handshake (RFC 9147 clause 6.1).
            if record.epoch != 2:
                self.security.opaque += 1
            else:
                self.security.steps.sealed(forward, 2, record.end - record.body)
            return
        self.security.readable()
        kind, plaintext = inner(found.plaintext)
        if kind == APPLICATION_DATA:
            self.security.established = True
            self.security.opened += 1
            opened.append(Opened(plaintext, found.epoch, found.sequence, record.start, record.end))
        else:
            self._content(kind, found.epoch, plaintext, 0, len(plaintext), forward, frame)

    def _content(
        self, kind: int, epoch: int, data: bytes, start: int, end: int, forward: bool, frame: int
    ) -> None:
        """What is no application data, in clear."""
        if kind == ALERT and end - start == 2:
            self.security.alert(data[start], data[start + 1], forward, frame, epoch)
        elif kind in (CHANGE_CIPHER_SPEC, ACK):
            self.security.steps.record(kind, forward, epoch)
        elif kind == HANDSHAKE:
            for fragment in dtls_fragments(data, start, end):
                if not fragment.error:
                    self._handshake(fragment, epoch, data, forward)

    def _handshake(self, fragment: Fragment, epoch: int, data: bytes, forward: bool) -> None:
        steps = self.security.steps
        if fragment.kind == HELLO_REQUEST:
            steps.fragment(fragment, data, forward, epoch, self.security)
            return
        if forward and fragment.kind == CLIENT_HELLO:
            if self._begins(fragment, epoch, data):
                self._begin(epoch)
            self._hellos += fragment.offset == 0
        if self._negotiation is None:
            self._begin(epoch)
        negotiation = self._negotiation
        assert negotiation is not None
        if epoch < self._target - 1:
            self.security.handshake_retransmissions += fragment.offset == 0
            steps.fragment(fragment, data, forward, epoch, self.security)
            return
        flights = self._flights[0 if forward else 1]
        before = flights.repeated
        taken = [
            negotiation.take(whole.kind, whole.body, whole.header, forward)
            for whole in flights.add(fragment, data)
        ]
        completed = taken[0] if taken and taken[0].kind == fragment.kind else None
        steps.fragment(fragment, data, forward, epoch, self.security, completed)
        self.security.handshake_retransmissions += flights.repeated - before

    def _begins(self, fragment: Fragment, epoch: int, data: bytes) -> bool:
        """Whether a ClientHello is that of a new handshake, not of the running one again."""
        if self._negotiation is None or self._negotiation.client is None:
            return False
        if epoch != self._target - 1:
            return epoch in (0, self._target)
        client = self._flights[0]
        if client.past(fragment.message_seq):
            return client.anew(fragment, data)
        # Behind a ServerHello comes no other ClientHello of the same handshake.
        return self._negotiation.server is not None

    def _begin(self, epoch: int) -> None:
        self.security.begin()
        self._latest = None
        self._negotiation = Negotiation(self._secrets, self._cache, self.security, dtls=True)
        self._target = epoch + 1
        self._flights = (Flights(), Flights())
        self._traffic = None
        if self._heard[1]:
            self._hellos = 0
        self._failures = 0
        self._asked = 0
        self._blocked = False
        if self.muted:
            self.security.because(Reason.NO_KEYS, "no keys were given")

    def _give_up(self) -> None:
        """Application data comes: messages of the handshake that did not, never will."""
        negotiation = self._negotiation
        assert negotiation is not None
        for forward, flights in ((True, self._flights[0]), (False, self._flights[1])):
            late = flights.give_up()
            negotiation.holes |= flights.holes
            for whole in late:
                negotiation.take(whole.kind, whole.body, whole.header, forward)
