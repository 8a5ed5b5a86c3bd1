# SPDX-License-Identifier: GPL-2.0-only
"""Handshake messages of TLS and DTLS: bytes -> values, and fields with their bytes.

`read_message` takes the body of one whole message and never raises: where it does not fit, the
fields before that are kept, `value` is None and `error` tells why. RFC 5246 clause 7.4, RFC 6347
clause 4.2, RFC 4279 and 5489 (pre-shared keys), RFC 8446 clause 4, RFC 9147 clause 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from dissectors.tls import numbers
from dissectors.tls.cipher_suites import CIPHER_SUITES
from dissectors.tls.extensions import Extensions, Place, read_extensions
from dissectors.tls.fields import Field, MalformedError, Reader

TLS_HEADER: Final = 4
DTLS_HEADER: Final = 12


class Agreed(NamedTuple):
    """What earlier messages said, on which the form of later ones depends."""

    version: int = 0
    key_exchange: str = ""
    certificate_type: int = numbers.X509


class ClientHello(NamedTuple):
    version: int
    random: bytes
    session_id: bytes
    cookie: bytes
    suites: tuple[int, ...]
    extensions: Extensions


class ServerHello(NamedTuple):
    """Also a HelloRetryRequest of 1.3. `version` is the one agreed on, wherever it stands."""

    version: int
    random: bytes
    session_id: bytes
    suite: int
    extensions: Extensions
    retry: bool


class HelloVerifyRequest(NamedTuple):
    version: int
    cookie: bytes


class EncryptedExtensions(NamedTuple):
    extensions: Extensions


class Certificate(NamedTuple):
    """DER, the sender's first; of a raw public key (RFC 7250) its SubjectPublicKeyInfo."""

    chain: tuple[bytes, ...]


class ServerKeyExchange(NamedTuple):
    psk_hint: bytes
    group: int


class ClientKeyExchange(NamedTuple):
    psk_identity: bytes


class NewSessionTicket(NamedTuple):
    lifetime: int
    ticket: bytes


class KeyUpdate(NamedTuple):
    requested: bool


class NewConnectionId(NamedTuple):
    cids: tuple[bytes, ...]


class Plain(NamedTuple):
    """A message of which nothing is needed but that it came."""


Body = (
    ClientHello
    | ServerHello
    | HelloVerifyRequest
    | EncryptedExtensions
    | Certificate
    | ServerKeyExchange
    | ClientKeyExchange
    | NewSessionTicket
    | KeyUpdate
    | NewConnectionId
    | Plain
)


class Message(NamedTuple):
    """One handshake message; `error_at` is where it does not fit, -1 for nowhere."""

    kind: int
    value: Body | None
    fields: tuple[Field, ...]
    error: str = ""
    error_at: int = -1


class Fragment(NamedTuple):
    """A piece of a DTLS handshake message (RFC 6347 clause 4.2.2), its bytes `body` to `end`."""

    kind: int
    length: int
    message_seq: int
    offset: int
    start: int
    body: int
    end: int
    error: str = ""

    @property
    def whole(self) -> bool:
        return self.offset == 0 and self.end - self.body == self.length


def dtls_fragments(data: bytes, start: int, end: int) -> list[Fragment]:
    """The handshake messages, or pieces of them, in one DTLS record."""
    found = []
    at = start
    while at < end:
        body = at + DTLS_HEADER
        if body > end:
            found.append(Fragment(data[at], 0, 0, 0, at, end, end, "handshake header ends early"))
            break
        length = int.from_bytes(data[at + 1 : at + 4], "big")
        message_seq = data[at + 4] << 8 | data[at + 5]
        offset = int.from_bytes(data[at + 6 : at + 9], "big")
        size = int.from_bytes(data[at + 9 : at + 12], "big")
        error = ""
        if offset + size > length:
            error = "fragment runs past the end of its message"
        elif body + size > end:
            error = "fragment ends early"
        after = min(body + size, end)
        found.append(Fragment(data[at], length, message_seq, offset, at, body, after, error))
        if error:
            break
        at = after
    return found


def read_message(
    kind: int,
    body: bytes,
    *,
    at: int = 0,
    dtls: bool,
    agreed: Agreed | None = None,
    fields: bool = True,
) -> Message:
    """One whole message of this handshake type; its first byte behind the header stands at `at`.

    Without `fields` it has its value alone, which takes less time.
    """
    reader = Reader(body, 0, len(body), at, ("dtls." if dtls else "tls.") if fields else "")
    read = _READERS.get(kind, _plain)
    try:
        value = read(reader, dtls, agreed or _NOTHING)
        reader.finish()
    except MalformedError as error:
        return Message(kind, None, tuple(reader.fields), str(error), error.at)
    return Message(kind, value, tuple(reader.fields))


_NOTHING: Final = Agreed()


def _client_hello(reader: Reader, dtls: bool, agreed: Agreed) -> ClientHello:
    version = reader.number("handshake.version", 2, numbers.VERSIONS)
    random = reader.octets("handshake.random", 32)
    session_id = reader.vector("handshake.session_id", 1)
    cookie = reader.vector("handshake.cookie", 1) if dtls else b""
    offered = reader.list("handshake.cipher_suites_length", 2)
    suites = offered.numbers("handshake.ciphersuite", 2, CIPHER_SUITES)
    methods = reader.list("handshake.comp_methods_length", 1)
    methods.numbers("handshake.comp_method", 1, None)
    extensions = read_extensions(reader, Place.CLIENT_HELLO)
    return ClientHello(version, random, session_id, cookie, suites, extensions)


def _server_hello(reader: Reader, dtls: bool, agreed: Agreed) -> ServerHello:
    version = reader.number("handshake.version", 2, numbers.VERSIONS)
    random = reader.octets("handshake.random", 32)
    session_id = reader.vector("handshake.session_id", 1)
    suite = reader.number("handshake.ciphersuite", 2, CIPHER_SUITES)
    reader.number("handshake.comp_method", 1)
    retry = random == numbers.RETRY_RANDOM
    place = Place.HELLO_RETRY_REQUEST if retry else Place.SERVER_HELLO
    extensions = read_extensions(reader, place)
    version = extensions.versions[0] if extensions.versions else version
    return ServerHello(version, random, session_id, suite, extensions, retry)


def _hello_verify_request(reader: Reader, dtls: bool, agreed: Agreed) -> HelloVerifyRequest:
    version = reader.number("handshake.version", 2, numbers.VERSIONS)
    return HelloVerifyRequest(version, reader.vector("handshake.cookie", 1))


def _encrypted_extensions(reader: Reader, dtls: bool, agreed: Agreed) -> EncryptedExtensions:
    return EncryptedExtensions(read_extensions(reader, Place.ENCRYPTED_EXTENSIONS))


def _certificate(reader: Reader, dtls: bool, agreed: Agreed) -> Certificate:
    newer = agreed.version in (numbers.TLS_1_3, numbers.DTLS_1_3)
    if newer:
        reader.vector("handshake.certificate_request_context", 1)
    elif agreed.certificate_type == numbers.RAW_PUBLIC_KEY:
        # RFC 7250 clause 3: the key stands in place of the list
        return Certificate((reader.vector("handshake.certificate", 3),))
    listed = reader.list("handshake.certificates_length", 3)
    chain = []
    while listed.left:
        chain.append(listed.vector("handshake.certificate", 3))
        if newer:
            read_extensions(listed.part(_extensions_size(listed), "extensions"), Place.OTHER)
    return Certificate(tuple(chain))


def _extensions_size(reader: Reader) -> int:
    """Bytes of a list of extensions that more may follow, with its length."""
    return 2 + int.from_bytes(reader.data[reader.at : min(reader.at + 2, reader.end)], "big")


def _server_key_exchange(reader: Reader, dtls: bool, agreed: Agreed) -> ServerKeyExchange:
    exchange = agreed.key_exchange
    hint, group = b"", 0
    if exchange == "PSK" or exchange.endswith("_PSK"):
        hint = reader.vector("handshake.hint", 2, length="handshake.hint_len", words=True)
    if exchange.startswith("ECDHE_"):
        reader.number("handshake.server_curve_type", 1)
        group = reader.number("handshake.server_named_curve", 2, numbers.GROUPS)
        reader.vector("handshake.server_point", 1, length="handshake.server_point_len")
    elif exchange.startswith("DHE_"):
        for name in ("p", "g", "ys"):
            reader.vector(f"handshake.{name}", 2, length=f"handshake.{name}_len")
    if reader.left and agreed.version in (numbers.TLS_1_2, numbers.DTLS_1_2) and group:
        reader.number("handshake.sig_hash_alg", 2, numbers.SIGNATURES)
        reader.vector("handshake.sig", 2, length="handshake.sig_len")
    elif reader.left:
        reader.octets("handshake.sig", reader.left)
    return ServerKeyExchange(hint, group)


def _client_key_exchange(reader: Reader, dtls: bool, agreed: Agreed) -> ClientKeyExchange:
    exchange = agreed.key_exchange
    identity = b""
    if exchange == "PSK" or exchange.endswith("_PSK"):
        name = "handshake.identity"
        identity = reader.vector(name, 2, length=f"{name}_len", words=True)
    if exchange.startswith("ECDHE_"):
        reader.vector("handshake.client_point", 1, length="handshake.client_point_len")
    elif exchange.startswith("DHE_"):
        reader.vector("handshake.yc", 2, length="handshake.yc_len")
    elif exchange.startswith("RSA"):
        reader.vector("handshake.epms", 2, length="handshake.epms_len")
    elif exchange != "PSK":
        reader.octets("handshake.client_point", reader.left)
    return ClientKeyExchange(identity)


def _new_session_ticket(reader: Reader, dtls: bool, agreed: Agreed) -> NewSessionTicket:
    newer = agreed.version in (numbers.TLS_1_3, numbers.DTLS_1_3)
    lifetime = reader.number("handshake.session_ticket_lifetime_hint", 4)
    if newer:
        reader.number("handshake.session_ticket_age_add", 4)
        reader.vector("handshake.session_ticket_nonce", 1)
    ticket = reader.vector("handshake.session_ticket", 2)
    if newer:
        read_extensions(reader, Place.OTHER)
    return NewSessionTicket(lifetime, ticket)


def _finished(reader: Reader, dtls: bool, agreed: Agreed) -> Plain:
    reader.octets("handshake.verify_data", reader.left)
    return Plain()


def _key_update(reader: Reader, dtls: bool, agreed: Agreed) -> KeyUpdate:
    return KeyUpdate(reader.number("handshake.key_update.request_update", 1) == 1)


def _new_connection_id(reader: Reader, dtls: bool, agreed: Agreed) -> NewConnectionId:
    listed = reader.list("connection_ids_length", 2)
    cids = []
    while listed.left:
        cids.append(listed.vector("connection_id", 1))
    reader.number("connection_id_usage", 1)
    return NewConnectionId(tuple(cids))


def _plain(reader: Reader, dtls: bool, agreed: Agreed) -> Plain:
    reader.at = reader.end
    return Plain()


_READERS: Final[dict[int, Callable[[Reader, bool, Agreed], Body]]] = {
    numbers.CLIENT_HELLO: _client_hello,
    numbers.SERVER_HELLO: _server_hello,
    numbers.HELLO_VERIFY_REQUEST: _hello_verify_request,
    numbers.NEW_SESSION_TICKET: _new_session_ticket,
    numbers.ENCRYPTED_EXTENSIONS: _encrypted_extensions,
    numbers.NEW_CONNECTION_ID: _new_connection_id,
    numbers.CERTIFICATE: _certificate,
    numbers.SERVER_KEY_EXCHANGE: _server_key_exchange,
    numbers.CLIENT_KEY_EXCHANGE: _client_key_exchange,
    numbers.FINISHED: _finished,
    numbers.KEY_UPDATE: _key_update,
}
