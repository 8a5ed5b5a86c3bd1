# SPDX-License-Identifier: GPL-2.0-only
"""How ladders are drawn on a character grid: a column an endpoint, a line a message, what was found
below it. Lines of inked pieces, which a terminal or a screen shows.

Nothing is wider than the paper, and nothing of a message is left out: what an arrow has no room
for goes on below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.handshakes import HandshakeLadder
from analyzer.profiles.transmission import SECOND
from analyzer.views.escape import escape
from analyzer.views.info import Line, Piece
from analyzer.views.inks import GLYPHS
from analyzer.views.ladder_words import gap, heading, reason, verdict, words
from analyzer.views.terminal import Paper, ascii_text, columns
from analyzer.views.wording import plural

if TYPE_CHECKING:
    from analyzer.endpoints import Endpoint
    from analyzer.findings import Finding
    from analyzer.handshakes import Move
    from analyzer.ladders import Ending, Ladder, Step

_NARROWEST: Final = 8
"""Columns between two endpoints, at least; endpoints beyond share the last one."""

_USUAL: Final = 80
_ROOM: Final = 30
"""Columns that text below an arrow has, where the paper has so many."""

_ENDS: Final = 6  # of an arrow, around what is written on it: `── ` and ` ─▶`


_WHOLE: Final = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)|.", re.DOTALL)


class _Marks(NamedTuple):
    life: str
    line: str
    right: str
    left: str
    silence: str
    own: str


_DRAWN: Final = _Marks("│", "─", "▶", "◀", "⋮", "↺")
_ASCII: Final = _Marks("|", "-", ">", "<", ":", "@")


def clipped(line: Line, width: int) -> Line:
    """A line as far as the paper goes: where numbers alone need more than that."""
    text = "".join(text for text, _ in line)
    return line if columns(text) <= width else next(_flow(((text, ""),), width))


class Drawing:
    """One ladder on paper; places are columns of the paper, counted from 0. With `glyphs` the
    severity of a finding has its sign, too; `named` gives the text of an endpoint."""

    def __init__(
        self,
        ladder: Ladder | HandshakeLadder,
        paper: Paper,
        glyphs: bool = False,
        named: Callable[[Endpoint], str] = str,
    ) -> None:
        self._named = named
        self.ladder = ladder
        self.paper = paper
        self._glyphs = glyphs
        self.marks = _ASCII if paper.plain else _DRAWN
        steps: Sequence[Step | Move] = ladder.steps
        self._together = len(ladder.heads) > 1
        self._frame = max(5, *(len(str(step.frame)) for step in steps))
        self._time = max(11, *(len(_time(step)) for step in steps))
        self._id = max((len(str(head.id)) for head in ladder.heads), default=0) + 1
        self.first = self._frame + 1 + self._time + 2 + (self._id + 1) * self._together
        most = max(2, (paper.width - 1 - self.first) // _NARROWEST + 1)
        self._shared = most - 1 if len(ladder.participants) > most else len(ladder.participants)
        self._labels = [self._label(step) for step in steps]
        self.lives = self._lives(min(most, len(ladder.participants)))

    def _lives(self, count: int) -> list[int]:
        """Where each endpoint stands: as wide as is usual, or as the longest arrow needs."""
        spans = max(1, count - 1)
        room = self.paper.width - 1 - self.first
        needed = [min(_USUAL - 1 - self.first, room)]
        steps: Sequence[Step | Move] = self.ladder.steps
        for step, label in zip(steps, self._labels, strict=True):
            start, end = sorted((self._place(step.source), self._place(step.destination)))
            if end > start:
                text = sum(columns(piece) + 1 for piece, _ in label) - 1
                needed.append(-(-(text + _ENDS + 1) * spans // (end - start)))
        total = min(room, max(needed))
        return [self.first + total * place // spans for place in range(count)]

    def _place(self, participant: int) -> int:
        return min(participant, self._shared)

    def _fit(self, line: Iterable[Piece]) -> Line:
        return (
            tuple((ascii_text(text), ink) for text, ink in line) if self.paper.plain else (*line,)
        )

    def _label(self, step: Step | Move) -> Line:
        """What is written on an arrow; the endpoint where its column is shared."""
        pieces = list(words(step))
        for prefix, participant in (("from", step.source), ("to", step.destination)):
            if participant >= self._shared:
                pieces.append(
                    (f"{prefix} {self._named(self.ladder.participants[participant])}", "")
                )
        last = len(pieces) - 1
        return self._fit((text + "," * (at < last), ink) for at, (text, ink) in enumerate(pieces))

    # Lines --------------------------------------------------------------------------------------

    def lines(self) -> Iterator[Line]:
        """The whole ladder, top down."""
        yield from self.title()
        yield from self.names()
        for index in range(len(self.ladder.steps)):
            yield from self.missing(index)
            yield from self.silence(index)
            yield from self.message(index)
        for ending in self.ladder.endings:
            yield from self.ending(ending)
        for finding in self.ladder.findings:
            yield from self.finding(finding)

    def title(self) -> Iterator[Line]:
        """What the ladder shows, over the whole width."""
        title = heading(self.ladder)
        last = len(title) - 1
        pieces = self._fit((text + "," * (at < last), ink) for at, (text, ink) in enumerate(title))
        yield from _flow(pieces, self.paper.width)

    def ending(self, ending: Ending) -> Iterator[Line]:
        """What never came."""
        whose = f"#{ending.exchange}: " if self._together else ""
        text = f"({whose}{escape(ending.text)})"
        yield from self._below(self.first, ((word, "warning") for word in text.split(" ")))

    def finding(self, finding: Finding, step: Step | Move | None = None) -> Iterator[Line]:
        """What was found, below a message where it is about one."""
        start, row = self.first, -1
        if step is not None:
            start, row = (
                self.lives[min(map(self._place, (step.source, step.destination)))],
                step.row,
            )
        yield from self._below(start, chain(self._verdict(finding), _split(reason(finding, row))))

    def _verdict(self, finding: Finding) -> Line:
        glyph = ((GLYPHS[finding.severity], finding.severity.label),) * self._glyphs
        return *glyph, *verdict(finding)

    def names(self) -> Iterator[Line]:
        """Endpoints above their columns, in one line if they fit, else each above the next."""
        participants, lives = self.ladder.participants, self.lives
        names = [self._named(participant) for participant in participants[: self._shared]]
        if len(participants) > self._shared:
            names.append(f"{len(participants) - self._shared} others")
        room = self.paper.width - self.first
        names = [escape(name, room) for name in names]
        right = max(lives[-1] + 1, self.first + max(map(len, names)))
        starts = [
            min(max(self.first, life - len(name) // 2), right - len(name))
            for life, name in zip(lives, names, strict=True)
        ]
        ends = [start + len(name) + 1 for start, name in zip(starts, names, strict=True)]
        header = self._gutter("Frame", "Time", "#" if self._together else "")
        if all(end < start for end, start in zip(ends, starts[1:], strict=False)):
            placed = [(start, ((name, ""),)) for start, name in zip(starts, names, strict=True)]
            yield (*header, *_at(placed, self.first))
            return
        for place, (life, name) in enumerate(zip(lives, names, strict=True)):
            start = min(life, right - len(name))
            gutter = header if place == len(names) - 1 else self._gutter()
            above = [(at, ((self.marks.life, "dim"),)) for at in lives[:place] if at < start]
            yield (*gutter, *_at([*above, (start, ((name, ""),))], self.first))

    def header(self) -> str:
        """Endpoints where their columns begin, in one line: cut where they have no room."""
        lines = list(self.names())
        if len(lines) == 1:
            return "".join(text for text, _ in lines[0])
        names = [self._named(other) for other in self.ladder.participants[: self._shared]]
        names += ["others"] * (len(self.lives) - len(names))
        text = "".join(text for text, _ in lines[-1])[: self.first].ljust(self.first)
        ends = (*self.lives[1:], self.paper.width)
        for life, end, name in zip(self.lives, ends, names, strict=True):
            text = text.ljust(life) + escape(name, max(1, end - life - 2))
        return text

    def _gutter(self, frame: str = "", time: str = "", exchange: str = "") -> Line:
        own = f"{exchange:>{self._id}} " if self._together else ""
        return ((f"{frame:>{self._frame}} {time:>{self._time}}  {own}", "dim"),)

    def silence(self, index: int) -> Iterator[Line]:
        """A line for the time before a message in which nothing was seen, if it was long."""
        silence = gap(self.ladder.steps[index])
        if silence:
            yield (*self._gutter(time=silence), *self._row((), self.marks.silence))

    def missing(self, index: int) -> Iterator[Line]:
        """A line for the steps of handshakes that were left out before one."""
        ladder = self.ladder
        if isinstance(ladder, HandshakeLadder) and ladder.missing and index == ladder.missing_at:
            text = f"{plural(ladder.missing, 'step')} left out"
            yield (*self._gutter(), *self._row([(self.first + 2, ((text, "dim"),))]))

    def message(self, index: int) -> Iterator[Line]:
        """The arrow of a message, and below it what it has no room for and what was found."""
        step, label = self.ladder.steps[index], self._labels[index]
        ends = self._place(step.source), self._place(step.destination)
        start, end = (self.lives[place] for place in sorted(ends))
        arrow, rest = self._arrow(start, end, ends[0] <= ends[1], label)
        exchange = f"#{step.exchange}" if self._together and step.exchange else ""
        gutter = self._gutter(str(step.frame), _time(step), exchange)
        yield (*gutter, *self._row([(start + 1, arrow)]))
        yield from self._below(start, rest)
        for finding in step.findings:
            yield from self.finding(finding, step)

    def _arrow(self, start: int, end: int, right: bool, label: Line) -> tuple[Line, Line]:
        """The arrow between two columns with what fits on it, and what does not."""
        if start == end:
            return self._to_itself(start, label)
        room = end - start - 1
        line = next(_flow(label, room - _ENDS), ())
        taken = len([piece for piece in line if piece[0] != " "])
        if line and line[0] != label[0]:  # not even its first word, whole
            line, taken = (), 0
        marks = self.marks
        shown = (" ", ""), *line, (" ", "")
        text = sum(columns(piece) for piece, _ in shown) if line else 0
        head = marks.left + marks.line if not right else marks.line * 2
        tail = marks.line * (room - 2 - text - right) + marks.right * right
        return ((head, ""), *(shown if line else ()), (tail, "")), label[taken:]

    def _to_itself(self, start: int, label: Line) -> tuple[Line, Line]:
        """What an endpoint sent to itself: no arrow, and what fits beside its column."""
        last = self.lives[-1] if len(self.lives) > 1 else self.paper.width
        line = next(_flow(label, last - start - 5), ()) if last - start > _ROOM else ()
        taken = len([piece for piece in line if piece[0] != " "])
        return ((self.marks.own, ""), (" ", ""), *line, (" ", "")), label[taken:]

    def _below(self, start: int, pieces: Iterable[Piece]) -> Iterator[Line]:
        """Text between the columns, from one of them on."""
        last = self.lives[-1] if len(self.lives) > 1 else self.paper.width
        at = max(self.first + 2, min(start + 4, last - 1 - _ROOM))
        for line in _flow(self._fit(pieces), last - 1 - at):
            apart = ((" ", ""), *line, (" ", ""))
            yield (*self._gutter(), *self._row([(at - 1, apart)]))

    def _row(self, parts: Sequence[tuple[int, Line]], life: str = "") -> Line:
        """The columns of all endpoints, but where something else stands."""
        taken = [(at, at + sum(columns(text) for text, _ in line)) for at, line in parts]
        lives = [
            (place, ((life or self.marks.life, "dim"),))
            for place in self.lives
            if not any(start <= place < end for start, end in taken)
        ]
        return _at(sorted((*parts, *lives), key=lambda part: part[0]), self.first)


def _at(parts: Iterable[tuple[int, Line]], place: int) -> Line:
    """Parts at their places, blanks between them."""
    pieces: list[Piece] = []
    for start, line in parts:
        pieces.append((" " * (start - place), ""))
        pieces += line
        place = start + sum(columns(text) for text, _ in line)
    return tuple(pieces)


def _time(step: Step | Move) -> str:
    return f"{step.time / SECOND:.6f}"


def _split(text: str) -> Iterator[Piece]:
    return ((word, "") for word in text.split(" "))


def _flow(pieces: Iterable[Piece], width: int) -> Iterator[Line]:
    """Pieces with blanks between them, in lines so wide at most; a wider piece is broken."""
    line: list[Piece] = []
    used = 0
    for text, ink in pieces:
        needed = columns(text)
        if line and used + 1 + needed > width:
            yield tuple(line)
            line, used = [], 0
        if line:
            line.append((" ", ""))
            used += 1
        *whole, rest = _broken(text, width) if needed > width else (text,)
        for part in whole:
            yield ((part, ink),)
        line.append((rest, ink))
        used += columns(rest)
    if line:
        yield tuple(line)


def _broken(text: str, width: int) -> Iterator[str]:
    """Parts so wide at most, no escape broken."""
    part, used = "", 0
    for whole in _WHOLE.findall(text):
        wide = columns(whole)
        if part and used + wide > width:
            yield part
            part, used = "", 0
        part += whole
        used += wide
    yield part
