# SPDX-License-Identifier: GPL-2.0-only
"""Handshake messages: field by field as tshark reads them, and whatever the bytes are."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as Tree

import pytest
from decryption.hellos import client_hello, extensions, message, vector
from decryption.recorded import NAMES, PORT, datagrams, path
from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors.tls import numbers
from dissectors.tls.details import alert_fields, datagram_words, fragment_fields, record_fields
from dissectors.tls.fields import MOST_FIELDS, Field
from dissectors.tls.handshake import (
    Agreed,
    Certificate,
    ClientHello,
    ClientKeyExchange,
    Message,
    NewConnectionId,
    NewSessionTicket,
    ServerHello,
    dtls_fragments,
    read_message,
)
from dissectors.tls.records import dtls_records

STEADY = settings(derandomize=True, deadline=None, max_examples=300)
KINDS = st.sampled_from(sorted(numbers.HANDSHAKE_TYPES)) | st.integers(0, 255)
AGREED = st.builds(
    Agreed,
    st.sampled_from([0, numbers.DTLS_1_2, numbers.DTLS_1_3]),
    st.sampled_from(
        ["", "PSK", "ECDHE_PSK", "DHE_PSK", "RSA_PSK", "RSA", "ECDHE_ECDSA", "DHE_RSA"]
    ),
    st.sampled_from([numbers.X509, numbers.RAW_PUBLIC_KEY]),
)


def recorded(name: str) -> list[tuple[int, int, bytes, Agreed, int]]:
    """Frame, type, body, what was agreed on before, and where it stands, of whole messages."""
    found = []
    suite = 0
    for one in datagrams(name):
        for record in dtls_records(one.data):
            if record.content_type != numbers.HANDSHAKE or record.epoch:
                continue
            for fragment in dtls_fragments(one.data, record.body, record.end):
                if not fragment.whole:
                    continue
                body = one.data[fragment.body : fragment.end]
                agreed = Agreed(numbers.DTLS_1_2, numbers.key_exchange(suite))
                found.append((one.frame, fragment.kind, body, agreed, one.at + fragment.body))
                value = read_message(fragment.kind, body, dtls=True).value
                if isinstance(value, ServerHello):
                    suite = value.suite
    return found


MESSAGES = [one for name in NAMES for one in recorded(name)]


def told(name: str) -> list[set[tuple[str, int, int, str]]]:
    """For each frame: name, first byte, bytes and value of each field of tshark's."""
    command = ["tshark", "-r", str(path(name)), "-d", f"udp.port=={PORT},dtls", "-T", "pdml"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [
        {
            (
                field.get("name", ""),
                int(field.get("pos", "0")),
                int(field.get("size", "0")),
                field.get("value", ""),
            )
            for field in packet.iter("field")
        }
        for packet in Tree.fromstring(done.stdout).findall("packet")
    ]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("name", ["coap-openssl", "coap-gnutls", "psk-gcm", "ecdsa-keylog"])
def test_tshark_reads_the_same_fields(name: str) -> None:
    seen = told(name)
    sent = {one.frame: one for one in datagrams(name)}
    fields: list[tuple[int, Field]] = []
    for frame, kind, body, agreed, at in recorded(name):
        read = read_message(kind, body, at=at, dtls=True, agreed=agreed)
        assert not read.error
        if agreed.key_exchange != "ECDHE_PSK":  # of whose messages tshark 4.0 reads nothing
            fields += [(frame, field) for field in read.fields]
    for frame, one in sent.items():
        for record in dtls_records(one.data):
            fields += [
                (frame, field) for field in record_fields(record, one.data, at=one.at, dtls=True)
            ]
            if record.content_type == numbers.HANDSHAKE and not record.epoch:
                for fragment in dtls_fragments(one.data, record.body, record.end):
                    fields += [
                        (frame, field) for field in fragment_fields(fragment, one.data, at=one.at)
                    ]
    assert len(fields) > 100
    for frame, field in fields:
        one = sent[frame]
        value = one.data[field.first - one.at : field.after - one.at].hex()
        assert (field.name, field.first, field.after - field.first, value) in seen[frame - 1]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("dtls13")])
def test_a_line_says_what_a_datagram_has(name: str) -> None:
    command = ["tshark", "-r", str(path(name)), "-d", f"udp.port=={PORT},dtls", "-T", "fields"]
    command += ["-e", "_ws.col.Info"]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)
    lines = done.stdout.replace("Reassembled", "Fragment").splitlines()
    told = [line.replace("Connection ID", "Encrypted Record") for line in lines]
    sizes = {True: len(b"server"), False: len(b"cl") if name.startswith("cid-psk-cbc") else 0}
    assert [datagram_words(one.data, sizes[one.forward]) for one in datagrams(name)] == told


def test_a_line_of_what_tshark_has_no_words_for() -> None:
    record = b"\x16\xfe\xfd" + bytes(8)
    lost = message(11, b"certificate", 1)
    assert datagram_words(b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28") == (
        "Alert (Handshake Failure (0x28))"
    )
    assert datagram_words(record + vector(lost[:-1], 2)) == "Malformed (fragment ends early)"
    assert datagram_words(record) == "Malformed (record header ends early)"
    assert datagram_words(b"\x2b" + bytes(30)) == "Encrypted Record"


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_cipher_suites_have_the_names_of_tshark() -> None:
    done = subprocess.run(["tshark", "-G", "values"], capture_output=True, check=True, timeout=60)
    names = dict[int, str]()
    for line in done.stdout.decode(errors="replace").splitlines():
        parts = line.split("\t")
        if parts[:2] == ["V", "tls.handshake.ciphersuite"]:
            names[int(parts[2], 0)] = parts[3]
    assert {number: names.get(number) for number in numbers.CIPHER_SUITES} == numbers.CIPHER_SUITES


def test_the_key_exchange_stands_in_the_name() -> None:
    assert numbers.key_exchange(0xC0A8) == "PSK"
    assert numbers.key_exchange(0xC0AE) == "ECDHE_ECDSA"
    assert numbers.key_exchange(0x1301) == ""
    assert numbers.key_exchange(0xFFFF) == ""


def value(kind: int, body: bytes, agreed: Agreed | None = None) -> object:
    read = read_message(kind, body, dtls=True, agreed=agreed)
    assert not read.error
    return read.value


def test_a_client_hello() -> None:
    given = {
        numbers.SERVER_NAME: vector(b"\0" + vector(b"as.example", 2), 2),
        numbers.ALPN: vector(vector(b"coap", 1), 2),
        numbers.SUPPORTED_VERSIONS: vector(b"\xfe\xfc\xfe\xfd", 1),
        numbers.CONNECTION_ID: vector(b"cid", 1),
        numbers.SESSION_TICKET: b"ticket",
        numbers.PRE_SHARED_KEY: vector(vector(b"ue-1", 2) + bytes(4), 2) + vector(bytes(33), 2),
        numbers.EXTENDED_MASTER_SECRET: b"",
        0x1234: b"anything",
    }
    hello = value(1, client_hello([0xC0A8, 0x1301], given)[12:])
    assert isinstance(hello, ClientHello)
    assert hello.suites == (0xC0A8, 0x1301)
    found = hello.extensions
    assert (found.server_name, found.alpn) == (b"as.example", (b"coap",))
    assert found.versions == (numbers.DTLS_1_3, numbers.DTLS_1_2)
    assert (found.connection_id, found.ticket) == (b"cid", b"ticket")
    assert found.psk_identities == (b"ue-1",)
    assert found.extended_master_secret
    assert not found.encrypt_then_mac
    assert found.listed == tuple(given)


def test_certificates_come_in_three_forms() -> None:
    chain = vector(b"first", 3) + vector(b"second", 3)
    assert value(11, vector(chain, 3)) == Certificate((b"first", b"second"))
    raw = Agreed(numbers.DTLS_1_2, certificate_type=numbers.RAW_PUBLIC_KEY)
    assert value(11, vector(b"key", 3), raw) == Certificate((b"key",))
    newer = Agreed(numbers.DTLS_1_3)
    entry = vector(b"first", 3) + extensions({5: b"x"}) + vector(b"second", 3) + extensions({})
    assert value(11, b"\0" + vector(entry, 3), newer) == Certificate((b"first", b"second"))


def test_tickets_come_in_two_forms() -> None:
    older = (7).to_bytes(4, "big") + vector(b"ticket", 2)
    assert value(4, older) == NewSessionTicket(7, b"ticket")
    newer = bytes(3) + b"\7" + bytes(4) + b"\1n" + vector(b"ticket", 2) + extensions({})
    assert value(4, newer, Agreed(numbers.DTLS_1_3)) == NewSessionTicket(7, b"ticket")


def test_new_connection_ids() -> None:
    cids = vector(vector(b"one", 1) + vector(b"two", 1), 2) + b"\0"
    assert value(10, cids) == NewConnectionId((b"one", b"two"))


@pytest.mark.parametrize(
    ("exchange", "behind"),
    [
        ("PSK", b""),
        ("ECDHE_PSK", vector(b"p" * 65, 1)),
        ("DHE_PSK", vector(b"y" * 256, 2)),
        ("RSA_PSK", vector(b"e" * 256, 2)),
    ],
)
def test_who_speaks_stands_before_the_rest(exchange: str, behind: bytes) -> None:
    body = vector("ue-ü".encode(), 2) + behind
    read = read_message(16, body, at=100, dtls=True, agreed=Agreed(numbers.DTLS_1_2, exchange))
    assert read.value == ClientKeyExchange("ue-ü".encode())
    assert read.fields[1] == Field("dtls.handshake.identity", "ue-ü".encode(), 102, 107, "ue-ü")


def test_what_does_not_fit_is_told_with_its_byte() -> None:
    hello = client_hello([0xC0A8], {})[12:]
    read = read_message(1, hello[:20], at=50, dtls=True)
    assert (read.value, read.error, read.error_at) == (None, "random ends early", 52)
    assert [field.name for field in read.fields] == ["dtls.handshake.version"]
    read = read_message(1, hello + b"\0", at=50, dtls=True)
    assert (read.error, read.error_at) == ("1 bytes too many", 50 + len(hello))


def holds(read: Message, size: int) -> None:
    assert (read.value is None) == bool(read.error)
    assert (read.error_at >= 0) == bool(read.error)
    assert len(read.fields) <= MOST_FIELDS
    assert all(0 <= field.first < field.after <= size for field in read.fields)


@STEADY
@given(KINDS, st.binary(max_size=200), AGREED, st.booleans())
def test_any_bytes_are_read(kind: int, body: bytes, agreed: Agreed, dtls: bool) -> None:
    holds(read_message(kind, body, dtls=dtls, agreed=agreed), len(body))


def test_every_truncation_is_read() -> None:
    for _, kind, body, agreed, _ in MESSAGES:
        for size in range(len(body)):
            holds(read_message(kind, body[:size], dtls=True, agreed=agreed), size)


@STEADY
@given(st.sampled_from(MESSAGES), st.data())
def test_every_change_is_read(
    one: tuple[int, int, bytes, Agreed, int], data: st.DataObject
) -> None:
    _, kind, body, agreed, _ = one
    changed = bytearray(body or b"\0")
    changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    holds(read_message(kind, bytes(changed), dtls=True, agreed=agreed), len(changed))


def test_fields_are_bounded() -> None:
    read = read_message(1, client_hello(range(30_000), {})[12:], dtls=True)
    assert isinstance(read.value, ClientHello)
    assert len(read.value.suites) == 30_000
    assert len(read.fields) == MOST_FIELDS


@STEADY
@given(st.binary(max_size=100))
def test_fragments_of_any_bytes_stay_inside(data: bytes) -> None:
    found = dtls_fragments(data, 0, len(data))
    at = 0
    for fragment in found:
        assert fragment.start == at
        assert fragment.start < fragment.body <= fragment.end <= len(data) or fragment.error
        at = fragment.end
        assert all(field.after <= len(data) for field in fragment_fields(fragment, data, at=0))
    assert not found or found[-1].error or at == len(data)


def test_a_fragment_past_its_message_is_an_error() -> None:
    data = bytearray(message(20, b"twelve bytes", 3))
    data[8] = 1
    (fragment,) = dtls_fragments(bytes(data), 0, len(data))
    assert fragment.error == "fragment runs past the end of its message"
    assert not re.search("early", fragment.error)


def test_an_alert_has_two_bytes() -> None:
    level, reason = alert_fields(b"\2\x73", 0, 2, at=40, dtls=True)
    assert (level.name, level.text, level.first) == ("dtls.alert_message.level", "Fatal (0x02)", 40)
    assert reason.text == "Unknown PSK Identity (0x73)"
    assert alert_fields(bytes(30), 0, 30, at=40, dtls=True) == ()
