# SPDX-License-Identifier: GPL-2.0-only
"""The command that watches captures while they are recorded."""

from __future__ import annotations

import signal
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from analyzer.arguments import SEVERITIES, follows, prints_as, reads_captures
from analyzer.filter_options import takes_filter
from analyzer.live_options import captures_live
from analyzer.opened import Opened, opened_session, tell, tell_notices

if TYPE_CHECKING:
    from analyzer.filters.filter import Filter
    from analyzer.watching.limits import Rate
    from analyzer.watching.metrics import Exporter, Place

_FORMS: Final = ("text", "jsonl")


def _rate(context: object, parameter: object, value: str) -> Rate:
    from analyzer.watching.limits import Rate

    try:
        return Rate.of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _place(context: object, parameter: object, value: str | None) -> Place | None:
    from analyzer.watching.metrics import Place

    if value is None:
        return None
    try:
        return Place.of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@reads_captures
@follows
@captures_live
@prints_as(*_FORMS)
@click.option(
    "--severity", type=click.Choice(SEVERITIES), help="Only findings this severe or worse."
)
@takes_filter("findings", "Only findings that pass this display filter.")
@click.option(
    "--rate",
    callback=_rate,
    default="5/60s",
    show_default=True,
    metavar="N/TIME|off",
    help="Print at most N findings of a rule and UE within TIME (s, m, h), and count the others.",
)
@click.option(
    "--metrics",
    "place",
    callback=_place,
    metavar="[HOST:]PORT",
    help="Serve figures for Prometheus on this port of 127.0.0.1, or of HOST.",
)
def watch(
    files: tuple[str, ...],
    form: str,
    severity: str | None,
    wanted: Filter | None,
    rate: Rate,
    place: Place | None,
    **reading: Any,
) -> int:
    """Print findings as they happen, until the capture ends or Ctrl+C does.

    A line each; of many alike a few, then how many more there were. Time is that of the packets.
    What was read and found is told at the end, on stderr.
    """
    from analyzer.watching.metrics import MetricsError, served

    ending = (signal.SIGINT, signal.SIGTERM)
    try:
        with (
            served(place) if place is not None else nullcontext() as exporter,
            opened_session(files, reading, ending) as opened,
        ):
            _watch(opened, exporter, form, severity, wanted, rate, sys.stdout)
    except MetricsError as error:
        raise click.ClickException(str(error)) from None
    return 0


def _watch(
    opened: Opened,
    exporter: Exporter | None,
    form: str,
    severity: str | None,
    wanted: Filter | None,
    rate: Rate,
    out: TextIO,
) -> None:
    from analyzer.rules.catalogue import Severity
    from analyzer.watching.lines import writer
    from analyzer.watching.tally import Tally, lost
    from analyzer.watching.watch import Watch, summary

    session, recorder = opened.session, opened.intake.recorder
    least = Severity[severity.upper()] if severity else Severity.NOTE
    watched = Watch(session, writer(form, session, out), least, rate, wanted)
    if exporter is not None:
        exporter.tell(Tally(session, recorder))
        tell(f"metrics at http://{exporter.place}/metrics")
    try:
        for _ in opened.steps():
            if exporter is not None:
                exporter.add()
            if watched.look():
                out.flush()
        watched.close()
        out.flush()
    finally:
        if exporter is not None:
            exporter.tell(None)  # the files are about to be closed
    tell_notices(session)
    tell(summary(session, watched.suppressed, sum(lost(session, recorder).values())))
