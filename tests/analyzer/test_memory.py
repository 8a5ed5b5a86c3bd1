# SPDX-License-Identifier: GPL-2.0-only
"""The memory of a session grows: nothing in it is lost, and there is room for what may come."""

from __future__ import annotations

import pytest
from generated import conversations, read, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from analyzer import memory as memory_module
from analyzer import state
from analyzer.exchanges import message_layer as ml
from analyzer.memory import REGIONS, Memory, Region
from analyzer.profiles.transmission import DEFAULT

STEADY = settings(
    derandomize=True,
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
GROWING = {  # regions of rows that a record adds to, as rows to give them at first
    region.at: 8 for region in REGIONS if region.adds and not region.keys
} | {region.at: 16 for region in REGIONS if region.keys}


def small(region: Region) -> Region:
    return region._replace(first=GROWING.get(region.at, region.first))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every region that can grow begins with next to nothing."""
    monkeypatch.setattr(memory_module, "REGIONS", tuple(map(small, REGIONS)))


@pytest.mark.usefixtures("tiny")
@STEADY
@given(capture=conversations(30), limit=st.integers(1, 20))
def test_growth_changes_nothing(tmp_path_factory: object, capture: bytes, limit: int) -> None:
    path = tmp_path_factory.mktemp("grown") / "capture.pcap"  # type: ignore[attr-defined]
    path.write_bytes(capture)
    grown = snapshot(read(path, limit))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_module, "REGIONS", REGIONS)
        assert snapshot(read(path)) == grown


class Growth(RuleBasedStateMachine):
    """Names, keys and a ring keep what they hold while the memory grows."""

    @initialize()
    def begin(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(memory_module, "REGIONS", tuple(map(small, REGIONS)))
            self.memory = Memory(DEFAULT)
        self.names: dict[bytes, int] = {}
        self.flows: dict[int, int] = {}
        self.sent: list[int] = []

    @rule(count=st.integers(1, 40))
    def name(self, count: int) -> None:
        for _ in range(count):
            text = b"name %d" % len(self.names)
            self.names[text] = self.memory.name(text)

    @rule(count=st.integers(1, 40))
    def key(self, count: int) -> None:
        self.memory.make_room(count, 0)
        for _ in range(count):
            number = len(self.flows) + 1
            self.flows[number * 7] = number
            state.put(self.memory.s, state.FLOW_KEYS, number * 7, 0, 0, number)

    @rule(count=st.integers(1, 40))
    def send(self, count: int) -> None:
        self.memory.make_room(count, 0)
        s = self.memory.s
        for _ in range(count):
            number = s[state.NEXT_SENT]
            s[state.NEXT_SENT] += 1
            s[ml.sent_at(s, number) + ml.MESSAGE] = 1000 + number
            self.sent.append(number)

    @rule(count=st.integers(0, 30))
    def forget(self, count: int) -> None:
        self.sent = self.sent[count:]
        s = self.memory.s
        s[state.FIRST_SENT] = self.sent[0] if self.sent else s[state.NEXT_SENT]

    @rule(records=st.integers(0, 300), size=st.integers(0, 5000))
    def grow(self, records: int, size: int) -> None:
        self.memory.make_room(records, size)
        s = self.memory.s
        for region in REGIONS:
            has = s[region.at + state.ROWS]
            if region.keys:
                assert has >= 2 * (s[region.at + state.COUNT] + region.adds * records)
            elif region.ring:
                first, after = region.ring
                assert has >= min(region.most, s[after] - s[first] + records)
                assert has & (has - 1) == 0
            elif region.adds and not region.chained:
                most = region.most or 1 << 60
                assert has > min(most, s[region.at + state.COUNT] + region.adds * records)
        assert len(self.memory.arena) >= s[state.ARENA_USED] + size

    @invariant()
    def keeps_all(self) -> None:
        s = self.memory.s
        assert all(self.memory.bytes_of(id) == text for text, id in self.names.items())
        assert all(
            state.get(s, state.FLOW_KEYS, key, 0, 0) == value for key, value in self.flows.items()
        )
        assert all(s[ml.sent_at(s, number) + ml.MESSAGE] == 1000 + number for number in self.sent)

    @invariant()
    def regions_do_not_overlap(self) -> None:
        s = self.memory.s
        end = state.HEAD
        for region in sorted(REGIONS, key=lambda region: s[region.at + state.BASE]):
            assert 0 <= s[region.at + state.BASE] - end < 8, "each begins a line of the cache"
            assert s[region.at + state.BASE] % 8 == 0
            end = s[region.at + state.BASE] + s[region.at + state.ROWS] * region.slots
        assert end == len(s)


Growth.TestCase.settings = settings(
    derandomize=True, deadline=None, max_examples=25, stateful_step_count=20
)
TestGrowth = Growth.TestCase


def test_every_region_stands_once_in_the_head() -> None:
    places = [region.at for region in REGIONS]
    assert len(set(places)) == len(places)
    assert set(places) <= set(range(0, state.REGIONS * state.REGION, state.REGION))
    items = [
        value
        for name, value in vars(state).items()
        if name.isupper() and isinstance(value, int) and state.SEED <= value < state.HEAD
    ]
    assert len(set(items)) == len(items)


def test_sizes_are_told() -> None:
    memory = Memory(DEFAULT)
    before = memory.sizes()
    memory.make_room(5000, 100_000)
    after = memory.sizes()
    assert all(after[name] > before[name] for name in ("state", "names"))
