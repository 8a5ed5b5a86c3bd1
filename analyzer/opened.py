# SPDX-License-Identifier: GPL-2.0-only
"""Captures as commands open them, read to their end, with what was wrong on stderr."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from analyzer.arguments import open_later

if TYPE_CHECKING:
    from analyzer.capture import Intake, Stop
    from analyzer.session import Session
    from analyzer.views.pcapng import Ranges

_STEP: Final = 4096
"""Records of a stream between two looks at what they added, at most: else as many as have come."""


def tell(text: str) -> None:
    """A line on stderr."""
    from analyzer.views.escape import escape

    click.echo(f"msgshark: {escape(text, 500)}", err=True)


class Opened(NamedTuple):
    """Captures that were opened and are still to be read; `signals` end what may wait for others.

    Where the user ended it before there was anything to read, the session has no source.
    """

    session: Session
    intake: Intake
    signals: tuple[signal.Signals, ...]

    @property
    def live(self) -> bool:
        """Nobody knows when it ends: what is read is to be told at once."""
        return self.session.source is not None and self.session.source.live

    def steps(self) -> Iterator[None]:
        """Read to the end, then close the session; yields after each step, and when all is judged.

        Where the user ends what is live, all that has come by then is read.
        """
        from analyzer.capture import BATCH

        session = self.session
        if session.source is not None:
            with _ended_by_user(self.intake.stop, self.signals) as ended:
                for _ in session.read(_STEP if self.live else BATCH):
                    yield
                    if ended and not self.live:
                        break
        session.close()
        yield


@contextmanager
def opened_session(
    files: tuple[str, ...],
    reading: dict[str, Any],
    signals: tuple[signal.Signals, ...] | None = None,
) -> Iterator[Opened]:
    """Captures opened for reading, which `signals` end: Ctrl+C where it may go on for ever, unless
    others are given."""
    from analyzer.capture import CaptureError
    from analyzer.session import Session

    intake, settings = open_later(files, **reading)
    session = Session(settings, tell=tell)
    if signals is None:
        signals = (signal.SIGINT,) if intake.waits else ()
    try:
        with _ended_by_user(intake.stop, signals) as ended:
            try:
                session.open(intake)
            except CaptureError as error:
                if not ended:
                    raise
                tell(str(error))
        yield Opened(session, intake, signals)
    except CaptureError as error:
        raise click.ClickException(str(error)) from None
    finally:
        session.release()


@contextmanager
def reading_session(files: tuple[str, ...], reading: dict[str, Any]) -> Iterator[Session]:
    """A session that has read the captures to their end."""
    with opened_session(files, reading) as opened:
        if opened.session.source is None:
            raise click.exceptions.Exit(2)
        for _ in opened.steps():
            pass
        yield opened.session


@contextmanager
def _ended_by_user(stop: Stop, signals: tuple[signal.Signals, ...]) -> Iterator[list[int]]:
    """The first of each signal ends reading; a second one is as usual. Gives those that came."""
    came: list[int] = []

    def end(number: int, frame: object) -> None:
        came.append(number)
        stop.request()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, end) for number in signals}
    try:
        yield came
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


def tell_notices(session: Session) -> None:
    """What was wrong with the files, on stderr."""
    from analyzer.report import notices

    for notice in notices(session):
        tell(notice)


def rows_of_packets(session: Session, frames: Ranges) -> list[int]:
    """Rows of the messages in packets of these numbers; an error where there is none."""
    from analyzer.views.pcapng import rows_of_frames

    rows = list(rows_of_frames(session, frames))
    if not rows:
        raise click.ClickException("no CoAP in the packets of --frames; msgshark messages has it")
    return rows
