# SPDX-License-Identifier: GPL-2.0-only
"""What rules cost: on good messages, and where conversation after conversation breaks one.

    python tests/benchmarks/rule_costs.py [PACKETS [BAD PACKETS]]

The first capture is that of throughput.py; of the second, every conversation is the bad example of
a rule, between endpoints of its own. Named are the ten predicates that took the longest there: who
looks at a message first pays for reading it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import pytest
from throughput import PACKETS, compiled, watched, write_capture

from analyzer import examples
from analyzer.examples import Conversation, Packet
from analyzer.profiles.transmission import SECOND
from analyzer.repeats import Repeats
from analyzer.rules import catalogue
from analyzer.session import Session

BAD_PACKETS: Final = 50_000
SLOWEST: Final = 10
ETHERNET: Final = 1
IPV4: Final = b"\x08\x00"
GROUPS: Final = 224


@dataclass
class Cost:
    """Seconds by predicate and how often each was asked; those of all judging, and of the run."""

    spent: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    judging: float = 0.0
    run: float = 0.0
    packets: int = 0
    findings: int = 0

    def lines(self) -> Iterator[str]:
        """The report."""
        share = self.judging / self.run
        yield (
            f"{self.packets} packets, {self.findings} findings: {self.run:.2f} s, "
            f"of which rules {self.judging:.2f} s ({share:.1%})"
        )
        for name, took in self.spent.most_common(SLOWEST):
            times = self.asked[name]
            yield (
                f"  {name:<44} {took:7.3f} s {took / self.run:6.1%}  "
                f"asked {times} times, {1e6 * took / times:.0f} us each"
            )


# The capture of breaches -----------------------------------------------------------------------


def bad_examples() -> list[Conversation]:
    """The bad conversation of each rule that needs no options and an Ethernet of its own."""
    found = map(examples.example, catalogue.load())
    kept = (one for one in found if one is not None and not one.options)
    return [one.bad for one in kept if one.bad.link_type == ETHERNET]


def between(data: bytes, copy: int) -> bytes:
    """The packet between other hosts, the n-th pair of them; IPv6 as it is."""
    if data[12:14] != IPV4 or len(data) < 34:
        return data
    ends = [data[26:30], data[30:34]]
    moved = [end if end[0] >= GROUPS else bytes([10, *divmod(copy, 256), end[3]]) for end in ends]
    return data[:26] + b"".join(moved) + data[34:]


def write_breaches(path: Path, packets: int) -> None:
    """Bad conversations, one begun each second, until there are so many packets."""
    sent: list[Packet] = []
    for number, bad in enumerate(cycle(bad_examples())):
        sent += (
            Packet(
                packet.time + number * SECOND,
                between(packet.data, number % 65536),
                len(packet.data),
            )
            for packet in bad.packets
        )
        if len(sent) >= packets:
            break
    sent.sort(key=lambda packet: packet.time)
    path.write_bytes(Conversation(ETHERNET, tuple(sent)).pcap())


# Timing ----------------------------------------------------------------------------------------


def timed(
    cost: Cost, name: str, work: Callable[..., Iterator[Any]]
) -> Callable[..., Iterator[Any]]:
    """The predicate, its time counted."""

    def counted(*arguments: Any) -> Iterator[Any]:
        start = time.perf_counter()
        found = list(work(*arguments))
        cost.spent[name] += time.perf_counter() - start
        cost.asked[name] += 1
        return iter(found)

    return counted


def measure(path: Path) -> Cost:
    """What the rules cost on a capture."""
    catalogue.load()
    cost = Cost()

    def judging(took: float) -> None:
        cost.judging += took

    with pytest.MonkeyPatch.context() as patch:
        for event, judgements in catalogue.PREDICATES.items():
            counted = [
                one._replace(predicate=timed(cost, _name(one), one.predicate)) for one in judgements
            ]
            patch.setitem(catalogue.PREDICATES, event, counted)
        for owner, name in ((Session, "_judge_told"), (Repeats, "apply")):
            patch.setattr(owner, name, watched(getattr(owner, name), judging))
        session = Session()
        session.open([path])
        start = time.perf_counter()
        session.read_all()
        cost.run = time.perf_counter() - start
    cost.packets, cost.findings = session.counts.records, len(session.findings)
    return cost


def _name(judgement: catalogue.Judgement) -> str:
    """The rule of a predicate; where it is that of several, its own name."""
    if judgement.rule is not None:
        return judgement.rule.id
    module = judgement.predicate.__module__.rpartition(".")[2]
    return f"{module}.{judgement.predicate.__name__}"


def report(packets: int, bad_packets: int) -> Iterator[str]:
    """Both captures."""
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        path = Path(folder, "capture.pcap")
        for write, count in ((write_capture, packets), (write_breaches, bad_packets)):
            write(path, count)
            yield from measure(path).lines()


if __name__ == "__main__":
    compiled()
    given = [int(argument) for argument in sys.argv[1:]]
    print(*report(*(given + [PACKETS, BAD_PACKETS][len(given) :])), sep="\n")
