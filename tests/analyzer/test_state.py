# SPDX-License-Identifier: GPL-2.0-only
"""Hash tables, buckets and names in a buffer of integers, against a dictionary."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from analyzer import state
from analyzer.memory import Memory
from analyzer.profiles.transmission import DEFAULT
from dissectors.kernel import rows

TABLE = state.FLOW_KEYS
ROWS = 64
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
KEYS = st.tuples(st.integers(-2, 3), st.integers(0, 2), st.sampled_from([0, 8])) | st.tuples(
    INT64, INT64, INT64
)
VALUES = st.integers(1, 1 << 62)


def table(seed: int = 0) -> memoryview:
    """A buffer with one empty table."""
    s = rows(state.HEAD + ROWS * state.ENTRY)
    s[state.SEED] = seed
    s[TABLE + state.BASE] = state.HEAD
    s[TABLE + state.ROWS] = ROWS
    return s


class Keys(RuleBasedStateMachine):
    """A hash table does what a dictionary does."""

    @initialize(seed=st.integers(0, (1 << 60) - 1))
    def begin(self, seed: int) -> None:
        self.s = table(seed)
        self.model: dict[tuple[int, int, int], int] = {}

    @precondition(lambda self: self.s[TABLE + state.COUNT] < ROWS - 1)
    @rule(keys=KEYS, value=VALUES)
    def put(self, keys: tuple[int, int, int], value: int) -> None:
        state.put(self.s, TABLE, *keys, value)
        self.model[keys] = value

    @rule(keys=KEYS)
    def remove(self, keys: tuple[int, int, int]) -> None:
        state.remove(self.s, TABLE, *keys)
        self.model.pop(keys, None)

    @rule(keys=KEYS)
    def get(self, keys: tuple[int, int, int]) -> None:
        assert state.get(self.s, TABLE, *keys) == self.model.get(keys, 0)

    @rule(seed=st.integers(0, (1 << 60) - 1))
    def refill(self, seed: int) -> None:
        old, self.s = self.s, table(seed)
        state.refill(old[state.HEAD :], self.s, TABLE)
        assert self.s[TABLE + state.COUNT] == len(self.model)

    @invariant()
    def holds_what_was_put(self) -> None:
        for keys, value in self.model.items():
            assert state.get(self.s, TABLE, *keys) == value
        assert self.s[TABLE + state.COUNT] >= len(self.model)


Keys.TestCase.settings = settings(derandomize=True, deadline=None, max_examples=60)
TestKeys = Keys.TestCase


@given(INT64, INT64, INT64, st.integers(0, (1 << 60) - 1))
def test_no_hash_leaves_the_integers_of_compiled_code(a: int, b: int, c: int, seed: int) -> None:
    assert -(1 << 63) <= state.place(seed, a, b, c) < 1 << 63
    mixed = state.mix(seed, a)
    assert 0 <= mixed < 1 << 62
    assert 0 <= state.mix(mixed, b) < 1 << 62


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, (1 << 60) - 1))
def test_equal_bytes_have_equal_hashes_wherever_they_stand(
    data: bytes, before: bytes, seed: int
) -> None:
    alone = state.hash_bytes(data, 0, len(data), seed)
    within = before + data + before
    assert 0 <= alone < 1 << 62
    assert state.hash_bytes(within, len(before), len(before) + len(data), seed) == alone


def test_hashes_of_short_bytes_all_differ() -> None:
    texts = [b"", *(bytes([a]) for a in range(256)), *(bytes([a, 0]) for a in range(256))]
    texts += [bytes(length) for length in range(2, 40)]
    texts += [b"/r%d" % number for number in range(1000)]
    assert len({state.hash_bytes(text, 0, len(text), 7) for text in texts}) == len(set(texts))


@given(st.integers(0, 1 << 30), st.integers(0, 1 << 30), st.integers(0, 0xFFFF))
def test_a_bucket_lies_in_its_region(a: int, b: int, c: int) -> None:
    memory = Memory(DEFAULT)
    s = memory.s
    at = state.bucket(s, state.MID_BUCKETS, a, b, c)
    base = s[state.MID_BUCKETS + state.BASE]
    assert base <= at < base + s[state.MID_BUCKETS + state.ROWS]
    assert at == state.bucket(s, state.MID_BUCKETS, a, b, c)


# Names ----------------------------------------------------------------------------------------


@settings(derandomize=True, deadline=None)
@given(st.lists(st.binary(max_size=6) | st.text("ab", max_size=3).map(str.encode), max_size=60))
def test_equal_bytes_are_one_name(texts: list[bytes]) -> None:
    memory = Memory(DEFAULT)
    known: dict[bytes, int] = {b"": 0}
    for text in texts:
        id = memory.name(text)
        assert known.setdefault(text, id) == id
    assert len(set(known.values())) == len(known)
    assert all(memory.bytes_of(id) == text for text, id in known.items())


def test_names_whose_hashes_are_equal_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "hash_bytes", lambda data, start, end, hash: 1)
    memory = Memory(DEFAULT)
    texts = [b"one", b"two", b"three", b"six"]
    ids = [memory.name(text) for text in texts]
    assert len(set(ids)) == 4
    assert [memory.name(text) for text in texts] == ids
    assert [memory.bytes_of(id) for id in ids] == texts


@pytest.mark.parametrize(("limit", "most"), [("MOST_NAMES", 6), ("MOST_ARENA", 24)])
def test_past_the_cap_all_names_are_one(
    limit: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, limit, most)
    memory = Memory(DEFAULT)
    ids = [memory.name(b"n%d" % number) for number in range(20)]
    assert ids[-1] == state.TOO_MANY
    kept = [id for id in ids if id != state.TOO_MANY]
    assert 1 < len(set(kept)) == len(kept) < 8
    assert memory.name(b"n0") == ids[0], "what is known stays known"
    assert memory.bytes_of(state.TOO_MANY) == b"(too many)"
    assert memory.bytes_of(0) == b""
