# SPDX-License-Identifier: GPL-2.0-only
"""Records become messages: counts, cuts, clock steps, ICMP errors, places."""

from __future__ import annotations

from pathlib import Path

import pytest
from capture.writing import Pcapng
from generated import read
from rules.conversation import ETHERNET, Conversation

from analyzer.dissection import Dissection, Record
from analyzer.events import Arrived, ClockStep, IcmpError
from analyzer.profiles.transmission import DEFAULT, MILLISECOND, SECOND
from analyzer.report import exchange_entries

GET = Conversation().con("GET", token=b"ab").frames[0]


def record(packet: bytes, time: int = 0, *, link_type: int = 101, wire: int = 0) -> Record:
    data = memoryview(b"before" + packet)
    return Record(data, 6, len(packet), wire or len(packet), time, 0, link_type, 1, 100)


def dissection() -> Dissection:
    return Dissection(frozenset(), DEFAULT)


# Counts ---------------------------------------------------------------------------------------


def test_every_record_is_counted_for_what_it_is() -> None:
    reader = dissection()
    later_fragment = bytearray(GET.packet())
    later_fragment[6:8] = b"\0\x10"
    for one in (
        record(GET.packet()),
        record(GET.packet()[:24]),
        record(b"\x44" + bytes(19)),
        record(bytes(later_fragment)),
        record(GET.packet().replace(b"\x40\x11", b"\x40\x06")),
        record(b"", link_type=9999),
        record(b"", link_type=9999),
    ):
        list(reader.read(one))
    counts = reader.counts
    assert (counts.records, counts.udp, counts.coap) == (7, 1, 1)
    assert (counts.unreadable, counts.fragments, counts.other) == (2, 1, 1)
    assert counts.unknown_links == {9999: 2}


def test_a_message_knows_its_place() -> None:
    (event,) = dissection().read(record(GET.packet()))
    assert isinstance(event, Arrived)
    message = event.message
    assert message.data == GET.data
    assert (message.place.coap_at, message.place.coap_length) == (28, len(GET.data))
    assert (message.place.offset, message.place.ip_id, message.place.ttl) == (100, 1, 64)
    assert str(message.source) == "192.0.2.1:40000"


def test_the_link_header_is_all_before_ip() -> None:
    frame = ETHERNET + b"\x81\0\0\7\x08\0" + GET.packet()
    (event,) = dissection().read(record(frame, link_type=1))
    assert isinstance(event, Arrived)
    assert event.message.place.link_header == frame[:18]


# G-CUT ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_cut_message_breaks_no_rule(cut: int) -> None:
    talk = Conversation().con("POST", token=b"ab", path="/abc", payload=b"12345", cut=cut)
    rules = talk.ack("2.04").rules()
    assert rules["COAP-CAP-CUT"] == 1
    assert max(rules.values()) == 1


def test_the_first_fragment_is_a_cut_message() -> None:
    talk = Conversation().con("POST", payload=bytes(600), fragmented=True, cut=200)
    (event,) = dissection().read(record(talk.frames[0].packet()[:-200], wire=1))
    assert isinstance(event, Arrived)
    assert event.message.cut
    assert event.message.place.fragmented


# Clock ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("back", "told"), [(0, False), (MILLISECOND, False), (MILLISECOND + 1, True), (SECOND, True)]
)
def test_a_step_back_is_told_beyond_a_millisecond(back: int, told: bool) -> None:
    reader = dissection()
    list(reader.read(record(GET.packet(), 10 * SECOND)))
    events = list(reader.read(record(GET.packet(), 10 * SECOND - back)))
    assert isinstance(events[0], ClockStep) is told
    assert reader.clock == 10 * SECOND


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
    (event,) = dissection().read(record(talk.frames[1].packet()))
    assert isinstance(event, IcmpError)
    assert (event.reporter, event.text) == ("ICMP", text)
    assert event.quoted == talk.frames[0].data
    (finding,) = talk.findings("COAP-CAP-ICMP")
    assert finding.frames == [1, 2]
    assert finding.exchange == 1
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
