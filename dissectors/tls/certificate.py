# SPDX-License-Identifier: GPL-2.0-only
"""Subject, issuer and validity of an X.509 certificate, by a small walk through its DER.

RFC 5280 clause 4.1, X.690. Nothing is verified. Reading never raises.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

_INTEGER: Final = 0x02
_OBJECT: Final = 0x06
_UTC_TIME: Final = 0x17
_BMP_STRING: Final = 0x1E
_UNIVERSAL_STRING: Final = 0x1C
_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_VERSION: Final = 0xA0
_MOST_NAMES: Final = 32
_MOST_TEXT: Final = 256

_ATTRIBUTES: Final = {  # RFC 4514 clause 3, and what is common beside it
    "55 04 03": "CN",
    "55 04 05": "serialNumber",
    "55 04 06": "C",
    "55 04 07": "L",
    "55 04 08": "ST",
    "55 04 09": "STREET",
    "55 04 0a": "O",
    "55 04 0b": "OU",
    "09 92 26 89 93 f2 2c 64 01 01": "UID",
    "09 92 26 89 93 f2 2c 64 01 19": "DC",
    "2a 86 48 86 f7 0d 01 09 01": "emailAddress",
}


class CertificateFacts(NamedTuple):
    """Names as RFC 4514 writes them, most particular first, not escaped for a terminal.

    Times are in seconds since 1970, None where they cannot be read. `error` is empty for none.
    """

    subject: str
    issuer: str
    serial: int
    not_before: int | None
    not_after: int | None
    error: str = ""


class _BrokenError(Exception):
    """No DER of a certificate."""


class _Element(NamedTuple):
    tag: int
    body: int
    end: int


def read_certificate(der: bytes) -> CertificateFacts:
    """What a certificate says of itself."""
    try:
        outer = _expect(der, _element(der, 0, len(der)), _SEQUENCE)
        inner = _expect(der, _element(der, outer.body, outer.end), _SEQUENCE)
        at, end = inner.body, inner.end
        version = _element(der, at, end)
        if version.tag == _VERSION:
            at = version.end
        serial = _expect(der, _element(der, at, end), _INTEGER)
        algorithm = _expect(der, _element(der, serial.end, end), _SEQUENCE)
        issuer = _expect(der, _element(der, algorithm.end, end), _SEQUENCE)
        validity = _expect(der, _element(der, issuer.end, end), _SEQUENCE)
        subject = _expect(der, _element(der, validity.end, end), _SEQUENCE)
        before = _element(der, validity.body, validity.end)
        after = _element(der, before.end, validity.end)
        return CertificateFacts(
            _name(der, subject),
            _name(der, issuer),
            int.from_bytes(der[serial.body : serial.end][:64], "big"),
            _time(der, before),
            _time(der, after),
        )
    except _BrokenError as error:
        return CertificateFacts("", "", 0, None, None, str(error))


def _element(der: bytes, at: int, end: int) -> _Element:
    """Tag and extent of the element at `at`; lengths are definite in DER."""
    if at + 2 > end:
        raise _BrokenError("ends early")
    body = at + 2
    length = der[at + 1]
    if length >= 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or body + size > end:
            raise _BrokenError("bad length")
        length = int.from_bytes(der[body : body + size], "big")
        body += size
    if body + length > end:
        raise _BrokenError("ends early")
    return _Element(der[at], body, body + length)


def _expect(der: bytes, element: _Element, tag: int) -> _Element:
    if element.tag != tag:
        raise _BrokenError("not a certificate")
    return element


def _name(der: bytes, name: _Element) -> str:
    """A distinguished name: a sequence of sets of (attribute, value)."""
    told: list[str] = []
    at = name.body
    while at < name.end and len(told) < _MOST_NAMES:
        relative = _expect(der, _element(der, at, name.end), _SET)
        at = relative.end
        pair = _expect(der, _element(der, relative.body, relative.end), _SEQUENCE)
        kind = _expect(der, _element(der, pair.body, pair.end), _OBJECT)
        value = _element(der, kind.end, pair.end)
        number = der[kind.body : kind.end]
        attribute = _ATTRIBUTES.get(number.hex(" "), number[:32].hex())
        told.append(f"{attribute}={_escaped(_text(der, value))}")
    return ",".join(reversed(told))


def _text(der: bytes, value: _Element) -> str:
    raw = der[value.body : value.end][: 4 * _MOST_TEXT]
    encoding = {_BMP_STRING: "utf-16-be", _UNIVERSAL_STRING: "utf-32-be"}.get(value.tag, "utf-8")
    return raw.decode(encoding, "replace")[:_MOST_TEXT]


def _escaped(text: str) -> str:
    """RFC 4514 clause 2.4."""
    return "".join("\\" + letter if letter in ',+"\\<>;=' else letter for letter in text)


def _time(der: bytes, element: _Element) -> int | None:
    """UTCTime has two digits of the year, those from 50 of the last century (RFC 5280 4.1.2.5)."""
    text = der[element.body : element.end][:20].decode("ascii", "replace")
    if element.tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
        return int(moment.timestamp())
    except ValueError:
        return None
