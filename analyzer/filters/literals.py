# SPDX-License-Identifier: GPL-2.0-only
"""What a literal of a filter stands for, by the kind of the field it is compared with.

`meant` reads a literal, `comparable` the value that `analyzer.columns` gives of a row: both come to
the same type. Numbers are integers, times ns, addresses (version, number).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from analyzer.filters.kinds import CLOSED, Kind, words_of
from analyzer.filters.model import FilterError, Literal, Op
from analyzer.profiles.toml import nearest
from analyzer.profiles.transmission import SECOND
from analyzer.rules.catalogue import Severity
from dissectors.fields import Field

Address = tuple[int, int]


class Network(NamedTuple):
    """Addresses with a prefix: the first and the last."""

    first: Address
    last: Address


_NUMBER: Final = re.compile(r"-?(0[xX][0-9a-fA-F]{1,32}|0[bB][01]{1,64}|[0-9]{1,32})")
_SECONDS: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE]-?[0-9]{1,2})?s?")
_BYTES: Final = re.compile(r"(?:0x|:)?((?:[0-9a-fA-F]{2}[:.\-]?)+)")
_DISPLAYED: Final = re.compile(
    r"([A-Z][a-z]{2}) +([0-9]{1,2}), ([0-9]{4}) ([0-9:]{8})(\.[0-9]{1,9})?(?: (UTC|GMT|Z))?"
)
_ISO: Final = re.compile(r"([0-9-]{10}(?:[T ][0-9:]{5,8})?)(\.[0-9]{1,9})?( ?(?:Z|[+-][0-9:]{5}))?")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}


def meant(field: Field, kind: Kind, literal: Literal, op: Op = Op.EQ) -> Any:
    """The value a literal stands for. Raises FilterError that says what the field is."""
    words = words_of(field) if op not in (Op.CONTAINS, Op.MATCHES) else {}
    word = _word(words, literal.text)
    if word is not None:
        return word
    value = _READERS[kind](literal, kind)
    if value is not None and not (words and field.name in CLOSED):
        return value
    shown = f'"{literal.text}"' if literal.quoted else literal.text
    if not words:
        raise FilterError(
            f"{field.name} is {kind}; {shown} is none{_HINTS.get(kind, '')}", literal.at
        )
    near = nearest(literal.text, words)
    hint = f"did you mean {_quoted(near)}?" if near else f"as {_some(words)}"
    raise FilterError(f"{field.name} is never {shown}; {hint}", literal.at)


_HINTS: Final = {
    Kind.NUMBER: ", as 5 or 0x5 is",
    Kind.TIME: ", as 0.5 is",
    Kind.MOMENT: ', as "2023-11-14 22:13:20" is',
    Kind.BYTES: ", as 0a:0b or 0a0b is",
    Kind.IPV4: ", as 192.0.2.1 or 192.0.2.0/24 is",
    Kind.IPV6: ", as 2001:db8::1 or 2001:db8::/32 is",
    Kind.ADDRESS: ", as 192.0.2.1 or 2001:db8::/32 is",
}


def _word(words: dict[str, int | str], text: str) -> int | str | None:
    """What a word stands for; upper and lower case, spaces and underscores are as good."""
    if text in words:
        return words[text]
    folded = text.casefold().replace("_", " ")
    return next((value for word, value in words.items() if word.casefold() == folded), None)


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w.\-]+", word) else f'"{word}"'


def _some(words: dict[str, int | str]) -> str:
    first = [_quoted(word) for word in list(words)[:3]]
    return ", ".join(first) + (", ..." if len(words) > 3 else "")


# Literals ---------------------------------------------------------------------------------------


def _number(literal: Literal, kind: Kind) -> int | None:
    text = literal.text
    if literal.quoted or not _NUMBER.fullmatch(text):
        return None
    digits = text.lstrip("-")
    try:  # a leading 0 is octal, as in Wireshark
        value = int(digits, 8 if digits.startswith("0") and digits.isdigit() else 0)
    except ValueError:
        return None
    return -value if text.startswith("-") else value


def _seconds(literal: Literal, kind: Kind) -> int | None:
    if literal.quoted or not _SECONDS.fullmatch(literal.text):
        return None
    return int(Decimal(literal.text.removesuffix("s")) * SECOND)


def _moment(literal: Literal, kind: Kind) -> int | None:
    if not literal.quoted:
        number = _seconds(literal, kind)
        if number is not None:
            return number
    text = literal.text.strip()
    found = _ISO.fullmatch(text)
    if found:
        whole, fraction, zone = found.groups()
    elif shown := _DISPLAYED.fullmatch(text):
        month, day, year, clock, fraction, zone = shown.groups()
        zone = "Z" if zone else None
        whole = _day(month, day, year, clock)
    else:
        return None
    try:
        moment = datetime.fromisoformat(whole + (zone or "").strip())
        seconds = int(moment.timestamp())  # local time without a zone, as in Wireshark
    except (ValueError, OverflowError, OSError):
        return None
    return seconds * SECOND + int((fraction or ".0")[1:].ljust(9, "0"))


def _day(month: str, day: str, year: str, clock: str) -> str:
    months = "JanFebMarAprMayJunJulAugSepOctNovDec"
    return f"{year}-{months.find(month) // 3 + 1:02d}-{int(day):02d}T{clock}"


def _string(literal: Literal, kind: Kind) -> str:
    return literal.text


def _bytes(literal: Literal, kind: Kind) -> bytes | None:
    if literal.quoted:
        return text_bytes(literal.text)
    found = _BYTES.fullmatch(literal.text)
    return bytes.fromhex(re.sub(r"[:.\-]", "", found[1])) if found else None


def text_bytes(text: str) -> bytes:
    r"""A string where bytes are meant: `\xff` is a byte, other letters are UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


_VERSIONS: Final = {Kind.IPV4: (4,), Kind.IPV6: (6,), Kind.ADDRESS: (4, 6)}


def _address(literal: Literal, kind: Kind) -> Network | None:
    try:
        network = ipaddress.ip_network(literal.text, strict=False)
    except ValueError:
        return None
    if network.version not in _VERSIONS[kind]:
        return None
    first, last = int(network.network_address), int(network.broadcast_address)
    return Network((network.version, first), (network.version, last))


def _truth(literal: Literal, kind: Kind) -> bool | None:
    return _TRUTHS.get(literal.text.lower())


_READERS: Final[dict[Kind, Callable[[Literal, Kind], Any]]] = {
    Kind.NUMBER: _number,
    Kind.TIME: _seconds,
    Kind.MOMENT: _moment,
    Kind.STRING: _string,
    Kind.BYTES: _bytes,
    Kind.IPV4: _address,
    Kind.IPV6: _address,
    Kind.ADDRESS: _address,
    Kind.BOOLEAN: _truth,
    Kind.SEVERITY: lambda literal, kind: None,
}

# Values -----------------------------------------------------------------------------------------


def comparable(kind: Kind, value: Any) -> Any:
    """A value of a row as `meant` gives literals; None for one that its field should not have, as
    JSON may."""
    if kind in (Kind.NUMBER, Kind.TIME, Kind.MOMENT):
        return value if isinstance(value, int | float) else None
    if kind == Kind.STRING:
        return value if isinstance(value, str) else json.dumps(value)
    if kind == Kind.BYTES:
        return bytes.fromhex(value)
    if kind == Kind.BOOLEAN:
        return value if isinstance(value, bool) else None
    if kind == Kind.SEVERITY:
        return int(Severity[value.upper()])
    address = ipaddress.ip_address(value)
    return address.version, int(address)
