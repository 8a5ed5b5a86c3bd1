# SPDX-License-Identifier: GPL-2.0-only
"""What `export` takes to redact: whether, by which key, and where the map goes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import click
from click.core import ParameterSource


class RedactOptions(NamedTuple):
    """What was asked of a redaction; see `redaction.export.Asked`."""

    passphrase: str | None
    map_path: str


def _key(context: object, parameter: object, value: str | None) -> str | None:
    if value == "":
        raise click.BadParameter("it is empty; leave it out for a random key")
    return value


def redact_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a redaction, given to the command as `redaction`; None without --redact."""

    @click.option(
        "--redact",
        is_flag=True,
        help="Replace names, addresses, credentials and contents; findings stay.",
    )
    @click.option(
        "--redact-key",
        "passphrase",
        callback=_key,
        metavar="TEXT",
        envvar="MSGSHARK_REDACT_KEY",
        show_envvar=True,
        help="A secret by which pseudonyms are the same in several captures. Default: random.",
    )
    @click.option(
        "--redact-map",
        "map_path",
        default="",
        metavar="FILE",
        help="Write what pseudonyms stand for to this JSON file; keep it to yourself.",
    )
    @functools.wraps(command)
    def taking(
        *arguments: Any,
        redact: bool,
        passphrase: str | None,
        map_path: str,
        **others: Any,
    ) -> Any:
        context = click.get_current_context()
        given = context.get_parameter_source("passphrase") is ParameterSource.COMMANDLINE
        if not redact and (given or map_path):
            option = "--redact-map" if map_path else "--redact-key"
            raise click.UsageError(f"{option} is about a redaction; add --redact")
        if map_path and map_path == others.get("output"):
            raise click.UsageError("--redact-map and -w name one file; give the map one of its own")
        redaction = RedactOptions(passphrase, map_path) if redact else None
        return command(*arguments, redaction=redaction, **others)

    return taking
