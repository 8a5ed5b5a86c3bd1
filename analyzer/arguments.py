# SPDX-License-Identifier: GPL-2.0-only
"""What commands take: options that several share, and what their values mean."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer import completing
from analyzer.port_options import Ports, takes_ports
from analyzer.secret_options import SecretFiles, takes_secrets

if TYPE_CHECKING:
    from analyzer.capture import Intake
    from analyzer.capture.store import Recorder
    from analyzer.profiles.spec import Ignore, SpecProfile
    from analyzer.profiles.transmission import Transmission
    from analyzer.settings import Settings
    from analyzer.views.pcapng import Ranges

SEVERITIES: Final = ("error", "warning", "note")
LADDERS: Final = ("ladder", "mermaid")
"""Formats that draw exchanges."""


def _size(context: object, parameter: object, value: str) -> int:
    """Bytes of `500M`, `4G` or `4GiB`; units are powers of 1024."""
    match = re.fullmatch(r"([0-9]{1,12})([KMGT]?)(i?B)?", value.strip(), re.IGNORECASE)
    if match is None or int(match[1]) == 0:
        raise click.BadParameter(f"{value!r} is no size; write 500M or 4G")
    return int(match[1]) << 10 * " KMGT".index(match[2].upper() or " ")


def _frame_ranges(context: object, parameter: object, value: str) -> Ranges:
    """Runs of frame numbers of `1,5-9`."""
    ranges = []
    for part in filter(None, value.replace(" ", "").split(",")):
        match = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise click.BadParameter(f"{part!r} are no packet numbers; write 1,5-9")
        ranges.append((int(match[1]), int(match[2] or match[1])))
    return ranges


def _tokens(context: object, parameter: object, values: tuple[str, ...]) -> tuple[bytes, ...]:
    """Tokens of `0a0b`, `0x0a0b`, `0a:0b`, `0a 0b`; the empty one is ``."""
    tokens = []
    for value in values:
        digits = re.sub(r"[\s:]", "", value.strip().removeprefix("0x"))
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", digits):
            raise click.BadParameter(
                f'{value!r} is no token; write its bytes in hex, as in 0a0b, and "" for none'
            )
        tokens.append(bytes.fromhex(digits))
    return tuple(tokens)


def _transmission(context: object, parameter: object, value: str | None) -> Transmission | None:
    """The profile of a name or file."""
    from analyzer.profiles.reading import ProfileError, load

    if value is None:
        return None
    try:
        return load(value)
    except ProfileError as error:
        raise click.ClickException(str(error)) from None


def _spec_profile(context: object, parameter: object, value: str | None) -> SpecProfile | None:
    """The spec profile of a name or file."""
    from analyzer.profiles.spec_reading import load
    from analyzer.profiles.toml import ProfileError
    from analyzer.rules import catalogue

    if value is None:
        return None
    try:
        return load(value, catalogue.load)
    except ProfileError as error:
        raise click.ClickException(str(error)) from None


def _switches(context: object, parameter: object, values: tuple[str, ...]) -> tuple[str, ...]:
    """Names of switches."""
    from analyzer.profiles.spec_reading import unknown_switch

    for value in values:
        if reason := unknown_switch(value):
            raise click.BadParameter(reason)
    return values


def _ignores(context: object, parameter: object, values: tuple[str, ...]) -> tuple[Ignore, ...]:
    """What `RULE[@ENDPOINT-or-UE]` ignores."""
    from analyzer.profiles.spec_reading import ignored
    from analyzer.rules import catalogue

    try:
        return tuple(ignored(value, catalogue.load) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def takes_spec_profile(command: Callable[..., Any]) -> Callable[..., Any]:
    """A spec profile, or none, as the argument of a command."""
    return click.argument(
        "spec_profile",
        required=False,
        metavar="[NAME|FILE]",
        callback=_spec_profile,
        shell_complete=completing.spec_profiles,
    )(command)


def takes_transmission(command: Callable[..., Any]) -> Callable[..., Any]:
    """A transmission profile, or none, as the argument of a command."""
    return click.argument(
        "transmission",
        required=False,
        metavar="[NAME|FILE]",
        callback=_transmission,
        shell_complete=completing.transmissions,
    )(command)


def _files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Captures as arguments, or as tshark takes them."""

    @click.argument("files", nargs=-1, metavar="FILE...", shell_complete=completing.files)
    @click.option(
        "-r",
        "also",
        multiple=True,
        shell_complete=completing.files,
        metavar="FILE",
        help="Read this capture, as tshark's -r; may be repeated.",
    )
    @functools.wraps(command)
    def taking(
        *arguments: Any, files: tuple[str, ...], also: tuple[str, ...], **others: Any
    ) -> Any:
        return command(*arguments, files=(*also, *files), **others)

    return taking


def reads_captures(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that reads captures."""
    decorators = (
        _files,
        takes_ports,
        takes_secrets,
        click.option(
            "--registration-path",
            default="",
            metavar="PATH",
            help="Take POSTs to this Uri-Path for registrations, unless they say otherwise.",
        ),
        click.option(
            "--server-uri",
            default="",
            metavar="URI",
            help="Expect this as Uri-Path of registrations (6.3.1.1.1 b) taken literally).",
        ),
        click.option(
            "--spec-profile",
            callback=_spec_profile,
            shell_complete=completing.spec_profiles,
            default="seed",
            show_default=True,
            metavar="NAME|FILE",
            help="Judge by this wording of the spec; msgshark spec-profile lists them.",
        ),
        click.option(
            "--switch",
            "switches",
            callback=_switches,
            shell_complete=completing.switches,
            multiple=True,
            metavar="NAME",
            help="Switch this on in the spec profile, such as onem2m or behind-nat; msgshark "
            "spec-profile lists them; may be repeated.",
        ),
        click.option(
            "--ignore",
            "ignores",
            callback=_ignores,
            shell_complete=completing.rules,
            multiple=True,
            metavar="RULE[@WHO]",
            help="Ignore findings of a rule, or those about an endpoint or UE alone, as in "
            "'COAP-7252-4.2-*@192.0.2.7'; * and ? stand for any; may be repeated.",
        ),
        click.option(
            "--transmission",
            callback=_transmission,
            shell_complete=completing.transmissions,
            default="default",
            show_default=True,
            metavar="NAME|FILE",
            help="Judge timing by this profile; msgshark transmission lists them.",
        ),
        click.option(
            "--spool-size",
            callback=_size,
            default="4G",
            show_default=True,
            metavar="SIZE",
            help="Keep this much of stdin, or of a compressed file unpacked, at most.",
        ),
    )
    return decorated(command, decorators)


def decorated(command: Callable[..., Any], decorators: Sequence[Any]) -> Callable[..., Any]:
    """A command with options that its help tells in this order."""
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


follows = click.option(
    "--follow",
    is_flag=True,
    help="Read on as the file grows, and in the file that takes its name; Ctrl+C ends it.",
)


def prints_as(
    *forms: str, help: str = "What to print."
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The format of a command's output, the first of these unless asked for another, as `form`."""
    return click.option(
        "-T",
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help=help,
    )


output_format = prints_as("text", "json")
rule_format = prints_as("text", "json", "markdown")


def takes_frames(help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Numbers of packets as an option, given to the command as `frames`."""
    return click.option(
        "--frames", callback=_frame_ranges, default="", metavar="NUMBERS", help=help
    )


def selects_packets(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that tell which packets."""
    decorators = (
        takes_frames("Packets of these numbers, as in 1,5-9."),
        click.option(
            "--exchange",
            "exchange_ids",
            type=click.IntRange(1),
            multiple=True,
            metavar="ID",
            help="The packets of an exchange; may be repeated.",
        ),
        click.option("--findings", is_flag=True, help="Packets with findings."),
        click.option(
            "--severity",
            type=click.Choice(SEVERITIES),
            help="Packets with findings this severe or worse.",
        ),
    )
    return decorated(command, decorators)


def selects_exchanges(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that tell which exchanges, and how ladders are drawn of several."""
    decorators = (
        click.option(
            "--of",
            "of",
            type=click.IntRange(1),
            multiple=True,
            metavar="FRAME",
            help="The exchange of a packet, whatever that is in it; may be repeated.",
        ),
        click.option(
            "--ue",
            "ues",
            multiple=True,
            metavar="ID",
            help="Exchanges of a UE Service ID; may be repeated.",
        ),
        click.option(
            "--token",
            "tokens",
            callback=_tokens,
            multiple=True,
            metavar="HEX",
            help='Exchanges with a token, as in 0a0b; "" is the empty one; may be repeated.',
        ),
        click.option(
            "--operation",
            is_flag=True,
            help="With the rest of the block-wise transfer or observation they belong to.",
        ),
        click.option(
            "--together",
            is_flag=True,
            help="Draw one ladder of all these exchanges, as they were captured.",
        ),
    )
    return decorated(command, decorators)


def open_later(
    files: tuple[str, ...],
    ports: Ports,
    secret_files: SecretFiles,
    registration_path: str,
    server_uri: str,
    spec_profile: SpecProfile,
    switches: tuple[str, ...],
    ignores: tuple[Ignore, ...],
    transmission: Transmission,
    spool_size: int,
    follow: bool = False,
    recorder: Recorder | None = None,
) -> tuple[Intake, Settings]:
    """What to read and how, from the options of `reads_captures` and `follows`; or what `recorder`
    writes, then without files."""
    from analyzer.capture import Intake, SpoolLimits
    from analyzer.profiles.spec_reading import switched
    from analyzer.settings import Settings

    intake = Intake(files, follow, SpoolLimits(spool_size), recorder=recorder)
    settings = Settings(
        ports=frozenset(ports.coap),
        registration_path=registration_path,
        server_uri=server_uri,
        profile=switched(spec_profile, switches),
        ignores=ignores,
        timers=transmission,
        dtls_ports=frozenset(ports.dtls),
        tcp_ports=frozenset(ports.tcp),
        tls_ports=frozenset(ports.tls),
        secrets=secret_files.read(growing=intake.waits or not files),
    )
    return intake, settings
