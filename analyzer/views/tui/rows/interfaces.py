# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the interfaces to choose from, with a line of how much came in over the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, Protocol, TypeAlias

from analyzer.views.escape import escape
from analyzer.views.info import Line
from analyzer.views.inks import line
from analyzer.views.tui.widgets.columns import Column

_SECONDS: Final = 24
_LEVELS: Final = "▁▂▃▄▅▆▇█"


class NetworkInterface(Protocol):
    """An interface as the system describes it; a link type that is not known is ""."""

    @property
    def name(self) -> str: ...
    @property
    def addresses(self) -> Sequence[str]: ...
    @property
    def link_type_name(self) -> str: ...
    @property
    def up(self) -> bool: ...
    @property
    def running(self) -> bool: ...
    @property
    def loopback(self) -> bool: ...
    @property
    def description(self) -> str: ...


Traffic: TypeAlias = "Callable[[str], tuple[int, int]]"
"""Packets and bytes that an interface has seen by now, by its name."""


class InterfaceRows:
    """Interfaces in the system's order; `marked` are names."""

    columns = (
        Column("mark", "", 1),
        Column("name", "Interface"),
        Column("traffic", "Packets/s", _SECONDS, give_up=1),
        Column("rate", "", 7, align="right", give_up=2),
        Column("link", "Link", give_up=3),
        Column("addresses", "Addresses", flexible=True, least=16),
    )

    def __init__(self) -> None:
        self.interfaces: Sequence[NetworkInterface] = ()
        self.marked: set[str] = set()
        self._seen: dict[str, deque[int]] = {}

    def show(self, interfaces: Iterable[NetworkInterface]) -> None:
        """Interfaces to list from the next refresh on."""
        self.interfaces = tuple(interfaces)
        names = {interface.name for interface in self.interfaces}
        self.marked &= names
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}

    def count(self, traffic: Traffic) -> None:
        """Look at the counters; called once a second."""
        for interface in self.interfaces:
            seen = self._seen.setdefault(interface.name, deque(maxlen=_SECONDS + 1))
            seen.append(traffic(interface.name)[0])

    def rates(self, name: str) -> list[int]:
        """Packets of each second looked at, the last one last; counters may begin anew."""
        seen = self._seen.get(name, ())
        return [max(0, after - before) for before, after in pairwise(seen)]

    def refresh(self) -> None:
        """What is listed changes by `show` alone."""

    def __len__(self) -> int:
        return len(self.interfaces)

    def identity(self, index: int) -> int:
        """A number for the name."""
        return hash(self.interfaces[index].name)

    def find(self, identity: int) -> int | None:
        """Where that is listed now."""
        names = (hash(interface.name) for interface in self.interfaces)
        return next((index for index, name in enumerate(names) if name == identity), None)

    def width(self, key: str) -> int:
        """What the cells of a column need."""
        if key == "name":
            texts = [escape(interface.name, 20) for interface in self.interfaces]
            return max([9, *map(len, texts)])
        return max([4, *(min(24, len(interface.link_type_name)) for interface in self.interfaces)])

    def cells(self, index: int) -> Sequence[Line]:
        """One row of the list."""
        interface = self.interfaces[index]
        rates = self.rates(interface.name)
        known = ", ".join(interface.addresses) or interface.description
        return (
            line("◆" if interface.name in self.marked else "", "path"),
            line(escape(interface.name, 20), "bold"),
            line(sparkline(rates), "success"),
            line(f"{rates[-1]:,}" if rates else "", "dim"),
            line(escape(interface.link_type_name, 24), "dim"),
            line(escape(known, 200)) if interface.up else line("down", "dim"),
        )

    def row_ink(self, index: int) -> str:
        """Interfaces that are down stand back."""
        return "" if self.interfaces[index].up else "dim"


def sparkline(numbers: Sequence[int]) -> str:
    """A bar for each number, the highest for the largest."""
    most = max(numbers, default=0)
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[-(-number * top // most) if most else 0] for number in numbers)
