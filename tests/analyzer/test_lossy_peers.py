# SPDX-License-Identifier: GPL-2.0-only
"""Real peers over a bad network: libcoap and aiocoap, and a relay that loses, doubles and delays.

Two taps, before and behind the relay. Answers say what they answer: `/place-1`, `/slow?1` and
`/echo?1` are answered by those words, blocks carry their number, and what libcoap's client printed
is what it took for the answer. So nobody needs to match anything to know what is right.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiocoap
import peers
import pytest
from aiocoap import resource
from aiocoap.numbers.constants import Reliable, Unreliable
from beside_tshark import Given, differences, shown
from peers import aiocoap_endpoint, free_port, libcoap, libcoap_server, recorded
from relay import Fate, Relay, relayed
from tshark import needs_tshark

from analyzer.messages import Role
from analyzer.report import exchange_entries
from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from analyzer.settings import Settings
from dissectors.coap import numbers
from dissectors.coap.message import Message, dissect

if lack := peers.missing():
    pytest.skip(lack, allow_module_level=True)

TEXT = "".join(f"{number:03} the quick brown fox\n" for number in range(60))
PLACES = range(1, 7)
ASKED_SLOWLY = range(6)
ASKED = range(12)
PATIENCE = 26.0
"""Seconds that a client may take: two losses cost a CON up to 3 + 6."""
LONGEST = 40.0
MOST_DATAGRAMS = 1000


class Echo(resource.Resource):
    """Says what was asked, perhaps after the Empty ACK."""

    def __init__(self, name: str, delay: float) -> None:
        super().__init__()
        self._name = name
        self._delay = delay

    async def render_get(self, request: Any) -> Any:
        await asyncio.sleep(self._delay)
        (query,) = request.opt.uri_query
        return aiocoap.Message(payload=f"/{self._name}?{query}".encode())


def site() -> Any:
    site = resource.Site()
    site.add_resource(["echo"], Echo("echo", 0.0))
    site.add_resource(["slow"], Echo("slow", 0.5))
    return site


# The conversation ------------------------------------------------------------------------------


class Told(NamedTuple):
    """What libcoap's clients printed."""

    places: list[str]
    text: str
    times: str
    late: list[str]


async def client(number: int, *arguments: str, patience: float = PATIENCE) -> str:
    """libcoap's client, from an address of its own."""
    return await libcoap("-a", f"127.0.7.{number}", *arguments, patience=patience)


async def place(uri: str, number: int) -> list[str]:
    """Make a place and read it, the last time without confirmation."""
    where, text = f"{uri}/place-{number}", f"/place-{number}"
    await client(10 * number, "-m", "put", "-e", text, where)
    confirmed = await client(10 * number + 1, where)
    return [confirmed, await client(10 * number + 2, "-N", where, patience=6.0)]


async def long_text(uri: str, path: Path) -> str:
    """Write a text in blocks and read it back."""
    path.write_text(TEXT)
    await client(101, "-m", "put", "-b", "512", "-f", str(path), f"{uri}/example_data")
    return await client(102, "-b", "256", f"{uri}/example_data")


async def echoes(uri: str) -> None:
    """Many requests at once from one port; NONs may be lost for good."""

    async def ask(path: str, tuning: Any, patience: float) -> None:
        message = aiocoap.Message(code=aiocoap.GET, uri=f"{uri}{path}", transport_tuning=tuning)
        try:
            answer = await asyncio.wait_for(asked.request(message).response, patience)
        except TimeoutError:
            assert isinstance(tuning, Unreliable), path
        else:
            assert answer.payload.decode() == path

    async with aiocoap_endpoint() as asked:
        await asyncio.gather(
            *(ask(f"/slow?{n}", Reliable(), PATIENCE) for n in ASKED_SLOWLY),
            *(ask(f"/echo?{n}", Unreliable(), 5.0) for n in ASKED),
        )


async def converse(ports: tuple[int, int, int, int], path: Path) -> tuple[Told, list[Relay]]:
    """Everything at once, through one relay before each server."""
    before_libcoap, libcoap_port, before_aiocoap, aiocoap_port = ports
    uri = f"coap://127.0.0.1:{before_libcoap}"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(libcoap_server(libcoap_port))
        await stack.enter_async_context(aiocoap_endpoint(aiocoap_port, site()))
        relays = [
            await stack.enter_async_context(relayed(*pair))
            for pair in ((before_libcoap, libcoap_port), (before_aiocoap, aiocoap_port))
        ]
        places, text, times, late, _ = await asyncio.gather(
            asyncio.gather(*(place(uri, number) for number in PLACES)),
            long_text(uri, path),
            client(103, "-s", "8", f"{uri}/time"),
            asyncio.gather(*(client(104 + n, f"{uri}/async?1") for n in range(3))),
            echoes(f"coap://127.0.0.1:{before_aiocoap}"),
        )
        await asyncio.sleep(0.5)  # what is late arrives
    return Told([said for pair in places for said in pair], text, times, late), relays


class Run(NamedTuple):
    """What happened, and what the analyzer makes of it on each side of the relay."""

    told: Told
    relays: list[Relay]
    clients: Session
    servers: Session
    seconds: float


def read(path: Path, *ports: int) -> Session:
    session = Session(Settings(ports=frozenset(ports)))
    session.open([path])
    session.read_all()
    return session


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder, begun = tmp_path_factory.mktemp("lossy"), time.monotonic()
    ports = free_port(), free_port(), free_port(), free_port()
    before, behind = (ports[0], ports[2]), (ports[1], ports[3])
    with ExitStack() as stack:
        for name, tapped in (("clients.pcap", before), ("servers.pcap", behind)):
            stack.enter_context(recorded(folder / name, tapped))
        told, relays = asyncio.run(converse(ports, folder / "text"))
    sessions = read(folder / "clients.pcap", *before), read(folder / "servers.pcap", *behind)
    return Run(told, relays, *sessions, time.monotonic() - begun)


# Tests -----------------------------------------------------------------------------------------


@pytest.fixture(params=["clients", "servers"])
def tap(request: pytest.FixtureRequest, run: Run) -> Session:
    session: Session = getattr(run, request.param)
    return session


def messages(session: Session) -> dict[int, Message]:
    """Every message, by frame."""
    frames = session.messages["frame"].tolist()
    return {frame: dissect(session.coap(row)) for row, frame in enumerate(frames)}


def exchanges(session: Session, path: str, **wanted: object) -> list[dict[str, Any]]:
    found = (e for e in exchange_entries(session) if (e["uri"] or "").startswith(path))
    return [e for e in found if e.items() >= wanted.items()]


def answers(session: Session, path: str, **wanted: object) -> Iterator[tuple[str, Message]]:
    """The URI asked for, with each response."""
    found = messages(session)
    for exchange in exchanges(session, path, **wanted):
        for frame in exchange["response_frames"]:
            yield exchange["uri"], found[frame]


def test_the_network_is_bad(run: Run) -> None:
    for relay in run.relays:
        assert min(relay.fates[fate] for fate in Fate) >= 3


def test_it_is_bounded(run: Run) -> None:
    assert run.seconds < LONGEST
    assert len(run.clients.messages) + len(run.servers.messages) < MOST_DATAGRAMS


def test_both_taps_have_all_of_it(run: Run) -> None:
    forth_and_back = [r.from_clients + r.to_clients for r in run.relays]
    assert len(run.clients.messages) == sum(forth_and_back)
    assert len(run.servers.messages) == sum(r.from_server + r.to_server for r in run.relays)


def test_nothing_is_without_request(tap: Session) -> None:
    roles = tap.messages["role"].tolist()
    assert not {Role.ORPHAN, Role.UNREADABLE, Role.UNCONFIRMED} & set(roles)


def test_every_answer_says_what_was_asked(tap: Session) -> None:
    said = [
        (uri, answer.payload.decode())
        for path in ("/place-", "/slow", "/echo")
        for uri, answer in answers(tap, path, method="GET")
    ]
    assert len({uri for uri, _ in said}) > len(PLACES) + len(ASKED_SLOWLY)
    assert [(uri, text) for uri, text in said if uri != text] == []


def test_every_confirmed_request_is_answered(tap: Session) -> None:
    found = messages(tap)
    asked = [e for e in exchange_entries(tap) if found[e["request_frame"]].type == numbers.Type.CON]
    assert len(asked) > 2 * len(PLACES) + len(ASKED_SLOWLY)
    unanswered = [found[e["request_frame"]] for e in asked if not e["response_frames"]]
    assert [m for m in unanswered if not deregisters(m)] == [], "that client does not stay"


def test_clients_printed_what_belongs_to_their_requests(run: Run) -> None:
    printed = [text.strip() for text in run.told.places]
    confirmed, other = printed[::2], printed[1::2]
    assert confirmed == [f"/place-{number}" for number in PLACES]
    assert set(other) <= {"", *confirmed}
    assert [text.strip() for text in run.told.late] == ["done"] * 3


def test_notifications_are_those_that_the_client_printed(run: Run) -> None:
    found = messages(run.clients)
    observation, *rest = exchanges(run.clients, "/time")
    assert all(deregisters(found[e["request_frame"]]) for e in rest)
    received = {m.payload.decode() for _, m in answers(run.clients, "/time")}
    printed = set(run.told.times.split("\n")) - {""}
    assert len(observation["response_frames"]) > 4
    assert printed <= received


def test_blocks_answer_the_request_for_their_number(tap: Session) -> None:
    found, compared = messages(tap), 0
    for exchange in exchanges(tap, "/example_data"):
        asked = found[exchange["request_frame"]]
        for answer in (found[frame] for frame in exchange["response_frames"]):
            for option in (numbers.BLOCK1, numbers.BLOCK2):
                if answer.first(option):  # libcoap leaves it out of its last answer to Block1
                    assert number_of(asked, option) == number_of(answer, option)
                    compared += 1
    assert compared >= 8


def test_blocks_add_up_to_what_the_client_printed(run: Run) -> None:
    got = [m.payload.decode() for _, m in answers(run.clients, "/example_data", method="GET")]
    assert "".join(got) == TEXT
    assert run.told.text.rstrip("\n") == TEXT.rstrip("\n")


def number_of(message: Message, option: int) -> int:
    """NUM of a block option (RFC 7959 clause 2.2), 0 where there is none."""
    block = message.first(option)
    return int.from_bytes(block.value, "big") >> 4 if block else 0


def deregisters(message: Message) -> bool:
    """Whether a request ends an observation (RFC 7641 clause 3.6)."""
    observe = message.first(numbers.OBSERVE)
    return observe is not None and observe.value == b"\x01"


def test_separate_responses_are_matched_by_token(tap: Session) -> None:
    separate = exchanges(tap, "/slow") + exchanges(tap, "/async")
    assert {e["matched_by"] for e in separate} == {"token"}
    assert len(separate) == len(ASKED_SLOWLY) + 3


def test_retransmissions_are_seen_on_both_sides(run: Run) -> None:
    """Requests on the clients' side, responses and notifications on the servers'."""
    assert sum(len(e["retransmission_frames"]) for e in exchange_entries(run.clients)) > 5
    rows = run.servers.messages.rows()
    again = [m for m in rows if m["role"] == Role.RETRANSMISSION]
    assert any(numbers.is_response(m["code"]) for m in again)


def test_no_peer_is_blamed_for_the_network(tap: Session) -> None:
    errors = [f for f in tap.findings if f.severity == Severity.ERROR]
    assert [(f.rule.id, f.frame, f.text) for f in errors] == []


@needs_tshark
def test_messages_are_what_tshark_shows(tap: Session, tmp_path: Path) -> None:
    (path,) = tap.paths
    theirs = shown(Path(path), tmp_path, Given(coap=tap.settings.ports))
    assert differences(tap, theirs) == {}
