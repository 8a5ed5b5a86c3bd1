# SPDX-License-Identifier: GPL-2.0-only
"""Thousands of messages through tshark and through our walk, field by field.

Valid messages with every option at every length class, random valid ones, and near-valid ones.
Each is sent between two addresses of its own, for Wireshark matches and reassembles by those.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import pytest
from coap.near_valid import each_option, messages, valid
from rules.conversation import Conversation
from tshark import cites_a_clause, coap_frames, known_fields, needs_tshark, sort_out
from tshark_wire import (
    DIFFERENCES,
    UNKNOWN,
    Contrast,
    compared_fields,
    told_by_tshark,
    told_by_us,
)

from dissectors.coap import numbers
from dissectors.coap.message import dissect

pytestmark = needs_tshark

LONGEST = 1400
"""Bytes of a message at most: one frame."""


def conversation(datagrams: list[bytes]) -> Conversation:
    """Each message between two endpoints of its own."""
    talk = Conversation()
    for number, data in enumerate(datagrams):
        last = f"{number >> 8}.{number & 255}"
        client, server = f"10.1.{last}:40000", f"172.16.{last}:5683"
        if numbers.is_response(data[1]):
            client, server = server, client
        talk.raw(data, source=client, destination=server)
    return talk


def made(kind: str) -> list[bytes]:
    choose = Random(kind)
    match kind:
        case "each option":
            found = [message.data() for message in each_option(choose)]
        case "valid":
            found = [valid(choose).data() for _ in range(2000)]
        case _:
            found = list(messages(7252, 3200))
    return [data for data in found if 4 <= len(data) <= LONGEST]


@dataclass
class Compared:
    """What came of one capture."""

    messages: int
    values: int
    known: Counter[str]
    unknown: list[Contrast]


@cache
def compared(kind: str, folder: Path) -> Compared:
    datagrams, path = made(kind), folder / f"{kind}.pcap"
    path.write_bytes(conversation(datagrams).pcap())
    names = compared_fields(known_fields(folder))
    theirs = coap_frames(path, (*names, *UNKNOWN), folder, PAYLOADS)
    assert list(theirs) == list(range(1, len(datagrams) + 1)), "each is CoAP to both"
    values, contrasts = 0, []
    for data, layers in zip(datagrams, theirs.values(), strict=True):
        message = dissect(data)
        ours, in_ascii = (told_by_us(message, frozenset(names), c) for c in ("utf-8", "ascii"))
        for name in names:
            mine, other = ours.get(name, []), told_by_tshark(layers, name)
            values += bool(mine or other)
            if mine != other:
                malformed = "_ws.malformed" in layers
                ascii_only = in_ascii.get(name, [])
                contrasts.append(Contrast(name, mine, other, message, ascii_only, malformed))
    known, unknown = sort_out(contrasts, DIFFERENCES)
    return Compared(len(datagrams), values, known, unknown)


PAYLOADS = ("cbor", "cose", "json", "oscore", "xml", "data-text-lines")
"""Dissectors that random payloads would upset; what follows them is not shown then."""

KINDS = ("each option", "valid", "near-valid")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wireshark")


@pytest.mark.parametrize("kind", KINDS)
def test_both_tell_the_same_but_for_known_differences(kind: str, folder: Path) -> None:
    unknown = compared(kind, folder).unknown
    assert not unknown, "\n".join(map(str, unknown[:10]))


def test_every_known_difference_shows_somewhere(folder: Path) -> None:
    assert {key for kind in KINDS for key in compared(kind, folder).known} == DIFFERENCES.keys()


def test_valid_messages_differ_in_what_wireshark_lacks_alone(folder: Path) -> None:
    """Differences in broken messages explain nothing in whole ones."""
    broken = {"version", "extended token", "Empty message", "number past 65535", "shortened value"}
    broken |= {"extension bytes missing", "path of a malformed message", "number too long", "NUL"}
    for kind in ("each option", "valid"):
        assert not compared(kind, folder).known.keys() & broken


def test_messages_and_fields_are_many(folder: Path) -> None:
    found = [compared(kind, folder) for kind in KINDS]
    assert sum(one.messages for one in found) >= 7000
    assert sum(one.values for one in found) >= 90_000
    assert len(compared_fields(known_fields(folder))) >= 35


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_cites_what_decides(name: str) -> None:
    assert cites_a_clause(DIFFERENCES[name])
