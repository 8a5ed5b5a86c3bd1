# SPDX-License-Identifier: GPL-2.0-only
"""The Scapy layers: the same view as the walk, the same bytes after build, readable, safe."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import scapy.layers.l2  # noqa: F401  (Ethernet, cooked)
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw, bind_layers, fuzz, split_layers
from scapy.utils import rdpcap

from dissectors import CoAP, CoAPOption, MSGin5G
from dissectors.coap.message import dissect
from dissectors.coap.values import option_name
from dissectors.coap.wire import Defect

from .samples import ANY_BYTES, CLEAN, SAMPLES, near_valid_messages, valid_messages


def kinds(packet: Any) -> set[Defect]:
    return {flaw.kind for flaw in packet.defects}


def rebuilt(packet: Any) -> bytes:
    """Built from its fields alone, as after a change."""
    packet.clear_cache()
    return bytes(packet)


# The layer and the walk see the same.


def assert_same(packet: Any, data: bytes) -> None:
    message = dissect(data)
    assert packet.version == message.version
    assert packet.type == message.type
    assert packet.token_length == message.tkl
    assert (packet.code or 0) == message.code
    assert (packet.message_id or 0) == message.message_id
    assert packet.token == message.token
    assert [(o.number, o.value, o.name) for o in packet.options] == [
        (o.number, o.value, option_name(o.number, message.code)) for o in message.options
    ]
    assert bytes(packet.payload) == message.payload
    assert packet.defects == message.flaws


@pytest.mark.parametrize("name", SAMPLES)
def test_fields_are_the_walks(name: str) -> None:
    for size in range(1, len(SAMPLES[name]) + 1):
        packet = CoAP(SAMPLES[name][:size])
        assert_same(packet, SAMPLES[name][:size])
        assert bytes(packet) == SAMPLES[name][:size]


@given(ANY_BYTES.filter(bool))
def test_any_bytes_are_a_coap_layer(data: bytes) -> None:
    packet = CoAP(data)
    assert type(packet) is CoAP
    assert_same(packet, data)
    assert bytes(packet) == data
    assert bytes(packet.copy()) == data
    assert all(line.isprintable() for line in packet.show(dump=True).splitlines())
    assert packet.summary().isprintable()


@given(valid_messages())
def test_valid_messages_build_from_their_fields(message: tuple[dict[str, Any], bytes]) -> None:
    fields, data = message
    payload = fields.pop("payload")
    assert bytes(CoAP(**fields) / payload if payload else CoAP(**fields)) == data
    assert rebuilt(CoAP(data)) == data


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_build_from_their_fields(name: str) -> None:
    if name not in ("registration", "registered"):  # JSON is rewritten without spaces
        assert rebuilt(CoAP(SAMPLES[name])) == SAMPLES[name]


@given(near_valid_messages())
def test_near_valid_messages(data: bytes) -> None:
    packet = CoAP(data)
    assert_same(packet, data)
    assert bytes(packet) == data


@pytest.mark.parametrize("name", ["coap-tour", "field-day", "registration"])
def test_messages_of_real_clients_and_servers(name: str) -> None:
    path = Path(__file__).parents[3] / "captures" / f"{name}.pcapng"
    found = [packet[CoAP] for packet in rdpcap(str(path)) if CoAP in packet]
    assert found
    for packet in found:
        assert bytes(packet) == packet.original
        if MSGin5G not in packet and not packet.defects:
            assert rebuilt(packet) == packet.original


@given(ANY_BYTES.filter(bool))
def test_a_changed_message_of_any_bytes_builds(data: bytes) -> None:
    packet = CoAP(data)
    packet.message_id = 0x1234
    assert CoAP(bytes(packet)) is not None
    if dissect(data).readable and packet.code is not None:
        assert CoAP(bytes(packet)).message_id == 0x1234
        assert bytes(packet)[:2] == data[:2]
        assert bytes(packet)[4:] == data[4:]


# Building.


def test_a_request_by_names() -> None:
    packet = CoAP(
        code="POST",
        message_id=8,
        token=b"\x01\x02",
        options=[("Content-Format", "application/json"), ("Uri-Path", "register")],
    ) / Raw(b"{}")
    assert bytes(packet) == b"\x42\x02\x00\x08\x01\x02\xb8register\x11\x32\xff{}"


@pytest.mark.parametrize(
    "options",
    [
        [("Uri-Path", "a"), ("If-None-Match", None)],
        [("uri_path", b"a"), "If-None-Match"],
        ["Uri-Path: a", 5],
        [CoAPOption(number="Uri-Path", value="a"), CoAPOption(number=5)],
        (("Uri-Path", "a"), ("5", "")),
    ],
)
def test_options_in_any_notation(options: Any) -> None:
    assert bytes(CoAP(code=1, options=options)) == b"\x40\x01\x00\x00\x50\x61a"


@pytest.mark.parametrize(
    "option", [("Uri-Path", "a"), "Uri-Path: a", CoAPOption(number=11, value="a")]
)
def test_a_single_option_needs_no_list(option: Any) -> None:
    assert bytes(CoAP(code=1, options=option)) == b"\x40\x01\x00\x00\xb1a"


@pytest.mark.parametrize("length", [0, 12, 13, 268, 269, 65000])
def test_option_lengths(length: int) -> None:
    packet = CoAP(code=1, options=[("ETag", bytes(length))])
    assert CoAP(bytes(packet)).options[0].value == bytes(length)


@pytest.mark.parametrize(
    ("size", "head"),
    [(0, b"\x40"), (8, b"\x48"), (12, b"\x4c"), (13, b"\x4d"), (268, b"\x4d"), (269, b"\x4e")],
)
def test_token_length_is_computed(size: int, head: bytes) -> None:
    packet = CoAP(code="GET", token=bytes(size))
    assert bytes(packet)[:1] == head
    assert CoAP(bytes(packet)).token == bytes(size)


@pytest.mark.parametrize("length", range(16))
def test_token_length_is_sent_as_set(length: int) -> None:
    packet = CoAP(code="GET", token_length=length, token=b"ab")
    assert bytes(packet)[0] & 15 == length


def test_changing_the_token_changes_its_length() -> None:
    packet = CoAP(SAMPLES["get with token"])
    packet.token = b"abc"
    assert bytes(packet) == b"\x43\x01\x7d\x35abc\xbbtemperature"
    assert packet.token_length == 3


def test_changing_an_option_in_place() -> None:
    packet = CoAP(SAMPLES["get"])
    packet.options[0].value = "light"
    assert bytes(packet) == b"\x40\x01\x7d\x34\xb5light"
    packet.options.insert(0, CoAPOption(number="Accept", value=50))
    assert bytes(packet) == b"\x40\x01\x7d\x34\xb5light\x61\x32"


def test_the_marker_goes_with_the_payload() -> None:
    packet = CoAP(SAMPLES["piggybacked"])
    packet.remove_payload()
    assert bytes(packet) == b"\x60\x45\x7d\x34"
    assert bytes(packet / b"x") == b"\x60\x45\x7d\x34\xffx"
    assert bytes(CoAP(code="POST", payload_marker=True)) == b"\x40\x02\x00\x00\xff"
    assert bytes(CoAP(code="POST", payload_marker=False) / b"x") == b"\x40\x02\x00\x00x"


def test_broken_bytes_can_be_sent() -> None:
    packet = CoAP(code="GET", options=[("Uri-Path", "a")], undecoded=b"\xf0")
    assert kinds(packet) == {Defect.DELTA_15}
    assert CoAP(bytes(packet)).undecoded == b"\xf0"


def test_scapys_own_ways() -> None:
    both = CoAP(code=["GET", "POST"], message_id=(1, 2))
    assert sorted(bytes(p)[1:4] for p in both) == [
        b"\x01\x00\x01", b"\x01\x00\x02", b"\x02\x00\x01", b"\x02\x00\x02",
    ]  # fmt: skip
    packet = CoAP(SAMPLES["registration"])
    assert eval(packet.command().partition("/")[0]).options[0].value == b"register"
    assert '"code": 2' in packet.json()
    assert bytes(pickle.loads(pickle.dumps(packet))) == SAMPLES["registration"]
    for _ in range(50):
        CoAP(bytes(fuzz(CoAP(options=[CoAPOption()]) / Raw()))).show(dump=True)
    assert CoAP(SAMPLES["get"]) == CoAP(
        code="GET", message_id=0x7D34, options="Uri-Path: temperature"
    )


def test_an_option_alone() -> None:
    option = CoAPOption(b"\xb4core\x01x")
    assert (option.number, option.value, option.name) == (11, b"core", "Uri-Path")
    assert bytes(option) == b"\xb4core\x01x"
    assert bytes(CoAPOption(number=11, value="core")) == b"\xb4core"


@given(st.binary(min_size=1, max_size=30))
def test_an_option_of_any_bytes(data: bytes) -> None:
    assert bytes(CoAPOption(data)) == data


def test_wrong_names_are_told() -> None:
    with pytest.raises(ValueError, match="near: post"):
        CoAP(code="POTS")
    with pytest.raises(ValueError, match="contentformat"):
        CoAP(options=[("Content-Fromat", 50)])
    with pytest.raises(AttributeError, match="found, not set"):
        CoAP(defects=[])


# Reading.


def test_show_is_readable() -> None:
    text = CoAP(SAMPLES["block1"]).show(dump=True)
    for part in ("0.03 PUT", "###[ Uri-Path ]###", "'options'", "NUM 0, M 1 (more follow), SZX 3"):
        assert part in text
    assert "defects   = none" in text


def test_show_lists_defects() -> None:
    text = CoAP(bytes.fromhex("42020001aabbb1fff0")).show(dump=True)
    assert "delta 15, byte 8" in text
    assert "string not utf8, byte 7 (Uri-Path)" in text


def test_show_escapes_what_a_terminal_would_obey() -> None:
    hostile = "\x1b]0;owned\x07\u202e\x9b2J"
    packet = CoAP(code="GET", token=b"\x1b", options=[("Uri-Path", hostile), ("ETag", b"\x1b")])
    body = f'{{"UE Service ID":{hostile!r}}}'.replace("'", '"').replace("\\x", "\\u00")
    packet = CoAP(bytes(packet / Raw(b"\x1b[31m" + body.encode())))
    for text in (packet.show(dump=True), packet.summary(), repr(packet), packet.command()):
        assert not set(text) & set("\x1b\x07\u202e\x9b")


def test_spans() -> None:
    packet = CoAP(SAMPLES["registration"])
    data = SAMPLES["registration"]
    assert data[slice(*packet.spans["options[1].value"])] == b"2"
    assert data[slice(*packet.spans["payload"])] == bytes(packet.payload)


def test_bindings_for_building() -> None:
    packet = UDP(bytes(UDP() / CoAP()))
    assert (packet.sport, packet.dport) == (5683, 5683)
    bind_layers(CoAP, Probe, code=0x45)
    try:
        assert Probe in CoAP(SAMPLES["piggybacked"])
    finally:
        split_layers(CoAP, Probe, code=0x45)


class Probe(Raw):
    """A layer that a user might bind."""


def test_cut_by_the_snap_length_is_no_defect() -> None:
    whole = bytes(IP() / UDP() / CoAP(SAMPLES["registration"]))
    packet = IP(whole[:40])
    assert kinds(packet[CoAP]) == {Defect.CUT}
    assert packet[CoAP].cut
    assert bytes(packet[CoAP]) == SAMPLES["registration"][:12]
    assert kinds(packet.copy()[CoAP]) == {Defect.CUT}
    assert kinds(CoAP(SAMPLES["registration"][:12], cut=True)) == {Defect.CUT}


def test_clean_messages_show_no_defect() -> None:
    for data in CLEAN.values():
        assert "defects   = none" in CoAP(data).show(dump=True)
