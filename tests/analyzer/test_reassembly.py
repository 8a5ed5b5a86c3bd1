# SPDX-License-Identifier: GPL-2.0-only
"""Fragments in every order, twice, overlapping, missing, and in floods."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, fragment6
from scapy.packet import Packet, Raw

from analyzer.fragments import Incomplete, Reason, Whole
from analyzer.fragments import fragment as fragment_of
from analyzer.profiles.transmission import SECOND
from analyzer.reassembly import Reassembler
from dissectors import checksum, link

STEADY = settings(derandomize=True, deadline=None, max_examples=100)
PAYLOAD = bytes(random.Random(1).randbytes(1500))
DATAGRAM = UDP(sport=40000, dport=5683) / Raw(PAYLOAD)
FOUR = [bytes(p) for p in fragment(IP(src="192.0.2.1", dst="192.0.2.2", id=7) / DATAGRAM, 400)]
SIX = [
    bytes(p)
    for p in fragment6(
        IPv6(src="2001:db8::1", dst="2001:db8::2")
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrFragment(id=7)
        / DATAGRAM,
        500,
    )
]
RAW_IP, WPAN = 101, 230


def lowpan(payload: bytes) -> list[bytes]:
    """6LoWPAN fragments of a message between the short addresses 1 and 2, without checksum."""
    size = 48 + len(payload)
    mac = bytes.fromhex("4188 01 cdab 0200 0100")
    frames = [
        mac
        + struct.pack(">HH", 0xC000 + size, 9)
        + bytes.fromhex("7e33 f4 9c40 1633")
        + payload[:32]
    ]
    for at in range(80, size, 80):
        piece = payload[at - 48 : at + 32]
        frames.append(mac + struct.pack(">HHB", 0xE000 + size, 9, at // 8) + piece)
    return frames


LOWPAN = lowpan(PAYLOAD[:400])


class Tap:
    """Frames into a reassembler, one second apart unless told otherwise."""

    def __init__(self, **limits: int) -> None:
        self.reassembler = Reassembler(**limits)
        self.wholes: list[Whole] = []
        self.lost: list[Incomplete] = []
        self.file = bytearray(b"header")
        self.time = 0
        self._frame = 0

    def see(
        self, frames: Iterable[bytes], link_type: int = RAW_IP, gap: int = 1000, snap: int = 9999
    ) -> Tap:
        row = link.new_row()
        for data in frames:
            self._frame += 1
            self.time += gap
            self.lost += self.reassembler.expired(self.time)
            kept = memoryview(data[:snap])
            link.walk(kept, 0, len(kept), link_type, row, len(data) - len(kept))
            assert row[link.FRAGMENT]
            at = len(self.file)
            self.file += kept
            piece = fragment_of(row, kept, 0, self._frame, self.time, at)
            whole = self.reassembler.add(piece)
            if whole is not None:
                self.wholes.append(whole)
        return self

    def close(self) -> list[Incomplete]:
        self.lost += self.reassembler.close()
        assert len(self.reassembler) == 0
        return self.lost


def message(packet: bytes) -> tuple[bytes, int]:
    """Payload of the datagram in a packet, and its length on the wire."""
    row = link.new_row()
    link.walk(memoryview(packet), 0, len(packet), RAW_IP, row)
    assert row[link.KIND] == link.UDP
    assert row[link.FRAGMENT] == 0
    assert (row[link.SOURCE_PORT], row[link.DESTINATION_PORT]) == (40000, 5683)
    checksum.verify(memoryview(packet), row)
    assert row[link.CHECKSUM] in (checksum.RIGHT, checksum.UNCHECKED, checksum.ABSENT_V6)
    return packet[row[link.PAYLOAD_AT] : row[link.PAYLOAD_END]], row[link.PAYLOAD_LENGTH]


KINDS = {
    "IPv4": (FOUR, RAW_IP, PAYLOAD),
    "IPv6": (SIX, RAW_IP, PAYLOAD),
    "6LoWPAN": (LOWPAN, WPAN, PAYLOAD[:400]),
}


@pytest.mark.parametrize("kind", KINDS)
@STEADY
@given(seed=st.integers(0))
def test_every_order_and_every_copy_gives_the_same_datagram(kind: str, seed: int) -> None:
    frames, link_type, payload = KINDS[kind]
    dice = random.Random(seed)
    order = frames + dice.choices(frames, k=dice.randrange(4))
    dice.shuffle(order)
    tap = Tap().see(order, link_type)
    (whole,) = tap.wholes
    assert message(whole.packet) == (payload, len(payload))
    assert not whole.overlapped
    assert not tap.close()
    assert whole.duplicates + tap.reassembler.late_copies == len(order) - len(frames)
    assert len(whole.frames) == len(frames)


@pytest.mark.parametrize("kind", KINDS)
def test_every_byte_is_found_in_the_file(kind: str) -> None:
    frames, link_type, payload = KINDS[kind]
    tap = Tap().see(reversed(frames), link_type)
    (whole,) = tap.wholes
    end = len(whole.packet)
    places = list(whole.places(end - len(payload), end))
    assert b"".join(bytes(tap.file[at : at + size]) for _, at, size in places) == payload
    assert [frame for frame, _, _ in places] == sorted((f for f, _, _ in places), reverse=True)
    (first, *_) = whole.places(end - len(payload) + 3, end - len(payload) + 5)
    assert first[2] == 2


def test_compressed_headers_stand_in_no_file() -> None:
    (whole,) = Tap().see(LOWPAN, WPAN).wholes
    assert next(whole.places(0, 48)) == (1, -1, 48)


def test_datagrams_side_by_side() -> None:
    other = [bytes(p) for p in fragment(IP(src="192.0.2.3", dst="192.0.2.2", id=7) / DATAGRAM, 400)]
    mixed = [frame for pair in zip(FOUR, other, strict=True) for frame in pair]
    assert len(Tap().see(mixed).wholes) == 2


def test_both_endpoints_may_use_one_identification() -> None:
    back = [bytes(p) for p in fragment(IP(src="192.0.2.2", dst="192.0.2.1", id=7) / DATAGRAM, 400)]
    assert len(Tap().see([*FOUR[:2], *back, *FOUR[2:]]).wholes) == 2


# Missing ------------------------------------------------------------------------------------------


def test_a_lost_fragment_leaves_a_hole_and_the_beginning() -> None:
    tap = Tap().see([FOUR[0], FOUR[1], FOUR[3]])
    (lost,) = tap.close()
    assert lost.reason is Reason.ENDED
    assert lost.holes == ((800, 1200),)
    assert lost.size == 1508
    assert message(lost.packet) == (PAYLOAD[:792], 1500)


def test_a_beginning_alone_is_a_cut_message() -> None:
    for kind, (frames, link_type, payload) in KINDS.items():
        (lost,) = Tap().see(frames[:1], link_type).close()
        begin, length = message(lost.packet)
        assert payload.startswith(begin), kind
        assert length == len(payload)
        assert lost.size == (448 if kind == "6LoWPAN" else -1)
        assert lost.holes[0][1] == lost.size


def test_no_beginning_no_packet() -> None:
    (lost,) = Tap().see(FOUR[1:]).close()
    assert lost.packet == b""
    assert lost.holes == ((0, 400),)
    assert lost.key.ends == ("192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(("kind", "seconds"), [("IPv4", 30), ("IPv6", 60), ("6LoWPAN", 60)])
def test_fragments_that_come_too_late(kind: str, seconds: int) -> None:
    frames, link_type, _ = KINDS[kind]
    tap = Tap().see(frames[:-1], link_type, gap=0)
    tap.see(frames[-1:], link_type, gap=seconds * SECOND)
    assert len(tap.wholes) == 1
    tap = Tap().see(frames[:-1], link_type, gap=0)
    tap.see(frames[-1:], link_type, gap=seconds * SECOND + 1)
    assert not tap.wholes
    assert [lost.reason for lost in tap.close()] == [Reason.EXPIRED, Reason.ENDED]


def test_a_fragment_that_was_cut_is_a_hole() -> None:
    tap = Tap().see(FOUR[:1]).see(FOUR[1:2], snap=220).see(FOUR[2:])
    (lost,) = tap.close()
    assert lost.holes == ((600, 800),)


def test_a_whole_copy_fills_what_was_cut() -> None:
    tap = Tap().see(FOUR[:1]).see(FOUR[1:2], snap=220).see(FOUR[1:])
    (whole,) = tap.wholes
    assert message(whole.packet)[0] == PAYLOAD
    assert not whole.overlapped


# Overlaps -----------------------------------------------------------------------------------------


def piece(at: int, data: bytes, more: bool = True, identification: int = 7) -> bytes:
    head = IP(
        src="192.0.2.1",
        dst="192.0.2.2",
        id=identification,
        proto=17,
        frag=at // 8,
        flags="MF" if more else 0,
    )
    return bytes(head / Raw(data))


WHOLE = b"".join(data[20:] for data in FOUR)


def test_an_overlap_of_equal_bytes() -> None:
    pieces = [piece(0, WHOLE[:800]), piece(400, WHOLE[400:1200]), piece(1200, WHOLE[1200:], False)]
    (whole,) = Tap().see(pieces).wholes
    assert whole.overlapped
    assert not whole.differs
    assert whole.packet[20:] == WHOLE


def test_an_overlap_that_differs_keeps_what_came_first() -> None:
    evil = piece(0, b"\x01\xbb" * 200)
    pieces = [piece(0, WHOLE[:800]), evil, piece(800, WHOLE[800:], False)]
    (whole,) = Tap().see(pieces).wholes
    assert whole.overlapped
    assert whole.differs
    assert whole.packet[20:] == WHOLE
    assert whole.frames == (1, 2, 3)


def test_two_ends() -> None:
    pieces = [piece(800, WHOLE[800:], False), piece(400, WHOLE[400:600], False)]
    (lost,) = Tap().see(pieces).close()
    assert lost.overlapped
    assert lost.differs


def test_bytes_behind_the_end_do_not_complete_a_datagram() -> None:
    pieces = [piece(0, bytes(48)), piece(160, bytes(56)), piece(96, bytes(8), False)]
    tap = Tap().see(pieces)
    assert not tap.wholes
    (lost,) = tap.close()
    assert lost.differs


@STEADY
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.binary(min_size=1, max_size=60), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_of_any_fragments_the_first_bytes_count(pieces: list[tuple[int, bytes, bool]]) -> None:
    tap = Tap()
    bytes_of: dict[int, dict[int, int]] = {7: {}, 8: {}}
    for at, data, other in pieces:
        identification = 8 if other else 7
        tap.see([piece(at * 8, data, True, identification)])
        for place, byte in enumerate(data, at * 8):
            bytes_of[identification].setdefault(place, byte)
    for lost in tap.close():
        known = bytes_of[lost.key.identification]
        assert {place for run in lost.runs for place in range(run.start, run.stop)} == set(known)
        assert lost.holes[-1] == (max(known) + 1, -1)
        assert sum(stop - start for start, stop in lost.holes[:-1]) == max(known) + 1 - len(known)
        begin = lost.packet[lost.payload_at :]
        assert begin == bytes(known[place] for place in range(len(begin)))
        assert len(begin) not in known


# Floods -------------------------------------------------------------------------------------------


def test_a_flood_of_first_fragments_is_bounded() -> None:
    tap = Tap(datagrams=10)
    tap.see(piece(0, bytes(16), identification=n) for n in range(100))
    assert len(tap.reassembler) == 10
    assert tap.reassembler.dropped == 90
    tap.lost += tap.reassembler.expired(tap.time)
    assert [lost.reason for lost in tap.lost] == [Reason.DROPPED] * 90


def test_memory_is_bounded() -> None:
    tap = Tap(memory=100_000)
    tap.see(piece(8, bytes(10_000), identification=n) for n in range(100))
    assert len(tap.reassembler) < 10


def test_tiny_overlapping_fragments_are_bounded() -> None:
    tap = Tap(memory=100_000)
    tap.see(piece(8 * (n % 8), bytes([n % 256]) * (n % 50 + 1)) for n in range(5000))
    assert len(tap.reassembler) <= 1
    assert tap.reassembler.dropped > 0


def test_a_fragment_past_the_largest_datagram_is_refused() -> None:
    tap = Tap().see([piece(65528, bytes(100), False)])
    assert tap.reassembler.refused == 1
    assert not tap.close()


# In tunnels ---------------------------------------------------------------------------------------


def test_a_tunnel_in_fragments_is_walked_again() -> None:
    inner: Packet = IP(src="192.0.2.1", dst="192.0.2.2") / DATAGRAM
    tunnel = UDP(sport=2152, dport=2152) / Raw(struct.pack(">BBHI", 0x30, 255, 1528, 5)) / inner
    outer = [bytes(p) for p in fragment(IP(src="10.0.0.1", dst="10.0.0.2", id=3) / tunnel, 800)]
    (whole,) = Tap().see(outer).wholes
    row = link.new_row()
    link.walk(memoryview(whole.packet), 0, len(whole.packet), RAW_IP, row)
    assert (row[link.KIND], row[link.TUNNEL], row[link.TUNNEL_ID]) == (link.UDP, link.GTP_U, 5)
    assert message(bytes(inner))[0] == whole.packet[row[link.PAYLOAD_AT] : row[link.PAYLOAD_END]]
