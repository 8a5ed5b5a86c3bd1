# SPDX-License-Identifier: GPL-2.0-only
"""Record headers of TLS, DTLS 1.2 and 1.3."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors.tls.details import record_fields
from dissectors.tls.records import MOST_TLS, Record, dtls_records, looks_like_dtls, tls_record

STEADY = settings(derandomize=True, deadline=None, max_examples=300)
PLAIN = bytes.fromhex("16fefd 0001 000000000007 0003") + b"abc"
NAMED = bytes.fromhex("19fefd 0001 000000000007") + b"cid" + b"\0\3abc"
BYTES = st.binary(max_size=60) | st.binary(max_size=40).map(lambda tail: PLAIN[:11] + tail)


def test_records_of_one_datagram() -> None:
    first, second = dtls_records(PLAIN + NAMED, 3)
    assert first == Record(22, 0xFEFD, 1, 7, b"", 0, 13, 16)
    assert second == Record(25, 0xFEFD, 1, 7, b"cid", 16, 32, 35)


def test_a_unified_header_has_what_its_bits_tell() -> None:
    both = b"\x3d" + b"cid" + b"\x12\x34" + b"\0\4" + bytes(4)
    (record,) = dtls_records(both, 3)
    assert record.unified
    assert (record.epoch, record.sequence, record.cid) == (1, 0x1234, b"cid")
    assert (record.sequence_at, record.sequence_length) == (4, 2)
    assert (record.body, record.end) == (8, 12)
    (record,) = dtls_records(b"\x23\x12" + bytes(9))
    assert (record.epoch, record.sequence, record.body, record.end) == (3, 0x12, 2, 11)
    names = [field.name for field in record_fields(record, b"\x23\x12" + bytes(9), at=0, dtls=True)]
    assert names == ["dtls.unified_hdr", "dtls.record.encrypted_sequence_number"]


def test_what_does_not_fit_ends_the_reading() -> None:
    assert [record.error for record in dtls_records(PLAIN + PLAIN[:-1])] == [
        "",
        "record ends early",
    ]
    assert dtls_records(PLAIN[:12])[0].error == "record header ends early"
    assert dtls_records(b"\x40\1\0\1")[0].error == "not a DTLS record"
    assert dtls_records(b"\x16\3\3" + PLAIN[3:])[0].error == "not a DTLS record"


def test_a_stream_has_records_when_they_are_whole() -> None:
    data = b"\x17\3\3\0\2ab" * 2
    assert tls_record(data, 7) == Record(23, 0x0303, 0, 0, b"", 7, 12, 14)
    assert tls_record(data[:-1], 7) is None
    assert tls_record(data[:10], 7) is None
    long = tls_record(b"\x17\3\3" + (MOST_TLS + 1).to_bytes(2, "big"), 0)
    assert long is not None
    assert long.error == "record too long"
    other = tls_record(b"GET / HTTP/1.1", 0)
    assert other is not None
    assert other.error == "not a TLS record"


def test_datagrams_that_begin_like_dtls() -> None:
    assert looks_like_dtls(PLAIN)
    assert looks_like_dtls(b"\x2f" + bytes(30))
    assert not looks_like_dtls(b"")
    assert not looks_like_dtls(b"\x40\1\0\1")
    assert not looks_like_dtls(b"\x16\3\3" + bytes(20))


@STEADY
@given(BYTES, st.integers(0, 20))
def test_any_bytes_are_read(data: bytes, cid_length: int) -> None:
    at = 0
    for record in dtls_records(data, cid_length):
        assert record.start == at
        assert at < record.end <= len(data)
        assert record.start <= record.body <= record.end
        assert bool(record.error) <= (record.end == len(data))
        for field in record_fields(record, data, at=0, dtls=True):
            assert at <= field.first < field.after <= record.body
        at = record.end
    assert at == len(data)


@STEADY
@given(st.binary(max_size=60), st.integers(0, 20))
def test_any_stream_is_read(data: bytes, at: int) -> None:
    record = tls_record(data, min(at, len(data)))
    assert record is None or record.start <= record.body
    assert record is None or record.end <= len(data)
