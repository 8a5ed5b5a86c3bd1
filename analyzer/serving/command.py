# SPDX-License-Identifier: GPL-2.0-only
"""`msgshark serve`: what it takes, and what it says."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from typing import Any, Final

import click

from analyzer.arguments import follows, reads_captures
from analyzer.preferences_command import preferences_of, takes_preferences
from analyzer.serving.gate import SHORTEST_TOKEN, Gate

_OWN: Final = frozenset(("host", "port", "token", "most", "interface"))
"""Parameters of the server; all others are of the app."""

_MISSING: Final = "serve needs textual-serve; pip install 'msgshark[serve]'"


class ForwardingCommand(click.Command):
    """Keeps what was written for the app, to be written to each of its processes."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        given, _, order = self.make_parser(context).parse_args(list(args))
        context.meta["forwarded"] = [
            word
            for parameter in dict.fromkeys(order)
            if parameter.name not in _OWN and parameter.name in given
            for word in _written(parameter, given[parameter.name])
        ]
        return super().parse_args(context, args)


def _written(parameter: click.Parameter, value: Any) -> Iterator[str]:
    if not isinstance(parameter, click.Option):
        return  # files, which come last
    for one in value if parameter.multiple else [value]:
        yield parameter.opts[0]
        if not parameter.is_flag:
            yield one


def _token(context: object, parameter: object, value: str | None) -> str:
    token = value or secrets.token_urlsafe(24)
    if len(token) < SHORTEST_TOKEN or not set(token) <= _UNRESERVED:
        raise click.BadParameter(
            f"a token is {SHORTEST_TOKEN} letters, digits or any of -._~ at least"
        )
    return token


_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""Of RFC 3986 clause 2.3: the token stands in an address."""


@click.command(cls=ForwardingCommand)
@reads_captures
@follows
@takes_preferences
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Listen on this address; what is not encrypted on the way others can read.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Listen on this TCP port; 0 takes a free one.",
)
@click.option(
    "--token",
    callback=_token,
    envvar="MSGSHARK_TOKEN",
    metavar="TEXT",
    help="Let those in who have this, in the environment as MSGSHARK_TOKEN; else one is made.",
)
@click.option(
    "--sessions",
    "most",
    type=click.IntRange(1, 100),
    default=4,
    show_default=True,
    metavar="N",
    help="Pages open at a time; each reads the captures itself.",
)
@click.option("-i", "interface", hidden=True)
@click.pass_context
def serve(
    context: click.Context,
    /,
    files: tuple[str, ...],
    preferences_path: str | None,
    host: str,
    port: int,
    token: str,
    most: int,
    interface: str | None,
    **reading: Any,
) -> int:
    """Show captures in a browser, at the address that is printed.

    It has a token, without which nobody is let in, also not from this machine. Each page is a
    session of its own, which ends with the page. Only files are shown: of a live capture, what
    `msgshark record -w FILE` writes, with --follow.
    """
    if interface is not None:
        raise click.UsageError(
            "serve shows files only; record with msgshark record -i IFACE -w FILE, "
            "and serve FILE --follow"
        )
    if not files or "-" in files:
        raise click.UsageError("name the FILEs to show; stdin can be read once only")
    preferences_of(preferences_path)
    for path in files:
        if not os.access(path, os.R_OK):
            reason = "Permission denied" if os.path.exists(path) else "No such file or directory"
            raise click.ClickException(f"{path}: {reason}")
    try:
        from analyzer.serving.server import Serving, command
    except ImportError:
        raise click.ClickException(_MISSING) from None
    arguments = [*context.meta["forwarded"], "--", *files]
    server = Serving(command(arguments, sys.executable), host, port, Gate(token, host), most)
    try:
        server.run(_began)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise click.ClickException(f"{host}:{port}: {reason}; see --port and --host") from None
    return 0


def _began(address: str) -> None:
    click.echo(f"{address}\nCtrl+C ends it")
