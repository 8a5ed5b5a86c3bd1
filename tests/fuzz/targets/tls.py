# SPDX-License-Identifier: GPL-2.0-only
"""TLS and DTLS in clear: the bytes are records, a handshake message (the first byte its type), and
a certificate."""

from __future__ import annotations

from itertools import pairwise

from dissectors.tls.certificate import read_certificate
from dissectors.tls.details import alert_fields, datagram_words, fragment_fields, record_fields
from dissectors.tls.fields import Field
from dissectors.tls.handshake import Agreed, dtls_fragments, read_message
from dissectors.tls.records import Record, dtls_records, looks_like_dtls, tls_record

AGREED = (None, Agreed(0x0304, "PSK"), Agreed(0x0303, "ECDHE_PSK"), Agreed(0x0303, "RSA"))


def run(data: bytes) -> None:
    _datagram(data)
    _stream(data)
    if not data:
        return
    for dtls in (False, True):
        for agreed in AGREED:
            message = read_message(data[0], data[1:], dtls=dtls, agreed=agreed)
            bare = read_message(data[0], data[1:], dtls=dtls, agreed=agreed, fields=False)
            assert (bare.value, bare.error) == (message.value, message.error)
            assert (message.value is None) == bool(message.error)
            assert -1 <= message.error_at <= len(data) - 1
            _fields(message.fields, len(data) - 1)
    for at in (0, 1):
        read_certificate(data[at:])


def _datagram(data: bytes) -> None:
    assert looks_like_dtls(data) in (True, False)
    for length in (0, 3):
        records = dtls_records(data, length)
        assert sum(record.end - record.start for record in records) == len(data)
        assert datagram_words(data, length).isprintable()
        for before, after in pairwise(records):
            assert before.end == after.start
            assert not before.error
        for record in records:
            _record(record, data, True)
            fragments = dtls_fragments(data, record.body, record.end)
            for fragment in fragments:
                assert record.body <= fragment.start < fragment.body <= fragment.end <= record.end
                _fields(fragment_fields(fragment, data, at=0), len(data))
            _fields(alert_fields(data, record.body, record.end, at=0, dtls=True), len(data))


def _stream(data: bytes) -> None:
    at = 0
    while (record := tls_record(data, at)) is not None and not record.error:
        assert at == record.start < record.body <= record.end <= len(data)
        _record(record, data, False)
        _fields(alert_fields(data, record.body, record.end, at=0, dtls=False), len(data))
        at = record.end


def _record(record: Record, data: bytes, dtls: bool) -> None:
    assert 0 <= record.start < record.end <= len(data)
    assert record.start <= record.body <= record.end
    _fields(record_fields(record, data, at=0, dtls=dtls), len(data))


def _fields(fields: tuple[Field, ...], size: int) -> None:
    for one in fields:
        assert 0 <= one.first <= one.after <= size
