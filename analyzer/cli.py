# SPDX-License-Identifier: GPL-2.0-only
"""The command line: commands and flags, with tshark's letters.

stdout carries data alone; what went wrong is one line on stderr that says what to do, with the
display filter below where it is that. Exit codes:
0 clean, 1 findings at or above `--fail-on`, 2 usage or input error. Heavy libraries are imported
by the command that needs them: `--help` loads none.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from analyzer import completing, reference
from analyzer.arguments import (
    LADDERS,
    SEVERITIES,
    follows,
    output_format,
    reads_captures,
    selects_exchanges,
)
from analyzer.check_options import CheckOptions, check_options, format_help
from analyzer.demo.command import demo
from analyzer.doctor.command import doctor
from analyzer.exporting import export
from analyzer.field_options import Printing, prints, prints_messages
from analyzer.filter_options import FilterUsageError
from analyzer.handshakes_command import handshakes
from analyzer.live_options import captures_live
from analyzer.name_options import takes_names
from analyzer.opened import intake_of, opened_session, reading_session, tell, tell_notices
from analyzer.preferences_command import keys, preferences, preferences_of, takes_preferences
from analyzer.recording_command import lists_interfaces, pick, record
from analyzer.secret_options import SecretFiles
from analyzer.serving.command import serve
from analyzer.statistics_command import statistics
from analyzer.watching.command import watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem


_GARBAGE: Final = 100_000
"""Objects between two searches for cycles, of which a session has few: one for the usual 700 takes
a twentieth of the time."""

USAGE_ERROR: Final = 2
FINDINGS: Final = 1


class DefaultGroup(click.Group):
    """`msgshark FILE` means `msgshark open FILE`; a file named as a command needs a `./`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version", "-D", "--list-interfaces"}
        if not args and sys.stdout.isatty() and sys.stdin.isatty():  # let the user pick
            args = ["open"]
        if args and args[0] not in self.commands and args[0] not in own:
            args = ["open", *args]
        return super().parse_args(context, args)

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        found = super().shell_complete(context, incomplete)
        if incomplete.startswith("-"):
            known = {item.value for item in found}
            others = self.commands["open"].shell_complete(context, incomplete)
            found += [item for item in others if item.value not in known]
        return found or completing.files(context, None, incomplete)


def main() -> NoReturn:
    """Entry point of the `msgshark` command."""
    gc.set_threshold(_GARBAGE)
    if isinstance(sys.stdout, io.TextIOWrapper):  # what its encoding lacks is written as \u2192
        sys.stdout.reconfigure(errors="backslashreplace")
    if completing.VARIABLE in os.environ:
        completing.prepare()
    try:
        code = msgshark.main(prog_name="msgshark", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exit:
        code = exit.exit_code
    except click.ClickException as error:
        code = _complain(_one_line(error))
        if isinstance(error, FilterUsageError):
            click.echo(error.below, err=True)
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
    code = code if isinstance(code, int) else 0
    if "textual" in sys.modules:
        from analyzer.views.tui.ending import leave

        leave(code)
    sys.exit(code)


def _drop_output() -> None:
    """What is left in the buffer can go nowhere: spare the interpreter the attempt."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _one_line(error: click.ClickException) -> str:
    text = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    help = f"; see {context.command_path} --help" if context is not None else ""
    return text.rstrip(".") + help


def _complain(text: str) -> int:
    tell(text)
    return USAGE_ERROR


@click.group(
    cls=DefaultGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="msgshark", prog_name="msgshark")
@lists_interfaces
def msgshark() -> None:
    """Analyze CoAP and MSGin5G in captures: messages, exchanges, breaches of the specs.

    `msgshark FILE` opens a capture on the screen; where stdout is no terminal, it prints the
    messages. Files may be compressed by gzip, zstd or lz4; `-` is stdin, as in
    `tcpdump -U -w - | msgshark -`. Several files are merged by time. `-i IFACE` captures live,
    and so does msgshark alone on a terminal: it asks for the interface.
    """


@msgshark.command("open")
@reads_captures
@follows
@captures_live
@takes_preferences
@prints_messages
@takes_names
def open_command(
    files: tuple[str, ...],
    printing: Printing,
    hosts: Mapping[str, str],
    preferences_path: str | None,
    **reading: Any,
) -> int:
    """Open captures on the screen (the default command), or print messages if asked how."""
    terminal = sys.stdout.isatty() and (sys.stdin.isatty() or "-" in files)
    elsewhere = "TEXTUAL_DRIVER" in os.environ  # in a browser
    if printing.given or not (terminal or elsewhere):
        return _print_messages(files, printing, reading)
    from analyzer.capture import CaptureError, stdin
    from analyzer.views.tui.app import run

    live, preferred = reading["live"], preferences_of(preferences_path)
    own = SecretFiles(preferred.psk_files, preferred.keylog_files, preferred.oscore_files)
    reading["secret_files"] = reading["secret_files"].beside(own)
    filter = printing.wanted.text if printing.wanted is not None else ""
    if not files and live is None:
        return pick(reading, hosts, preferred, filter)
    try:
        if "-" in files:
            stdin.put_terminal()
        with intake_of(files, reading, keep=True) as (intake, settings):
            begin = {} if live is None else {"start": live.start}
            return run(intake, settings, names=hosts, preferences=preferred, filter=filter, **begin)
    except CaptureError as error:
        raise click.ClickException(str(error)) from None


@msgshark.command()
@reads_captures
@follows
@captures_live
@prints_messages
def messages(files: tuple[str, ...], printing: Printing, **reading: Any) -> int:
    """Print every CoAP message: a line each, or the fields asked for."""
    return _print_messages(files, printing, reading)


def _print_messages(files: tuple[str, ...], printing: Printing, reading: dict[str, Any]) -> int:
    from analyzer.listing import print_messages

    with opened_session(files, reading) as opened:
        print_messages(opened, printing, sys.stdout)
        tell_notices(opened.session)
    return 0


@msgshark.command()
@reads_captures
@follows
@captures_live
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

    with opened_session(files, reading) as opened:
        print_findings(opened, printing, severity, sys.stdout)
        tell_notices(opened.session)
    return 0


@msgshark.command()
@reads_captures
@follows
@captures_live
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
    with reading_session(files, reading) as session:
        try:
            ids = select(session, Selection(of, either, tokens))
        except SelectionError as error:
            raise click.ClickException(str(error)) from None
        groups = grouped(session, ids, operation, together)
        print_exchanges(session, groups, printing, sys.stdout)
        tell_notices(session)
    return 0


@msgshark.command()
@reads_captures
@follows
@captures_live
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

    with reading_session(files, reading) as session:
        groups, total = spreads(session, By(by))
        writer = json.write_times if form == "json" else text.write_times
        writer(groups, total, By(by), sys.stdout)
        tell_notices(session)
    return 0


@msgshark.command(epilog=format_help())
@reads_captures
@follows
@captures_live
@check_options
def check(files: tuple[str, ...], asked: CheckOptions, **reading: Any) -> int:
    """Judge captures: print every finding, or write reports of them.

    Findings alike are one row for people, with what explains them; scripts get each.
    """
    from analyzer.capture.writing import WritingError
    from analyzer.checking import Check, write

    with reading_session(files, reading) as session:
        found = Check.of(
            session,
            asked.baseline,
            asked.severity,
            asked.alone,
            asked.wanted,
            asked.waivers,
            asked.fail_on_opaque,
        )
        try:
            write(found, asked.outputs)
        except WritingError as error:
            raise click.ClickException(str(error)) from None
    return FINDINGS if found.failed else 0


for command in (
    statistics,
    handshakes,
    reference.fields,
    reference.rules,
    reference.explain,
    reference.transmission_command,
    reference.spec_profile_command,
    export,
    record,
    watch,
    serve,
    demo,
    doctor,
    preferences,
    keys,
    completing.completion,
):
    msgshark.add_command(command)
