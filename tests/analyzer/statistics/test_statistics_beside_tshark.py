# SPDX-License-Identifier: GPL-2.0-only
"""tshark counts the same: `-z conv,udp` and `-z io,stat`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tshark import needs_tshark, tshark

from analyzer.profiles.transmission import SECOND
from analyzer.session import Session
from analyzer.statistics.conversations import conversations
from analyzer.statistics.counted import Counted
from analyzer.statistics.model import Buckets
from analyzer.statistics.traffic import traffic

pytestmark = needs_tshark

CAPTURES = Path(__file__).parents[3] / "captures"
NAMES = ("registration", "field-day", "coap-tour", "pairing")

_CONVERSATION = re.compile(
    r"(\S+) +<-> (\S+) +(\d+) \d+ \w+ +(\d+) \d+ \w+ +(\d+) \d+ \w+ +([\d.]+) +([\d.]+)"
)
_INTERVAL = re.compile(r"\| *(\d+) <> +(?:\d+|Dur) *\| +(\d+) \| +(\d+) \|")


def told(name: str, home: Path, *wanted: str) -> str:
    return tshark("-n", "-q", "-r", str(CAPTURES / f"{name}.pcapng"), *wanted, home=home)


def counted(name: str) -> Counted:
    session = Session()
    session.open([CAPTURES / f"{name}.pcapng"])
    session.read_all()
    return Counted(session)


@pytest.mark.parametrize("name", NAMES)
def test_conversations(name: str, tmp_path: Path) -> None:
    ours = counted(name)
    ends, start = ours.session.endpoints, ours.session.first_time or 0
    shown = {}
    for row in conversations(ours).to_dicts():
        pair = {str(ends[row["a"]]): row["messages_a"]}
        pair[str(ends[row["b"]])] = row["messages"] - row["messages_a"]
        times = ((row["start"] - start) / SECOND, row["duration"] / SECOND)
        shown[frozenset(pair.items())] = pytest.approx(times, abs=1e-4)
    theirs = {}
    for line in told(name, tmp_path, "-z", "conv,udp,coap && !icmp").splitlines():
        if found := _CONVERSATION.match(line):
            a, b, from_b, from_a, _, first, duration = found.groups()
            pair = frozenset({a: int(from_a), b: int(from_b)}.items())
            theirs[pair] = (float(first), float(duration))
    assert theirs
    assert shown == theirs


@pytest.mark.parametrize(("name", "seconds"), [("field-day", 2), ("coap-tour", 1), ("pairing", 10)])
def test_traffic(name: str, seconds: int, tmp_path: Path) -> None:
    ours = counted(name)
    first, last = ours.session.first_time or 0, ours.session.last_time or 0
    into, counts = traffic(ours, (last - first) // (seconds * SECOND) + 1)
    assert into is not None
    assert into == Buckets(first, seconds * SECOND, into.number)
    output = told(name, tmp_path, "-z", f"io,stat,{seconds},coap && !icmp")
    theirs = [tuple(map(int, found.groups())) for found in _INTERVAL.finditer(output)]
    shown = counts["messages"].to_list(), counts["octets"].to_list()
    starts = range(0, into.number * seconds, seconds)
    assert theirs[: into.number] == list(zip(starts, *shown, strict=True))
    assert all(frames == 0 for _, frames, _ in theirs[into.number :])
