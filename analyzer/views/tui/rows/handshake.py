# SPDX-License-Identifier: GPL-2.0-only
"""The handshakes of a protected flow as rows of a list, drawn as a ladder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analyzer.carriage import flow_of
from analyzer.handshakes import HandshakeLadder, ladder
from analyzer.rules.catalogue import Severity
from analyzer.views.ladder_drawing import Drawing
from analyzer.views.terminal import Paper
from analyzer.views.tui.capture_view import CaptureView
from analyzer.views.tui.rows.drawn import DrawnLine, DrawnRows

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.decryption.steps import Step


class HandshakeRows(DrawnRows):
    """Those of the flow with a number (SecuredFlow)."""

    def __init__(self, view: CaptureView, number: int) -> None:
        super().__init__()
        self.view = view
        self.flow_number = number
        self.ladder: HandshakeLadder | None = None
        self._looked: tuple[object, ...] = ()

    @property
    def flow(self) -> SecuredFlow | None:
        """What is known of the flow."""
        session = self.view.session
        return flow_of(session, self.flow_number) if session is not None else None

    def refresh(self) -> None:
        """Draw what there is by now."""
        session, flow = self.view.session, self.flow
        if session is None or flow is None:
            return
        named = self.view.annotations.version, self.view.named
        found = session.findings.version, len(self.view.hidden_ids)
        looked = (flow.number, self._width, flow.security.steps.seen, session.closed, found, named)
        if looked == self._looked:
            return
        self._looked = looked
        drawn = ladder(session, flow)
        hidden = self.view.hidden_ids
        if hidden:
            steps = tuple(
                move._replace(findings=tuple(f for f in move.findings if f.id not in hidden))
                for move in drawn.steps
            )
            loose = tuple(finding for finding in drawn.findings if finding.id not in hidden)
            drawn = drawn._replace(steps=steps, findings=loose)
        self.ladder = drawn
        drawing = Drawing(drawn, Paper(self._width), True, self.view.endpoint)
        self.draw(drawing.header(), _drawn(drawing))

    def step(self, index: int) -> Step | None:
        """The step whose arrow is in a line."""
        at = self.step_at(index)
        return self.ladder.steps[at].step if self.ladder is not None and at >= 0 else None

    def nth(self, index: int) -> int:
        """Which of the steps of its packet is in a line, from 0."""
        at = self.step_at(index)
        steps = self.ladder.steps if self.ladder is not None and at >= 0 else ()
        return sum(move.frame == steps[at].frame for move in steps[:at])

    def find_frame(self, frame: int) -> int | None:
        """The line of the first arrow of a packet."""
        steps = self.ladder.steps if self.ladder is not None else ()
        at = next((at for at, move in enumerate(steps) if move.frame == frame), -1)
        return self.arrow_of(at)

    def next_flagged(self, index: int, step: int) -> int | None:
        """The nearest arrow before or after with an error or a warning."""
        moves = self.ladder.steps if self.ladder is not None else ()
        flagged = [
            at
            for at, move in enumerate(moves)
            if any(finding.severity >= Severity.WARNING for finding in move.findings)
        ]
        here = self.number(index) - 1
        others = [at for at in flagged if at > here] if step > 0 else flagged[::-1]
        found = next((at for at in others if at != here and (at > here) == (step > 0)), -1)
        return self.arrow_of(found)


def _drawn(drawing: Drawing) -> Iterator[DrawnLine]:
    """The lines, top down; ends stand in the header unless they need more than one line."""
    yield from map(DrawnLine, drawing.title())
    names = list(drawing.names())
    if len(names) > 1:
        yield from map(DrawnLine, names)
    for index in range(len(drawing.ladder.steps)):
        yield from map(DrawnLine, drawing.missing(index))
        yield from map(DrawnLine, drawing.silence(index))
        for at, text in enumerate(drawing.message(index)):
            yield DrawnLine(text, -1 if at else index)
    for ending in drawing.ladder.endings:
        yield from map(DrawnLine, drawing.ending(ending))
    for finding in drawing.ladder.findings:
        yield from map(DrawnLine, drawing.finding(finding))
