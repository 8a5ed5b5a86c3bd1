# SPDX-License-Identifier: GPL-2.0-only
"""The command that writes packets of captures to a file, as they are or redacted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from analyzer import completing
from analyzer.arguments import reads_captures, selects_packets
from analyzer.filter_options import takes_filter
from analyzer.opened import reading_session, rows_of_packets, tell, tell_notices
from analyzer.redact_options import RedactOptions, redact_options

if TYPE_CHECKING:
    from analyzer.filters.filter import Filter
    from analyzer.session import Session
    from analyzer.views.pcapng import Ranges


@click.command()
@reads_captures
@click.option(
    "-w",
    "output",
    required=True,
    metavar="FILE",
    shell_complete=completing.files,
    help="Write to this pcapng file; - is stdout.",
)
@selects_packets
@takes_filter("messages", "Of these, only packets whose message passes this display filter.")
@click.option(
    "--comments/--no-comments",
    default=True,
    show_default=True,
    help="Write findings and your own comments as packet comments.",
)
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Write what opens the protected flows exported, with their handshakes: whoever has the "
    "file reads them.",
)
@redact_options
def export(
    files: tuple[str, ...],
    output: str,
    comments: bool,
    with_secrets: bool,
    redaction: RedactOptions | None,
    wanted: Filter | None,
    **options: Any,
) -> int:
    """Write packets of captures to a pcapng file: all CoAP messages, or the ones asked for.

    Packets are written as they were captured, or redacted, to be given away. Selections add up.
    """
    from analyzer.capture.writing import WritingError
    from analyzer.views import pcapng

    if with_secrets and redaction is not None:
        raise click.UsageError("--redact hides what --with-secrets opens; leave out one of them")
    asked = {name: options.pop(name) for name in ("frames", "exchange_ids", "findings", "severity")}
    with reading_session(files, options) as session:
        some = any(asked.values())
        rows = sorted(_selected(session, **asked)) if some else pcapng.shown_rows(session)
        if wanted is not None:
            from analyzer.filters.matching import Matcher

            rows = Matcher(session, wanted).passing(rows)
        part = some or wanted is not None
        try:
            if redaction is None:
                exported = pcapng.export(session, rows, output, comments, with_secrets)
                for sentence in exported.told(with_secrets):
                    tell(sentence)
            else:
                from analyzer.redaction.export import Asked, redact

                for sentence in redact(session, rows, output, Asked(*redaction, comments), part):
                    tell(sentence)
        except WritingError as error:
            raise click.ClickException(str(error)) from None
        tell_notices(session)
    return 0


def _selected(
    session: Session,
    frames: Ranges,
    exchange_ids: tuple[int, ...],
    findings: bool,
    severity: str | None,
) -> set[int]:
    """Rows of the messages asked for."""
    from analyzer.rules.catalogue import Severity
    from analyzer.views import pcapng

    rows = set(rows_of_packets(session, frames)) if frames else set()
    for id in exchange_ids:
        if id > len(session.exchanges):
            raise click.ClickException(f"no exchange {id}; msgshark exchanges lists them")
        rows.update(pcapng.rows_of_exchange(session, id))
    if findings or severity:
        least = Severity[severity.upper()] if severity else Severity.NOTE
        rows.update(pcapng.rows_with_findings(session, least))
    return rows
