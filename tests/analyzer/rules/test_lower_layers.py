# SPDX-License-Identifier: GPL-2.0-only
"""The rules about checksums and fragments, judged by events made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gathered import message
from generated import CON

from analyzer.capture_events import ChecksumWrong, FragmentsMissing, FragmentsOverlapped
from analyzer.fragments import Incomplete, Key, Reason, Whole
from analyzer.rules import catalogue
from analyzer.rules.catalogue import PREDICATES, RULES, Breach
from analyzer.rules.lower_layers import checksum_wrong, fragments_missing, fragments_overlap
from dissectors import checksum, link

from .conversation import coap

KEY = Key(link.IN_IPV4, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]), 17, 7, 0)
GATHERED: dict[str, Any] = {
    "key": KEY,
    "first_time": 1_000_000_000,
    "time": 1_250_000_000,
    "frames": (3, 4, 9),
    "runs": (),
    "packet": b"",
    "payload_at": 20,
    "overlapped": True,
    "differs": False,
    "duplicates": 0,
}
MESSAGE = message(coap(CON, "GET", mid=1))


def one(predicate: Callable[..., Iterator[Breach]], event: object) -> Breach:
    (breach,) = predicate(event, None)
    return breach


@pytest.mark.parametrize(
    ("kind", "seen", "text"),
    [
        (checksum.WRONG, "checksum wrong", "a wrong UDP checksum (a receiver drops it)"),
        (checksum.OFFLOADED, "checksum left to the network card", "captured on its sender"),
        (checksum.ABSENT_V6, "checksum absent", "no UDP checksum over IPv6"),
    ],
)
def test_a_checksum_says_what_it_is(kind: int, seen: str, text: str) -> None:
    breach = one(checksum_wrong, ChecksumWrong(MESSAGE, kind))
    assert breach.seen == seen
    assert text in breach.text
    assert breach.text.startswith(f"{MESSAGE.source} to {MESSAGE.destination}: ")


def test_checksums_are_grouped_by_flow_sender_and_kind() -> None:
    wrong = one(checksum_wrong, ChecksumWrong(MESSAGE, checksum.WRONG))
    again = one(checksum_wrong, ChecksumWrong(replace_mid(), checksum.WRONG))
    card = one(checksum_wrong, ChecksumWrong(MESSAGE, checksum.OFFLOADED))
    assert wrong.group == again.group != card.group


def replace_mid() -> Any:
    other = message(coap(CON, "GET", mid=2))
    other.flow = MESSAGE.flow
    return other


def test_fragments_that_overlap() -> None:
    breach = one(fragments_overlap, FragmentsOverlapped(Whole(**GATHERED)))
    assert breach.text == (
        "192.0.2.1 to 192.0.2.2: IPv4 fragments of one datagram overlap, with the same bytes there"
    )
    assert (breach.frame, breach.frames) == (3, (4, 9))
    differs = Whole(**GATHERED | {"differs": True})
    assert "with other bytes" in one(fragments_overlap, FragmentsOverlapped(differs)).text


@pytest.mark.parametrize(
    ("holes", "text"),
    [
        (((800, 1200),), "bytes 800 to 1199 missing"),
        (((0, 8), (800, -1)), "bytes 0 to 7 and all from 800 on missing"),
        (tuple((n, n + 8) for n in range(0, 80, 16)), "bytes 0 to 7, bytes 16 to 23 and 3 more"),
        ((), "its fragments name different ends"),
    ],
)
def test_fragments_that_are_missing(holes: tuple[tuple[int, int], ...], text: str) -> None:
    lost = Incomplete(**GATHERED, reason=Reason.EXPIRED, holes=holes, size=1508)
    breach = one(fragments_missing, FragmentsMissing(lost))
    assert f"192.0.2.1 to 192.0.2.2: IPv4 fragments did not come in time; {text}" in breach.text
    assert breach.seen == "3 fragments within 0.250 s"


def test_missing_fragments_of_6lowpan_and_of_a_message() -> None:
    key = Key(link.IN_LOWPAN, bytes(7) + b"\1", bytes(7) + b"\2", 0, 7, 448)
    lost = Incomplete(**GATHERED | {"key": key}, holes=((80, 160),), size=448)
    assert one(fragments_missing, FragmentsMissing(lost)).text.startswith(
        "0000:0000:0000:0001 to 0000:0000:0000:0002: 6LoWPAN fragments did not come before the"
    )
    breach = one(fragments_missing, FragmentsMissing(lost, MESSAGE))
    assert breach.text.startswith(f"{MESSAGE.source} to ")
    assert breach.message is MESSAGE


def test_each_is_judged_by_its_rule() -> None:
    catalogue.load()
    for event, rule in (
        (ChecksumWrong, "COAP-CAP-CHECKSUM"),
        (FragmentsOverlapped, "COAP-CAP-FRAG-OVERLAP"),
        (FragmentsMissing, "COAP-CAP-FRAG-MISSING"),
    ):
        assert [judgement.rule for judgement in PREDICATES[event]] == [RULES[rule]]
