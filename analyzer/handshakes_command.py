# SPDX-License-Identifier: GPL-2.0-only
"""The command that prints handshakes of DTLS and TLS, step by step."""

from __future__ import annotations

import sys
from typing import Any, Final

import click

from analyzer.arguments import follows, prints_as, reads_captures
from analyzer.live_options import captures_live
from analyzer.opened import reading_session, tell_notices

_FORMS: Final = ("text", "json", "ladder")


@click.command("handshakes")
@reads_captures
@follows
@captures_live
@prints_as(*_FORMS, help="What to print; a ladder shows who sent what to whom.")
@click.option("--failed", is_flag=True, help="Only handshakes that failed.")
@click.option(
    "--of",
    "of",
    type=click.IntRange(1),
    multiple=True,
    metavar="FRAME",
    help="Only the flow of this packet; may be repeated.",
)
@click.option("-V", "detail", is_flag=True, help="Print each packet of them in full, as a tree.")
@click.option("-x", "octets", is_flag=True, help="Print the bytes of each packet.")
def handshakes(
    files: tuple[str, ...],
    form: str,
    failed: bool,
    of: tuple[int, ...],
    detail: bool,
    octets: bool,
    **reading: Any,
) -> int:
    """Print handshakes of DTLS and TLS: each message, what matters of it, what was sent again.

    Of every protected flow, whether keys open it or not: how its handshake came out, and what a
    failure mostly comes from.
    """
    from analyzer import handshakes as stories
    from analyzer.views import handshakes_text, json, ladder_text
    from analyzer.views.terminal import paper

    if (detail or octets) and form != _FORMS[0]:
        raise click.UsageError("-V and -x print text; leave out --format")
    with reading_session(files, reading) as session:
        flows = stories.failed(session) if failed else list(session.carriers.secured)
        if of:
            flows = [flow for flow in flows if any(map(flow.security.holds, of))]
        if form == "json":
            json.write_handshakes(session, flows, sys.stdout)
        elif form == "ladder":
            drawn = (stories.ladder(session, flow) for flow in flows)
            ladder_text.write_ladders(drawn, sys.stdout, paper(sys.stdout))
        elif detail or octets:
            from analyzer.views import handshake_packets

            handshake_packets.write_packets(session, flows, sys.stdout, detail, octets)
        else:
            handshakes_text.write_handshakes(session, flows, sys.stdout)
        tell_notices(session)
    return 0
