# SPDX-License-Identifier: GPL-2.0-only
"""The command that prints statistics: what the statistics page of the screen shows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.arguments import follows, output_format, reads_captures
from analyzer.filter_options import passing_rows, takes_filter
from analyzer.live_options import captures_live
from analyzer.opened import reading_session, tell_notices
from analyzer.statistics.model import Part

if TYPE_CHECKING:
    from analyzer.filters.filter import Filter

_PARTS: Final = [part.value for part in Part]
_WAYS: Final = list(dict.fromkeys(str(way) for part in Part for way in part.ways if way))


@click.command("statistics")
@reads_captures
@follows
@captures_live
@takes_filter("messages", "Count only messages that pass this display filter.")
@output_format
@click.option(
    "--of",
    "parts",
    type=click.Choice(_PARTS),
    multiple=True,
    help="Only this; may be repeated.",
)
@click.option(
    "--by",
    type=click.Choice(_WAYS),
    help="Group by this: times by server (the default), uri, ue or method, retransmissions by "
    "endpoint (the default) or ue.",
)
@click.option(
    "--buckets",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    metavar="N",
    help="Tell traffic in so many intervals at most; they have round lengths.",
)
def statistics(
    files: tuple[str, ...],
    wanted: Filter | None,
    form: str,
    parts: tuple[str, ...],
    by: str | None,
    buckets: int,
    **reading: Any,
) -> int:
    """Print statistics: traffic over time, conversations, endpoints, codes, response times,
    retransmissions, protected flows.

    As tshark's -z io,stat and -z conv,udp, of the messages that are CoAP. Protected flows are all
    those of the capture, whatever passes the filter.
    """
    from analyzer.report import visible_messages
    from analyzer.statistics.counted import Counted
    from analyzer.statistics.parts import found
    from analyzer.statistics.report import entries
    from analyzer.views import json, statistics_text

    asked = [part for part in Part if not parts or part in parts]
    if by and not any(by in part.ways for part in asked):
        raise click.UsageError(f"--by {by} groups none of these; add --of {_of(by)}")
    with reading_session(files, reading) as session:
        rows = passing_rows(session, wanted)(visible_messages(session)) if wanted else None
        counted = Counted(session, rows)
        told = {}
        for part in asked:
            way = by if by in part.ways else part.ways[0]
            told[part] = list(entries(session, found(counted, part, way or "", buckets)))
        if form == "json":
            json.write_statistics(told, sys.stdout)
        else:
            for part, table in told.items():
                statistics_text.write_table(part.heading, table, sys.stdout)
        tell_notices(session)
    return 0


def _of(by: str) -> str:
    return " or ".join(part for part in Part if by in part.ways)
