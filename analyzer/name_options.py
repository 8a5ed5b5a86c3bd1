# SPDX-License-Identifier: GPL-2.0-only
"""The option that names addresses and UEs on the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from analyzer import completing


def _names(context: object, parameter: object, values: tuple[str, ...]) -> Mapping[str, str]:
    """Of several files; a later one says it again."""
    from analyzer.annotations.hosts import HostsError, read

    names: dict[str, str] = {}
    for value in values:
        try:
            names |= read(value)
        except HostsError as error:
            raise click.ClickException(str(error)) from None
    return names


def takes_names(command: Callable[..., Any]) -> Callable[..., Any]:
    """Files of names as an option, given to the command as `hosts`."""
    return click.option(
        "-H",
        "--names",
        "hosts",
        callback=_names,
        shell_complete=completing.files,
        type=click.Path(),
        multiple=True,
        metavar="FILE",
        help="On the screen, show names from this file, as from a hosts file: ADDRESS NAME, or "
        "UE = NAME; may be repeated.",
    )(command)
