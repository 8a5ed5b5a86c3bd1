# SPDX-License-Identifier: GPL-2.0-only
"""The options of live capture, with tshark's and dumpcap's letters: what they make is a Live."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click
from click.core import ParameterSource

from analyzer.arguments import decorated

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from analyzer.recording.wish import Limits, Started, Wish

_AGAIN: Final = "root's rights were given up once it recorded; leave, and start again with sudo"
_RECORDERS: Final = ("own", "dumpcap", "scapy")
TUNNELS: Final = ("gtp-u", "vxlan", "geneve", "gre", "ip", "mpls-in-ip")
_LIMITS: Final = {"duration": "S", "filesize": "KB", "files": "N", "packets": "N"}
_FORMS: Final = "|".join(f"{name}:{unit}" for name, unit in _LIMITS.items())
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")


class Live(NamedTuple):
    """A live capture as it was asked for; see Wish. `filter` is None for the default one."""

    interfaces: tuple[str, ...]
    filter: str | None = None
    snap_length: int = 0  # 0: the largest
    promiscuous: bool = True
    path: str = ""
    stop: Limits | None = None
    rotate: Limits | None = None
    recorder: str | None = None
    tunnels: tuple[str, ...] = ()
    host: str = ""
    remote_sudo: bool = False

    def wish(
        self, ports: Sequence[int] = (), spool: int = 0, tcp_ports: Sequence[int] = ()
    ) -> Wish:
        """What is to be recorded; `ports` are UDP ports that carry CoAP, too, `tcp_ports` those of
        TCP, and `spool` is the most bytes of a recording that nobody named a file for, 0 for any.

        Raises RecordingError for an interface or filter that there is not.
        """
        from analyzer.recording import interfaces

        if self.host:
            return self._wish(self.interfaces, (), spool, ports, tcp_ports)
        names = interfaces.resolved(self.interfaces)
        return self._wish(names, interfaces.link_types(names), spool, ports, tcp_ports)

    def start(self, wish: Wish) -> Started:
        """Record it. Raises RecordingError, with what works instead for want of rights."""
        from analyzer.recording import privileges
        from analyzer.recording.recording import Recording
        from analyzer.recording.remote import RemoteRecording
        from analyzer.recording.ways import other_ways
        from analyzer.recording.wish import RightsError

        recording: Recording | RemoteRecording = Recording(wish)
        if self.host:
            recording = RemoteRecording(wish, self.host, self.remote_sudo)
        try:
            recording.start()
        except RightsError as error:
            ways = _AGAIN if privileges.left_root() else other_ways(wish)
            raise RightsError(f"{error}; {ways}") from None
        except BaseException:  # Ctrl+C, too
            recording.stop()
            raise
        privileges.leave_root()
        return recording

    def _wish(
        self,
        names: tuple[str, ...],
        link_types: set[int | None] | tuple[()],
        spool: int,
        ports: Sequence[int],
        tcp_ports: Sequence[int],
    ) -> Wish:
        from analyzer.recording.filters import check_filter, default_filter
        from analyzer.recording.wish import LARGEST_SNAP, UNLIMITED, Means, Wish

        text = self.filter
        if text is None:
            text = default_filter(link_types, ports, self.tunnels, tcp_ports)
        elif text:
            for link_type in link_types:
                if link_type is not None:
                    check_filter(text, link_type)
        stop, rotate = self.stop or UNLIMITED, self.rotate or UNLIMITED
        if spool and not (self.path or stop.filesize or any(rotate)):
            stop = stop._replace(filesize=spool)
        return Wish(
            interfaces=names,
            filter=text,
            snap_length=self.snap_length or LARGEST_SNAP,
            promiscuous=self.promiscuous,
            path=self.path,
            stop=stop,
            rotate=rotate,
            means=Means(self.recorder) if self.recorder else None,
        )


# What options mean ------------------------------------------------------------------------------


def _limits(context: object, parameter: click.Parameter, values: Sequence[str]) -> Limits | None:
    """Limits of `duration:60`, `filesize:1000`, ..., each once."""
    from analyzer.recording.wish import KILOBYTE, Limits

    if not values:
        return None
    given: dict[str, float] = {}
    for value in values:
        name, _, number = value.partition(":")
        form = _SECONDS if name == "duration" else _NUMBER
        if name not in _LIMITS or not form.fullmatch(number) or not float(number):
            raise click.BadParameter(f"{value!r} is no limit; write {_FORMS}")
        given[name] = float(number) if name == "duration" else int(number)
    if "filesize" in given:
        given["filesize"] *= KILOBYTE
    return Limits(**given)  # type: ignore[arg-type]


def _interface_names(context: object, parameter: object, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from analyzer.recording.devices import ANY, of_system

    return [CompletionItem(name) for name in (*of_system(), ANY) if name.startswith(incomplete)]


def _file_to_write(context: object, parameter: object, value: str) -> str:
    if value == "-":
        raise click.BadParameter("a recording is a file; name one, and pipe with tcpdump -w -")
    return value


def _live(options: dict[str, Any]) -> Live | None:
    """Taken out of the options of a command. None where nothing live is asked for."""
    packets = options.pop("packets")
    live = Live(**{name: options.pop(name) for name in Live._fields})
    _refuse(live, _given())
    if not live.interfaces:
        return None
    if packets:
        from analyzer.recording.wish import UNLIMITED

        live = live._replace(stop=(live.stop or UNLIMITED)._replace(packets=packets))
    return live


def _given() -> list[str]:
    """Letters of the live options that were typed."""
    context = click.get_current_context()
    return [
        option.opts[0]
        for option in context.command.params
        if option.name in (*Live._fields, "packets")
        and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    ]


def _refuse(live: Live, given: Sequence[str]) -> None:
    """Options that mean nothing together."""
    if given and not live.interfaces:
        raise click.UsageError(
            f"{given[0]} is for live capture; add -i IFACE, msgshark -D lists them"
        )
    if live.filter is not None and live.tunnels:
        raise click.UsageError("--tunnel widens the default filter; put the tunnel into -f instead")
    rotate = live.rotate
    if rotate is not None and not (rotate.duration or rotate.filesize or rotate.packets):
        raise click.UsageError("-b files:N needs to know when a file is full; add -b filesize:KB")
    if live.stop is not None and live.stop.files and rotate is None:
        raise click.UsageError("-a files:N counts the files of -b; add -b filesize:KB")
    if live.remote_sudo and not live.host:
        raise click.UsageError("--remote-sudo is for --ssh")
    if live.host:
        _refuse_remote(live)


def _refuse_remote(live: Live) -> None:
    if live.host.startswith("-"):
        raise click.BadParameter(f"{live.host!r} is no host; write --ssh USER@HOST")
    if len(live.interfaces) > 1:
        raise click.UsageError("tcpdump over --ssh takes one interface; -i any is all of them")
    if live.rotate is not None or live.recorder is not None:
        raise click.UsageError("-b and --recorder are for interfaces of this machine, not --ssh")


# Decorators -------------------------------------------------------------------------------------


def captures_live(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that captures live; it is given them as `live`."""
    return decorated(_taking(command), (*_WHERE, *_HOW))


def _taking(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def taking(*arguments: Any, **options: Any) -> Any:
        live = _live(options)
        return command(*arguments, live=live, **options)

    return taking


_WHERE: Final = (
    click.option(
        "-i",
        "--interface",
        "interfaces",
        multiple=True,
        shell_complete=_interface_names,
        metavar="IFACE",
        help="Capture live on this interface; any is all of them; may be repeated. "
        "msgshark -D lists them.",
    ),
    click.option(
        "--ssh",
        "host",
        default="",
        metavar="[USER@]HOST",
        help="The interface is one of this machine: tcpdump there is read through ssh.",
    ),
    click.option("--remote-sudo", is_flag=True, help="With --ssh: run sudo -n tcpdump there."),
)
_HOW: Final = (
    click.option(
        "-f",
        "filter",
        default=None,
        metavar="FILTER",
        help="Capture what passes this filter, see pcap-filter(7); '' is everything. Default: "
        "CoAP ports, those of -d, ICMP errors and fragments.",
    ),
    click.option(
        "--tunnel",
        "tunnels",
        type=click.Choice(TUNNELS),
        multiple=True,
        help="Let this tunnel through the default filter, whatever it carries; may be repeated.",
    ),
    click.option(
        "-s",
        "--snapshot-length",
        "snap_length",
        type=click.IntRange(0, 262_144),
        default=0,
        metavar="LEN",
        help="Keep this many bytes of a packet. Default: all.",
    ),
    click.option(
        "-p",
        "--no-promiscuous-mode",
        "promiscuous",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Leave the interface out of promiscuous mode.",
    ),
    click.option(
        "-c",
        "packets",
        type=click.IntRange(1),
        metavar="N",
        help="Stop after N packets.",
    ),
    click.option(
        "-a",
        "--autostop",
        "stop",
        callback=_limits,
        multiple=True,
        metavar="LIMIT",
        help=f"Stop by {_FORMS}; kB are 1000 bytes; may be repeated.",
    ),
    click.option(
        "-b",
        "--ring-buffer",
        "rotate",
        callback=_limits,
        multiple=True,
        metavar="LIMIT",
        help="Go on in a new file after duration:S|filesize:KB|packets:N, and keep the last "
        "files:N; may be repeated.",
    ),
    click.option(
        "-w",
        "path",
        callback=_file_to_write,
        default="",
        type=click.Path(),
        metavar="FILE",
        help="Keep the recording in this file.",
    ),
    click.option(
        "--recorder",
        type=click.Choice(_RECORDERS),
        default=None,
        help="What records. Default: msgshark itself, or dumpcap where only that has the rights.",
    ),
)
