# SPDX-License-Identifier: GPL-2.0-only
"""The session as a whole: any split of a capture gives the same tables, and nothing raises."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from generated import CLIENTS, CON, SERVERS, conversations, fed, read, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules.conversation import ETHERNET, Address, Conversation, coap

from analyzer.capture import CaptureError
from analyzer.compiling import Compiler
from analyzer.messages import Role
from analyzer.session import Session

STEADY = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
RESPONSES = (Role.RESPONSE, Role.NOTIFICATION)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "capture.pcap"


# Incremental equals whole ---------------------------------------------------------------------


@STEADY
@given(conversations(), st.integers(1, 40), st.integers(1, 700))
def test_any_split_of_a_capture_gives_the_same_tables(
    path: Path, capture: bytes, limit: int, window: int
) -> None:
    path.write_bytes(capture)
    whole = snapshot(read(path))
    assert snapshot(read(path, 1)) == whole
    assert snapshot(read(path, limit, window)) == whole


@STEADY
@given(conversations())
def test_every_response_has_one_exchange_and_every_exchange_its_request(
    path: Path, capture: bytes
) -> None:
    path.write_bytes(capture)
    session = read(path)
    exchanges = len(session.exchanges)
    for row, message in enumerate(session.messages.rows()):
        assert 0 <= message["exchange"] <= exchanges
        if message["role"] in RESPONSES:
            assert message["exchange"]
        if message["role"] in (Role.REQUEST, Role.PING):
            assert session.exchanges.row(message["exchange"] - 1)["request_row"] == row
    listed = [
        frame
        for entry in snapshot(session)["entries"]
        for frame in {entry["request_frame"], entry["ack_frame"], *entry["response_frames"]}
        if frame
    ]
    assert len(listed) == len(set(listed)), "a frame belongs to two exchanges"


def test_closing_twice_changes_nothing() -> None:
    session = Conversation().con("GET").session()
    before = snapshot(session)
    session.close()
    assert snapshot(session) == before


def test_several_files_are_merged_by_time(tmp_path: Path) -> None:
    talk = Conversation().con("GET", token=b"a").ack("2.05")
    asked, answered = (Conversation().add(frame).pcap() for frame in talk.frames)
    paths = []
    for name, content in (("server.pcap", answered), ("client.pcap", asked)):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    session = Session()
    session.open(paths)
    shares = list(session.read(1))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    (entry,) = snapshot(session)["entries"]
    assert (entry["request_frame"], entry["response_frames"]) == (1, [2])
    assert session.coap(1) == talk.frames[1].data


def test_a_finding_marks_its_message_and_its_exchange() -> None:
    session = Conversation().con("POST", path="/r", payload=b'{"Message Type": "REG"}').session()
    assert session.messages["severity"].tolist() == session.exchanges["severity"].tolist() == [3]


# Nothing raises -------------------------------------------------------------------------------


@STEADY
@given(conversations(), st.lists(st.tuples(st.integers(24), st.integers(0, 255)), max_size=30))
def test_mutated_captures_are_read(
    path: Path, capture: bytes, changes: list[tuple[int, int]]
) -> None:
    mutated = bytearray(capture)
    for position, byte in changes:
        mutated[24 + position % (len(mutated) - 24)] = byte
    path.write_bytes(mutated)
    read(path)


@STEADY
@given(st.lists(st.binary(max_size=60), max_size=30))
def test_any_bytes_on_a_coap_port_are_read(payloads: list[bytes]) -> None:
    talk = Conversation()
    for payload in payloads:
        talk.raw(payload).raw(payload[::-1], by="server")
    session = talk.session()
    assert len(session.messages) + session.counts.other <= 2 * len(payloads)


@STEADY
@given(st.lists(st.binary(max_size=120), max_size=20), st.sampled_from([0, 1, 101, 113, 276, 9999]))
def test_any_frames_are_read(path: Path, packets: list[bytes], link_type: int) -> None:
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link_type)
    for number, packet in enumerate(packets):
        content += struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet
    path.write_bytes(content)
    assert read(path).counts.records == len(packets)


def test_a_capture_cut_off_at_any_byte_is_read_as_far_as_it_goes(path: Path) -> None:
    talk = Conversation().con("POST", path="/r", token=b"ab", payload=b"{}").ack("2.04").con("GET")
    capture = talk.pcap()
    whole = snapshot(talk.session())["messages"]
    for length in range(len(capture)):
        path.write_bytes(capture[:length])
        if length < 24:
            with pytest.raises(CaptureError):
                read(path)
            continue
        seen = list(read(path).messages.rows())
        assert [m["frame"] for m in seen] == [m["frame"] for m in whole[: len(seen)]]


def test_a_message_behind_very_many_vlan_tags_has_its_place() -> None:
    tags = b"\x81\x00\x00\x01" * 20_000
    session = Conversation().con("GET", link=ETHERNET + tags).session()
    assert session.messages["coap_at"].tolist() == [12 + 80_000 + 2 + 28]


# Bounds under hostile input -------------------------------------------------------------------

COUNT = 5000
SAME, SERVER, CLIENT = b"token123", SERVERS[0], CLIENTS[0]


def spoofed(number: int) -> Address:
    return Address(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 40000)


def get(number: int, mid: int | None = None, token: bytes | None = None) -> bytes:
    own = number.to_bytes(4, "big")
    return coap(CON, "GET", mid=number if mid is None else mid, token=token or own, path="/flooded")


FLOODS: dict[str, Callable[[int], tuple[Address, Address, bytes]]] = {
    "one token": lambda n: (CLIENT, SERVER, get(n, token=SAME)),
    "one Message ID": lambda n: (CLIENT, SERVER, get(n, mid=7)),
    "one message": lambda n: (CLIENT, SERVER, get(0)),
    "one message, many senders": lambda n: (spoofed(n), SERVER, get(0)),
    "responses without requests": lambda n: (
        (SERVER, CLIENT, coap(CON, "2.05", mid=n, token=n.to_bytes(4, "big")))
        if n & 1
        else (CLIENT, SERVER, get(n, token=n.to_bytes(5, "big")))
    ),
    "acknowledgements of one Message ID": lambda n: (
        (SERVER, CLIENT, coap(2, "2.05", mid=0, token=n.to_bytes(4, "big")))
        if n
        else (CLIENT, SERVER, get(0))
    ),
    "other versions": lambda n: (CLIENT, SERVER, b"\x80" + get(n)[1:]),
}


def seconds_for(flood: Callable[[int], tuple[Address, Address, bytes]]) -> float:
    """Nothing is compiled, on which the time would depend."""
    datagrams = [(n * 10_000, *flood(n)) for n in range(COUNT)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compiler, "offer", lambda *_: None)
        begin = time.process_time()
        fed(datagrams)
        return time.process_time() - begin


@pytest.fixture(scope="module")
def usual() -> float:
    """Seconds that as many ordinary requests take."""
    seconds_for(lambda n: (CLIENT, SERVER, get(n)))  # loads and warms up
    return min(seconds_for(lambda n: (CLIENT, SERVER, get(n))) for _ in range(2))


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_costs_no_more_than_ordinary_requests(name: str, usual: float) -> None:
    turns = (seconds_for(FLOODS[name]) for _ in range(2))  # the second if the first was disturbed
    assert any(seconds < 4 * usual for seconds in turns)


def test_a_datagram_of_empty_options_is_judged_in_linear_time() -> None:
    def seconds(options: int) -> float:
        data = b"\x40\x01\x00\x01\xc0" + bytes(options)
        begin = time.process_time()
        session = fed([(0, CLIENT, SERVER, data)])
        assert sum(finding.count for finding in session.findings) >= options
        return time.process_time() - begin

    assert seconds(32_000) < 16 * max(seconds(8_000), 0.05)


def test_decades_between_two_packets_cost_nothing() -> None:
    """An observation lives on; its timer does not tick through the years."""
    decades = 50 * 365 * 86_400
    talk = Conversation().con("GET", observe=0, token=b"ab").ack("2.05", observe=1)
    begin = time.process_time()
    talk.wait(decades).con("GET").session()
    assert time.process_time() - begin < 2


def test_a_message_takes_no_more_memory_than_budgeted() -> None:
    assert Session().messages.row_bytes <= 150
