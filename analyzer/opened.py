# SPDX-License-Identifier: GPL-2.0-only
"""Captures as commands open them: read to their end, with what was wrong on stderr."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from analyzer.arguments import open_later
from analyzer.status_line import status_line

if TYPE_CHECKING:
    from analyzer.capture import Intake
    from analyzer.capture.store import Recorder
    from analyzer.live_options import Live
    from analyzer.recording.recording import Started
    from analyzer.recording.wish import Statistics
    from analyzer.session import Session, Settings
    from analyzer.views.pcapng import Ranges


def tell(text: str) -> None:
    """A line on stderr."""
    from analyzer.views.escape import escape

    click.echo(f"msgshark: {escape(text, 500)}", err=True)


@contextmanager
def intake_of(files: tuple[str, ...], reading: dict[str, Any]) -> Iterator[tuple[Intake, Settings]]:
    """What to read and how; what is captured live is recorded as long as this is open."""
    options = dict(reading)
    live: Live | None = options.pop("live", None)
    if live is None:
        yield open_later(files, **options)
        return
    if files or options.get("follow"):
        raise click.UsageError("-i captures live; leave out the FILEs and --follow, or -i")
    with recorded(live, options["ports"], options["spool_size"]) as recording:
        yield open_later((), **options, recorder=recording)


@contextmanager
def recorded(live: Live, ports: tuple[int, ...] = (), spool: int = 0) -> Iterator[Started]:
    """A recording that goes on; see Live.recording. A file that nobody named is gone at the end."""
    from analyzer.recording.wish import RecordingError, RightsError

    try:
        recording = live.recording(ports, spool)
    except RecordingError as error:
        raise click.ClickException(str(error)) from None
    try:
        recording.start()
        yield recording
    except RightsError as error:
        from analyzer.recording.ways import other_ways

        raise click.ClickException(f"{error}; {other_ways(recording.wish)}") from None
    except RecordingError as error:
        raise click.ClickException(str(error)) from None
    finally:
        recording.stop()
        if not live.path:
            for path in recording.files:
                with suppress(OSError):
                    os.unlink(path)


@contextmanager
def reading_session(files: tuple[str, ...], reading: dict[str, Any]) -> Iterator[Session]:
    """A session that has read the captures to their end."""
    from analyzer.capture import CaptureError
    from analyzer.session import Session

    ending = _Ending()
    with ExitStack() as open_now:
        if reading.get("live") is not None:  # it may have begun before this knows
            open_now.enter_context(on_signals(ending, live=True))
        intake, settings = open_now.enter_context(intake_of(files, reading))
        recording: Any = intake.recorder
        if recording is not None:
            ending.of(recording)
        session = Session(settings, tell=tell)
        try:
            with _interrupted_by_user(intake):
                session.open(intake)
                session.read_all()
            tell_recorded(recording, intake.spool.most)
            yield session
        except CaptureError as error:
            raise click.ClickException(str(error)) from None
        finally:
            session.release()


class _Ending:
    """What a signal ends: a recording that may not have begun yet."""

    def __init__(self) -> None:
        self._recording: Started | None = None
        self._asked = False

    def of(self, recording: Started) -> None:
        self._recording = recording
        if self._asked:
            self()

    def __call__(self) -> None:
        """Stop it, which takes its time: what it wrote is read on meanwhile."""
        self._asked = True
        if self._recording is not None:
            threading.Thread(target=self._recording.stop, name="ending", daemon=True).start()


@contextmanager
def _interrupted_by_user(intake: Intake) -> Iterator[None]:
    """The first Ctrl+C ends a capture that would go on for ever; a second one is as usual."""
    recording: Any = intake.recorder
    if recording is not None:
        with status_line(recording):
            yield
    elif intake.waits:
        with on_signals(intake.stop.request):
            yield
    else:
        yield


@contextmanager
def on_signals(end: Callable[[], object], live: bool = False) -> Iterator[None]:
    """Call `end` at the first Ctrl+C and, if `live`, SIGTERM or SIGHUP; a second is as usual."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if live else (signal.SIGINT,)
    before = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def interrupted(*_: object) -> None:
        restore()
        end()

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as nohup has SIGHUP
            signal.signal(number, interrupted)
    try:
        yield
    finally:
        restore()


def tell_recorded(recorder: Recorder | None, spool: int = 0) -> None:
    """What a recording lost, and why it ended if nobody wanted that, on stderr."""
    from analyzer.capture.spool import size_text

    recording: Any = recorder
    if recording is None:
        return
    if spool and not recording.wish.path and recording.statistics.octets >= spool:
        tell(f"recorded up to {size_text(spool)} only; raise --spool-size, or name a file with -w")
    for text in recording.lost:
        tell(f"{text}: recorded no more from there")
    if recording.reason:
        tell(recording.reason)
    if recording.statistics.lost:
        tell(losses(recording.statistics))


def losses(statistics: Statistics) -> str:
    """What was not recorded, in words."""
    told = []
    if statistics.dropped:
        told.append(f"{statistics.dropped} dropped by the kernel, as nobody fetched them in time")
    if statistics.interface_dropped:
        told.append(f"{statistics.interface_dropped} lost by the interface")
    return f"packets are missing: {', '.join(told)}"


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
