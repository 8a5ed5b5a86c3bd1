# SPDX-License-Identifier: GPL-2.0-only
"""The command line: commands and flags, with tshark's letters.

stdout carries data alone; what went wrong is one line on stderr that says what to do. Exit codes:
0 clean, 1 findings at or above `--fail-on`, 2 usage or input error. Heavy libraries are imported
by the command that needs them: `--help` loads none.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from analyzer import reference
from analyzer.arguments import (
    LADDERS,
    SEVERITIES,
    follows,
    open_later,
    output_format,
    reads_captures,
    selects_exchanges,
    selects_packets,
)
from analyzer.check_options import CheckOptions, check_options, format_help
from analyzer.field_options import Printing, prints, prints_messages

if TYPE_CHECKING:
    from analyzer.capture import Stop
    from analyzer.session import Session
    from analyzer.views.pcapng import Ranges

_GARBAGE: Final = 100_000
"""Objects between two searches for cycles, of which a session has few: one for the usual 700 takes
a twentieth of the time."""

USAGE_ERROR: Final = 2
FINDINGS: Final = 1


class DefaultGroup(click.Group):
    """`msgshark FILE` means `msgshark open FILE`; a file named as a command needs a `./`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if args and args[0] not in self.commands and args[0] not in own:
            args = ["open", *args]
        return super().parse_args(context, args)


def main() -> NoReturn:
    """Entry point of the `msgshark` command."""
    gc.set_threshold(_GARBAGE)
    if isinstance(sys.stdout, io.TextIOWrapper):  # what its encoding lacks is written as \u2192
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = msgshark.main(prog_name="msgshark", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exit:
        code = exit.exit_code
    except click.ClickException as error:
        code = _complain(_one_line(error))
    except click.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except (BrokenPipeError, SystemExit):  # the reader went away; click makes it a SystemExit
        _drop_output()
        code = 0
    except OSError as error:
        _drop_output()
        code = _complain(f"{error.strerror or error}: check free space and rights of the output")
    sys.exit(code if isinstance(code, int) else 0)


def _drop_output() -> None:
    """What is left in the buffer can go nowhere: spare the interpreter the attempt."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _one_line(error: click.ClickException) -> str:
    text = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    help = f"; see {context.command_path} --help" if context is not None else ""
    return text.rstrip(".") + help


def _complain(text: str) -> int:
    _tell(text)
    return USAGE_ERROR


def _tell(text: str) -> None:
    from analyzer.views.escape import escape

    click.echo(f"msgshark: {escape(text, 500)}", err=True)


@click.group(
    cls=DefaultGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="msgshark", prog_name="msgshark")
def msgshark() -> None:
    """Analyze CoAP and MSGin5G in captures: messages, exchanges, breaches of the specs.

    `msgshark FILE` opens a capture on the screen; where stdout is no terminal, it prints the
    messages. Files may be compressed by gzip, zstd or lz4; `-` is stdin, as in
    `tcpdump -U -w - | msgshark -`. Several files are merged by time.
    """


@contextmanager
def _session(files: tuple[str, ...], reading: dict[str, Any]) -> Iterator[Session]:
    """A session that has read the captures to their end."""
    from analyzer.capture import CaptureError
    from analyzer.session import Session

    intake, settings = open_later(files, **reading)
    session = Session(settings, tell=_tell)
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


@msgshark.command("open")
@reads_captures
@follows
@prints_messages
def open_command(files: tuple[str, ...], printing: Printing, **reading: Any) -> int:
    """Open captures on the screen (the default command), or print messages if asked how."""
    if printing.given or not (sys.stdout.isatty() and (sys.stdin.isatty() or "-" in files)):
        return _print_messages(files, printing, reading)
    from analyzer.capture import CaptureError, stdin
    from analyzer.views.tui.app import run

    try:
        if "-" in files:
            stdin.put_terminal()
        return run(*open_later(files, **reading))
    except CaptureError as error:
        raise click.ClickException(str(error)) from None


@msgshark.command()
@reads_captures
@follows
@prints_messages
def messages(files: tuple[str, ...], printing: Printing, **reading: Any) -> int:
    """Print every CoAP message: a line each, or the fields asked for."""
    return _print_messages(files, printing, reading)


def _print_messages(files: tuple[str, ...], printing: Printing, reading: dict[str, Any]) -> int:
    from analyzer.listing import print_messages

    with _session(files, reading) as session:
        print_messages(session, printing, sys.stdout)
        _tell_notices(session)
    return 0


@msgshark.command()
@reads_captures
@follows
@prints("findings")
@click.option(
    "--severity", type=click.Choice(SEVERITIES), help="Only findings this severe or worse."
)
def findings(
    files: tuple[str, ...], printing: Printing, severity: str | None, **reading: Any
) -> int:
    """Print every finding by its frame: a line each, or the fields asked for.

    `check` tells them to people, and by its exit code whether there are any.
    """
    from analyzer.listing import print_findings

    with _session(files, reading) as session:
        print_findings(session, printing, severity, sys.stdout)
        _tell_notices(session)
    return 0


@msgshark.command()
@reads_captures
@follows
@prints("exchanges", *LADDERS)
@selects_exchanges
def exchanges(
    files: tuple[str, ...],
    printing: Printing,
    of: tuple[int, ...],
    ues: tuple[str, ...],
    tokens: tuple[bytes, ...],
    operation: bool,
    together: bool,
    **reading: Any,
) -> int:
    """Print exchanges: a request with its ACK, responses and repetitions.

    All of them, or those asked for: of any of these packets, and of any of these UEs, and with any
    of these tokens. Ladders show who sent what to whom: `ladder` on a terminal, `mermaid` in
    Markdown and browsers.
    """
    from analyzer.listing import print_exchanges
    from analyzer.selecting import Selection, SelectionError, grouped, select
    from analyzer.views.escape import unescape

    if together and printing.form not in LADDERS:
        raise click.UsageError("--together draws a ladder; add --format ladder or mermaid")
    either = tuple(dict.fromkeys(name for ue in ues for name in (ue, unescape(ue))))
    with _session(files, reading) as session:
        try:
            ids = select(session, Selection(of, either, tokens))
        except SelectionError as error:
            raise click.ClickException(str(error)) from None
        groups = grouped(session, ids, operation, together)
        print_exchanges(session, groups, printing, sys.stdout)
        _tell_notices(session)
    return 0


@msgshark.command()
@reads_captures
@follows
@output_format
@click.option(
    "--by",
    type=click.Choice(["server", "uri", "ue", "method"]),
    default="server",
    show_default=True,
    help="Group requests by this.",
)
def times(files: tuple[str, ...], form: str, by: str, **reading: Any) -> int:
    """Print response times: requests, lost and retransmitted ones, median and percentiles."""
    from analyzer.response_times import By, spreads
    from analyzer.views import json, text

    with _session(files, reading) as session:
        groups, total = spreads(session, By(by))
        writer = json.write_times if form == "json" else text.write_times
        writer(groups, total, By(by), sys.stdout)
        _tell_notices(session)
    return 0


@msgshark.command(epilog=format_help())
@reads_captures
@follows
@check_options
def check(files: tuple[str, ...], asked: CheckOptions, **reading: Any) -> int:
    """Judge captures: print every finding, or write reports of them.

    Findings alike are one row for people, with what explains them; scripts get each.
    """
    from analyzer.capture.writing import WritingError
    from analyzer.checking import Check, write

    with _session(files, reading) as session:
        found = Check.of(session, asked.baseline, asked.severity, asked.alone)
        try:
            write(found, asked.outputs)
        except WritingError as error:
            raise click.ClickException(str(error)) from None
    return FINDINGS if found.failed else 0


@msgshark.command()
@reads_captures
@click.option(
    "-w",
    "output",
    required=True,
    metavar="FILE",
    help="Write to this pcapng file; - is stdout.",
)
@selects_packets
@click.option(
    "--comments/--no-comments",
    default=True,
    show_default=True,
    help="Write findings as packet comments.",
)
def export(files: tuple[str, ...], output: str, comments: bool, **options: Any) -> int:
    """Write packets of captures to a pcapng file: all CoAP messages, or the ones asked for.

    Packets are written as they were captured. Selections add up.
    """
    from analyzer.capture.writing import WritingError
    from analyzer.views import pcapng

    asked = {name: options.pop(name) for name in ("frames", "exchange_ids", "findings", "severity")}
    with _session(files, options) as session:
        rows = _selected(session, **asked) if any(asked.values()) else pcapng.shown_rows(session)
        try:
            pcapng.export(session, rows, output, comments)
        except WritingError as error:
            raise click.ClickException(str(error)) from None
        _tell_notices(session)
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

    rows = set(pcapng.rows_of_frames(session, frames))
    if frames and not rows:
        raise click.ClickException("no CoAP in the packets of --frames; msgshark messages has it")
    for id in exchange_ids:
        if id > len(session.exchanges):
            raise click.ClickException(f"no exchange {id}; msgshark exchanges lists them")
        rows.update(pcapng.rows_of_exchange(session, id))
    if findings or severity:
        least = Severity[severity.upper()] if severity else Severity.NOTE
        rows.update(pcapng.rows_with_findings(session, least))
    return rows


def _tell_notices(session: Session) -> None:
    """What was wrong with the files, on stderr."""
    from analyzer.report import notices
    from analyzer.views.escape import escape

    for notice in notices(session):
        click.echo(f"msgshark: {escape(notice, 400)}", err=True)


for command in (
    reference.fields,
    reference.rules,
    reference.explain,
    reference.transmission_command,
    reference.spec_profile_command,
):
    msgshark.add_command(command)
