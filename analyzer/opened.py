# SPDX-License-Identifier: GPL-2.0-only
"""Captures as commands open them: read to their end, with what was wrong on stderr."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from analyzer.arguments import open_later

if TYPE_CHECKING:
    from analyzer.capture import Stop
    from analyzer.session import Session
    from analyzer.views.pcapng import Ranges


def tell(text: str) -> None:
    """A line on stderr."""
    from analyzer.views.escape import escape

    click.echo(f"msgshark: {escape(text, 500)}", err=True)


@contextmanager
def reading_session(files: tuple[str, ...], reading: dict[str, Any]) -> Iterator[Session]:
    """A session that has read the captures to their end."""
    from analyzer.capture import CaptureError
    from analyzer.session import Session

    intake, settings = open_later(files, **reading)
    session = Session(settings, tell=tell)
    try:
        with _interrupted_by_user(intake.stop, intake.waits):
            session.open(intake)
            session.read_all()
        yield session
    except CaptureError as error:
        raise click.ClickException(str(error)) from None
    finally:
        session.release()


@contextmanager
def _interrupted_by_user(stop: Stop, waits: bool) -> Iterator[None]:
    """The first Ctrl+C ends a capture that would go on for ever; a second one is as usual."""
    if not waits:
        yield
        return

    def end(*_: object) -> None:
        stop.request()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
