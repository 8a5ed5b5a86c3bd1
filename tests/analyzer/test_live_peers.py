# SPDX-License-Identifier: GPL-2.0-only
"""Real peers, recorded while they talk: libcoap and aiocoap over loopback, on ports of their own.

What two independent stacks say to each other is right: every response must find its request, and
nothing may be called an error.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiocoap
import peers
import pytest
from aiocoap import resource
from aiocoap.numbers.constants import Reliable, Unreliable
from beside_tshark import Given, differences, shown
from peers import (
    PATIENCE,
    Counter,
    Text,
    aiocoap_endpoint,
    free_port,
    libcoap,
    libcoap_server,
    recorded,
)
from tshark import needs_tshark

from analyzer.messages import Role
from analyzer.report import exchange_entries
from analyzer.rules.catalogue import Severity
from analyzer.session import Session
from analyzer.settings import Settings

if lack := peers.missing():
    pytest.skip(lack, allow_module_level=True)

LONG = b"0123456789abcdef" * 100


class Slow(resource.Resource):
    """Answers after the empty ACK."""

    async def render_get(self, request: Any) -> Any:
        await asyncio.sleep(0.5)
        return aiocoap.Message(payload=b"late")


def site() -> Any:
    site = resource.Site()
    for name, what in (("text", Text(LONG)), ("slow", Slow()), ("counter", Counter())):
        site.add_resource([name], what)
    return site


# The conversation ------------------------------------------------------------------------------


async def ask(client: Any, code: Any, uri: str, confirmable: bool = True, **more: Any) -> Any:
    tuning = (Reliable if confirmable else Unreliable)()
    message = aiocoap.Message(code=code, uri=uri, transport_tuning=tuning, **more)
    return await asyncio.wait_for(client.request(message).response, PATIENCE)


async def observe(client: Any, uri: str, notifications: int) -> None:
    request = client.request(aiocoap.Message(code=aiocoap.GET, uri=uri, observe=0))
    await asyncio.wait_for(request.response, PATIENCE)
    async with asyncio.timeout(PATIENCE):
        async for _ in request.observation:
            notifications -= 1
            if not notifications:
                break
    request.observation.cancel()
    await asyncio.sleep(0.5)


async def converse(libcoap_port: int, aiocoap_port: int) -> None:
    """Every shape of exchange, both ways round."""
    ours, theirs = f"coap://127.0.0.1:{aiocoap_port}", f"coap://127.0.0.1:{libcoap_port}"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(libcoap_server(libcoap_port))
        await stack.enter_async_context(aiocoap_endpoint(aiocoap_port, site()))
        client = await stack.enter_async_context(aiocoap_endpoint())
        await ask(client, aiocoap.GET, f"{theirs}/time")
        await ask(client, aiocoap.GET, f"{theirs}/time", confirmable=False)
        await ask(client, aiocoap.GET, f"{ours}/slow")
        await ask(client, aiocoap.PUT, f"{ours}/text", payload=LONG * 2)
        await ask(client, aiocoap.GET, f"{ours}/text")
        await asyncio.gather(
            observe(client, f"{ours}/counter", 4),
            libcoap("-m", "get", "-T", "sep", f"{theirs}/async?1"),
            libcoap("-m", "get", "-N", "-T", "non", f"{theirs}/time"),
            libcoap("-m", "get", "-b", "64", "-T", "blk", f"{ours}/text"),
            libcoap("-m", "get", "-s", "2", "-T", "obs", f"{ours}/counter"),
            # Nothing changes there, so libcoap asks each second whether the server lives.
            libcoap("-m", "get", "-K", "1", "-s", "3", "-T", "png", f"{theirs}/example_data"),
        )


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """What the analyzer makes of the recording."""
    path = tmp_path_factory.mktemp("live") / "peers.pcap"
    for _ in range(3):
        ports = free_port(), free_port()
        with recorded(path, ports) as report:
            asyncio.run(converse(*ports))
        if "\n0 packets dropped by kernel" in "".join(report):
            break  # else the machine was too busy to record all of it
    session = Session(Settings(ports=frozenset(ports)))
    session.open([path])
    session.read_all()
    return session


# Tests -----------------------------------------------------------------------------------------


def exchanges(session: Session, **wanted: object) -> list[dict[str, Any]]:
    return [e for e in exchange_entries(session) if e.items() >= wanted.items()]


def test_every_response_finds_its_request(session: Session) -> None:
    assert session.counts.coap > 60
    assert not {Role.ORPHAN, Role.UNREADABLE} & set(session.messages["role"].tolist())


def test_every_exchange_came_to_an_end(session: Session) -> None:
    ends = ("answered", "observing", "reset")
    assert [e for e in exchange_entries(session) if e["state"] not in ends] == []


def test_nothing_is_an_error(session: Session) -> None:
    errors = [f for f in session.findings if f.severity == Severity.ERROR]
    assert [(f.rule.id, f.text) for f in errors] == []


def test_piggybacked_responses_match_exactly(session: Session) -> None:
    matched = exchanges(session, matched_by="mid+token")
    assert len(matched) > 10
    assert {entry["confidence"] for entry in matched} == {"exact"}


def test_separate_responses_come_after_their_ack(session: Session) -> None:
    slow = exchanges(session, uri="/slow") + exchanges(session, uri="/async?1")
    assert len(slow) == 2
    for entry in slow:
        assert entry["matched_by"] == "token"
        assert entry["ack_frame"] < entry["response_frames"][0]
        assert entry["response_time"] > 0.4


def test_non_requests_have_no_ack(session: Session) -> None:
    unacknowledged = exchanges(session, uri="/time", ack_frame=None)
    assert len(unacknowledged) == 2
    assert all(len(entry["response_frames"]) == 1 for entry in unacknowledged)


def test_notifications_belong_to_their_observation(session: Session) -> None:
    watched = exchanges(session, uri="/counter")
    assert len([entry for entry in watched if len(entry["response_frames"]) > 3]) == 2


def test_each_block_is_an_exchange(session: Session) -> None:
    assert len(exchanges(session, uri="/text", method="GET")) > 25
    assert len(exchanges(session, uri="/text", method="PUT", response_code="2.31")) > 1


def test_pings_are_answered_by_reset(session: Session) -> None:
    pings = exchanges(session, method="ping")
    assert pings
    assert all(ping["reset_frame"] for ping in pings)


@needs_tshark
def test_messages_are_what_tshark_shows(session: Session, tmp_path: Path) -> None:
    (path,) = session.paths
    theirs = shown(Path(path), tmp_path, Given(coap=session.settings.ports))
    assert differences(session, theirs) == {}
