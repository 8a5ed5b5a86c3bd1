# SPDX-License-Identifier: GPL-2.0-only
"""What two hellos agreed on, and which keys follow: the part of a handshake TLS and DTLS share.

    negotiation = Negotiation(secrets, sessions, security, dtls=True)
    negotiation.take(kind, body, header, forward)   # whole messages, in order in each direction
    pair = negotiation.openers()                    # 1.2: the client's, the server's
    opener = negotiation.traffic(forward, HANDSHAKE_TRAFFIC)      # 1.3

A method that finds no keys returns None and has told `security` the reason.
"""

from __future__ import annotations

from hashlib import new
from typing import TYPE_CHECKING, Final

from analyzer.decryption.security import MOST_NAME, Reason, Security, quoted
from analyzer.decryption.sessions import Session, SessionCache
from analyzer.decryption.suites import suite as suite_of
from analyzer.secrets.keylog import CLIENT_RANDOM
from dissectors.tls import numbers
from dissectors.tls.certificate import read_certificate
from dissectors.tls.handshake import (
    Agreed,
    Certificate,
    ClientHello,
    ClientKeyExchange,
    EncryptedExtensions,
    HelloVerifyRequest,
    Message,
    NewSessionTicket,
    ServerHello,
    ServerKeyExchange,
    read_message,
)

if TYPE_CHECKING:
    from analyzer.decryption.records import Opener, TrafficOpener
    from analyzer.decryption.suites import Suite
    from analyzer.secrets.model import Secrets

EARLY_TRAFFIC: Final = "EARLY_TRAFFIC_SECRET"
HANDSHAKE_TRAFFIC: Final = "HANDSHAKE_TRAFFIC_SECRET"
APPLICATION_TRAFFIC: Final = "TRAFFIC_SECRET_0"

MOST_TRANSCRIPT: Final = 256 << 10
"""Bytes of handshake messages kept for the session hash; beyond it there is none."""

_DONE: Final = 1 << numbers.SERVER_HELLO_DONE
_OF_FULL: Final = _DONE | 1 << numbers.CLIENT_KEY_EXCHANGE | 1 << numbers.CERTIFICATE
"""Bits of messages that a handshake has which resumes nothing."""

_PSK: Final = "PSK"
_NEWER: Final = (numbers.TLS_1_3, numbers.DTLS_1_3)
_OLDER: Final = (numbers.TLS_1_2, numbers.DTLS_1_2)


def _forward_secret(what: str) -> str:
    """Why a key exchange is not read where Diffie-Hellman makes a secret beside the pre-shared one,
    that is gone with the handshake (RFC 5489 clause 1, RFC 8446 clause 2.2)."""
    return f"{what} has forward secrecy: it takes a key log, a pre-shared key does not open it"


def _names(names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """So many of them as are kept."""
    return tuple(name[:MOST_NAME] for name in names[:8])


class Negotiation:
    """One handshake, from its ClientHello on."""

    __slots__ = (
        "_cache",
        "_client_sent",
        "_dtls",
        "_identity",
        "_keyed",
        "_master",
        "_messages",
        "_secrets",
        "_security",
        "_server_sent",
        "_size",
        "_ticket",
        "client",
        "done",
        "holes",
        "last",
        "server",
    )

    def __init__(
        self, secrets: Secrets | None, cache: SessionCache, security: Security, *, dtls: bool
    ) -> None:
        self._secrets = secrets
        self._cache = cache
        self._security = security
        self._dtls = dtls
        self._client_sent: list[bytes] = []
        self._server_sent: list[bytes] = []
        self._size = 0
        self._messages = 0  # bits of the types that came
        self._keyed = False
        self._master: bytes | None = None
        self._ticket = b""
        self._identity = b""
        self.client: ClientHello | None = None
        self.server: ServerHello | None = None
        self.last: tuple[int, bool] | None = None
        """Type of the newest whole message, and whether the client sent it."""
        self.holes = False
        """A message is missing: there can be no session hash."""
        self.done = False
        """Its keys were found and are in use; the user's to set."""

    @property
    def newer(self) -> bool:
        """Whether it is 1.3."""
        return self.server is not None and self.server.version in _NEWER

    @property
    def ready(self) -> bool:
        """Whether all came on which the keys of 1.2 depend."""
        whole = self._keyed and bool(self._messages & _DONE)
        return self.server is not None and (whole or self._security.resumed)

    def take(self, kind: int, body: bytes, header: bytes, forward: bool) -> Message:
        """A whole message, with the header under which it enters the session hash."""
        security = self._security
        agreed = self._agreed(forward)
        message = read_message(kind, body, dtls=self._dtls, agreed=agreed, fields=False)
        self._messages |= 1 << (kind & 0xFF)
        self.last = kind, forward
        value = message.value
        if isinstance(value, ClientHello):
            self._client_hello(value)
        elif isinstance(value, ServerHello):
            self._server_hello(value)
        elif isinstance(value, HelloVerifyRequest):
            security.cookie_exchanges += 1
        elif isinstance(value, EncryptedExtensions):
            security.alpn = _names(value.extensions.alpn) or security.alpn
        elif isinstance(value, Certificate):
            subject = read_certificate(value.chain[0]).subject[:MOST_NAME] if value.chain else ""
            if forward:
                security.client_subject = subject
            else:
                security.server_subject = subject
        elif isinstance(value, ServerKeyExchange):
            security.psk_hint = value.psk_hint[:MOST_NAME]
        elif isinstance(value, NewSessionTicket):
            self._ticket = value.ticket
            self._remember()
        self._transcribe(header, body, forward)
        if isinstance(value, ClientKeyExchange):
            self._keyed = True
            self._identity = value.psk_identity
            security.psk_identity = value.psk_identity[:MOST_NAME]
        return message

    @property
    def held(self) -> int:
        """Bytes kept of what peers sent."""
        return self._size + len(self._ticket) + len(self._identity)

    def openers(self) -> tuple[Opener, Opener] | None:
        """What opens the records of client and server, in 1.2."""
        suite = self._suite()
        if suite is None or self.client is None or self.server is None:
            return None
        master = self._master or self._find_master(suite)
        if master is None:
            return None
        self._master = master
        self._forget_transcript()
        self._cache.used.add(CLIENT_RANDOM, self.client.random, master)
        self._remember()
        from analyzer.decryption.schedule import connection_openers

        try:
            return connection_openers(
                master,
                self.client.random,
                self.server.random,
                suite,
                encrypt_then_mac=self._security.encrypt_then_mac,
                dtls=self._dtls,
            )
        except ImportError:
            self._no_cryptography()
            return None

    def traffic(self, forward: bool, label: str) -> TrafficOpener | None:
        """What opens the records of one direction in 1.3, in the time its label is about."""
        suite = self._suite()
        if suite is None or self.client is None or self._secrets is None:
            return None
        label = ("CLIENT_" if forward else "SERVER_") + label
        secret = self._secrets.traffic_secret(label, self.client.random)
        if secret is None:
            missing = f"the key log has no {label} of it"
            if not self._secrets.logged:
                missing = _forward_secret(self._security.version_name)
            self._security.because(Reason.NO_SECRET, missing)
            return None
        self._cache.used.add(label, self.client.random, secret)
        from analyzer.decryption.schedule import traffic_opener

        try:
            return traffic_opener(secret, suite, dtls=self._dtls)
        except ImportError:
            self._no_cryptography()
            return None

    def _client_hello(self, hello: ClientHello) -> None:
        security = self._security
        self.client = hello
        # The hello before a HelloVerifyRequest is in no hash (RFC 6347 clause 4.2.1).
        self._forget_transcript()
        security.hello(hello.random)
        security.server_name = hello.extensions.server_name[:MOST_NAME]
        security.alpn = _names(hello.extensions.alpn)

    def _server_hello(self, hello: ServerHello) -> None:
        security = self._security
        if hello.retry:
            security.cookie_exchanges += 1
            return
        self.server = hello
        mine = hello.extensions
        security.version = hello.version
        security.cipher_suite = hello.suite
        security.session_id = hello.session_id
        if self.client is None:
            return
        theirs = self.client.extensions
        security.extended_master_secret = (
            mine.extended_master_secret and theirs.extended_master_secret
        )
        security.encrypt_then_mac = mine.encrypt_then_mac and theirs.encrypt_then_mac
        security.alpn = _names(mine.alpn) or (security.alpn if self.newer else ())
        if mine.connection_id is not None and theirs.connection_id is not None:
            security.client_cid = theirs.connection_id
            security.server_cid = mine.connection_id
        if self.newer:
            security.resumed = mine.psk_selected >= 0
        else:
            security.resumed = bool(hello.session_id) and hello.session_id == self.client.session_id

    def _agreed(self, forward: bool) -> Agreed:
        if self.server is None:
            return Agreed()
        extensions = self.server.extensions
        return Agreed(
            self.server.version,
            numbers.key_exchange(self.server.suite),
            extensions.client_certificate_type if forward else extensions.server_certificate_type,
        )

    def _transcribe(self, header: bytes, body: bytes, forward: bool) -> None:
        """Messages up to the ClientKeyExchange are hashed (RFC 7627 clause 3).

        They are kept by direction: all of the server's come before the client's second flight.
        """
        if self._keyed or self.holes or self._secrets is None or self._secrets.empty:
            return
        if self.server is not None and not self._security.extended_master_secret:
            return
        self._size += len(header) + len(body)
        if self._size > MOST_TRANSCRIPT:
            self.holes = True
            self._forget_transcript()
        else:
            (self._client_sent if forward else self._server_sent).append(header + body)

    def _forget_transcript(self) -> None:
        self._client_sent.clear()
        self._server_sent.clear()
        self._size = 0

    def _suite(self) -> Suite | None:
        """The suite agreed on, unless a reason is found here already."""
        because = self._security.because
        if self._secrets is None or self._secrets.empty:
            because(Reason.NO_KEYS, "no keys were given")
            return None
        if self.client is None or self.server is None:
            which = "ServerHello" if self.client is not None else "ClientHello"
            because(Reason.NO_HANDSHAKE, f"its {which} {self._cache.unseen}")
            return None
        if self.server.version not in _OLDER + _NEWER:
            because(Reason.UNSUPPORTED, f"{self._security.version_name} is not supported")
            return None
        suite = suite_of(self.server.suite)
        if suite is None:
            because(Reason.UNSUPPORTED, f"{numbers.suite_name(self.server.suite)} is not supported")
        return suite

    def _find_master(self, suite: Suite) -> bytes | None:
        """The master secret: of a key log, of the session resumed, or from a pre-shared key."""
        assert self._secrets is not None
        assert self.client is not None
        logged = self._secrets.master_secret(self.client.random)
        if logged is not None:
            return logged
        if self._security.resumed or self._resumed_by_ticket():
            return self._resumed_master()
        because = self._security.because
        if suite.key_exchange != _PSK:
            missing = "the key log has no secret of it"
            if not self._secrets.logged:
                mixed = suite.key_exchange.endswith("DHE_PSK")
                missing = f"{suite.name} needs a key log, no pre-shared key opens it"
                missing = _forward_secret(suite.key_exchange) if mixed else missing
            because(Reason.NO_SECRET, missing)
            return None
        if not self._keyed:
            because(Reason.CUT, "its ClientKeyExchange was not captured")
            return None
        identity = self._identity
        psk = self._secrets.psk(identity)
        if psk is None:
            because(Reason.NO_PSK, f"identity {quoted(identity)} has no key")
            return None
        return self._derive(psk, suite)

    def _derive(self, psk: bytes, suite: Suite) -> bytes | None:
        from analyzer.decryption import schedule

        assert self.client is not None
        assert self.server is not None
        premaster = schedule.premaster_of_psk(psk)
        if not self._security.extended_master_secret:
            return schedule.master_secret(
                premaster, self.client.random, self.server.random, suite.hash
            )
        whole = self._client_sent and self._messages & _DONE
        if self.holes or not whole:
            detail = "a message of its handshake, which the key depends on, was not captured"
            self._security.because(Reason.CUT, detail)
            return None
        digest = new(suite.hash)
        first, *later = self._client_sent
        for part in (first, *self._server_sent, *later):
            digest.update(part)
        return schedule.extended_master_secret(premaster, digest.digest(), suite.hash)

    def _resumed_by_ticket(self) -> bool:
        """A server that takes a ticket need not echo a session ID (RFC 5077 clause 3.4)."""
        assert self.client is not None
        return bool(self.client.extensions.ticket) and not self._messages & _OF_FULL

    def _resumed_master(self) -> bytes | None:
        assert self.client is not None
        found = None
        for name in (self.client.extensions.ticket or b"", self.client.session_id):
            found = found or self._cache.find(name)
        security = self._security
        security.resumed = True
        if found is None:
            security.because(
                Reason.NO_HANDSHAKE, "the handshake of the session it resumes was not captured"
            )
            return None
        security.psk_identity = found.identity
        if found.master is None:
            named = f"of identity {quoted(found.identity)} " if found.identity else ""
            security.because(Reason.NO_SECRET, f"the session {named}it resumes has no key")
        return found.master

    def _remember(self) -> None:
        """So that the session can be resumed elsewhere."""
        if self.server is None or self.newer:
            return
        session = Session(self._master, self._security.psk_identity)
        self._cache.remember(self.server.session_id, session)
        self._cache.remember(self._ticket, session)

    def _no_cryptography(self) -> None:
        self._security.because(
            Reason.NO_CRYPTOGRAPHY, "decrypting needs: pip install 'msgshark[decrypt]'"
        )
