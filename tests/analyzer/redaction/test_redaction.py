# SPDX-License-Identifier: GPL-2.0-only
"""Captures redacted: none of their names is left, and they show the same findings."""

from __future__ import annotations

import json
import struct
import tempfile
from array import array
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import frames
import pytest
from capture.writing import pcap
from coap.near_valid import messages
from generated import conversations, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lowpan_frames import LOWPAN, fragmented
from msgin5g.near_valid import bodies
from rules.conversation import Conversation, coap
from transfers import cut, upload

from analyzer.redaction import frames as build
from analyzer.redaction import proof
from analyzer.redaction.cipher import Cipher
from analyzer.redaction.export import Asked, redact
from analyzer.redaction.messages import Messages
from analyzer.redaction.words import Words
from analyzer.session import Session
from analyzer.views.pcapng import shown_rows
from dissectors import checksum, link
from dissectors.coap.message import dissect
from dissectors.coap.wire import option_table

UE = b"meter-0001@iot.example"
BODY = (
    b'{"Message Type": "REG", "UE Service ID": "meter-0001@iot.example", '
    b'"UE Credential Information": {"authentication type": "AKMA", "A-KID": "s3cret-of-meter"}}'
)
GONE = (b"meter-0001", b"iot.example", b"s3cret", b"AKMA")
PORTS = (40000, 5683)
CAPTURES = Path(__file__).parents[3] / "captures"
_LARGEST = 65_000  # bytes that fit an IPv4 packet
DRAWN = settings(
    derandomize=True,
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
FRAME = {**frames.ALL, **LOWPAN}


class Redacted:
    """A capture before and after, what the user was told, and the frames written."""

    def __init__(self, data: bytes, key: str | None = "key", **asked: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            name, out = Path(folder) / "capture-of-acme", Path(folder) / "redacted.pcapng"
            name.write_bytes(data)
            self.before = read(name)
            rows = shown_rows(self.before)
            self.told = list(redact(self.before, rows, str(out), Asked(key, **asked)))
            self.data = out.read_bytes()
            self.after = read(out)
            self.coap = [self.after.coap(row) for row in shown_rows(self.after)]
            self.packets = [self.after.packet(row) for row in shown_rows(self.after)]


def redacted(talk: Conversation, key: str | None = "key", **asked: Any) -> Redacted:
    return Redacted(talk.pcap(), key, **asked)


def ue_of(message: bytes) -> str:
    return str(json.loads(message.partition(b"\xff")[2])["UE Service ID"])


def registered() -> Conversation:
    talk = Conversation().con("POST", path="/msgin5g", content_format=50, payload=BODY, token=b"ab")
    answer = b'{"UE Service ID": "meter-0001@iot.example", "Registration result": "success"}'
    return talk.ack("2.01", content_format=50, payload=answer)


def records(*packets: bytes, link_type: int = 101) -> bytes:
    timed = [(1, number, data, len(data)) for number, data in enumerate(packets)]
    return pcap(timed, link_type=link_type)


# The same findings, none of the names -----------------------------------------------------------


@DRAWN
@given(conversations())
def test_conversations_show_the_same(capture: bytes) -> None:
    found = Redacted(capture)
    assert found.told in ([], ["no packet was written: there is no CoAP to show"])
    assert not any(b'"UE Service ID":"ue-' in data for data in found.coap)


@DRAWN
@given(st.integers(0, 1 << 32))
def test_messages_that_are_nearly_coap_show_the_same(seed: int) -> None:
    talk = Conversation()
    fitting = (message for message in messages(seed, 12) if len(message) < _LARGEST)
    for number, message in enumerate(fitting):
        talk.raw(message, by="client" if number % 3 else "server")
    found = redacted(talk)
    # Letters behind a `%` may come to be hexadecimal digits, or no longer be.
    assert all("PATH-PERCENT" in text or "not show the same" in text for text in found.told)
    for before, after in zip(shown_rows(found.before), shown_rows(found.after), strict=True):
        one, other = found.before.coap(before), found.after.coap(after)
        assert len(one) == len(other)
        flaws = [[tuple(flaw) for flaw in dissect(data).flaws] for data in (one, other)]
        assert flaws[0] == flaws[1]


@pytest.mark.parametrize("host", [b"\xd7S", b"\xd7s", b"\xd7A", b"Meter.example"])
def test_a_host_keeps_its_case(host: bytes) -> None:
    found = redacted(Conversation().con("GET", uri_host=host))
    assert found.told == []


@DRAWN
@given(st.integers(0, 1 << 32))
def test_bodies_keep_length_and_never_raise(seed: int) -> None:
    talk = Conversation()
    for number, body in enumerate(bodies(seed, 8)):
        talk.con("POST", path="/a", content_format=50, payload=body, token=bytes([number]))
        talk.wait(1)
    found = redacted(talk)
    sizes = [[len(s.coap(row)) for row in shown_rows(s)] for s in (found.before, found.after)]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("name", ["coap-tour", "field-day", "pairing", "registration"])
def test_the_captures_here_show_the_same(name: str) -> None:
    found = Redacted((CAPTURES / f"{name}.pcapng").read_bytes())
    assert found.told == []
    assert len(found.before.findings) == len(found.after.findings)
    assert b"iot.example" not in found.data


def test_nothing_of_a_registration_is_left_but_its_form() -> None:
    found = redacted(registered(), comments=False)
    assert found.told == []
    for name in (*GONE, b"192.0.2.1", b"capture-of-acme", bytes([192, 0, 2, 1, 192, 0, 2, 2])):
        assert name not in found.data
    asked, answered = found.coap
    assert ue_of(asked) == ue_of(answered) != UE.decode()
    assert len(ue_of(asked)) == len(UE)
    assert b'"Registration result": "success"' in answered
    assert asked[:6] == b"\x42\x02\x10\x01ab"  # Message ID and token
    assert dissect(asked).first(11).value == b"msgin5g"  # type: ignore[union-attr]


def test_comments_tell_findings_in_pseudonyms() -> None:
    found = redacted(registered())
    assert b"note MSG-33501-Y-CLEARTEXT" in found.data
    assert not any(name in found.data for name in GONE)


def test_a_key_makes_the_same_of_two_captures() -> None:
    first, again, other = (redacted(registered(), key) for key in ("a", "a", "b"))
    assert first.coap == again.coap
    assert first.packets == again.packets
    assert ue_of(first.coap[0]) != ue_of(other.coap[0])
    assert redacted(registered(), None).coap != redacted(registered(), None).coap


# Options ----------------------------------------------------------------------------------------


def test_options_keep_what_says_nothing_of_anybody() -> None:
    talk = Conversation().con(
        "GET",
        path="/.well-known/core/plant-7",
        uri_host="gw.acme.example",
        uri_query=["ep=meter-0001", "rt=temp"],
        observe=0,
        etag=[b"12345678"],
        accept=50,
        options=[(65001, b"meter-0001"), (9, b"\x19\x05\x04acmekid-0001")],
        proxy_uri="coap://gw.acme.example:5683/.well-known/core",
    )
    (message,) = redacted(talk).coap
    values: dict[int, list[bytes]] = {}
    for option in dissect(message).options:
        values.setdefault(option.number, []).append(option.value)
    assert values[11][:2] == [b".well-known", b"core"]
    assert values[11][2].count(b"-") == 1
    host = values[3][0]
    assert values[35] == [b"coap://" + host + b":5683/.well-known/core"]
    assert values[15][0].startswith(b"ep=")
    assert values[15][1].startswith(b"rt=")
    assert values[6] == [b""]
    assert values[17] == [b"2"]
    assert values[9][0][:3] == b"\x19\x05\x04"  # flags, Partial IV, length of the kid context
    for gone in (b"acme", b"plant", b"0001", b"temp", b"12345678", b"kid"):
        assert gone not in message


def test_numbers_of_an_option_stay_where_peers_are_known_to_know_it() -> None:
    """oneM2M-RSC: with the switch on a status code, else perhaps a number of somebody."""
    data = coap(0, "GET", options=[(283, b"meter-0001"), (307, b"\x07\xd0")])
    words = Words(Cipher.of("key"), ())
    for known, stays in ((option_table(), False), (option_table("oneM2M"), True)):
        kept = Messages(words, known)
        after = kept.replaced(kept.read(data, False), lambda message: message.payload)
        request_id, status = dissect(after).options
        assert b"0001" not in request_id.value
        assert (status.value == b"\x07\xd0") is stays


def test_a_host_that_is_the_destination_stays_it() -> None:
    talk = Conversation("10.1.2.3:40000", "10.1.2.4:5683").con(
        "GET", uri_host="10.1.2.4", path="/a"
    )
    found = redacted(talk)
    row = found.after.messages.row(0)
    server = found.after.endpoints[row["destination"]]
    assert dissect(found.coap[0]).first(3).value.decode() == server.address  # type: ignore[union-attr]
    assert server.address.startswith("10.")


# Payloads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("szx", [0, 1, 2])
def test_a_name_across_blocks_is_the_one_it_is_elsewhere(szx: int) -> None:
    talk = upload(registered(), cut(BODY, szx), "POST", content_format=50)
    found = redacted(talk)
    assert found.told == []
    body = b"".join(dissect(data).payload for data in found.coap[2::2])
    assert json.loads(body)["UE Service ID"] == ue_of(found.coap[0])
    assert not any(name in body for name in GONE)


def test_a_block_sent_again_is_the_same_again() -> None:
    talk = upload(Conversation(), cut(BODY, 1), "POST", content_format=50)
    found = redacted(talk.again(2))
    assert found.told == []
    assert found.coap[-1] == found.coap[2]


def test_blocks_without_the_others_say_nothing() -> None:
    talk = Conversation()
    for value, payload in cut(BODY, 1)[1:]:
        talk.con("POST", path="/a", block1=value, payload=payload, token=b"t")
    assert not any(name[:6] in data for name in GONE for data in redacted(talk).coap)


@pytest.mark.parametrize(
    ("content_format", "payload", "kept"),
    [
        (0, b"pump acme-7 is at 21.5\0", b"\0"),
        (0, b"acme \xff acme", b"\xff"),
        (None, b"who is acme?", b"?"),
        (42, bytes(40) + b"acme", b""),
        (40, b'</acme/t>;ct=40;rt="acme.temp";sz=1', b";ct=40;rt="),
        (60, bytes.fromhex("a2646e616d656461636d65 01fb4035000000000000"), b"dname"),
        (60, bytes.fromhex("a264"), b"\xa2"),
        (63, bytes.fromhex("01 19ffff 4461636d65"), b"\x01\x19"),
        (272, bytes.fromhex("01 1864"), b"\x01\x18\x64"),
    ],
)
def test_payloads_keep_their_form(content_format: int | None, payload: bytes, kept: bytes) -> None:
    named = {} if content_format is None else {"content_format": content_format}
    found = redacted(Conversation().con("POST", path="/a", payload=payload, **named))
    assert found.told == []
    shown = dissect(found.coap[0]).payload
    assert len(shown) == len(payload)
    assert b"acme" not in shown
    assert kept.lstrip(b"d") in shown


def test_what_oscore_protects_is_noise() -> None:
    ciphertext = b'{"looks": "like-json"}'
    talk = Conversation().con("POST", options=[(9, b"\x09\x01k")], payload=ciphertext)
    shown = dissect(redacted(talk).coap[0]).payload
    assert len(shown) == len(ciphertext)
    assert b"looks" not in shown


# Below CoAP -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FRAME)
def test_every_link_and_tunnel_becomes_ethernet(name: str) -> None:
    frame = FRAME[name]
    found = Redacted(records(frame.data, frame.data, link_type=frame.link_type))
    if not shown_rows(found.before):
        assert found.packets == []
        return
    assert found.told == []
    packet = found.packets[0]
    row = link.new_row()
    link.walk(packet, 0, len(packet), 1, row)
    assert (row[link.SOURCE_PORT], row[link.DESTINATION_PORT]) == frame.ports
    assert len(packet) == row[link.PAYLOAD_AT] + len(frame.payload)
    if row[link.IP_VERSION] == 4:
        assert build.complement(packet[14:34]) == 0
    assert row[link.TUNNEL] == 0
    for gone in ("10.0.0.1", "fd00::1"):
        assert gone not in str(found.after.endpoints.values())


def test_vlan_tags_stay_and_macs_do_not() -> None:
    tagged = b"\x00\x1b\x21\xaa\xbb\xcc" + b"\x00\x1b\x21\xdd\xee\xff" + b"\x81\x00\x00\x07"
    talk = Conversation().con("GET", path="/a", link=tagged).con("GET", path="/b", link=tagged)
    one, two = (packet[:16] for packet in redacted(talk).packets)
    assert one == two
    assert one[12:] == b"\x81\x00\x00\x07"
    assert one[0] == one[6] == 2
    assert b"\x1b\x21" not in one


@pytest.mark.parametrize("kind", [checksum.RIGHT, checksum.WRONG, checksum.OFFLOADED])
def test_checksums_are_as_right_as_they_were(kind: int) -> None:
    ip = build.Ip(bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]), 64, 7)
    message = coap(0, "GET", mid=1, path="/acme-7")
    packet = build.packet(ip, 17, build.datagram(ip, PORTS, message, len(message), kind), 0)
    size = len(packet)
    packet = packet[:2] + struct.pack(">H", size) + packet[4:]
    states = []
    for data, link_type in ((packet, 101), (Redacted(records(packet)).packets[0], 1)):
        row = link.new_row()
        link.walk(data, 0, len(data), link_type, row)
        checksum.verify(data, row)
        states.append(row[link.CHECKSUM])
    assert states == [kind, kind]


def split(size: int, version: int) -> list[bytes]:
    """A message with a name in it, in fragments of `size` bytes."""
    source, destination = (bytes([10, 0, 0, n]) if version == 4 else bytes([0xFD, *[0] * 14, n])
                           for n in (1, 2))  # fmt: skip
    ip = build.Ip(source, destination, 64, 7)
    message = coap(0, "POST", mid=1, path="/a", content_format=50, payload=BODY)
    whole = build.datagram(ip, PORTS, message, len(message), checksum.RIGHT)
    pieces = []
    for at in range(0, len(whole), size):
        part = whole[at : at + size]
        pieces.append(
            build.packet(ip._replace(offset=at, more=at + size < len(whole)), 17, part, len(part))
        )
    return pieces


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("order", [1, -1])
def test_fragments_stay_fragments(version: int, order: int) -> None:
    found = Redacted(records(*split(64, version)[::order]))
    assert found.told == []
    assert not any(name in found.data for name in GONE)
    assert "COAP-7252-4.6-FRAGMENTED" in {f.rule.id for f in found.after.findings}
    assert found.after.counts.fragments == found.before.counts.fragments > 2
    assert ue_of(found.coap[0]) == ue_of(redacted(registered()).coap[0])


@pytest.mark.parametrize("version", [4, 6])
def test_fragments_of_which_one_is_missing(version: int) -> None:
    first, _, *later = split(64, version)
    found = Redacted(records(first, *later))
    assert found.told == []
    assert not any(name[:8] in found.data for name in GONE)
    assert "COAP-CAP-FRAG-MISSING" in {f.rule.id for f in found.after.findings}


def test_fragments_of_6lowpan() -> None:
    message = coap(0, "POST", mid=1, path="/a", content_format=50, payload=BODY)
    found = Redacted(records(*fragmented(message), link_type=230))
    assert found.told == []
    assert not any(name in found.data for name in GONE)
    assert ue_of(found.coap[0]) == ue_of(redacted(registered()).coap[0])


@pytest.mark.parametrize("quoted", [28, 40, 200])
def test_an_icmp_error_quotes_no_more_than_the_token(quoted: int) -> None:
    talk = Conversation().con("POST", path="/a", content_format=50, payload=BODY, token=b"tokn")
    found = redacted(talk.icmp(quoted=quoted))
    assert found.told == []
    assert not any(name in found.data for name in GONE)
    before, after = ([f.rule.id for f in s.findings] for s in (found.before, found.after))
    assert before == after


def test_a_message_that_was_cut_stays_cut() -> None:
    talk = Conversation().con("POST", path="/a", content_format=50, payload=BODY, cut=30)
    found = redacted(talk)
    assert found.told == []
    assert not any(name in found.data for name in GONE[:2])
    (packet,) = found.packets
    assert found.after.messages.cell("wire", 0) == len(packet) + 30


def test_packets_that_are_no_coap_are_left_behind() -> None:
    talk = registered().raw(b"acme talks of something else", source="192.0.2.1:7000",
                            destination="192.0.2.2:7001")  # fmt: skip
    found = redacted(talk)
    assert found.told == []
    assert found.after.counts.records == 2
    assert b"acme" not in found.data


# The proof --------------------------------------------------------------------------------------


def test_what_differs_is_told() -> None:
    found = redacted(registered().wait(1).con("GET", path="/a").rst())
    before, after = found.before, found.after
    assert proof.differences(before, after, array("q", [1, 2, 3, 4])) == []
    after.findings[0].severity = before.findings[0].severity.ERROR
    told = proof.differences(before, after, array("q", [1, 2, 3, 4]))
    assert [text.partition(":")[0] for text in told] == ["not found again", "found only now"]


def test_a_name_that_is_left_is_found(tmp_path: Path) -> None:
    words = Words(Cipher.of("key"), ())
    words.text(UE.decode(), identity=True)
    path = tmp_path / "left"
    for content, leak in (
        (b"J" + UE, "meter-0001"),
        (words.text(UE.decode()).encode(), ""),
        (b"\xffmeter-0002", ""),
    ):
        path.write_bytes(content)
        with path.open("rb") as file:
            assert proof.leaked(file, Session(), words) == leak


def test_an_address_that_is_left_is_found(tmp_path: Path) -> None:
    words = Words(Cipher.of("key"), ())
    words.addresses.ip(bytes([10, 99, 8, 77]))
    path = tmp_path / "left"
    path.write_bytes(b"it was 10.99.8.77.")
    with path.open("rb") as file:
        assert proof.leaked(file, Session(), words) == "10.99.8.77"
    session = Conversation("10.99.8.77:1000", "10.1.1.1:5683").con("GET").session()
    path.write_bytes(b"")
    with path.open("rb") as file:
        assert proof.leaked(file, session, words) == "10.99.8.77"


def test_random_bodies_do_not_hold_it_up() -> None:
    chance = Random(1)
    talk = Conversation()
    for number in range(40):
        talk.non("POST", path="/a", payload=chance.randbytes(60), mid=number)
    assert redacted(talk).told == []


def test_a_frame_replaced_keeps_its_time() -> None:
    talk = registered()
    talk.frames[1] = replace(talk.frames[1], time=talk.frames[1].time + 5)
    found = redacted(talk)
    times = [[s.messages.cell("time", row) for row in (0, 1)] for s in (found.before, found.after)]
    assert times[0] == times[1]
