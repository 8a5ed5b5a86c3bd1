# SPDX-License-Identifier: GPL-2.0-only
"""The command that records and reads nothing, and the list of interfaces."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.live_options import Live, captures_live
from analyzer.opened import (
    LIVE_SIGNALS,
    ended_by_user,
    opened_later,
    recorded,
    tell,
    tell_alone,
    tell_recorded,
)
from analyzer.port_options import Ports, takes_ports
from analyzer.status_line import status_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.recording.interfaces import NetworkInterface
    from analyzer.recording.wish import Started
    from analyzer.views.preferences import Preferences

_PERIOD: Final = 0.2
"""Seconds between two looks at a recording."""

_BROKEN: Final = 2


@click.command()
@captures_live
@takes_ports
def record(live: Live | None, ports: Ports) -> int:
    """Record packets to a file, on a terminal with a line that tells how it goes.

    It ends by -a, -c, Ctrl+C or SIGTERM. A FILE that is there is written over, as by dumpcap.
    """
    if live is None:
        raise click.UsageError("which interface? Add -i IFACE, msgshark -D lists them")
    if not live.path:
        raise click.UsageError("where to? Add -w FILE")
    ended = threading.Event()
    with ended_by_user(ended.set, LIVE_SIGNALS), recorded(live, ports) as recording:
        with status_line(recording):
            while not (recording.ended or ended.wait(_PERIOD)):
                pass
        recording.stop()
    _sum_up(recording)
    return _BROKEN if recording.reason else 0


def pick(
    reading: dict[str, Any], names: Mapping[str, str], preferences: Preferences, filter: str = ""
) -> int:
    """Let the user pick interfaces on the screen, and show what is recorded from them, of which a
    display filter lets through some."""
    from analyzer.recording.filters import default_filter
    from analyzer.recording.interfaces import interfaces, link_types, traffic
    from analyzer.recording.wish import Limits, Wish
    from analyzer.views.tui.picking import run_picker

    options = {name: value for name, value in reading.items() if name != "live"}
    intake, settings = opened_later((), options)
    ports: Ports = options["ports"]
    return run_picker(
        interfaces,
        traffic,
        lambda names: default_filter(link_types(names), ports.udp, tcp_ports=ports.stream),
        Wish((), stop=Limits(filesize=intake.spool.most)),
        settings,
        start=Live(()).start,
        names=names,
        preferences=preferences,
        filter=filter,
    )


def _sum_up(recording: Started) -> None:
    """What was kept and where, and what was not, on stderr."""
    told = recording.statistics
    for path in recording.files:
        if os.path.exists(path):  # else a ring had no place for it any more
            tell(f"file: {path}")
    tell(f"{told.kept} packets kept, {told.lost} dropped")
    tell_recorded(recording)


def _list(context: click.Context, parameter: object, wanted: bool) -> None:
    """Print the interfaces and leave."""
    if not wanted or context.resilient_parsing:
        return
    from analyzer.recording.interfaces import interfaces

    for row in _aligned([_cells(interface) for interface in interfaces()]):
        click.echo(row)
    tell_alone()
    context.exit()


def _cells(interface: NetworkInterface) -> tuple[str, ...]:
    from analyzer.views.escape import escape

    state = "up" if interface.up else "down"
    if interface.up and not interface.running:
        state = "up, no carrier"
    return (
        f"{interface.number}.",
        escape(interface.name, 50),
        state,
        interface.link_type_name or "-",
        " ".join(interface.addresses) or escape(interface.description, 100) or "-",
    )


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


lists_interfaces = click.option(
    "-D",
    "--list-interfaces",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="List the interfaces to capture on: number, name, state, link type, addresses.",
)
