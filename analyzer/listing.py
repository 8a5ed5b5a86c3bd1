# SPDX-License-Identifier: GPL-2.0-only
"""Printing what was asked for: messages, exchanges and findings, in any of their formats.

Of a capture that may go on for ever each message and each finding is printed as soon as it is read,
with what is known of it by then; of others when all is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from analyzer.arguments import LADDERS
from analyzer.filter_options import passing_rows
from analyzer.opened import rows_of_packets

if TYPE_CHECKING:
    from analyzer.field_options import Printing
    from analyzer.findings import Finding
    from analyzer.opened import Opened
    from analyzer.session import Session


def print_messages(opened: Opened, printing: Printing, out: TextIO) -> None:
    """The messages that views show, or those of the packets asked for."""
    from analyzer.arrivals import Arrivals
    from analyzer.report import visible_messages

    session = opened.session
    passing = passing_rows(session, printing.wanted)
    if opened.live and printing.row_by_row:
        arrivals = Arrivals(session)
        _print_messages(session, (), printing, out)
        out.flush()
        for _ in opened.steps():
            if rows := passing(arrivals.messages()):
                _print_messages(session, rows, printing.headless, out)
                out.flush()
        return
    for _ in opened.steps():
        pass
    frames = printing.frames
    shown = rows_of_packets(session, frames) if frames else visible_messages(session)
    _print_messages(session, passing(shown), printing, out)


def _print_messages(session: Session, rows: Iterable[int], printing: Printing, out: TextIO) -> None:
    if printing.detail or printing.octets:
        from analyzer.views import detail_text

        detail_text.write_packets(session, rows, out, printing.detail, printing.octets)
    elif printing.form in (None, "text"):
        from analyzer.views import text

        text.write_messages(session, out, rows)
    else:
        _print_rows(session, "messages", rows, printing, out)


def print_exchanges(
    session: Session, groups: Sequence[Sequence[int]], printing: Printing, out: TextIO
) -> None:
    """Exchanges by their ids; each group of them is a ladder."""
    form, passing = printing.form, passing_rows(session, printing.wanted)
    kept = {row + 1 for row in passing(sorted(id - 1 for group in groups for id in group))}
    groups = [some for group in groups if (some := [id for id in group if id in kept])]
    if form in LADDERS:
        from analyzer.ladders import ladders
        from analyzer.views import ladder_text, mermaid
        from analyzer.views.terminal import paper

        drawn = ladders(session, groups)
        if form == "ladder":
            ladder_text.write_ladders(drawn, out, paper(out))
        else:
            mermaid.write_ladders(drawn, out, fenced=len(groups) > 1)
        return
    ids = sorted(id for group in groups for id in group)
    if form == "json" and not printing.fields:
        from analyzer.views import json

        json.write_exchanges(session, out, ids)
    elif form in (None, "text"):
        from analyzer.views import text

        text.write_exchanges(session, out, ids)
    else:
        _print_rows(session, "exchanges", (id - 1 for id in ids), printing, out)


def print_findings(opened: Opened, printing: Printing, severity: str | None, out: TextIO) -> None:
    """Findings this severe or worse: by frame, those about the capture as a whole last."""
    from analyzer.arrivals import Arrivals
    from analyzer.report import findings_in_order
    from analyzer.rules.catalogue import Severity

    session = opened.session
    least = Severity[severity.upper()] if severity else Severity.NOTE
    passing = passing_rows(session, printing.wanted)

    def kept(findings: Iterable[Finding]) -> list[Finding]:
        severe = [finding for finding in findings if finding.severity >= least]
        ids = set(passing([finding.id - 1 for finding in severe]))
        return [finding for finding in severe if finding.id - 1 in ids]

    if opened.live and printing.row_by_row:
        arrivals = Arrivals(session)
        _print_findings(session, (), printing, out)
        out.flush()
        for _ in opened.steps():
            if found := kept(arrivals.findings()):
                _print_findings(session, found, printing.headless, out)
                out.flush()
        return
    for _ in opened.steps():
        pass
    _print_findings(session, kept(findings_in_order(session)), printing, out)


def _print_findings(
    session: Session, found: Sequence[Finding], printing: Printing, out: TextIO
) -> None:
    if printing.form in (None, "text"):
        from analyzer.views import text

        text.write_findings(found, out)
    else:
        _print_rows(session, "findings", (finding.id - 1 for finding in found), printing, out)


def _print_rows(
    session: Session, table: str, rows: Iterable[int], printing: Printing, out: TextIO
) -> None:
    """Rows by their fields; CSV has the usual columns unless others are asked for."""
    from analyzer.views import delimited, json
    from analyzer.views.listed import listed
    from dissectors.fields import Table, usual_fields

    of = Table(table)
    chosen = printing.fields
    if printing.form == "csv" and not chosen:
        chosen = [(field.name, field) for field in usual_fields(of)]
    asked = listed(session, of, rows, chosen)
    if printing.form == "json":
        json.write_rows(asked, out)
    elif printing.form == "jsonl":
        json.write_lines(asked, out)
    else:
        write = delimited.write_csv if printing.form == "csv" else delimited.write_fields
        write(asked, out, delimited.Layout(**printing.layout))
