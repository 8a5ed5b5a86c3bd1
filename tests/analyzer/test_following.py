# SPDX-License-Identifier: GPL-2.0-only
"""Records one after the other: counts, places, cuts, clock steps, ICMP errors."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from capture.writing import Pcapng
from gathered import message
from generated import read
from rules.conversation import ETHERNET, START, Conversation

from analyzer.messages import Role
from analyzer.profiles.transmission import MILLISECOND, SECOND, Transmission
from analyzer.report import exchange_entries
from analyzer.session import Session

GET = Conversation().con("GET", token=b"ab").frames[0]


def recorded(path: Path, packets: list[bytes], link_type: int = 101) -> Session:
    """A closed session that read these packets of a link type."""
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link_type)
    for packet in packets:
        content += struct.pack("<IIII", 7, 0, len(packet), len(packet)) + packet
    path.write_bytes(content)
    return read(path)


# Counts ---------------------------------------------------------------------------------------


def test_every_record_is_counted_for_what_it_is(tmp_path: Path) -> None:
    later_fragment = bytearray(GET.packet())
    later_fragment[6:8] = b"\0\x10"
    packets = [
        GET.packet(),
        GET.packet()[:24],
        b"\x44" + bytes(19),
        bytes(later_fragment),
        GET.packet().replace(b"\x40\x11", b"\x40\x06"),
        GET.packet().replace(b"\x16\x33", b"\x00\x35"),
    ]
    counts = recorded(tmp_path / "kinds.pcap", packets).counts
    assert (counts.records, counts.udp, counts.coap) == (6, 2, 1)
    assert (counts.unreadable, counts.fragments, counts.other) == (2, 1, 1)
    assert counts.unknown_links == {}


def test_packets_of_unknown_links_are_counted_by_link_type(tmp_path: Path) -> None:
    blocks = Pcapng()
    content = blocks.section()
    for link_type in (9999, 101, 9999, 9998):
        content += blocks.interface(link_type=link_type)
    for interface in (0, 0, 1, 2, 3):
        content += blocks.enhanced(7_000_000, GET.packet(), interface=interface)
    path = tmp_path / "links.pcapng"
    path.write_bytes(content)
    counts = read(path).counts
    assert (counts.records, counts.coap) == (5, 1)
    assert counts.unknown_links == {9999: 3, 9998: 1}


def test_a_message_knows_its_place() -> None:
    made = message(GET.data, ip_id=1, ttl=9)
    assert made.data == GET.data
    assert (made.place.coap_at, made.place.coap_length) == (14 + 28, len(GET.data))
    assert (made.place.captured, made.place.wire) == (42 + len(GET.data),) * 2
    assert (made.place.frame, made.place.ttl, made.place.fragmented) == (1, 9, False)
    assert (str(made.source), made.time) == ("192.0.2.1:40000", START)


def test_tags_of_the_link_layer_stand_before_the_message() -> None:
    assert message(GET.data, link=ETHERNET + b"\x81\0\0\7").place.coap_at == 18 + 28


# G-CUT ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_cut_message_breaks_no_rule(cut: int) -> None:
    talk = Conversation().con("POST", token=b"ab", path="/abc", payload=b"12345", cut=cut)
    rules = talk.ack("2.04").rules()
    assert rules["COAP-CAP-CUT"] == 1
    assert max(rules.values()) == 1


@pytest.mark.parametrize("kept", range(4))
def test_a_cut_header_is_no_ping(kept: int) -> None:
    ping = Conversation().con("0.00", cut=4 - kept)
    session = ping.session()
    assert session.messages["role"].tolist() == [Role.UNREADABLE]
    assert len(session.exchanges) == 0
    assert list(ping.rules()) == ["COAP-CAP-CUT"]


def test_the_first_fragment_is_a_cut_message() -> None:
    data = Conversation().con("POST", payload=bytes(600)).frames[0].data
    made = message(data[:400], fragmented=True, claimed=8 + len(data))
    assert made.cut
    assert made.place.fragmented


@pytest.mark.parametrize(("seconds", "frames"), [(2, [2, 1]), (0.8, [1, 2])])
def test_a_first_fragment_waits_half_as_long_as_a_response_does(
    seconds: float, frames: list[int]
) -> None:
    talk = Conversation().con("POST", payload=bytes(600), fragmented=True).wait(0.5).con("GET")
    session = talk.session(timers=Transmission(reorder_window_s=seconds))
    assert session.messages["frame"].tolist() == frames


# Clock ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("back", "told"), [(0, False), (MILLISECOND, False), (MILLISECOND + 1, True), (SECOND, True)]
)
def test_a_step_back_is_told_beyond_a_millisecond(back: int, told: bool) -> None:
    talk = Conversation().con("GET")
    talk.wait(-back / SECOND - 0.01).con("GET")
    assert talk.frames[1].time == START - back
    session = talk.session()
    assert bool([f for f in session.findings if f.rule.id == "COAP-CAP-CLOCK"]) is told
    assert (session.first_time, session.last_time) == (START, START - back)


def test_a_step_beyond_exchange_lifetime_begins_a_new_segment() -> None:
    talk = Conversation().con("GET", token=b"ab").ack("2.05").wait(-248.1)
    talk.con("GET", token=b"cd").ack("2.05")
    session = talk.session()
    assert [e["response_frames"] for e in exchange_entries(session)] == [[2], [4]]
    assert "a new capture begins here" in talk.findings("COAP-CAP-CLOCK")[0].text


def test_a_smaller_step_pairs_across_it() -> None:
    talk = Conversation().con("GET", token=b"ab").wait(-100).ack("2.05")
    (entry,) = exchange_entries(talk.session())
    assert entry["response_frames"] == [2]
    assert entry["response_time"] < 0


def test_in_a_new_segment_orphans_are_young_again() -> None:
    talk = Conversation().con("GET", token=b"z").ack("2.05").wait(300)
    talk.con("GET", token=b"abcd").ack("2.05", mid=0x7777)
    assert talk.rules()["COAP-7252-5.3.2-PIGGY-MID"] == 3
    talk = Conversation().con("GET", token=b"z").ack("2.05").wait(300).con("GET").wait(-400)
    talk.con("GET", token=b"abcd").ack("2.05", mid=0x7777)
    assert talk.rules()["COAP-7252-5.3.2-PIGGY-MID"] == 2


# ICMP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code", "text"),
    [(3, 3, "port unreachable"), (3, 1, "host unreachable"), (3, 9, "type 3 code 9")],
)
def test_an_icmp_error_belongs_to_the_message_it_quotes(kind: int, code: int, text: str) -> None:
    talk = Conversation().con("GET", token=b"ab").icmp(kind, code)
    (finding,) = talk.findings("COAP-CAP-ICMP")
    assert finding.frames == [1, 2]
    assert finding.exchange == 1
    assert f"ICMP {text}" in finding.as_dict()["message"] + finding.seen
    assert len(talk.session().messages) == 1, "quoted bytes are no traffic"


@pytest.mark.parametrize("quoted", [0, 20, 28, 31])
def test_a_quote_too_short_to_tell_the_message(quoted: int) -> None:
    talk = Conversation().con("GET", token=b"ab").icmp(quoted=quoted)
    assert talk.findings("COAP-CAP-ICMP") == []


def test_mapped_addresses_are_those_of_ipv4() -> None:
    talk = Conversation(client="[::ffff:192.0.2.1]:40000", server="[::ffff:192.0.2.2]:5683")
    talk.con("GET", token=b"ab").ack("2.05", ip_id=0)
    (entry,) = exchange_entries(talk.session())
    assert (entry["client"], entry["server"]) == ("192.0.2.1:40000", "192.0.2.2:5683")


def test_a_record_without_a_time_stands_where_the_one_before_did(tmp_path: Path) -> None:
    blocks = Pcapng()
    content = blocks.section() + blocks.interface() + blocks.enhanced(7_000_000, GET.packet())
    path = tmp_path / "capture.pcapng"
    path.write_bytes(content + blocks.simple(GET.packet()))
    assert read(path).messages["time"].tolist() == [7 * SECOND, 7 * SECOND]
