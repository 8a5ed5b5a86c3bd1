# SPDX-License-Identifier: GPL-2.0-only
"""What `check` takes: formats and their files, a baseline, and what counts as a failure."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from analyzer import completing, formats
from analyzer.arguments import SEVERITIES
from analyzer.filter_options import takes_filter
from analyzer.formats import CHECK, Output

if TYPE_CHECKING:
    from analyzer.annotations.model import Waiver
    from analyzer.baseline import Baseline
    from analyzer.filters.filter import Filter
    from analyzer.rules.catalogue import Severity


DEFAULT: Final = next(iter(CHECK))
"""The format for people."""


class CheckOptions(NamedTuple):
    """What was asked of `check` besides what to read."""

    outputs: Sequence[Output]
    fail_on: str
    baseline: Baseline | None
    alone: bool
    wanted: Filter | None
    waivers: Sequence[Waiver]
    fail_on_opaque: bool = False

    @property
    def severity(self) -> Severity:
        from analyzer.rules.catalogue import Severity

        return Severity[self.fail_on.upper()]


def _outputs(context: object, parameter: object, values: Sequence[str]) -> Sequence[Output]:
    """Of `FORM` or `FORM:FILE`; what could not be written is told before reading begins."""
    try:
        outputs = tuple(map(formats.output, values))
        formats.refuse_shared(outputs)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    for asked in outputs:
        folder = os.path.dirname(asked.path) or "."
        if not asked.printed and not os.path.isdir(folder):
            raise click.BadParameter(f"{asked.path}: there is no folder {folder}; make it first")
    return outputs


def _baseline(context: object, parameter: object, value: str | None) -> Baseline | None:
    from analyzer.baseline import BaselineError, read

    if value is None:
        return None
    try:
        return read(value)
    except BaselineError as error:
        raise click.ClickException(str(error)) from None


def _waivers(
    context: object, parameter: object, values: tuple[str, ...]
) -> tuple[Sequence[Waiver], ...]:
    """What each of these files ignores."""
    from analyzer.annotations.keeping import WaiversError, waivers_in

    try:
        return tuple(map(waivers_in, values))
    except WaiversError as error:
        raise click.ClickException(str(error)) from None


def takes_outputs(help: str, *default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Formats and their files as an option, given to the command as `outputs`."""
    return click.option(
        "-T",
        "--format",
        "outputs",
        callback=_outputs,
        shell_complete=completing.outputs,
        multiple=True,
        default=default,
        metavar="FORM[:FILE]",
        help=f"Print {'|'.join(CHECK)}, or write it to FILE; may be repeated. {help}",
    )


def check_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `check`, given to the command as `asked`."""

    @takes_outputs(f"Default: {DEFAULT}.", DEFAULT)
    @click.option(
        "--fail-on",
        type=click.Choice(SEVERITIES),
        default="error",
        show_default=True,
        help="Exit with 1 when there is a finding this severe or worse.",
    )
    @click.option(
        "--fail-on-opaque",
        is_flag=True,
        help="Exit with 1 when protected messages were not evaluated, too.",
    )
    @click.option(
        "--baseline",
        callback=_baseline,
        type=click.Path(),
        metavar="FILE",
        help="Only what is new since an earlier check, by its JSON or SARIF report.",
    )
    @click.option(
        "--ignore-from",
        callback=_waivers,
        type=click.Path(),
        multiple=True,
        metavar="FILE",
        help="Ignore what the [[ignore]] of this file names, such as what was ignored on the "
        "screen: CAPTURE.msgshark.toml; may be repeated.",
    )
    @takes_filter("findings", "Judge only findings that pass this display filter.")
    @click.option("--all", "alone", is_flag=True, help="Show each finding, and group none.")
    @functools.wraps(command)
    def taking(
        *arguments: Any,
        outputs: Sequence[Output],
        fail_on: str,
        fail_on_opaque: bool,
        baseline: Baseline | None,
        alone: bool,
        wanted: Filter | None,
        ignore_from: tuple[Sequence[Waiver], ...],
        **others: Any,
    ) -> Any:
        waivers = [waiver for some in ignore_from for waiver in some]
        asked = CheckOptions(outputs, fail_on, baseline, alone, wanted, waivers, fail_on_opaque)
        return command(*arguments, asked=asked, **others)

    return taking


def format_help() -> str:
    """What each format is for, a line each, for the end of `check --help`."""
    return "\n".join(("\b", "Formats:", *(f"  {line}" for line in formats.help_lines())))
