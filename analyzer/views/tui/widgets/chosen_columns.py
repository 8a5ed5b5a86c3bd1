# SPDX-License-Identifier: GPL-2.0-only
"""Which columns a list has, in which order and how wide: what the user chose, remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from analyzer import remembered
from analyzer.remembered import Json
from analyzer.views.tui.widgets.columns import Column
from dissectors.fields import Field

_FILE: Final = "columns"
WIDEST: Final = 200
_MOST: Final = 64
"""Columns of a list."""

_WIDTHS: Final = {"uint": 8, "frame": 8, "time": 12, "address": 15, "bytes": 16, "boolean": 5}
_USUAL: Final = 20


class Chosen(NamedTuple):
    """A column by its key, which is the name of the field if it shows one; `width` 0: as wide as it
    wants to be."""

    key: str
    shown: bool = True
    width: int = 0


class ChosenColumns:
    """The columns of one list. `declared` are its own; `fields` may be added, by name."""

    def __init__(
        self, name: str, declared: Sequence[Column], fields: Mapping[str, Field] | None = None
    ) -> None:
        self.name = name
        self.declared = declared
        self.fields = {} if fields is None else fields
        self.chosen: list[Chosen] = []
        self.reset()

    def reset(self) -> None:
        """The columns that the list has of its own."""
        self.chosen = [Chosen(column.key) for column in self.declared]

    # What lists ask for -------------------------------------------------------------------------

    @property
    def columns(self) -> list[Column]:
        """Those that are shown, in their order."""
        return [self.column(one) for one in self.chosen if one.shown]

    @property
    def names(self) -> list[str]:
        """Fields that are shown."""
        return [one.key for one in self.chosen if one.shown and one.key in self.fields]

    @property
    def places(self) -> list[int]:
        """Of each column shown, its place in a row's own cells followed by those of `names`."""
        own = {column.key: place for place, column in enumerate(self.declared)}
        own |= {name: len(self.declared) + place for place, name in enumerate(self.names)}
        return [own[one.key] for one in self.chosen if one.shown]

    def column(self, one: Chosen) -> Column:
        """A column as it is declared, but for its width."""
        for column in self.declared:
            if column.key == one.key:
                break
        else:
            field = self.fields[one.key]
            width = max(_WIDTHS.get(field.type, _USUAL), min(len(field.name), _USUAL))
            numeric = field.type in ("uint", "frame", "time")
            column = Column(one.key, one.key, width, align="right" if numeric else "left")
        if not one.width:
            return column
        return replace(column, width=one.width, wide=0, give_up=0, flexible=False)

    # What users change --------------------------------------------------------------------------

    def show(self, place: int) -> None:
        """Show or hide a column; the last one stays."""
        one = self.chosen[place]
        if not one.shown or sum(other.shown for other in self.chosen) > 1:
            self.chosen[place] = one._replace(shown=not one.shown)

    def move(self, place: int, step: int) -> int:
        """Let a column change places with the one before or after; where it stands then."""
        to = max(0, min(place + step, len(self.chosen) - 1))
        self.chosen.insert(to, self.chosen.pop(place))
        return to

    def widen(self, place: int, cells: int, from_width: int) -> None:
        """Make a column wider, or narrower, than the width it has."""
        width = max(1, min((self.chosen[place].width or from_width) + cells, WIDEST))
        self.chosen[place] = self.chosen[place]._replace(width=width)

    def fit(self, place: int) -> None:
        """Let a column be as wide as it wants to be."""
        self.chosen[place] = self.chosen[place]._replace(width=0)

    def add(self, name: str) -> int:
        """Show a field: before the flexible column, which is long. Where it stands. Raises KeyError
        for a field that the list cannot have, ValueError when there are columns enough."""
        self.fields[name]
        for place, one in enumerate(self.chosen):
            if one.key == name:
                self.chosen[place] = one._replace(shown=True)
                return place
        if len(self.chosen) >= _MOST:
            raise ValueError(f"a list has at most {_MOST} columns")
        flexible = next((column.key for column in self.declared if column.flexible), "")
        keys = [one.key for one in self.chosen]
        place = keys.index(flexible) if flexible in keys else len(keys)
        self.chosen.insert(place, Chosen(name))
        return place

    def remove(self, place: int) -> bool:
        """Take a field's column away; False where it is one of the list's own."""
        one = self.chosen[place]
        others = any(other.shown for other in self.chosen if other != one)
        if one.key not in self.fields or not others:
            return False
        del self.chosen[place]
        return True

    # From one run to the next -------------------------------------------------------------------

    def recall(self) -> None:
        """What was chosen in an earlier run. Columns that are no more are passed over; those that
        came since stand where they are declared."""
        kept = remembered.recall(_FILE)
        entries = kept.get(self.name) if isinstance(kept, dict) else None
        if not isinstance(entries, list):
            return
        own = {column.key for column in self.declared}
        found: dict[str, Chosen] = {}
        for entry in entries[:_MOST]:
            one = _chosen(entry)
            if one is not None and (one.key in own or one.key in self.fields):
                found.setdefault(one.key, one)
        if not any(one.shown for one in found.values()):
            return
        self.chosen = list(found.values())
        for place, column in enumerate(self.declared):
            if column.key not in found:
                self.chosen.insert(place, Chosen(column.key))

    def keep(self) -> None:
        """Remember what is chosen."""
        kept = remembered.recall(_FILE)
        lists = kept if isinstance(kept, dict) else {}
        lists[self.name] = [
            {"key": one.key, "shown": one.shown, "width": one.width} for one in self.chosen
        ]
        if self.chosen == [Chosen(column.key) for column in self.declared]:
            del lists[self.name]
        remembered.keep(_FILE, lists)


def _chosen(entry: Json) -> Chosen | None:
    """A column as it was kept, None for anything else."""
    if not isinstance(entry, dict):
        return None
    key, shown, width = entry.get("key"), entry.get("shown", True), entry.get("width", 0)
    if not isinstance(key, str) or not isinstance(shown, bool) or not isinstance(width, int):
        return None
    return Chosen(key, shown, max(0, min(width, WIDEST)))
