# SPDX-License-Identifier: GPL-2.0-only
"""Names and endpoints by their ids in the tables, as text and values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analyzer import flows, state
from analyzer.endpoints import NOWHERE, Endpoint
from analyzer.memory import Memory

_CACHED: Final = 1 << 16


class Names:
    """Text by its id; bytes that are no UTF-8 are replaced."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._known: dict[int, str] = {0: ""}

    def __getitem__(self, id: int) -> str:
        known = self._known.get(id)
        if known is None:
            known = self._memory.bytes_of(id).decode("utf-8", "replace")
            if len(self._known) < _CACHED:
                self._known[id] = known
        return known

    def __len__(self) -> int:
        return self._memory[state.NAMES + state.COUNT] + 1

    def values(self) -> list[str]:
        """All names, index = id."""
        return [self[id] for id in range(len(self))]


class Endpoints:
    """Endpoints by their id; 0 is NOWHERE."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._known: dict[int, Endpoint] = {0: NOWHERE}

    def __getitem__(self, id: int) -> Endpoint:
        known = self._known.get(id)
        if known is None:
            s = self._memory.s
            at = flows.endpoint_at(s, id)
            if s[at + flows.VERSION] == 0:  # written last: another thread is about to
                return NOWHERE
            known = Endpoint(self._memory.bytes_of(s[at + flows.ADDRESS]), s[at + flows.PORT])
            if len(self._known) < _CACHED:
                self._known[id] = known
        return known

    def id(self, endpoint: Endpoint) -> int:
        """The id of an endpoint, 0 when no message has it."""
        packed = endpoint.packed
        key = int.from_bytes(packed, "big") if len(packed) == 4 else self._memory.name(packed)
        return state.get(self._memory.s, state.ENDPOINT_KEYS, key, endpoint.port, len(packed))

    def __len__(self) -> int:
        return self._memory[state.ENDPOINTS + state.COUNT] + 1

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.values())

    def values(self) -> list[Endpoint]:
        """All endpoints, index = id."""
        return [self[id] for id in range(len(self))]
