# SPDX-License-Identifier: GPL-2.0-only
"""How options are written: number, length and value. RFC 7252 clauses 3.1, 3.2, 5.4.3."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from analyzer import facts
from analyzer.events import Seen
from analyzer.rules.catalogue import Breach, E, N, Scope, W, defect_rule, rule
from analyzer.rules.context import Context
from analyzer.subjects import Message
from dissectors.coap import numbers
from dissectors.coap.message import Option
from dissectors.coap.numbers import Format, option_name
from dissectors.coap.values import describe_value
from dissectors.coap.wire import Defect

defect_rule(
    Defect.DELTA_15,
    "COAP-7252-3.1-DELTA-15",
    E,
    "RFC 7252",
    "3.1",
    title="Option delta 15",
    what="An option begins with delta 15, but its byte is not the payload marker 0xFF.",
    why="Delta 15 is reserved for the marker (clause 3.1). The walk over the options ends here and "
    "the message is a format error; what follows is unknown.",
    bad="40 01 12 34 f1 61  delta 15, length 1",
    good="40 01 12 34 b1 61  delta 11: Uri-Path `a`",
    fix="Write a delta from 13 on as nibble 13 or 14 with extension bytes. Often an option before "
    "this one has a wrong length, so that a value byte is read as an option.",
    says="Option byte {bytes}: delta 15 is reserved",
    expected="delta 0 to 14, or the payload marker ff",
)

defect_rule(
    Defect.LENGTH_15,
    "COAP-7252-3.1-LENGTH-15",
    E,
    "RFC 7252",
    "3.1",
    title="Option length 15",
    what="An option has the length nibble 15.",
    why="Length 15 is reserved (clause 3.1). Where the next option begins is unknown, so the "
    "message is a format error.",
    bad="40 01 12 34 bf 61  delta 11, length 15",
    good="40 01 12 34 b1 61  delta 11, length 1: Uri-Path `a`",
    fix="Write a length from 13 on as nibble 13 or 14 with extension bytes. Often an option before "
    "this one has a wrong length, so that a value byte is read as an option.",
    says="Option byte {bytes}: length 15 is reserved",
    expected="length 0 to 14",
)

defect_rule(
    Defect.OPTION_TRUNCATED,
    "COAP-7252-3.1-EXT-TRUNC",
    E,
    "RFC 7252",
    "3.1",
    title="Option header cut off",
    what="Delta or length is 13 or 14, and the datagram ends before the extension bytes.",
    why="13 announces one more byte, 14 two (clause 3.1). Without them neither number nor length "
    "of the option is known: a format error.",
    bad="40 01 12 34 d1  delta 13 without its extension byte",
    good="40 01 12 34 d1 02 61  delta 13 + 2: Uri-Query `a`",
    fix="Compare the length handed to the socket with that of the message built; look for a "
    "buffer that is too small, or for a payload sent without its marker ff.",
    says="The datagram ends inside the option header {bytes}",
    expected="the extension bytes that delta and length announce",
)

defect_rule(
    Defect.VALUE_TRUNCATED,
    "COAP-7252-3.1-VALUE-TRUNC",
    E,
    "RFC 7252",
    "3.1",
    title="Option value cut off",
    what="The value of an option runs past the end of the datagram.",
    why="The message is a format error (clause 3.1) and must be rejected; Wireshark shows such an "
    "option shortened, receivers do not.",
    bad="40 01 12 34 b4 61 62  length 4, two bytes follow",
    good="40 01 12 34 b2 61 62  length 2, two bytes follow",
    fix="Compare the length in the option with the bytes written. A payload without its marker ff "
    "is read as options and looks just like this.",
    says="{option} ends after {length} bytes: its value runs past the end of the datagram",
    expected="as many bytes as the option length says",
)

defect_rule(
    Defect.NUMBER_OVERFLOW,
    "COAP-7252-3.1-NUMBER-OVERFLOW",
    E,
    "RFC 7252",
    "3.1",
    title="Option number above 65535",
    what="The deltas of a message add up to an option number above 65535.",
    why="Option numbers are 16 bits wide (clauses 3.1, 12.2); receivers reject the message or wrap "
    "the number and take the option for another one.",
    bad="40 01 12 34 b1 61 e1 fe eb 68  Uri-Path `a`, then Uri-Host `h` by delta -8: 65528",
    good="40 01 12 34 31 68 81 61  Uri-Host `h`, then Uri-Path `a`",
    fix="Sort the options by number before writing deltas: a negative delta shows like this. Else "
    "look for an option with a wrong length before it.",
    says="Option number {number} does not exist",
    expected="at most 65535",
)

defect_rule(
    Defect.LENGTH_CRITICAL,
    "COAP-7252-5.4.3-LEN-CRITICAL",
    E,
    "RFC 7252",
    "5.4.3",
    title="Critical option with a wrong length",
    what="The value of a critical option is shorter or longer than its definition allows.",
    why="Such an option counts as not recognised (clause 5.4.3), and a message with a critical "
    "option that is not recognised is refused: a CON request by 4.02 Bad Option, anything else by "
    "silence or a Reset.",
    bad="40 01 12 34 30  Uri-Host without a byte",
    good="40 01 12 34 31 61  Uri-Host `a`",
    fix="Leave out an option whose value is empty, and split what is too long: each path segment "
    "is an option of at most 255 bytes.",
    says="{option} has {length} bytes",
    expected="{allowed}",
)

defect_rule(
    Defect.LENGTH_ELECTIVE,
    "COAP-7252-5.4.3-LEN-ELECTIVE",
    W,
    "RFC 7252",
    "5.4.3",
    title="Elective option with a wrong length",
    what="The value of an elective option is shorter or longer than its definition allows. "
    "Hop-Limit has a rule of its own.",
    why="Such an option counts as not recognised (clause 5.4.3), and an elective one is then "
    "ignored in silence: the message works, the option does nothing.",
    bad="40 02 12 34 c3 00 00 32 ff 7b 7d  Content-Format in three bytes",
    good="40 02 12 34 c1 32 ff 7b 7d  Content-Format 50 in one byte",
    fix="Write the value in the format of the option: an unsigned integer in as few bytes as it "
    "needs, an ETag in 1 to 8 bytes.",
    says="{option} has {length} bytes: its receiver ignores it",
    expected="{allowed}",
    but_for=frozenset({numbers.EDHOC, numbers.HOP_LIMIT}),
)

defect_rule(
    Defect.UINT_LEADING_ZERO,
    "COAP-7252-3.2-UINT-LEADING-ZERO",
    N,
    "RFC 7252",
    "3.2",
    title="Number with a leading zero byte",
    what="The first byte of an unsigned integer option is 0. Zero itself is written in no byte at "
    "all. Not for Hop-Limit, which always has one byte.",
    why="Values should be written in the fewest bytes; receivers must take the longer form too "
    "(clause 3.2). A byte is wasted, and some stacks compare options byte by byte.",
    bad="60 45 12 34 c1 00 ff 31  Content-Format 0 in one byte",
    good="60 45 12 34 c0 ff 31  Content-Format 0 in no byte",
    fix="Strip leading zero bytes. A sender that fills in a fixed template may keep them.",
    says="{option} is written in {length} byte(s), with a leading zero: {bytes}",
    expected="the fewest bytes that hold the value",
)


@rule(
    "COAP-7252-3.2-UTF8",
    E,
    Scope.MESSAGE,
    "RFC 7252",
    "3.2",
    when=facts.DEFECT | facts.NON_ASCII,
    title="String that is not UTF-8",
    what="The value of a string option (Uri-Host, Uri-Path, Uri-Query, Location-*, Proxy-*) is not "
    "valid UTF-8. A note when it is, but holds control characters or is not in Unicode "
    "normalisation form C.",
    why="Strings are UTF-8 in Net-Unicode form (clause 3.2, RFC 5198). Servers compare paths byte "
    "by byte: an `ä` in Latin-1, or written as `a` and combining dots, names another resource.",
    bad="40 01 12 34 b2 c3 28  c3 begins a character that 28 does not continue",
    good="40 01 12 34 b2 c3 a4  Uri-Path `ä`",
    fix="Encode text as UTF-8 and normalise it (NFC) before it goes into an option. Binary data in "
    "a path or query belongs in hex or base64url, or in the payload.",
)
def not_utf8(event: Seen, context: Context) -> Iterator[Breach]:
    message = event.message
    for flaw in message.coap.flaws:
        if flaw.kind not in (Defect.STRING_NOT_UTF8, Defect.STRING_NOT_NET_UNICODE):
            continue
        broken = flaw.kind == Defect.STRING_NOT_UTF8
        byte = message.coap.data[flaw.offset]
        what = "is not UTF-8" if broken else "has a control character"
        yield Breach(
            f"{option_name(flaw.detail)} {what} (byte {byte:02x})",
            message,
            seen=f"byte {byte:02x} at {flaw.offset}",
            expected="UTF-8 text" if broken else "text without control characters",
            span=(flaw.offset, flaw.end),
            severity=None if broken else N,
        )
    for option in message.coap.options:
        if message.knows(option.number) and _denormalised(option):
            yield _not_nfc(message, option)


def _denormalised(option: Option) -> bool:
    """A string with characters that normalisation form C would write otherwise."""
    if option.value.isascii() or option.spec is None or option.spec.format != Format.STRING:
        return False
    try:
        return not unicodedata.is_normalized("NFC", option.value.decode())
    except UnicodeDecodeError:
        return False  # told as such


def _not_nfc(message: Message, option: Option) -> Breach:
    return Breach(
        f"{option.name} is not in normalisation form C",
        message,
        seen=describe_value(option.number, option.value),
        expected=repr(unicodedata.normalize("NFC", option.value.decode())),
        span=(option.value_offset, option.value_offset + len(option.value)),
        severity=N,
    )
