# SPDX-License-Identifier: GPL-2.0-only
"""Handshakes step by step: what each packet was, what came again, what is kept of a flow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.decryption import steps as kept_steps
from analyzer.decryption.dtls import Association
from analyzer.decryption.security import Security
from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.steps import MOST_FIRST, MOST_LAST, Room, Step, Steps
from analyzer.streams.model import Piece
from dissectors.tls.handshake import dtls_fragments

from . import recorded

_PSK = ("ClientHello", "HelloVerifyRequest", "ClientHello", "ServerHello", "ServerHelloDone")
_LAST = ("ClientKeyExchange", "ChangeCipherSpec", "Finished")
_TICKET = ("NewSessionTicket", "ChangeCipherSpec", "Finished")


def steps(name: str, *, key: bytes | None = recorded.KEY) -> list[Step]:
    read = recorded.read(recorded.datagrams(name), recorded.secrets(name, key=key))
    return [step for association in read.associations for step in association.security.steps]


def names(name: str) -> list[str]:
    return [step.name for step in steps(name)]


CLOSES = ["Alert (Warning: Close Notify)"] * 2


def test_a_whole_handshake_with_a_pre_shared_key() -> None:
    assert names("psk-ccm8") == [*_PSK, *_LAST, *_TICKET, *CLOSES]
    told = steps("psk-ccm8")
    assert [step.facts for step in told[:7]] == [
        "DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8, extended master secret",
        "cookie of 20 bytes",
        "DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8, cookie of 20 bytes, extended master secret",
        "DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8, extended master secret",
        "",
        'identity "ue-1"',
        "",
    ]
    assert [step.forward for step in told[:6]] == [True, False, True, False, False, True]
    assert [step.epoch for step in told[5:8]] == [0, 0, 1]
    assert not any(step.again for step in told)


def test_without_keys_what_is_protected_is_named_by_its_record() -> None:
    told = steps("psk-ccm8", key=None)
    sealed = [step.name for step in told if step.sealed]
    assert sealed == ["encrypted handshake message"] * 2 + ["encrypted alert"] * 2
    assert [step.name for step in told if not step.sealed] == [
        name for name in names("psk-ccm8") if name != "Finished" and name not in CLOSES
    ]


def test_a_certificate_in_pieces() -> None:
    told = [step for step in steps("ecdsa-keylog") if "Certificate" in step.name]
    assert [(step.frame, step.name, step.facts) for step in told] == [
        (4, "Certificate (fragment)", ""),
        (5, "Certificate (fragment)", ""),
        (6, "Certificate (fragment)", "CN=as.example,O=Example"),
    ]


def test_a_session_that_is_resumed() -> None:
    told = steps("psk-resumed")
    again = next(at for at, step in enumerate(told) if "asks to resume" in step.facts)
    hello = next(step for step in told[again:] if step.name == "ServerHello")
    assert "session resumed" in hello.facts


def test_a_renegotiation_is_read_where_keys_are_there() -> None:
    told = steps("psk-renegotiated")
    hellos = [(step.epoch, step.again) for step in told if step.name == "ClientHello"]
    assert hellos == [(0, 0), (0, 0), (1, 0)]


def test_the_newest_version() -> None:
    told = steps("dtls13-gcm", key=None)
    assert [step.name for step in told[:4]] == [
        "ClientHello",
        "HelloRetryRequest",
        "ClientHello",
        "ServerHello",
    ]
    assert told[0].facts.startswith("DTLS 1.3, ")
    opened = [step.name for step in told]
    assert "EncryptedExtensions" in opened
    assert "Finished" in opened


def test_flights_that_come_again() -> None:
    told = steps("coap-wrong-key")
    first = {step.name: step.frame for step in told if not step.again}
    again = [(step.frame, step.name, step.again) for step in told if step.again]
    assert len(again) == 12
    for frame, name, before in again:
        assert before == first[name] < frame
    assert {name for _, name, _ in again} == {
        "ClientKeyExchange",
        "ChangeCipherSpec",
        "encrypted handshake message",
        "ServerHello",
        "ServerKeyExchange",
        "ServerHelloDone",
    }


def test_a_repeated_step_has_the_facts_of_the_first_one_alone() -> None:
    assert not any(step.facts for step in steps("coap-wrong-key") if step.again)


# What is kept -----------------------------------------------------------------------------------


def many(count: int, room: Room | None = None) -> Steps:
    told = Steps(room or Room())
    for frame in range(1, count + 1):
        told.arrived = frame, frame * 1000, (Piece(frame, 0, 24, 60, frame * 1000, 60),)
        told.sealed(True, 1, 40)
    return told


@given(st.integers(0, 400))
def test_the_first_and_the_last_are_kept(count: int) -> None:
    told = many(count)
    first, last = told.kept()
    frames = list(range(1, count + 1))
    assert [step.frame for step in first] == frames[:MOST_FIRST]
    assert [step.frame for step in last] == frames[MOST_FIRST:][-MOST_LAST:]
    assert told.left_out == max(0, count - MOST_FIRST - MOST_LAST)
    assert len(told) + told.left_out == told.seen == count


def test_a_step_knows_its_packets() -> None:
    told = Steps(Room())
    pieces = tuple(Piece(frame, 1, 40 * frame, 60, frame, 90) for frame in range(30))
    told.arrived = 29, 5, pieces
    told.alert(2, 40, False, 0)
    (step,) = told
    assert step.pieces == pieces[-kept_steps.MOST_PIECES :]
    assert (step.frame, step.time, step.name) == (29, 5, "Alert (Fatal: Handshake Failure)")


def test_all_flows_together_take_no_more_than_there_is_room_for() -> None:
    room = Room(1500)
    one, other = many(10, room), many(10, room)
    assert len(one) == 10
    assert 0 < len(other) < 10
    assert other.left_out == 10 - len(other)
    assert room.left >= 0
    late = many(5, room)
    assert (len(late), late.left_out, late.seen) == (0, 5, 5)


def test_names_of_any_length_are_kept_short() -> None:
    hello = b"\x01" + (65_000).to_bytes(3, "big") + b"\0\0" + bytes(3) + (65_000).to_bytes(3, "big")
    (fragment,) = dtls_fragments(hello + bytes(65_000), 0, 65_012)
    told = Steps(Room())
    told.fragment(fragment, hello + bytes(65_000), True, 0, Security("DTLS", told))
    assert Room().left - told._room.left < 500


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=12))
def test_no_datagram_raises(datagrams: list[bytes]) -> None:
    association = Association(None, SessionCache())
    for frame, data in enumerate(datagrams, 1):
        for head in (b"", b"\x16\xfe\xfd" + bytes(8) + len(data).to_bytes(2, "big")):
            association.take(head + data, frame % 2 == 0, frame, frame)
    for step in association.security.steps:
        assert step.name
        assert step.again < step.frame


@pytest.mark.parametrize("name", recorded.NAMES)
def test_every_recording_begins_with_a_hello(name: str) -> None:
    told = steps(name)
    assert (told[0].name, told[0].frame) == ("ClientHello", 1)
    assert [step.frame for step in told] == sorted(step.frame for step in told) or len(
        {d.port for d in recorded.datagrams(name)}
    ) > 1
