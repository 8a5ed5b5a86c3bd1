# SPDX-License-Identifier: GPL-2.0-only
"""The same captures through tshark: every field both know is equal, or one of `DIFFERENCES`."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rules.conversation import Conversation, coap
from tshark import (
    MISSING,
    Difference,
    cites_a_clause,
    coap_frames,
    known_fields,
    needs_tshark,
    sort_out,
)

from analyzer.messages import Role
from analyzer.report import visible_messages
from analyzer.session import Session
from analyzer.values import MessageValues
from dissectors.coap import numbers
from dissectors.coap.media_types import CONTENT_FORMATS
from dissectors.coap.message import Message
from dissectors.coap.numbers import Format, OptionSpec, Type
from dissectors.fields import fields

pytestmark = needs_tshark

CAPTURES = Path(__file__).parents[2] / "captures"
SHIPPED = ("registration", "field-day", "coap-tour", "pairing")
MICROSECOND = 1e-6
TEXT_PLAIN = CONTENT_FORMATS[0]


# What each says --------------------------------------------------------------------------------


@cache
def shared_fields(home: Path) -> tuple[str, ...]:
    """Fields that both know."""
    known = known_fields(home)
    return tuple(name for name in fields() if name in known)


def told_by_us(capture: Path) -> dict[int, MessageValues]:
    session = Session()
    session.open([capture])
    session.read_all()
    found = (MessageValues(session, row) for row in visible_messages(session))
    return {values.cells["frame"]: values for values in found}


# Where they differ, and why --------------------------------------------------------------------


@dataclass(frozen=True)
class Contrast:
    """A field of one frame with different values."""

    name: str
    ours: list[Any]
    theirs: list[Any]
    message: MessageValues
    malformed: bool

    def is_response(self) -> bool:
        return numbers.is_response(self.message.coap.code)

    def unmatched_by_tshark(self) -> bool:
        """A response in a message of its own, or one without token."""
        peer = self.message.coap
        return peer.type != Type.ACK or not peer.token


def decoded_as_ascii(c: Contrast) -> bool:
    """U+FFFD for every byte of every character that is not ASCII."""
    if fields()[c.name].type != "string":
        return False
    ascii_only = [text.encode().decode("ascii", "replace") for text in c.ours]
    return ascii_only != c.ours and c.theirs == ascii_only


def in_blocks(c: Contrast) -> bool:
    return any(c.message.coap.first(n) for n in (numbers.BLOCK1, numbers.BLOCK2))


def alone(coap: Message) -> bool:
    """A block option of it says block 0, and that no further one follows."""
    options = (*coap.all(numbers.BLOCK1), *coap.all(numbers.BLOCK2))
    return any(int.from_bytes(option.value, "big") >> 3 == 0 for option in options)


def replaced(values: list[Any], old: Any, new: Any) -> list[Any]:
    return [new if value == old else value for value in values]


def number_of(media_type: str) -> int:
    """Content-Format of a media type, -1 for a name that is none."""
    return next((n for n, name in CONTENT_FORMATS.items() if name == media_type), -1)


REUSED = b"reused"
"""Token of the conversations in which a token and Message ID are used twice."""
USED_TWICE = (REUSED, b"again", b"both", b"forgot")
"""That, and those of pairing.pcapng."""

DIFFERENCES: dict[str, Difference[Contrast]] = {
    "one interface": Difference(
        "frame.interface_id",
        "A pcap file has one interface, ours is number 0; Wireshark numbers those of pcapng alone.",
        lambda c: c.ours == [0] and c.theirs == [],
    ),
    "unnamed interface": Difference(
        "frame.interface_name",
        "The pcapng file gives no if_name (pcapng draft clause 4.2); Wireshark says unknown.",
        lambda c: c.ours == [] and c.theirs == ["unknown"],
    ),
    "UTF-8": Difference(
        "coap.opt.*",
        "RFC 7252 clause 3.2: a string is UTF-8; Wireshark 4.0 reads ASCII.",
        decoded_as_ascii,
    ),
    "block payload": Difference(
        "coap.payload_length",
        "RFC 7252 clause 3: the payload extends to the end of the datagram. Wireshark tells the "
        "length of the reassembled body, at its last block, and none before.",
        lambda c: in_blocks(c) and (c.theirs == [] or c.theirs > c.ours),
    ),
    "body of one block": Difference(
        "coap.block.count coap.block.reassembled.length",
        "RFC 7959 clauses 2.2, 2.3: block 0 without a further one is a body in one message, and "
        "Block1 of a response, Block2 of a request describe no payload of their own message. "
        "Wireshark counts each as reassembled, of one block.",
        lambda c: alone(c.message.coap) and c.theirs in ([1], [len(c.message.coap.payload)]),
    ),
    "OSCORE option": Difference(
        "coap.*",
        "RFC 7252 clause 3.1: delta and length alone lead to the next option. An OSCORE value that "
        "Wireshark cannot read ends its dissection of the message.",
        lambda c: c.malformed and c.theirs == c.ours[: len(c.theirs)],
    ),
    "zero": Difference(
        "coap.opt.accept coap.opt.ctype",
        "RFC 7252 clause 3.2: no bytes are the number 0, text/plain; Wireshark 4.0 says (null).",
        lambda c: "(null)" in c.theirs and c.ours == replaced(c.theirs, "(null)", TEXT_PLAIN),
    ),
    "newer content formats": Difference(
        "coap.opt.accept coap.opt.ctype",
        "IANA registered these media types after Wireshark 4.0.",
        lambda c: all(
            theirs in (ours, f"Unknown Type {number_of(ours)}")
            for ours, theirs in zip(c.ours, c.theirs, strict=True)
        ),
    ),
    "separate response": Difference(
        "coap.response_to coap.response_time",
        "RFC 7252 clause 5.3.2: the token matches a separate or NON response or a notification to "
        "its request; Wireshark also wants the Message ID, which they do not share. Clause 5.3.1: "
        "a token may be empty, which Wireshark 4.0 does not match at all.",
        lambda c: c.theirs == [] and c.unmatched_by_tshark(),
    ),
    "separately answered": Difference(
        "coap.response_in",
        "RFC 7252 clause 5.3.2: the same, seen from the request.",
        lambda c: c.theirs == [] and c.ours != [],
    ),
    "path of a separate response": Difference(
        "coap.opt.uri_path_recon",
        "RFC 7252 clause 5.3.2: the same; a response that found no request shows no path.",
        lambda c: c.theirs == [] and c.is_response(),
    ),
    "wrong token or Message ID": Difference(
        "coap.response_to coap.response_time coap.opt.uri_path_recon",
        "RFC 7252 clauses 4.4, 5.3.2: an ACK with only one of the two right is still told to be "
        "the answer, with a finding; Wireshark leaves it alone.",
        lambda c: c.theirs == [] and c.message.cells["exchange"] > 0,
    ),
    "right answer after a wrong one": Difference(
        "coap.response_in",
        "RFC 7252 clause 5.3.2: the same, seen from the request; we name the first answer with its "
        "token, Wireshark the first with its Message ID too.",
        lambda c: c.ours < c.theirs,
    ),
    "duplicate ACK": Difference(
        "coap.response_first_in",
        "RFC 7252 clause 4.2: a retransmitted CON is acknowledged again; Wireshark marks repeated "
        "CON and NON alone.",
        lambda c: c.theirs == [] and c.message.cells["role"] == Role.DUPLICATE_ACK,
    ),
    "stale match": Difference(
        "coap.response_to coap.response_time coap.request_first_in coap.response_in "
        "coap.opt.uri_path_recon",
        "RFC 7252 clauses 4.4, 4.5: a Message ID is free again after EXCHANGE_LIFETIME, and means "
        "something else to another endpoint; Wireshark matches by client, token and Message ID "
        "alone, for ever.",
        lambda c: c.theirs != [] and c.message.coap.token in USED_TWICE,
    ),
}


def comparable(name: str, value: Any) -> list[Any]:
    """A value of ours or theirs as a list of what its type means."""
    values = [] if value is None else value if isinstance(value, list) else [value]
    match fields()[name].type:
        case "uint" | "frame":
            return [int(v) for v in values]
        case "time":
            return [round(float(v) / MICROSECOND) for v in values]
        case "boolean":
            return [str(v).lower() in ("1", "true") for v in values]
        case "bytes":
            return ["" if v == MISSING else v.replace(":", "") for v in values]
        case _:
            return list(values)


def equal(name: str, ours: list[Any], theirs: list[Any]) -> bool:
    if fields()[name].type != "time":
        return ours == theirs
    return len(ours) == len(theirs) and all(
        abs(a - b) <= 1 for a, b in zip(ours, theirs, strict=True)
    )


def contrasts(capture: Path, home: Path) -> Iterator[Contrast]:
    """Every field of every frame in which the two differ."""
    theirs, ours = coap_frames(capture, shared_fields(home), home), told_by_us(capture)
    assert theirs.keys() == ours.keys()
    for frame, message in ours.items():
        malformed = "_ws.malformed" in theirs[frame]
        for name in shared_fields(home):
            mine = comparable(name, message.get(fields()[name]))
            other = comparable(name, theirs[frame].get(name))
            if not equal(name, mine, other):
                yield Contrast(name, mine, other, message, malformed)


@cache
def compared(capture: Path, home: Path) -> tuple[Counter[str], list[Any]]:
    """How often each known difference shows, and the differences nobody knew."""
    known, unknown = sort_out(contrasts(capture, home), DIFFERENCES)
    return known, [(c.message.cells["frame"], c.name, c.ours, c.theirs) for c in unknown]


# Generated captures ----------------------------------------------------------------------------


def option_value(choose: random.Random, spec: OptionSpec) -> bytes:
    """A value of a length that the registry allows."""
    length = choose.randint(spec.min, min(spec.max, 20))
    match spec.format:
        case Format.STRING:
            return "".join(choose.choices("abc09-._~%&=+ é/", k=length)).encode()[: spec.max]
        case Format.UINT | Format.BLOCK:
            return choose.randbytes(length).lstrip(b"\0")
        case _:
            return choose.randbytes(length)


def random_message(choose: random.Random, number: int) -> tuple[bytes, str, str]:
    """A message with random options, and its two endpoints, which nobody else uses."""
    code = choose.choice([code for code in numbers.CODES if code and code >> 5 < 7])
    request = numbers.is_request(code)
    kind = choose.choice([Type.CON, Type.NON] if request else [Type.CON, Type.NON, Type.ACK])
    specs = choose.choices(list(numbers.OPTIONS.values()), k=choose.randint(0, 6))
    options = [(spec.number, option_value(choose, spec)) for spec in specs]
    if choose.random() < 0.1:
        options.append((choose.choice([2, 100, 2050, 65001]), choose.randbytes(5)))
    data = coap(
        kind,
        code,
        mid=choose.randrange(1 << 16),
        token=choose.randbytes(choose.randint(0, 8)),
        options=sorted(options, key=lambda option: option[0]),
        payload=choose.randbytes(choose.choice([0, 1, 30, 300])),
    )
    last = f"{number >> 8}.{number & 255}"
    client, server = f"10.1.{last}:{40000 + number}", f"172.16.{last}:5683"
    if choose.random() < 0.3:
        client, server = (
            f"[2001:db8::{number:x}]:{40000 + number}",
            f"[2001:db8::f:{number:x}]:5683",
        )
    return (data, client, server) if request else (data, server, client)


def random_messages(count: int) -> Conversation:
    choose = random.Random(7252)
    talk = Conversation()
    for number in range(count):
        data, source, destination = random_message(choose, number)
        talk.raw(data, source=source, destination=destination)
    return talk


def content_formats() -> Conversation:
    """Every registered Content-Format."""
    talk = Conversation()
    for number in CONTENT_FORMATS:
        talk.non("POST", content_format=number, accept=number, payload=b"x")
    return talk


def retransmissions_and_answers() -> Conversation:
    """Exchanges of every shape, among them those that Wireshark matches wrongly."""
    talk = Conversation()
    for number, kind in enumerate(("con", "con", "non", "con")):
        token = bytes([0xA0 + number])
        getattr(talk, kind)("GET", path=f"/{number}", token=token)
        if number == 1:
            talk.wait(2).again()
        if kind == "con":
            talk.ack("2.05", payload=b"x")
        else:
            talk.non("2.05", payload=b"x")
    talk.again(-1)  # the ACK once more
    talk.con("GET", path="/slow", token=b"slow").ack().con("2.05", token=b"slow").ack()
    talk.con("GET", path="/no-token", token=b"").ack("2.05")
    talk.con("GET", path="/watched", token=b"watch", observe=0).ack("2.05", observe=1)
    talk.non("2.05", token=b"watch", observe=2)
    talk.con().rst()
    talk.con("GET", path="/first", token=REUSED, mid=7).ack("2.05")
    talk.wait(300).con("GET", path="/second", token=REUSED, mid=7).ack("2.05")
    return talk


def two_servers() -> Conversation:
    """One client asks two servers with the same token and Message ID."""
    talk = Conversation()
    for server in ("198.51.100.1:5683", "198.51.100.2:5683"):
        path = f"/{server[-6]}"
        talk.con("GET", path=path, token=REUSED, mid=9, destination=server)
        talk.ack("2.05", source=server, destination="192.0.2.1:40000")
    return talk


GENERATED = {
    "random messages": lambda: random_messages(3000),
    "content formats": content_formats,
    "exchanges": retransmissions_and_answers,
    "two servers": two_servers,
}


# Tests -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def utc() -> Iterator[None]:
    """Local time as tshark is told it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wireshark")


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    paths = {name: CAPTURES / f"{name}.pcapng" for name in SHIPPED}
    for name, make in GENERATED.items():
        paths[name] = tmp_path_factory.mktemp("generated") / "capture.pcap"
        paths[name].write_bytes(make().pcap())
    return paths


@pytest.mark.parametrize("name", [*SHIPPED, *GENERATED])
def test_both_tell_the_same_but_for_known_differences(
    captures: dict[str, Path], home: Path, name: str
) -> None:
    assert compared(captures[name], home)[1] == []


def test_every_known_difference_shows_somewhere(captures: dict[str, Path], home: Path) -> None:
    shown = {reason for path in captures.values() for reason in compared(path, home)[0]}
    assert shown == DIFFERENCES.keys()


def test_fields_compared_are_many(home: Path) -> None:
    compared = shared_fields(home)
    assert len(compared) >= 38
    assert {"coap.mid", "coap.token", "coap.opt.uri_path", "ip.src", "ipv6.dst"} <= set(compared)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_cites_what_decides(name: str) -> None:
    assert cites_a_clause(DIFFERENCES[name])
