# SPDX-License-Identifier: GPL-2.0-only
"""What all screens share: the session as far as it was read, and how the user wants to see it.

A worker thread appends to the session while screens read it. Row counts are taken once and rows
below them never go away; cells may still change, so nothing here is kept longer than a repaint.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from analyzer.capture import Intake
from analyzer.messages import Role
from analyzer.recording.wish import Started, Statistics
from analyzer.ue_standings import Standings
from analyzer.views.escape import escape
from analyzer.views.times import TimeFormat, seconds, time_of_day
from analyzer.views.tui.annotated import NO_NAMES, REFERENCE, Annotated
from analyzer.views.tui.colouring import Conversations, Rules
from analyzer.views.tui.filtering import Filtering
from analyzer.views.tui.live import Pace, Rate
from analyzer.views.tui.panes import Panes
from analyzer.views.tui.rows.visible import VisibleRows
from analyzer.views.tui.widgets.chosen_columns import ChosenColumns
from analyzer.views.tui.widgets.columns import Column
from dissectors.coap.numbers import Type
from dissectors.fields import Table, fields_of


class HasColumns(Protocol):
    """Rows of a list; `table` is None where they are of none that has fields."""

    @property
    def table(self) -> Table | None: ...

    @property
    def columns(self) -> Sequence[Column]: ...


class CaptureView(Annotated):
    """One capture on screen."""

    def __init__(self, intake: Intake, names: Mapping[str, str] = NO_NAMES) -> None:
        super().__init__(names)
        self.intake = intake
        self.progress = 0.0
        self.reading = True
        self.error = ""
        self.told: list[str] = []  # what reading had to say and nobody has been shown yet
        self.time_format = TimeFormat.RELATIVE
        self.rules = Rules()
        self.conversations = Conversations()
        self.pace = Pace()
        self.rate = Rate()  # of packets
        self.paused_at: int | None = None  # packets read when the lists were frozen
        self.saved = 0  # packets of the recording that were written to a file of the user's
        self.left = False  # what becomes of the recording is settled
        recorder = intake.recorder
        self.recording = recorder if isinstance(recorder, Started) else None
        self.notices_told = False
        self.filtering = Filtering()
        self._visible = VisibleRows()
        self.visible_count = 0  # rows of the messages table to list, whatever the filter
        self._painted: tuple[object, ...] = ()
        self._alarmed: set[str] = set()
        self._standings: Standings | None = None
        self._spare_standings: Standings | None = None
        self.panes = Panes()
        self._chosen: dict[str, ChosenColumns] = {}

    @property
    def title(self) -> str:
        """The name of the capture."""
        if self.recording is not None:
            names = list(self.recording.wish.interfaces)
        else:
            paths = self.intake.paths
            names = ["stdin" if path == "-" else os.path.basename(path) for path in paths]
        if not names:
            return ""
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return escape(names[0], 60) + more + (" (live)" if self.recording_goes_on else "")

    @property
    def live(self) -> bool:
        """Whether packets may come in for as long as others send them."""
        return self.reading and self.intake.waits

    @property
    def paused(self) -> bool:
        """Whether lists stay as they are while the capture goes on."""
        return self.paused_at is not None

    def changed(self) -> bool:
        """Whether there is something new to paint, and painting is due."""
        self.rate.take(self.statistics.kept)
        version = self.session.version if self.session is not None else -1
        lost = len(self.recording.lost) if self.recording is not None else 0
        rate = round(self.rate.per_second)
        now = version, self.statistics, self.recording_goes_on, lost, rate, self.reading
        if now == self._painted or not self.pace.due:
            return False
        self._painted = now
        return True

    def alarms(self) -> Iterator[str]:
        """What went wrong with the recording, each said once: interfaces that give no packets any
        more, and why it ended if the user did not want it to."""
        if self.recording is None:
            return
        ended = [self.recording.reason] if self.recording.ended and self.recording.reason else []
        for text in [*self.recording.lost, *ended]:
            if text not in self._alarmed:
                self._alarmed.add(text)
                yield text

    # The recording ------------------------------------------------------------------------------

    @property
    def recording_goes_on(self) -> bool:
        """Whether packets are recorded right now."""
        return self.recording is not None and not self.recording.ended

    @property
    def statistics(self) -> Statistics:
        """Of the recording; without one, what is read and what the files say was lost."""
        if self.recording is None:
            return Statistics(kept=self._read, dropped=self._lost_by_files)
        told = self.recording.statistics
        return told._replace(kept=max(told.kept, self._read))

    @property
    def _read(self) -> int:
        return self.session.counts.records if self.session is not None else 0

    @property
    def _lost_by_files(self) -> int:
        source = self.session.source if self.session is not None else None
        if source is None:
            return 0
        return sum(source.dropped(index) or 0 for index in range(len(source.interfaces)))

    @property
    def backlog(self) -> int:
        """Packets recorded and not read yet."""
        return self.statistics.kept - self._read

    @property
    def waiting(self) -> int:
        """Packets read since the lists were frozen."""
        return 0 if self.paused_at is None else self._read - self.paused_at

    def pause(self, wanted: bool) -> None:
        """Freeze the lists, or let them grow again."""
        self.paused_at = self._read if wanted else None

    @property
    def unsaved(self) -> int:
        """Packets of a recording that nobody named a file for: they are gone with its spool. What
        was played for the user alone is no loss."""
        if self.recording is None or self.recording.wish.path or self.recording.wish.stage:
            return 0
        kept = self.statistics.kept
        return kept if kept > self.saved else 0

    def columns_of(self, name: str, rows: HasColumns) -> ChosenColumns:
        """The columns of the lists of a name, as they were chosen last; lists share them."""
        if name not in self._chosen:
            fields = fields_of(rows.table) if rows.table is not None else None
            self._chosen[name] = ChosenColumns(name, rows.columns, fields)
            self._chosen[name].recall()
        return self._chosen[name]

    # Rows ---------------------------------------------------------------------------------------

    def visible_rows(self) -> Sequence[int]:
        """Rows of the messages table to list, in file order: those that pass the filter, as far as
        is known."""
        if self.session is None:
            return ()
        messages = self.session.messages
        rows = self._visible.of(messages)
        self.visible_count = len(rows)
        if not self.filtering.on:
            return rows
        from dissectors.fields import Table

        passing: Any = self.filtering.rows(Table.MESSAGES)
        if not isinstance(rows, range):  # some are hidden
            passing = passing[messages["role"][passing] != Role.UNCONFIRMED]
        listed: Sequence[int] = passing
        return listed

    @property
    def standings(self) -> Standings:
        """How UEs stand by what was read when last looked at."""
        if self._standings is None:
            self._standings = Standings(self.opened)
        return self._standings

    @property
    def spare_standings(self) -> Standings:
        """Others, for a thread to look at the tables while those are shown."""
        if self._spare_standings is None:
            self._spare_standings = Standings(self.opened)
        return self._spare_standings

    def swap_standings(self) -> None:
        """Show what a thread has found."""
        self._standings, self._spare_standings = self.spare_standings, self._standings

    def row_of_frame(self, frame: int) -> int | None:
        """The row of the message in a packet."""
        if self.session is None:
            return None
        frames: Any = self.session.messages["frame"]
        rows = (frames == frame).nonzero()[0]
        return int(rows[0]) if len(rows) else None

    def conversation_colour(self, row: int) -> int:
        """The colour the user gave the conversation of a message, from 1; 0 for none."""
        if not self.conversations:
            return 0
        messages = self.opened.messages
        return self.conversations.colour(
            messages.cell("source", row), messages.cell("destination", row)
        )

    def rows_of_exchange(self, exchange: int) -> Sequence[int]:
        """Rows of the messages of an exchange, in file order."""
        if self.session is None or exchange <= 0:
            return ()
        first = self.session.exchanges.stored.cell("request_row", exchange - 1)
        found = (self.session.messages["exchange"][first:] == exchange).nonzero()[0]
        rows: Sequence[int] = first + found
        return rows

    def pair_condition(self, row: int) -> str:
        """A filter for what the two endpoints of a message send each other."""
        cells = self.opened.messages.row(row)
        ends = [self.opened.endpoints[cells[name]] for name in ("source", "destination")]
        family = "ipv6" if ":" in ends[0].address else "ip"
        over = "tcp" if cells["type"] == Type.TCP else "udp"
        tests = [f"{family}.addr == {end.address} and {over}.port == {end.port}" for end in ends]
        return " and ".join(tests)

    def time(self, nanoseconds: int, previous: int | None, frame: int = 0) -> str:
        """A capture time in the format chosen, of a packet if it is one; `previous` is that of the
        row before."""
        if frame and frame in self.annotations.references:
            return REFERENCE
        match self.time_format:
            case TimeFormat.ABSOLUTE:
                return time_of_day(nanoseconds)
            case TimeFormat.DELTA:
                return seconds(0 if previous is None else nanoseconds - previous)
        return seconds(nanoseconds - self.start_of(frame))
