# SPDX-License-Identifier: GPL-2.0-only
"""Conversations that hypothesis makes up, as frames, and what a session makes of them.

`conversations()` draws what several clients and servers do; loss, copies, reordering, capture
duplicates and hostile bytes included. `snapshot` is everything a closed session knows.
"""

from __future__ import annotations

import random
import struct
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from rules.conversation import MILLISECOND, SECOND, START, Address, Conversation, Frame, coap
from transfers import cut

from analyzer.capture import Source
from analyzer.native import PLAIN, Kernels
from analyzer.report import exchange_entries
from analyzer.session import Session
from analyzer.settings import Settings

CON, NON, ACK, RST = range(4)
REGISTRATION = (
    b'{"Message Type":"REG","UE Service ID":"ue-1",'
    b'"UE Credential Information":{"authentication type":"AKMA"}}'
)
REGISTERED = b'{"UE Service ID":"ue-1","Registration result":"success"}'
CLIENTS = tuple(Address(f"192.0.2.{n}", 40000 + n) for n in (1, 2, 3))
SERVERS = tuple(Address(f"198.51.100.{n}", 5683) for n in (1, 2))
GROUP = Address("224.0.1.187", 5683)


def snapshot(session: Session) -> dict[str, Any]:
    """Every cell and finding of a session, and its exchanges as scripts read them."""
    return {
        "messages": list(session.messages.rows()),
        "exchanges": list(session.exchanges.rows()),
        "entries": list(exchange_entries(session)),
        "findings": [f.as_dict() | {"row": f.row, "span": f.span} for f in session.findings],
        "times": [(f.id, f.first_time, f.last_time) for f in session.findings],
        "names": [session.names.values(), session.endpoints.values()],
    }


def read(
    path: Path, limit: int = 0, window: int = 1 << 20, kernels: Kernels = PLAIN, **settings: Any
) -> Session:
    """A closed session that read a capture in batches of `limit` records; 0 reads it at once."""
    session = Session(Settings(**settings))
    session.open([path])
    session._reading.kernels = kernels
    if not limit:
        session.read_all()
        return session
    source = Source([path], window=window)
    source.use(kernels.walk_pcap, kernels.walk_pcapng)
    session.source, session.files, session.interfaces = source, source.files, source.interfaces
    session.carriers.open(source)
    session.carriers.select = kernels.select
    for batch in session.batches(limit):
        for _ in session.take(batch, limit):
            pass
    session.close()
    return session


def fed(datagrams: Iterable[tuple[int, Address, Address, bytes]]) -> Session:
    """A closed session that read datagrams (time in ns, from, to, bytes)."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101))
        for number, (time, source, destination, data) in enumerate(datagrams, 1):
            ports = struct.pack(">HHHH", source.port, destination.port, 8 + len(data), 0)
            size = 28 + len(data)
            head = struct.pack(">BBHHHBBH", 0x45, 0, size, number & 0xFFFF, 0, 64, 17, 0)
            packet = head + source.packed + destination.packed + ports + data
            seconds, fraction = divmod(START + time, SECOND)
            file.write(struct.pack("<IIII", seconds, fraction, size, size) + packet)
        file.flush()
        session = Session()
        session.open([file.name])
        session.read_all()
        return session


# What happens --------------------------------------------------------------------------------

DELAYS = (0, 1, 3, 20, 600, 1900, 2100, 4000, 50_000, 94_000, 146_000, 248_000)  # ms
MESSAGE_IDS = st.sampled_from([0xFFFE, 0xFFFF, 0, 1, 2])
TOKENS = st.sampled_from([b"", b"a", b"ab", b"abcd", b"abce", bytes(12)])
BODIES = (
    b"",
    REGISTRATION,
    REGISTRATION[:40],
    b"[1]",
    b'{"Message Type":"DEREG","UE Service ID":"ue-1"}',
    b'{"UE Service ID":"ue-2","x":1,"x":2}',
    b"{" * 70,
)
ANSWERS = (
    "silence",
    "piggybacked",
    "empty, then separate",
    "separate, then empty",
    "non-confirmable",
    "reset",
    "other token",
    "other message id",
    "other server",
    "twice",
    "notifications",
    "before the request",
    "sent in blocks",
    "answered in blocks",
    "refused, then asked again",
    "token used again",
    "token of an observation used",
    "asked of a group",
    "malformed",
    "acknowledged in vain",
    "copies ignored",
    "answered in blocks that change",
    "sent in blocks robustly",
    "observed to the end",
)


@dataclass(frozen=True)
class Happening:
    """One thing that a client does, and what becomes of it."""

    client: int
    server: int
    reversed: bool
    kind: int
    code: str
    message_id: int
    token: bytes
    body: bytes
    observe: int | None
    answer: str
    delay: int
    fate: list[int] = field(default_factory=list)
    hostile: bytes = b""


HAPPENINGS = st.builds(
    Happening,
    client=st.integers(0, 2),
    server=st.integers(0, 1),
    reversed=st.sampled_from([False, False, False, True]),
    kind=st.sampled_from([CON, CON, NON]),
    code=st.sampled_from(["POST", "POST", "GET", "0.00"]),
    message_id=MESSAGE_IDS,
    token=TOKENS,
    body=st.sampled_from(BODIES),
    observe=st.sampled_from([None, None, 0, 1]),
    answer=st.sampled_from(ANSWERS),
    delay=st.sampled_from([*DELAYS, -500, -300_000]),
    fate=st.lists(st.integers(0, 9), max_size=6),
    hostile=st.one_of(st.just(b""), st.binary(max_size=24)),
)


def messages(what: Happening) -> list[tuple[bool, bytes]]:
    """The datagrams, each with whether the client sends it."""
    if what.code == "0.00":
        ask = coap(CON, "0.00", mid=what.message_id)
        return [(True, ask), (False, coap(RST, "0.00", mid=what.message_id))]
    named: dict[str, Any] = {} if what.observe is None else {"observe": what.observe}
    if what.body:
        named["content_format"] = 50
    mid, token = what.message_id, what.token
    ask = coap(what.kind, what.code, mid=mid, token=token, payload=what.body, path="/r", **named)
    empty = (False, coap(ACK, "0.00", mid=mid))
    body: dict[str, Any] = {"payload": REGISTERED, "content_format": 50}
    separate = [
        (False, coap(CON, "2.04", mid=mid ^ 0x1111, token=token, **body)),
        (True, coap(ACK, "0.00", mid=mid ^ 0x1111)),
    ]
    piggybacked = (False, coap(ACK, "2.01", mid=mid, token=token, **body))
    noted = [
        (False, coap(NON, "2.05", mid=mid + 2 + n & 0xFFFF, token=token, observe=n, payload=b"n"))
        for n in range(3)
    ]
    match what.answer:
        case "sent in blocks":
            return _sent_in_blocks(what, named)
        case "answered in blocks":
            return [(True, ask), *_answered_in_blocks(what)]
        case "answered in blocks that change":
            return [(True, ask), *_answered_in_blocks_that_change(what)]
        case "sent in blocks robustly":
            return _sent_in_blocks_robustly(what)
        case "observed to the end":
            return _observed_to_the_end(what)
        case "silence":
            return [(True, ask)]
        case "empty, then separate":
            return [(True, ask), empty, *separate]
        case "separate, then empty":
            return [(True, ask), *separate, empty]
        case "non-confirmable":
            return [(True, ask), (False, coap(NON, "4.04", mid=mid ^ 0x2222, token=token))]
        case "reset":
            return [(True, ask), (False, coap(RST, "0.00", mid=mid))]
        case "other token":
            return [(True, ask), (False, coap(ACK, "2.01", mid=mid, token=token + b"!"))]
        case "other message id":
            return [(True, ask), (False, coap(ACK, "2.01", mid=mid ^ 0x4444, token=token))]
        case "twice":
            return [(True, ask), piggybacked, (False, coap(ACK, "2.04", mid=mid, token=token))]
        case "notifications":
            return [
                (True, ask),
                (False, coap(ACK, "2.05", mid=mid, token=token, observe=9)),
                *noted,
            ]
        case "before the request":
            return [*separate[:1], (True, ask), *separate[1:]]
        case "copies ignored":
            return [(True, ask), piggybacked, (True, ask)]
    return _odd(what, ask, named) or [(True, ask), piggybacked]


def _odd(what: Happening, ask: bytes, named: dict[str, Any]) -> list[tuple[bool, bytes]]:
    """What nobody should do, and what it leads to."""
    mid, token = what.message_id, what.token
    next_mid = mid + 1 & 0xFFFF
    other = coap(what.kind, what.code, mid=next_mid, token=token, path="/other")
    match what.answer:
        case "refused, then asked again":
            again = coap(what.kind, what.code, mid=next_mid, token=b"new", path="/r", **named)
            return [(True, ask), (False, coap(ACK, "4.29", mid=mid, token=token)), (True, again)]
        case "token used again":
            return [(True, ask), (True, other)]
        case "token of an observation used":
            register = coap(CON, "GET", mid=mid, token=token, path="/r", observe=0)
            accepted = coap(ACK, "2.05", mid=mid, token=token, observe=1)
            return [(True, register), (False, accepted), (True, other)]
        case "asked of a group":
            ask = coap(NON, "GET", mid=mid, token=token, path="/r")
            member = coap(NON, "2.05", mid=mid ^ 0x3333, token=token)
            return [(True, ask), *[(False, member)] * 2, (False, coap(RST, "0.00", mid=mid))]
        case "malformed":
            return [(True, coap(CON, "GET", mid=mid) + b"\xff"), (False, coap(ACK, 0, mid=mid))]
        case "acknowledged in vain":
            vain = coap(CON, "2.05", mid=mid ^ 0x5555, token=b"vain")
            return [(False, vain), (True, coap(ACK, 0, mid=mid ^ 0x5555))]
    return []


def _sent_in_blocks(what: Happening, named: dict[str, Any]) -> list[tuple[bool, bytes]]:
    """The body by Block1, each block under a Message ID of its own, acknowledged."""
    sent = []
    for number, (value, payload) in enumerate(cut(what.body, 1)):
        mid = (what.message_id + number) & 0xFFFF
        keys: dict[str, Any] = {"mid": mid, "token": what.token, "block1": value}
        ask = coap(what.kind, what.code, payload=payload, path="/r", **keys, **named)
        sent += [(True, ask), (False, coap(ACK, "2.31" if value & 8 else "2.01", **keys))]
    return sent


def _answered_in_blocks(what: Happening) -> list[tuple[bool, bytes]]:
    """The response by Block2; the request for the first block is another's to make."""
    sent = []
    for number, (value, payload) in enumerate(cut(REGISTERED, 1)):
        keys: dict[str, Any] = {"mid": (what.message_id + number) & 0xFFFF, "token": what.token}
        if number:
            sent.append((True, coap(CON, what.code, path="/r", block2=value & ~8, **keys)))
        body: dict[str, Any] = {"payload": payload, "content_format": 50, "etag": b"e"}
        sent.append((False, coap(ACK, "2.01", block2=value, **keys, **body)))
    return sent


def _answered_in_blocks_that_change(what: Happening) -> list[tuple[bool, bytes]]:
    """Sizes, ETags and formats change, options go, and a block behind the end is asked for."""
    sent = []
    blocks = [*cut(REGISTERED, 1)[:2], *cut(REGISTERED, 0, start=64), (4 << 4 | 1, b"")]
    for number, (value, payload) in enumerate(blocks):
        keys: dict[str, Any] = {"mid": (what.message_id + number) & 0xFFFF, "token": what.token}
        if number:
            more = {"accept": 50} if number == 3 else {}
            sent.append((True, coap(CON, what.code, path="/r", block2=value & ~8, **keys, **more)))
        body: dict[str, Any] = {"payload": payload, "content_format": 50 if number < 2 else 0}
        if number % 2:
            body["etag"] = what.token[:1]
        sent.append((False, coap(ACK, "2.05", block2=value, **keys, **body)))
    return sent


def _sent_in_blocks_robustly(what: Happening) -> list[tuple[bool, bytes]]:
    """By Q-Block1 (RFC 9177), twelve in one go, one of them later: the server asks for it."""
    blocks = [(number, cut(REGISTRATION * 3, 0)[number]) for number in range(12)]
    blocks.append(blocks.pop(5))
    sent = []
    for number, (value, payload) in blocks:
        keys: dict[str, Any] = {"token": what.token + bytes([number]), "request_tag": b"r"}
        option = [(19, value.to_bytes(1, "big"))]
        mid = (what.message_id + number) & 0xFFFF
        ask = coap(NON, "POST", mid=mid, options=option, payload=payload, path="/r", **keys)
        sent.append((True, ask))
        if number == 11:
            missing: dict[str, Any] = {"content_format": 272, "payload": b"\5"}
            token = {"token": keys["token"]}
            sent.append((False, coap(NON, "4.08", mid=mid ^ 0x5555, **token, **missing)))
    return sent


def _observed_to_the_end(what: Happening) -> list[tuple[bool, bytes]]:
    """Registered, once more, under another token, deregistered; notifications between and after."""
    sent, mid = [], what.message_id
    steps = [(0, what.token), (None, what.token), (0, what.token), (0, what.token + b"2")]
    steps += [(1, what.token), (None, what.token), (1, b"3"), (None, what.token + b"2")]
    for number, (observe, token) in enumerate(steps):
        keys: dict[str, Any] = {"mid": (mid + number) & 0xFFFF, "token": token}
        if observe is None:
            kind = CON if number % 2 else NON
            said = {"observe": 7 * number % 5, "content_format": number % 3, "payload": b"1"}
            sent.append((False, coap(kind, "2.05", **keys, **said)))
        else:
            sent.append((True, coap(CON, "GET", path="/r", observe=observe, **keys)))
            said = {} if observe else {"observe": number}
            sent.append((False, coap(ACK, "2.05", **keys, **said)))
    return sent


def frames(happenings: Iterable[Happening]) -> Iterable[Frame]:
    """The frames of a capture of all that happens, in the order in which they are recorded."""
    clock, ip_id = START, 0
    for what in happenings:
        client, server = CLIENTS[what.client], SERVERS[what.server]
        if what.reversed:
            client, server = server, client
        fates = iter(what.fate)
        sent: list[Frame] = []
        for asks, data in messages(what):
            source, destination = (client, server) if asks else (server, client)
            if what.answer == "other server" and not asks:
                source = SERVERS[1 - what.server]
            if what.answer == "asked of a group" and what.code != "0.00":
                source = client if asks else SERVERS[len(sent) % 2]
                destination = GROUP if asks else client
            ip_id = ip_id % 0xFFFF + 1
            frame = Frame(clock, source, destination, data, ip_id=ip_id)
            clock += 10 * MILLISECOND
            match next(fates, 0):
                case 1:  # lost before the tap
                    continue
                case 2:  # recorded twice
                    sent += [frame, Frame(frame.time + 1000, source, destination, data, ip_id)]
                case 3:  # sent again
                    ip_id = ip_id % 0xFFFF + 1
                    clock += 2500 * MILLISECOND
                    sent += [frame, Frame(clock, source, destination, data, ip_id)]
                case 4:  # overtaken
                    sent.insert(max(0, len(sent) - 1), frame)
                case 5:  # not captured whole
                    sent.append(Frame(frame.time, source, destination, data, ip_id, cut=3))
                case _:
                    sent.append(frame)
        yield from sent
        if what.hostile:
            yield Frame(clock, client, server, what.hostile, ip_id=0)
        clock += what.delay * MILLISECOND


def by_chance(chance: random.Random, count: int) -> Iterable[Happening]:
    """Very many happenings, faster than hypothesis draws them; most delays are short."""
    answers = [answer for answer in ANSWERS if answer != "before the request"]
    for _ in range(count):
        yield Happening(
            client=chance.randrange(3),
            server=chance.randrange(2),
            reversed=chance.random() < 0.1,
            kind=chance.choice([CON, CON, NON]),
            code=chance.choice(["POST", "POST", "GET", "0.00"]),
            message_id=chance.randrange(1 << 16),
            token=chance.choice([b"", b"a", chance.randbytes(4), chance.randbytes(12)]),
            body=chance.choice(BODIES),
            observe=chance.choice([None, None, None, 0, 1]),
            answer=chance.choice(answers),
            delay=chance.choice([1, 1, 3, 20, 600, 4000, 50_000 if chance.random() < 0.1 else 0]),
            fate=[chance.randrange(10) for _ in range(chance.randrange(4))],
            hostile=chance.randbytes(chance.randrange(24)) if chance.random() < 0.05 else b"",
        )


def capture_of(happenings: Iterable[Happening]) -> bytes:
    """A capture file of what happens."""
    talk = Conversation()
    for frame in frames(happenings):
        talk.add(frame)
    return talk.pcap()


@st.composite
def conversations(draw: st.DrawFn, most: int = 12) -> bytes:
    """A capture file of a conversation."""
    return capture_of(draw(st.lists(HAPPENINGS, min_size=1, max_size=most)))


def at(seconds: float) -> int:
    """Seconds as the nanoseconds that `fed` takes."""
    return round(seconds * SECOND)
