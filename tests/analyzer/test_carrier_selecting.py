# SPDX-License-Identifier: GPL-2.0-only
"""The kernel that finds what carries CoAP, beside a plain reading of each frame."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from frames import ALL, COAP
from frames import Frame as Known
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lowpan_frames import FRAGMENTS, LOWPAN
from plain_selecting import (
    TCP_PORTS,
    UDP_PORTS,
    BeyondError,
    Frame,
    Said,
    frames,
    is_surely_oscore,
    made,
    options_of,
    payload,
    said,
)
from scapy.layers.inet import IP, TCP
from scapy.packet import Raw
from selected_batch import SEED, Batch

from analyzer.capture.records import NO_INTERFACE
from analyzer.carriers import selecting
from analyzer.carriers.muting import Muted
from analyzer.endpoints import endpoint
from analyzer.reading import port_table
from dissectors import link
from dissectors.coap.message import dissect
from dissectors.coap.numbers import OSCORE
from dissectors.kernel import Rows

SOME = settings(max_examples=30, deadline=None)


def plainly(sent: Sequence[Frame]) -> list[Said]:
    found = (said(frame.data, frame.link_type, number) for number, frame in enumerate(sent))
    return [one for one in found if one is not None]


def readable(frame: Frame) -> bool:
    try:
        said(frame.data, frame.link_type)
    except BeyondError:
        return False
    return True


FRAMES = frames().filter(readable)


@SOME
@given(st.lists(FRAMES, min_size=1, max_size=5))
def test_it_says_what_the_frames_say(sent: list[Frame]) -> None:
    batch, expected = Batch(sent), plainly(sent)
    assert batch.said() == expected
    carriers = [one.record for one in expected if one.sort in (selecting.TCP, selecting.DTLS)]
    assert (batch.carriers, batch.marked) == (carriers, len(carriers))


@settings(max_examples=20, deadline=None)
@given(FRAMES)
def test_so_it_does_of_every_truncation(frame: Frame) -> None:
    cut = [frame._replace(data=frame.data[:size]) for size in range(len(frame.data))]
    cut = [one for one in cut if readable(one)]
    if cut:
        assert Batch(cut).said() == plainly(cut)


def test_the_frames_are_of_all_sorts() -> None:
    """Else the properties above say nothing."""
    found: set[tuple[int, int]] = set()
    for seed in range(160):
        frame = made(random.Random(seed))
        one = said(frame.data, frame.link_type) if readable(frame) else None
        found.add((-1, -1) if one is None else (one.sort, len(one.ends[0])))
    sorts = selecting.TCP, selecting.DTLS, selecting.OSCORE
    assert found == {(-1, -1), (selecting.FRAGMENT, 0)} | {(s, n) for s in sorts for n in (4, 16)}


# Flows ----------------------------------------------------------------------------------------


@SOME
@given(st.lists(FRAMES, min_size=2, max_size=6))
def test_a_flow_is_its_two_ends_in_either_direction(sent: list[Frame]) -> None:
    batch = Batch(sent)
    ends, flows = {}, {}
    for number, one in enumerate(batch.said()):
        if one.sort == selecting.FRAGMENT:
            continue
        cells = batch.cells(number)
        source, destination = one.ends[:2], one.ends[2:]
        flow, sender = cells[selecting.FLOW], cells[selecting.SENDER]
        both = one.sort, frozenset({source, destination})
        assert flows.setdefault(both, flow) == flow
        assert ends.setdefault((one.sort, *source), sender | 1) == sender | 1
        receiver = flow ^ sender | 1
        assert ends.setdefault((one.sort, *destination), receiver) == receiver
    assert len(set(flows.values())) == len(flows)
    assert len(set(ends.values())) == len(ends)


class Counted:
    def mute(self, muted: Rows, at: int) -> None:
        pass


@SOME
@given(st.lists(FRAMES, min_size=1, max_size=5), st.integers(0, 63))
def test_packets_of_muted_flows_are_counted_until_one_may_open_it(
    sent: list[Frame], chosen: int
) -> None:
    sent = sent * 2
    batch = Batch(sent)
    flow_of = {}
    for number in range(batch.count):
        cells = batch.cells(number)
        if cells[selecting.SORT] != selecting.FRAGMENT:
            flow_of[cells[selecting.RECORD]] = cells[selecting.FLOW]
    flows = list(dict.fromkeys(flow_of.values()))
    silent = {flow for number, flow in enumerate(flows) if chosen >> number & 1}
    muted = Muted()
    for flow in silent:
        muted.add(flow, Counted())
    expected, counts = [], dict.fromkeys(silent, 0)
    for one in plainly(sent):
        flow = flow_of.get(one.record, 0)
        if flow in silent:
            first = one.payload[:1]
            opaque = one.sort == selecting.DTLS and (first in b"\x17\x19" or first >= b" ")
            flags = one.segment[2] & 0b111 if one.sort == selecting.TCP else 0  # FIN, SYN, RST
            if (one.sort == selecting.DTLS and not opaque) or flags:
                silent.remove(flow)
            else:
                counts[flow] += bool(one.payload)
                continue
        expected.append(one)
    again = Batch(sent, muted=muted)
    assert again.said() == expected
    assert again.marked == batch.marked
    for flow, count in counts.items():
        at = selecting.muted_at(muted.table, flow)
        assert muted.table[at + selecting.PACKETS] == count


def test_a_segment_without_payload_is_not_counted() -> None:
    sent = []
    for data in (b"", b"\0\1", b""):
        packet = bytes(
            IP(src="192.0.2.1", dst="192.0.2.2") / TCP(dport=5683, flags="A") / Raw(data)
        )
        sent.append(Frame(101, packet, len(packet)))
    muted = Muted()
    muted.add(Batch(sent).cells(0)[selecting.FLOW], Counted())
    batch = Batch(sent, muted=muted)
    at = selecting.muted_at(muted.table, Batch(sent).cells(0)[selecting.FLOW])
    assert (batch.count, batch.marked, muted.table[at + selecting.PACKETS]) == (0, 3, 1)


def test_what_only_keys_open() -> None:
    """Application data, records with a Connection ID, and unified headers (RFC 9147 clause 4.1)."""
    opaque = [kind for kind in range(20, 64) if selecting.is_opaque_record(bytes([kind]), 0)]
    assert opaque == [23, 25, *range(32, 64)]


# OSCORE ---------------------------------------------------------------------------------------


@SOME
@given(st.integers(0, 1 << 32).map(lambda seed: payload(random.Random(seed))))
@example(bytes.fromhex("5d026f09 01") + bytes(14) + bytes.fromhex("9109 ff") + bytes(9))
@example(bytes.fromhex("6044 0001 9129 ff") + bytes(9))
def test_what_has_no_flaw_has_the_option_or_not(data: bytes) -> None:
    message = dissect(data)
    if message.flaws or not message.readable:
        return
    place = selecting.oscore_at(data, 0, len(data))
    known = [option.offset for option in message.options if option.number == OSCORE]
    assert [place] == (known[:1] or [-1])
    if place >= 0:
        options = options_of(data)
        assert options is not None
        assert options[-1] == (OSCORE, place)
        sure = is_surely_oscore(data)
        assert selecting.proves_oscore(data, 0, len(data), place) == sure
        assert not sure or len(message.payload) >= 9


# Every link type and tunnel ---------------------------------------------------------------------

KNOWN = ALL | LOWPAN
WITH_OSCORE = COAP[:8] + bytes.fromhex("9109")


def sealed(frame: Known) -> Frame:
    """With the OSCORE option in place of a path."""
    data = frame.data.replace(COAP, WITH_OSCORE)
    return Frame(frame.link_type, data, len(data))


def read(frame: Known, *sizes: int) -> list[Said]:
    """Sealed, and so much of it captured."""
    whole = sealed(frame)
    sent = [whole._replace(data=whole.data[:size]) for size in sizes or [whole.wire]]
    return Batch(sent, udp_ports=port_table(frozenset(frame.ports))).said()


@pytest.mark.parametrize("name", KNOWN)
def test_every_frame_that_can_be_read(name: str) -> None:
    frame = KNOWN[name]
    (one,) = read(frame)
    source, destination = (endpoint(one.ends[at], one.ends[at + 1]) for at in (0, 2))
    assert (source.address, destination.address) == (frame.source, frame.destination)
    assert (source.port, destination.port) == frame.ports
    assert (one.payload, one.length) == (WITH_OSCORE, len(WITH_OSCORE))


@pytest.mark.parametrize("name", KNOWN)
def test_and_each_truncation_of_it(name: str) -> None:
    """Less of the payload, or nothing: never something else."""
    (whole,) = read(KNOWN[name])
    for one in read(KNOWN[name], *range(len(KNOWN[name].data))):
        assert (one.ends, one.length) == (whole.ends, whole.length)
        assert whole.payload.startswith(one.payload)


def test_each_record_of_a_batch_has_its_own_ends() -> None:
    """Also where they stand in no frame."""
    ports = frozenset(port for frame in KNOWN.values() for port in frame.ports)
    found = Batch([sealed(frame) for frame in KNOWN.values()], udp_ports=port_table(ports)).said()
    alone = [read(frame)[0] for frame in KNOWN.values()]
    assert [one.ends for one in found] == [one.ends for one in alone]
    assert [one.record for one in found] == list(range(len(KNOWN)))


def test_fragments_of_6lowpan() -> None:
    sent = [Frame(230, data, len(data)) for data in FRAGMENTS]
    expected = [Said(number, selecting.FRAGMENT) for number in range(len(sent))]
    assert Batch(sent).said() == expected


def test_records_that_are_no_packets_are_passed_over() -> None:
    frame = Frame(230, FRAGMENTS[0], len(FRAGMENTS[0]))
    batch = Batch([frame, frame])
    batch.records[4] = NO_INTERFACE
    count, marked = selecting.select(
        *(batch.data, batch.records, 2, batch.links, UDP_PORTS, TCP_PORTS, SEED),
        *(link.new_row(), batch.text, batch.muted.table, batch.found),
    )
    assert (count, marked) == (1, 0)
    assert batch.cells(0)[selecting.RECORD] == 1
