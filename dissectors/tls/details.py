# SPDX-License-Identifier: GPL-2.0-only
"""Headers of records and of handshake fragments, and alerts, field by field for the detail tree;
and what a datagram has, in a line.

`at` is where the datagram, or the stream's bytes, stand in their packet.
"""

from __future__ import annotations

from dissectors.tls import numbers
from dissectors.tls.fields import Field, Reader
from dissectors.tls.handshake import Fragment, dtls_fragments
from dissectors.tls.records import Record, dtls_records


def record_fields(record: Record, data: bytes, *, at: int, dtls: bool) -> tuple[Field, ...]:
    """The header; of one that ends early, nothing. Hidden numbers of DTLS 1.3 stay hidden."""
    if record.body == record.start or (record.error and record.body == record.end):
        return ()
    reader = Reader(data, record.start, record.body, at, "dtls." if dtls else "tls.")
    if record.sequence_length:
        reader.number("unified_hdr", 1)
        reader.octets("record.connection_id", len(record.cid))
        reader.octets("record.encrypted_sequence_number", record.sequence_length)
    else:
        reader.number("record.content_type", 1, numbers.CONTENT_TYPES)
        reader.number("record.version", 2, numbers.VERSIONS)
        if dtls:
            reader.number("record.epoch", 2)
            reader.number("record.sequence_number", 6)
        reader.octets("record.connection_id", len(record.cid))
    if reader.left:
        reader.number("record.length", 2)
    return tuple(reader.fields)


def fragment_fields(fragment: Fragment, data: bytes, *, at: int) -> tuple[Field, ...]:
    """The header of a handshake message of DTLS, or of a piece of one (RFC 6347 clause 4.2.2)."""
    if fragment.body == fragment.end and fragment.error:
        return ()
    reader = Reader(data, fragment.start, fragment.body, at, "dtls.")
    reader.number("handshake.type", 1, numbers.HANDSHAKE_TYPES)
    reader.number("handshake.length", 3)
    reader.number("handshake.message_seq", 2)
    reader.number("handshake.fragment_offset", 3)
    reader.number("handshake.fragment_length", 3)
    return tuple(reader.fields)


def alert_fields(data: bytes, start: int, end: int, *, at: int, dtls: bool) -> tuple[Field, ...]:
    """An alert in clear, which has two bytes; of one that has more, nothing: it is encrypted."""
    if end - start != 2 or end > len(data):
        return ()
    reader = Reader(data, start, end, at, "dtls." if dtls else "tls.")
    reader.number("alert_message.level", 1, numbers.ALERT_LEVELS)
    reader.number("alert_message.desc", 1, numbers.ALERTS)
    return tuple(reader.fields)


def datagram_words(data: bytes, cid_length: int = 0) -> str:
    """What the records of a datagram are, `Server Hello, Certificate (Fragment)`."""
    told: list[str] = []
    for record in dtls_records(data, cid_length):
        if record.error:
            told.append(f"Malformed ({record.error})")
        elif record.content_type == numbers.HANDSHAKE and not record.epoch:
            fragments = dtls_fragments(data, record.body, record.end)
            told += [_fragment_words(fragment) for fragment in fragments]
        elif record.content_type == numbers.ALERT and not record.epoch:
            fields = alert_fields(data, record.body, record.end, at=0, dtls=True)
            told.append(f"Alert ({fields[1].text})" if fields else "Alert")
        elif record.sequence_length or record.content_type == numbers.TLS12_CID:
            told.append("Encrypted Record")
        else:
            told.append(_RECORDS.get(record.content_type, "Record"))
    return ", ".join(told)


_RECORDS = {
    **numbers.CONTENT_TYPES,
    numbers.HANDSHAKE: "Encrypted Handshake Message",
    numbers.ALERT: "Encrypted Alert",
}


def _fragment_words(fragment: Fragment) -> str:
    if fragment.error:
        return f"Malformed ({fragment.error})"
    name = numbers.HANDSHAKE_TYPES.get(fragment.kind, f"Handshake {fragment.kind}")
    return name if fragment.whole else f"{name} (Fragment)"
