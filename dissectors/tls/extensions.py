# SPDX-License-Identifier: GPL-2.0-only
"""Extensions of hellos, certificates and tickets (RFC 5246 clause 7.4.1.4, RFC 8446 clause 4.2)."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple

from dissectors.tls import numbers
from dissectors.tls.fields import Reader


class Place(IntEnum):
    """The message extensions stand in, which decides on their form."""

    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    HELLO_RETRY_REQUEST = 6
    ENCRYPTED_EXTENSIONS = 8
    OTHER = 0


class Extensions(NamedTuple):
    """What extensions say about keys, records and names; None and empty where they are missing."""

    listed: tuple[int, ...] = ()
    server_name: bytes = b""
    alpn: tuple[bytes, ...] = ()
    versions: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    key_share: int = 0
    """The group a server chose."""
    extended_master_secret: bool = False
    encrypt_then_mac: bool = False
    connection_id: bytes | None = None
    """What the sender wants to be called by, in records to it (RFC 9146 clause 3)."""
    ticket: bytes | None = None
    cookie: bytes = b""
    psk_identities: tuple[bytes, ...] = ()
    psk_selected: int = -1
    early_data: bool = False
    client_certificate_type: int = numbers.X509
    server_certificate_type: int = numbers.X509


_Values = dict[str, object]
NO_EXTENSIONS: Final = Extensions()


def read_extensions(reader: Reader, place: Place) -> Extensions:
    """All that is left of a message: the list of extensions, which may be missing altogether."""
    if not reader.left:
        return NO_EXTENSIONS
    inner = reader.list("handshake.extensions_length", 2)
    found: _Values = {}
    seen: list[int] = []
    while inner.left:
        number = inner.number("handshake.extension.type", 2, numbers.EXTENSIONS)
        body = inner.list("handshake.extension.len", 2)
        seen.append(number)
        read = _READERS.get(number)
        if read is None:
            _unread(body)
        else:
            read(body, place, found)
            body.finish()
    return Extensions(listed=tuple(seen), **found)  # type: ignore[arg-type]


def _unread(body: Reader) -> None:
    if body.left:
        body.octets("handshake.extension.data", body.left)


def _server_name(body: Reader, place: Place, found: _Values) -> None:
    if place is not Place.CLIENT_HELLO:
        return _unread(body)
    names = body.list("handshake.extensions_server_name_list_len", 2)
    while names.left:
        kind = names.number("handshake.extensions_server_name_type", 1)
        name = names.vector(
            "handshake.extensions_server_name",
            2,
            length="handshake.extensions_server_name_len",
            words=True,
        )
        if kind == 0:
            found.setdefault("server_name", name)


def _groups(body: Reader, place: Place, found: _Values) -> None:
    groups = body.list("handshake.extensions_supported_groups_length", 2)
    name = "handshake.extensions_supported_group"
    found["groups"] = groups.numbers(name, 2, numbers.GROUPS)


def _alpn(body: Reader, place: Place, found: _Values) -> None:
    names = body.list("handshake.extensions_alpn_len", 2)
    read = []
    while names.left:
        read.append(
            names.vector(
                "handshake.extensions_alpn_str",
                1,
                length="handshake.extensions_alpn_str_len",
                words=True,
            )
        )
    found["alpn"] = tuple(read)


def _versions(body: Reader, place: Place, found: _Values) -> None:
    name = "handshake.extensions.supported_version"
    if place is Place.CLIENT_HELLO:
        body = body.list("handshake.extensions.supported_versions_len", 1)
    found["versions"] = body.numbers(name, 2, numbers.VERSIONS)
    body.finish()


def _key_share(body: Reader, place: Place, found: _Values) -> None:
    if place is Place.HELLO_RETRY_REQUEST:
        name = "handshake.extensions_key_share_selected_group"
        found["key_share"] = body.number(name, 2, numbers.GROUPS)
        return
    if place is Place.CLIENT_HELLO:
        body = body.list("handshake.extensions_key_share_client_length", 2)
    while body.left:
        group = body.number("handshake.extensions_key_share_group", 2, numbers.GROUPS)
        body.vector("handshake.extensions_key_share_key_exchange", 2)
        if place is Place.SERVER_HELLO:
            found["key_share"] = group
            return


def _pre_shared_key(body: Reader, place: Place, found: _Values) -> None:
    if place is not Place.CLIENT_HELLO:
        found["psk_selected"] = body.number("handshake.extensions.psk.identity.selected", 2)
        return
    offered = body.list("handshake.extensions.psk.identities.length", 2)
    identities = []
    while offered.left:
        name = "handshake.extensions.psk.identity.identity"
        identities.append(offered.vector(name, 2, words=True))
        offered.number("handshake.extensions.psk.identity.obfuscated_ticket_age", 4)
    found["psk_identities"] = tuple(identities)
    body.vector("handshake.extensions.psk.binders", 2)


def _cookie(body: Reader, place: Place, found: _Values) -> None:
    found["cookie"] = body.vector("handshake.extensions.cookie", 2)


def _connection_id(body: Reader, place: Place, found: _Values) -> None:
    found["connection_id"] = body.vector("connection_id", 1)


def _ticket(body: Reader, place: Place, found: _Values) -> None:
    found["ticket"] = body.octets("handshake.extension.data", body.left) if body.left else b""


def _certificate_types(which: str) -> Callable[[Reader, Place, _Values], None]:
    def read(body: Reader, place: Place, found: _Values) -> None:
        name = "handshake.cert_type.type"
        if place is Place.CLIENT_HELLO:
            types = body.list("handshake.cert_type.types_len", 1)
            types.numbers(name, 1, numbers.CERTIFICATE_TYPES)
        else:
            found[which] = body.number(name, 1, numbers.CERTIFICATE_TYPES)

    return read


def _flag(which: str) -> Callable[[Reader, Place, _Values], None]:
    def read(body: Reader, place: Place, found: _Values) -> None:
        found[which] = True
        if which == "early_data":
            _unread(body)  # a ticket tells how much

    return read


def _renegotiation(body: Reader, place: Place, found: _Values) -> None:
    name = "handshake.extensions_reneg_info"
    body.vector(name, 1, length=f"{name}_len")


def _signature_algorithms(body: Reader, place: Place, found: _Values) -> None:
    listed = body.list("handshake.sig_hash_alg_len", 2)
    listed.numbers("handshake.sig_hash_alg", 2, numbers.SIGNATURES)


def _point_formats(body: Reader, place: Place, found: _Values) -> None:
    name = "handshake.extensions_ec_point_format"
    body.list(f"{name}s_length", 1).numbers(name, 1, None)


def _record_size_limit(body: Reader, place: Place, found: _Values) -> None:
    body.number("record_size_limit", 2)


_READERS: Final[dict[int, Callable[[Reader, Place, _Values], None]]] = {
    numbers.SERVER_NAME: _server_name,
    numbers.SUPPORTED_GROUPS: _groups,
    numbers.POINT_FORMATS: _point_formats,
    numbers.SIGNATURE_ALGORITHMS: _signature_algorithms,
    numbers.ALPN: _alpn,
    numbers.CLIENT_CERTIFICATE_TYPE: _certificate_types("client_certificate_type"),
    numbers.SERVER_CERTIFICATE_TYPE: _certificate_types("server_certificate_type"),
    numbers.ENCRYPT_THEN_MAC: _flag("encrypt_then_mac"),
    numbers.EXTENDED_MASTER_SECRET: _flag("extended_master_secret"),
    numbers.RECORD_SIZE_LIMIT: _record_size_limit,
    numbers.SESSION_TICKET: _ticket,
    numbers.PRE_SHARED_KEY: _pre_shared_key,
    numbers.EARLY_DATA: _flag("early_data"),
    numbers.SUPPORTED_VERSIONS: _versions,
    numbers.COOKIE: _cookie,
    numbers.KEY_SHARE: _key_share,
    numbers.CONNECTION_ID: _connection_id,
    numbers.RENEGOTIATION_INFO: _renegotiation,
}
