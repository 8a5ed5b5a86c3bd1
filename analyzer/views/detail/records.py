# SPDX-License-Identifier: GPL-2.0-only
"""Records of TLS and DTLS in a packet, and the handshake messages in them that are in clear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Final

from analyzer.views.detail.coap import named
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.secured import security_node
from analyzer.views.escape import escape
from analyzer.views.inks import line
from analyzer.views.wording import plural
from dissectors.tls import numbers
from dissectors.tls.details import alert_fields, fragment_fields, record_fields
from dissectors.tls.fields import Field, Reader
from dissectors.tls.handshake import (
    TLS_HEADER,
    Agreed,
    Message,
    dtls_fragments,
    read_message,
)
from dissectors.tls.records import Record, dtls_records, tls_record

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow

_MOST_SHOWN: Final = 64
"""Records told one by one."""

_TITLES: Final = {True: "Datagram Transport Layer Security", False: "Transport Layer Security"}
_NOTHING: Final = Agreed()


class Clear(Enum):
    """What is in clear: in DTLS what the epoch of a record tells; in TLS no record tells it, so who
    asks has to."""

    DTLS = 0
    NOTHING = 1
    """TLS, of which all is protected."""
    BEGINNING = 2
    """TLS, of which all up to a ChangeCipherSpec is in clear."""


def records_node(
    data: bytes, base: int, clear: Clear, by_client: bool, flow: SecuredFlow | None
) -> Node:
    """The records in what UDP or TCP carries, which begins at `base`, and what was agreed on."""
    dtls = clear is Clear.DTLS
    found = _dtls(data, by_client, flow) if dtls else list(_tls(data))
    agreed = _agreed(flow)
    shown = []
    for record in found[:_MOST_SHOWN]:
        in_clear = not record.epoch and not record.unified if dtls else clear is Clear.BEGINNING
        shown.append(_record(record, data, base, dtls, in_clear, agreed))
        if record.content_type == numbers.CHANGE_CIPHER_SPEC and not dtls:
            clear = Clear.NOTHING
    if not shown and data:
        shown.append(Node(line("[The packet goes on with a record of one before]"), key="goes on"))
    if flow is not None:
        shown.append(security_node(flow))
    field = "dtls" if dtls else "tls"
    span = (base, base + len(data))
    return Node(line(_TITLES[dtls]), span, tuple(shown), key=field, field=field)


def step_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    """Of a packet's nodes those of steps of a handshake, in their order: messages and pieces of
    them, and records that have none in clear."""
    for node in nodes:
        if node.key in ("dtls", "tls"):
            for record in node.children:
                if record.key.startswith("record"):
                    told = [one for one in record.children if one.key.startswith("handshake")]
                    yield from told or [record]


def _agreed(flow: SecuredFlow | None) -> Agreed:
    """On what the form of messages depends. Which kind of certificate it was, they show."""
    if flow is None or not flow.security.version:
        return _NOTHING
    exchange = numbers.key_exchange(flow.security.cipher_suite)
    return Agreed(flow.security.version, exchange)


def _dtls(data: bytes, by_client: bool, flow: SecuredFlow | None) -> list[Record]:
    """A record has the Connection ID that its receiver chose (RFC 9146 clause 3)."""
    cid = None
    if flow is not None:
        cid = flow.security.server_cid if by_client else flow.security.client_cid
    return dtls_records(data, len(cid or b""))


def _tls(data: bytes) -> Iterator[Record]:
    """The whole records of a segment that begins with one."""
    at = 0
    while at < len(data):
        record = tls_record(data, at)
        if record is None or record.error:
            return
        yield record
        at = record.end


def _record(
    record: Record, data: bytes, base: int, dtls: bool, clear: bool, agreed: Agreed
) -> Node:
    kind = numbers.CONTENT_TYPES.get(record.content_type, f"content type {record.content_type}")
    version = numbers.VERSIONS.get(record.version, "")
    words = f"{version or ('DTLS 1.3' if dtls else 'TLS')} Record Layer: "
    words += "Encrypted record" if record.unified else f"{kind} Protocol"
    children = [*_fields(record_fields(record, data, at=base, dtls=dtls))]
    told: list[Node] = []
    if clear and not record.error:
        if record.content_type == numbers.HANDSHAKE:
            told = list((_fragments if dtls else _messages)(record, data, base, agreed))
        elif record.content_type == numbers.ALERT:
            told = list(_fields(alert_fields(data, record.body, record.end, at=base, dtls=dtls)))
    span = (base + record.body, base + record.end)
    if record.error:
        children.append(Node(line(f"[{record.error}]", "warning"), key="error"))
    elif told:
        children += told
    elif record.content_type == numbers.CHANGE_CIPHER_SPEC and record.end == record.body + 1:
        children.append(Node(line("Change Cipher Spec Message"), span, key="change"))
    elif record.end > record.body:
        size = plural(record.end - record.body, "byte")
        children.append(Node(named("Encrypted", size), span, key="encrypted"))
    whole = (base + record.start, base + record.end)
    return Node(line(words), whole, tuple(children), key=f"record {record.start}")


def _fragments(record: Record, data: bytes, base: int, agreed: Agreed) -> Iterator[Node]:
    """Messages of DTLS in clear, and pieces of such."""
    for fragment in dtls_fragments(data, record.body, record.end):
        fields = list(fragment_fields(fragment, data, at=base))
        error = fragment.error
        if fragment.whole and not error:
            body = data[fragment.body : fragment.end]
            message = _read(fragment.kind, body, base + fragment.body, True, agreed)
            fields += message.fields
            error = message.error
        piece = "" if fragment.whole else " (fragment)"
        span = (base + fragment.start, base + fragment.end)
        yield _handshake(fragment.kind, piece, fields, error, span)


def _messages(record: Record, data: bytes, base: int, agreed: Agreed) -> Iterator[Node]:
    """Messages of TLS in clear that begin in a record, and the piece of one that goes on."""
    at = record.body
    while record.end - at >= TLS_HEADER:
        body = at + TLS_HEADER
        end = body + int.from_bytes(data[at + 1 : body], "big")
        reader = Reader(data, at, body, base, "tls.")
        kind = reader.number("handshake.type", 1, numbers.HANDSHAKE_TYPES)
        reader.number("handshake.length", 3)
        fields, error, piece = list(reader.fields), "", ""
        if end > record.end:
            piece = " (fragment)"
        else:
            message = _read(kind, data[body:end], base + body, False, agreed)
            fields += message.fields
            error = message.error
        span = (base + at, base + min(end, record.end))
        yield _handshake(kind, piece, fields, error, span)
        at = end


def _read(kind: int, body: bytes, at: int, dtls: bool, agreed: Agreed) -> Message:
    message = read_message(kind, body, at=at, dtls=dtls, agreed=agreed)
    if message.error and kind == numbers.CERTIFICATE:
        bare = agreed._replace(certificate_type=numbers.RAW_PUBLIC_KEY)
        other = read_message(kind, body, at=at, dtls=dtls, agreed=bare)
        return message if other.error else other
    return message


def _handshake(
    kind: int, piece: str, fields: Iterable[Field], error: str, span: tuple[int, int]
) -> Node:
    name = numbers.HANDSHAKE_TYPES.get(kind, f"type {kind}")
    children = list(_fields(fields))
    if error:
        children.append(Node(line(f"[{error}]", "warning"), key="error"))
    words = f"Handshake Protocol: {name}{piece}"
    return Node(line(words), span, tuple(children), key=f"handshake {span[0]}", expanded=True)


def _fields(fields: Iterable[Field]) -> Iterator[Node]:
    for number, field in enumerate(fields):
        title = field.name.rpartition(".")[2].replace("_", " ").capitalize()
        shown = named("  " * field.level + title, escape(field.text, 200))
        yield Node(shown, (field.first, field.after), key=f"{number} {field.name}")
