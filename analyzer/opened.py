# SPDX-License-Identifier: GPL-2.0-only
"""Captures as commands open them: read to their end, with what was wrong on stderr."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from analyzer.arguments import open_later
from analyzer.port_options import NO_PORTS, Ports
from analyzer.status_line import status_line

if TYPE_CHECKING:
    from analyzer.capture import Intake
    from analyzer.capture.store import Recorder
    from analyzer.live_options import Live
    from analyzer.recording.wish import Started, Statistics
    from analyzer.session import Session
    from analyzer.settings import Settings
    from analyzer.views.pcapng import Ranges

_STEP: Final = 4096
"""Records of a stream between two looks at what they added, at most: else as many as have come."""

LIVE_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a recording, unless a command says otherwise."""


def tell(text: str) -> None:
    """A line on stderr."""
    from analyzer.views.escape import escape

    click.echo(f"msgshark: {escape(text, 500)}", err=True)


class Opened(NamedTuple):
    """Captures that were opened and are still to be read.

    Where the user ended it before there was anything to read, the session has no source.
    """

    session: Session
    intake: Intake
    ended: list[int]
    """Signals that came to end what may wait for others."""
    window: ExitStack
    """Open as long as they do that, instead of what they usually do."""

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
        with self.window:
            if session.source is not None:
                for _ in session.read(_STEP if self.live else BATCH):
                    yield
                    if self.ended and not self.live:
                        break
        session.close()
        tell_recorded(self.intake.recorder, self.intake.spool.most)
        yield


@contextmanager
def opened_session(
    files: tuple[str, ...],
    reading: dict[str, Any],
    signals: tuple[signal.Signals, ...] | None = None,
) -> Iterator[Opened]:
    """Captures opened for reading, which `signals` end: Ctrl+C where it may go on for ever, and
    what else ends a recording, unless others are given."""
    from analyzer.capture import CaptureError
    from analyzer.session import Session

    ending = _Ending()
    with ExitStack() as opened, ExitStack() as window:
        ended: list[int] = []
        if reading.get("live") is not None:  # a signal may come before it has begun
            ended = window.enter_context(ended_by_user(ending, signals or LIVE_SIGNALS))
        intake, settings = opened.enter_context(intake_of(files, reading))
        ending.of(intake)
        if intake.recorder is None:
            usual = (signal.SIGINT,) if intake.waits else ()
            asked = usual if signals is None else signals
            ended = window.enter_context(ended_by_user(ending, asked))
        session = Session(settings, tell=tell)
        try:
            try:
                session.open(intake)
            except CaptureError as error:
                if not ended:
                    raise
                tell(str(error))
            yield Opened(session, intake, ended, window)
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
        recording: Any = opened.intake.recorder
        with nullcontext() if recording is None else status_line(recording):
            for _ in opened.steps():
                pass
        yield opened.session


class _Ending:
    """What a signal ends: reading, or a recording that may not have begun yet."""

    def __init__(self) -> None:
        self._intake: Intake | None = None
        self._asked = False

    def of(self, intake: Intake) -> None:
        self._intake = intake
        if self._asked:
            self()

    def __call__(self) -> None:
        """A recording is stopped, which takes its time: what it wrote is read on meanwhile."""
        self._asked = True
        if self._intake is None:
            return
        recording: Any = self._intake.recorder
        if recording is None:
            self._intake.stop.request()
        else:
            threading.Thread(target=recording.stop, name="ending", daemon=True).start()


@contextmanager
def ended_by_user(
    end: Callable[[], object], signals: tuple[signal.Signals, ...]
) -> Iterator[list[int]]:
    """The first of each signal calls `end`; a second one is as usual. Gives those that came."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in signals}

    def ending(number: int, frame: object) -> None:
        came.append(number)
        signal.signal(number, before[signal.Signals(number)])
        end()

    for number, usual in before.items():
        if number is not signal.SIGHUP or usual is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, ending)
    try:
        yield came
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


# What is captured live --------------------------------------------------------------------------


@contextmanager
def intake_of(
    files: tuple[str, ...], reading: dict[str, Any], keep: bool = False
) -> Iterator[tuple[Intake, Settings]]:
    """What to read and how; what is captured live is recorded as long as this is open."""
    options = dict(reading)
    live: Live | None = options.pop("live", None)
    if live is None:
        if not files:
            raise click.UsageError("Missing argument 'FILE...'")
        yield opened_later(files, options)
        return
    if files or options.get("follow"):
        raise click.UsageError("-i captures live; leave out the FILEs and --follow, or -i")
    with recorded(live, options["ports"], options["spool_size"], keep) as recording:
        yield opened_later((), options, recording)


def opened_later(
    files: tuple[str, ...], options: dict[str, Any], recorder: Recorder | None = None
) -> tuple[Intake, Settings]:
    """`open_later`, with what is odd about files of secrets on stderr."""
    intake, settings = open_later(files, **options, recorder=recorder)
    for warning in settings.secrets.warnings if settings.secrets is not None else ():
        tell(warning)
    return intake, settings


@contextmanager
def recorded(
    live: Live, ports: Ports = NO_PORTS, spool: int = 0, keep: bool = False
) -> Iterator[Started]:
    """A recording that goes on; see Live.wish. At the end a file that nobody named is gone, unless
    somebody else sees to that: `keep`."""
    from analyzer.recording.saving import discard
    from analyzer.recording.wish import RecordingError

    tell_alone()
    try:
        recording = live.start(live.wish(ports.udp, spool, ports.stream))
    except RecordingError as error:
        raise click.ClickException(str(error)) from None
    try:
        yield recording
    finally:
        recording.stop()
        if not (live.path or keep):
            discard(recording.files)


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


def tell_alone() -> None:
    """Recordings of this user whose screen has died, on stderr."""
    from analyzer.recording.running import running

    for recording in running():
        if recording.alone:
            tell(f"{recording.told}: {recording.advice}")


def losses(statistics: Statistics) -> str:
    """What was not recorded, in words."""
    told = []
    if statistics.dropped:
        told.append(f"{statistics.dropped} dropped by the kernel, as nobody fetched them in time")
    if statistics.interface_dropped:
        told.append(f"{statistics.interface_dropped} lost by the interface")
    return f"packets are missing: {', '.join(told)}"


def tell_notices(session: Session) -> None:
    """What was wrong with the files, on stderr; with annotations if somebody asked for them."""
    from analyzer.report import notices

    keeper = vars(session).get("keeper")
    for notice in (*notices(session), *(keeper.told if keeper is not None else ())):
        tell(notice)


def rows_of_packets(session: Session, frames: Ranges) -> list[int]:
    """Rows of the messages in packets of these numbers; an error where there is none."""
    from analyzer.views.pcapng import rows_of_frames

    rows = list(rows_of_frames(session, frames))
    if not rows:
        raise click.ClickException("no CoAP in the packets of --frames; msgshark messages has it")
    return rows
