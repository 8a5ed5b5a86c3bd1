# SPDX-License-Identifier: GPL-2.0-only
"""CoAP messages as bytes from the RFCs, and strategies for others."""

from __future__ import annotations

from hypothesis import strategies as st

from dissectors.coap import numbers
from dissectors.coap.numbers import Format

from .near_valid import Made, allowed

PATH = b"\xbbtemperature"
BODY = b"\xff22.3 C"
TOKEN_300 = bytes(range(256)) + bytes(44)

CLEAN: dict[str, bytes] = {
    # RFC 7252 Appendix A, figures 16 to 22
    "get": b"\x40\x01\x7d\x34" + PATH,
    "piggybacked": b"\x60\x45\x7d\x34" + BODY,
    "get with token": b"\x41\x01\x7d\x35\x20" + PATH,
    "piggybacked with token": b"\x61\x45\x7d\x35\x20" + BODY,
    "empty acknowledgement": b"\x60\x00\x7d\x38",
    "separate response": b"\x41\x45\xad\x7b\x53" + BODY,
    "non-confirmable get": b"\x51\x01\x7d\x40\x75" + PATH,
    "non-confirmable response": b"\x51\x45\xad\x7c\x75" + BODY,
    "reset": b"\x70\x00\x7d\x40",
    "ping": b"\x40\x00\x00\x01",
    # RFC 7641 Appendix A.1
    "observe": b"\x41\x01\x16\x33\x4a\x60\x5btemperature",
    "observe accepted": b"\x61\x45\x16\x33\x4a\x61\x09\x81\x0f\xff18.5 Cel",
    "notification": b"\x51\x45\x7b\x50\x4a\x61\x10\x81\x0f\xff19.2 Cel",
    # RFC 7959 clause 3: figures 2 (2:0/1/128), 3 (2:2/0/64), 7 (1:0/1/128)
    "block2": b"\x60\x45\x04\xd2\xd1\x0a\x0b\xff" + bytes(128),
    "block2 asked": b"\x40\x01\x04\xd4\xb6status\xc1\x22",
    "block1": b"\x40\x03\x04\xd2\xb7options\xd1\x03\x0b\xff" + bytes(128),
    "block1 continue": b"\x60\x5f\x04\xd2\xd1\x0e\x0b",
    # RFC 7967 clause 4.1
    "no response": b"\x51\x03\x7d\x38\x53\xbd\x02vehicle-stat-00\x10\xd1\xe9\x1a\xff"
    b"VehID=00&RouteID=DN47&Lat=22.5658745&Long=88.4107966667&Time=2013-01-13T11:24:31",
    # RFC 8613 Appendix C.4, C.5, C.7: plain, protected, request and response
    "oscore plain": bytes.fromhex("44015d1f00003974396c6f63616c686f737483747631"),
    "oscore": bytes.fromhex(
        "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e"
    ),
    "oscore empty sender id": bytes.fromhex(
        "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0"
    ),
    "oscore response": bytes.fromhex(
        "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106"
    ),
    # RFC 8132, 8768, 9175, 9177: codes and options that Scapy's own layer does not know
    "fetch": b"\x41\x05\x00\x01\xaa\xb1r\x11\x32\xff{}",
    "hop limit": b"\x40\x01\x00\x02\xd1\x03\x10",
    "echo": b"\x40\x01\x00\x03\xd8\xef" + bytes(8),
    "request tag": b"\x40\x03\x00\x04\xd1\x0e\x08\xd2\xfc\xab\xcd\xff" + bytes(16),
    "q-block1": b"\x40\x03\x00\x05\xd1\x06\x0b\xff" + bytes(128),
    # UTF-8 in a path, and an ETag of one byte: cutting them leaves half a value
    "utf-8 path": b"\x40\x01\x00\x06\xb3\xe2\x82\xac",
    "etag": b"\x60\x45\x00\x07\x41\xaa\xffx",
    # TS 24.538 clause 6.3.1
    "registration": b"\x42\x02\x00\x08\x01\x02\xb8register\x11\x32\xff"
    b'{"Message Type":"REG","UE Service ID":"ue-1","UE Credential Information":"k"}',
    "registered": b"\x62\x41\x00\x08\x01\x02\xc1\x32\xff"
    b'{"UE Service ID":"ue-1","Registration result":"success"}',
}
"""Messages in which nothing is wrong."""

EXTENDED_TOKENS: dict[str, bytes] = {
    # RFC 8974 clause 2.1; the lengths are reserved in RFC 7252
    "token of 9 bytes": b"\x49\x01\x00\x01" + bytes(9),
    "token of 14 bytes": b"\x4d\x01\x00\x01\x01" + bytes(range(14)) + PATH,
    "token of 300 bytes": b"\x4e\x01\x00\x01\x00\x1f" + TOKEN_300 + BODY,
}

SAMPLES = CLEAN | EXTENDED_TOKENS

ANY_BYTES = st.binary(max_size=80) | st.builds(
    # A plausible header makes the walk reach the options.
    lambda first, code, rest: bytes([0x40 | first, code, 0, 1]) + rest,
    st.integers(0, 63),
    st.sampled_from([0, *numbers.CODES, 0x20, 0x5E]),
    st.binary(max_size=60),
)


def _value(spec: numbers.OptionSpec) -> st.SearchStrategy[bytes]:
    if spec.format == Format.STRING:
        text = st.text("abcXYZ09-._~é€", min_size=spec.min, max_size=20)
        return text.map(str.encode)
    if spec.format in (Format.UINT, Format.BLOCK) and spec.number != 16 and spec.min == 0:
        numbers_of = st.integers(0, 256**spec.max - 1)
        return numbers_of.map(lambda n: n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return st.binary(min_size=spec.min, max_size=min(spec.max, 300))


@st.composite
def valid_messages(draw: st.DrawFn) -> tuple[dict[str, object], bytes]:
    """Field values of a message without a defect, and its bytes, encoded without our layer."""
    request = draw(st.booleans())
    method = draw(st.sampled_from([c for c in numbers.CODES if 0 < c < 32]))
    response = draw(st.sampled_from([c for c in numbers.CODES if c >> 5 in (2, 4, 5)]))
    code = method if request else response
    kind = draw(st.sampled_from([0, 1] if request else [0, 1, 2]))
    mid = draw(st.integers(0, 65535))
    token = draw(st.binary(max_size=8))
    fit = [spec for spec in numbers.OPTIONS.values() if allowed(spec, code)]
    specs = draw(st.lists(st.sampled_from(fit), max_size=6, unique_by=lambda s: s.number))
    options = sorted((spec.number, draw(_value(spec))) for spec in specs)
    payload = draw(st.binary(max_size=20).filter(lambda body: not body.startswith(b"{")))
    head = bytes([0x40 | kind << 4 | len(token), code]) + mid.to_bytes(2, "big") + token
    body = b"\xff" + payload if payload else b""
    fields = {
        "type": kind,
        "code": code,
        "message_id": mid,
        "token": token,
        "options": options,
    }
    return fields | {"payload": payload}, head + encode(options) + body


def encode(options: list[tuple[int, bytes]]) -> bytes:
    """Options in ascending order, by the letter of RFC 7252 clause 3.1."""
    return b"".join(Made(0, 0, options=options).pieces()[2:])


@st.composite
def near_valid_messages(draw: st.DrawFn) -> bytes:
    """A message without a defect, of which one byte was changed, lost or added."""
    data = bytearray(draw(valid_messages())[1])
    at, byte = draw(st.integers(0, len(data) - 1)), draw(st.integers(0, 255))
    match draw(st.sampled_from(["change", "lose", "add"])):
        case "change":
            data[at] = byte
        case "lose":
            del data[at]
        case "add":
            data.insert(at, byte)
    return bytes(data)
