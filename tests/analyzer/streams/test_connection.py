# SPDX-License-Identifier: GPL-2.0-only
"""Connections: what they carry, how they begin and end, and what the capture has not got."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.streams.connection import Connection, client_first
from analyzer.streams.model import (
    ACK,
    FIN,
    RST,
    SYN,
    UNKNOWN,
    Chunk,
    Fault,
    FaultKind,
    Framed,
)

from .segments import CSM, Peers, faults_of, get, message, messages_of, no_tls, peers, segment

BACK = False
FORTH = True


def content(number: int) -> bytes:
    return message(0x45, number.to_bytes(2, "big"), b"\xff%d" % number)


def test_both_sides_of_a_connection_are_read_in_order() -> None:
    two = peers().open()
    two.send(FORTH, CSM + get(1))
    two.send(BACK, CSM)
    two.send(BACK, content(1))
    two.send(FORTH, flags=FIN | ACK)
    two.send(BACK, flags=FIN | ACK)
    two.send(FORTH)
    assert messages_of(two.found, FORTH) == [CSM, get(1)]
    assert messages_of(two.found, BACK) == [CSM, content(1)]
    assert faults_of(two.found) == []
    assert two.connection.protocol == "coap+tcp"
    assert two.connection.opened
    assert two.connection.closed
    closing = two.connection.closing
    assert closing is not None
    assert (closing.forward, closing.reset, closing.frame) == (True, False, 7)


def test_a_message_names_the_packets_it_came_in_and_the_one_that_completed_it() -> None:
    two = peers().open()
    two.send(FORTH, CSM + get(1)[:4])
    two.send(FORTH, get(1)[4:6])
    two.send(FORTH, get(1)[6:] + get(2))
    csm, first, second = (one for one in two.found if isinstance(one, Framed))
    assert [piece.frame for piece in csm.pieces] == [4]
    assert [piece.frame for piece in first.pieces] == [4, 5, 6]
    assert (first.frame, first.time) == (6, 6000)
    assert [piece.frame for piece in second.pieces] == [6]


def test_a_server_may_speak_first() -> None:
    two = peers().open()
    two.send(BACK, CSM)
    two.send(FORTH, CSM + get(1))
    assert messages_of(two.found, BACK) == [CSM]
    assert messages_of(two.found, FORTH) == [CSM, get(1)]


def test_what_the_peer_acknowledges_and_the_capture_lacks_is_lost_at_once() -> None:
    two = peers().open()
    two.send(FORTH, CSM)
    two.send(FORTH, get(1), lost=True)
    two.send(FORTH, get(2))
    assert messages_of(two.found) == [CSM]
    two.send(BACK, CSM)  # acknowledges all
    assert messages_of(two.found) == [CSM, get(2)]
    (fault,) = (one for one in two.found if isinstance(one, Fault))
    assert (fault.kind, fault.forward, fault.frames) == (FaultKind.LOST, True, (6,))
    assert fault.detail == f"{len(get(1))} bytes are not in the capture"
    assert two.found.index(fault) < len(two.found) - 2  # told before what comes behind it


def test_fin_inside_a_message_is_told() -> None:
    two = peers().open()
    two.send(FORTH, CSM + get(1)[:-1])
    two.send(FORTH, flags=FIN | ACK)
    two.send(FORTH)
    two.close()
    (fault,) = (one for one in two.found if isinstance(one, Fault))
    assert fault.kind is FaultKind.FRAME_CUT
    assert fault.frames == (4,)
    assert str(len(get(1))) in fault.detail


@pytest.mark.parametrize("flags", [RST, RST | ACK])
def test_a_reset_closes_and_blames_nobody_for_what_is_cut(flags: int) -> None:
    two = peers().open()
    two.send(FORTH, CSM + get(1)[:-1])
    two.send(BACK, flags=flags)
    two.close()
    assert faults_of(two.found) == []
    assert two.connection.closed
    assert two.connection.closing is not None
    assert two.connection.closing.reset
    assert not two.connection.closing.forward


def test_a_blind_reset_closes_nothing() -> None:
    two = peers().open()
    two.send(FORTH, CSM)
    two.connection.take(segment(1 << 31, flags=RST), FORTH)
    assert not two.connection.closed
    assert two.connection.closing is None


def test_the_end_of_a_stream_whose_last_bytes_are_lost_blames_nobody() -> None:
    two = peers().open()
    two.send(FORTH, CSM + get(1)[:-3])
    two.send(FORTH, get(1)[-3:], lost=True)
    two.send(FORTH, flags=FIN | ACK)
    two.close()
    assert faults_of(two.found) == [FaultKind.LOST]


def test_an_answer_to_syn_alone_tells_where_both_begin() -> None:
    two = peers()
    two.next[FORTH] += 1  # the SYN of the client is not in the capture
    two.send(BACK, flags=SYN | ACK)
    two.send(FORTH, message(0xE1))
    assert messages_of(two.found) == [message(0xE1)]
    assert two.connection.opened


def test_a_connection_joined_in_the_middle_waits_for_a_segment_that_begins_a_message() -> None:
    two = peers()
    two.send(FORTH, get(1)[3:])
    two.send(FORTH, get(2) + get(3))
    two.send(BACK, content(2)[2:])
    two.send(BACK, content(3))
    assert messages_of(two.found, FORTH) == [get(2), get(3)]
    assert messages_of(two.found, BACK) == [content(3)]
    assert not two.connection.opened
    assert faults_of(two.found) == []


def test_the_same_ports_may_be_used_anew() -> None:
    two = peers().open()
    connection = two.connection
    assert not connection.starts_anew(segment(1000, flags=SYN), FORTH)  # a retransmission
    assert not connection.starts_anew(segment(5000, flags=SYN | ACK), BACK)
    assert not connection.starts_anew(segment(1001, CSM), FORTH)
    assert connection.starts_anew(segment(77000, flags=SYN), FORTH)
    assert connection.starts_anew(segment(99000, flags=SYN | ACK), BACK)
    joined = peers()
    joined.send(BACK, content(1))
    assert joined.connection.starts_anew(segment(5, flags=SYN), FORTH)
    answered = peers()
    answered.send(BACK, flags=SYN | ACK)
    assert not answered.connection.starts_anew(segment(999, flags=SYN), FORTH)


@pytest.mark.parametrize(
    "first",
    [
        b"\0\0" + CSM,  # Empty, which keeps a connection alive
        message(0xE1, b"", b"\x10"),  # a critical option nobody knows
        get(1),  # no CSM, but a message
        message(0x03, b"\x03\x00\x20", b"\x40"),
    ],
)
def test_a_connection_may_begin_wrong_and_be_coap(first: bytes) -> None:
    two = peers().open()
    two.send(FORTH, first)
    two.send(FORTH, get(2))
    assert b"".join(messages_of(two.found)) == first + get(2)
    assert faults_of(two.found) == []


def test_what_may_be_a_record_of_tls_is_a_message_where_one_ends_there() -> None:
    """A PUT with a token of six bytes, the first of which are 3 and a length."""
    put = message(0x03, bytes.fromhex("030020112233"), b"\x40")
    assert put[:5] == bytes.fromhex("1603030020")
    two = peers()
    two.send(FORTH, put)
    assert messages_of(two.found) == [put]


def test_what_is_no_coap_is_left_alone() -> None:
    two = peers().open()
    two.send(FORTH, b"SSH-2.0-OpenSSH_9.2p1\r\n")
    two.send(BACK, b"SSH-2.0-OpenSSH_9.2p1\r\n")
    assert faults_of(two.found) == [FaultKind.NOT_COAP]
    assert two.connection.muted
    assert two.connection.protocol == ""


class Reversing:
    """TLS that turns the bytes of a record around, and is done with a record of type 21."""

    def __init__(self) -> None:
        self.muted = False

    def feed(self, chunk: Chunk, forward: bool) -> list[Chunk]:
        plain = []
        data = chunk.data
        while len(data) >= 5:
            size = int.from_bytes(data[3:5], "big")
            if data[0] == 23:
                plain.append(chunk._replace(data=data[5 : 5 + size][::-1]))
            self.muted = self.muted or data[0] == 21
            data = data[5 + size :]
        return plain


def record(data: bytes, kind: int = 23) -> bytes:
    return bytes([kind, 3, 3]) + len(data).to_bytes(2, "big") + data[::-1]


@pytest.mark.parametrize("secure", [False, True])
def test_tls_is_told_by_its_records(secure: bool) -> None:
    two = peers(secure, Reversing).open()
    two.send(FORTH, record(b"hello", 22)[:3])
    two.send(FORTH, record(b"hello", 22)[3:])
    assert two.connection.tls is None or two.connection.protocol == ""
    two = peers(secure, Reversing).open()
    two.send(FORTH, record(b"hello", 22))
    two.send(BACK, record(b"hello", 22))
    two.send(FORTH, record(CSM) + record(get(1)[:3]) + record(get(1)[3:]))
    two.send(BACK, record(CSM))
    assert messages_of(two.found, FORTH) == [CSM, get(1)]
    assert messages_of(two.found, BACK) == [CSM]
    assert two.connection.protocol == "coaps+tcp"
    two.send(BACK, record(b"", 21))
    assert two.connection.muted


def test_tls_joined_in_the_middle() -> None:
    two = peers(True, Reversing)
    two.send(FORTH, b"\x99" * 40)
    assert two.connection.tls is not None
    two = peers(False, Reversing)
    two.send(FORTH, b"\x99" * 40)
    assert two.connection.tls is None
    two.send(FORTH, record(get(1)))
    assert messages_of(two.found) == [get(1)]


@pytest.mark.parametrize(
    ("source", "destination", "flags", "client"),
    [
        (40000, 9999, SYN, True),
        (9999, 40000, SYN | ACK, False),
        (5683, 40000, SYN, True),
        (40000, 5683, ACK, True),
        (5684, 40000, ACK, False),
        (5683, 5684, ACK, None),
        (40000, 40001, ACK, None),
    ],
)
def test_who_the_client_is(source: int, destination: int, flags: int, client: bool | None) -> None:
    assert client_first(source, destination, flags) is client


Step = tuple[bool, bytes, int, bool]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.binary(max_size=40)
            | st.sampled_from(
                [CSM, get(1), content(1), b"GET / HTTP/1.1\r\n\r\n", b"\x82\x02\0\1"]
            ),
            st.sampled_from([ACK, ACK, ACK, SYN, FIN | ACK, RST, SYN | ACK, 0]),
            st.booleans(),
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_any_segments_do_no_harm(steps: list[Step], opened: bool) -> None:
    two = Peers(Connection(Reversing, False))
    if opened:
        two.open()
    for forward, data, flags, lost in steps:
        two.send(forward, data, flags, lost)
    two.close()
    for one in two.found:
        assert not isinstance(one, Framed) or len(one.data) >= 2
        assert one.frame <= two.frame


def test_nothing_is_kept_of_a_connection_that_is_something_else() -> None:
    two = Peers(Connection(no_tls, False))  # type: ignore[arg-type]
    for _ in range(1100):
        two.send(FORTH, b"\xee" * 1000)
        two.send(BACK)
    assert faults_of(two.found) == [FaultKind.NOT_COAP]
    assert two.connection.held < 70_000
    assert UNKNOWN == -1
