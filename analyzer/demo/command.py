# SPDX-License-Identifier: GPL-2.0-only
"""The command that plays the demo, and shows or prints what is found in it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from analyzer.check_options import DEFAULT, takes_outputs
from analyzer.opened import ended_by_user, tell

if TYPE_CHECKING:
    from analyzer.formats import Output
    from analyzer.recording.recording import Recording
    from analyzer.session import Session

_SHOWN: Final = 3600
_PRINTED: Final = 10
"""Seconds that it takes unless asked otherwise, on the screen and printed."""


class _WithCast(click.Command):
    """Tells the cast at the end of its help."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        from analyzer.demo.cast import CAST

        with formatter.section("The UEs, and what is found of each"):
            formatter.write_dl(
                [
                    (part.name, f"{part.what}{': ' if part.must else ''}{', '.join(part.must)}")
                    for part in CAST
                ]
            )


@click.command(cls=_WithCast)
@click.option(
    "--duration",
    type=click.IntRange(1, _SHOWN),
    metavar="SECONDS",
    help=f"End it after so long. Default: {_SHOWN} on the screen, {_PRINTED} where findings are "
    "printed.",
)
@takes_outputs(f"Default: {DEFAULT} where there is no terminal, else the screen.")
def demo(duration: int | None, outputs: Sequence[Output]) -> int:
    """Watch a real MSGin5G Server and its UEs live, some of which misbehave.

    They talk over a loopback of their own, which the system gives to any user, unless it forbids
    that; then over the host's, where the user may capture.
    """
    if outputs or not (sys.stdout.isatty() and sys.stdin.isatty()):
        return _print(duration or _PRINTED, outputs)
    from analyzer.capture import Intake

    with _playing(duration or _SHOWN, "analyzer.views.tui.app") as recording:
        from analyzer.views.tui.app import run

        return run(Intake((), recorder=recording))


def _print(seconds: int, outputs: Sequence[Output]) -> int:
    """What is found; nothing is left of what was recorded for it."""
    from analyzer import formats
    from analyzer.capture.writing import WritingError
    from analyzer.checking import Check, write
    from analyzer.recording.saving import discard

    with _playing(seconds, "analyzer.session") as recording:
        try:
            tell(f"the demo plays for {seconds} s; what is found comes then, or at Ctrl+C")
            session = _read(recording)
            write(Check.of(session), outputs or [formats.output(DEFAULT)])
            session.release()
        except WritingError as error:
            raise click.ClickException(str(error)) from None
        finally:
            recording.stop()
            discard(recording.files)
        if recording.reason:
            tell(recording.reason)
    return 0


def _read(recording: Recording) -> Session:
    """To the end, which comes at once by Ctrl+C or SIGTERM; a second one is as usual."""
    from analyzer.capture import Intake
    from analyzer.session import Session

    intake = Intake((), recorder=recording)
    with ended_by_user(intake.stop.request, (signal.SIGINT, signal.SIGTERM)):
        session = Session(tell=tell)
        session.open(intake)
        session.read_all()
    return session


@contextmanager
def _playing(seconds: int, needed: str) -> Iterator[Recording]:
    """The demo while it plays. The module that is needed then is loaded while it starts."""
    from concurrent.futures import ThreadPoolExecutor

    from analyzer.demo.loopback import NETWORK
    from analyzer.recording import privileges
    from analyzer.recording.recording import Recording
    from analyzer.recording.wish import Limits, RecordingError, Wish

    wish = Wish(
        interfaces=("lo",),
        filter=f"net {NETWORK} and (udp or icmp)",
        promiscuous=False,
        stop=Limits(duration=seconds),
        stage=("analyzer.demo.stage", str(seconds)),
    )
    recording = Recording(wish)
    try:
        with ThreadPoolExecutor(1) as beside:
            starting = beside.submit(recording.start)
            import_module(needed)
            starting.result()
        privileges.leave_root()
        yield recording
    except RecordingError as error:
        raise click.ClickException(str(error)) from None
    finally:
        recording.stop()
