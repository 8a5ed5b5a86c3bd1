# SPDX-License-Identifier: GPL-2.0-only
"""The option that says what a port carries, as tshark's -d: what it makes are Ports."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import click

_DECODE_AS: Final = re.compile(r"(udp|tcp)\.port==([0-9]{1,5}),([a-z+]+)")
_CARRIES: Final = {
    ("udp", "coap"): "coap",
    ("udp", "dtls"): "dtls",
    ("udp", "coaps"): "dtls",
    ("tcp", "coap"): "tcp",
    ("tcp", "coap+tcp"): "tcp",
    ("tcp", "coap+ws"): "tcp",
    ("tcp", "tls"): "tls",
    ("tcp", "coaps"): "tls",
    ("tcp", "coaps+tcp"): "tls",
    ("tcp", "coaps+ws"): "tls",
}
"""Field of Ports by transport and protocol: tshark's names, and the URI schemes of RFC 8323."""


class Ports(NamedTuple):
    """Ports beside those of IANA: UDP ports of CoAP and of DTLS, TCP ports of CoAP and of TLS."""

    coap: tuple[int, ...] = ()
    dtls: tuple[int, ...] = ()
    tcp: tuple[int, ...] = ()
    tls: tuple[int, ...] = ()

    @property
    def udp(self) -> tuple[int, ...]:
        return self.coap + self.dtls

    @property
    def stream(self) -> tuple[int, ...]:
        """Those of TCP, secured or not."""
        return self.tcp + self.tls


NO_PORTS: Final = Ports()


def read_ports(values: Iterable[str]) -> Ports:
    """Ports of tshark's `udp.port==9999,coap`. Raises ValueError, which says what to write."""
    ports: dict[str, list[int]] = {name: [] for name in Ports._fields}
    for value in values:
        match = _DECODE_AS.fullmatch(value.replace(" ", "").lower())
        carries = _CARRIES.get((match[1], match[3])) if match else None
        if match is None or carries is None or not 0 < int(match[2]) < 65536:
            raise ValueError(
                f"{value!r} is not understood; write udp.port==9999,coap or udp.port==9999,dtls, "
                "tcp.port==9999,coap or tcp.port==9999,tls"
            )
        ports[carries].append(int(match[2]))
    return Ports(**{name: tuple(numbers) for name, numbers in ports.items()})


def _decode_as(context: object, parameter: object, values: tuple[str, ...]) -> Ports:
    try:
        return read_ports(values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


takes_ports = click.option(
    "-d",
    "ports",
    callback=_decode_as,
    multiple=True,
    metavar="udp.port==PORT,coap",
    help="Take a port for CoAP or what protects it: udp.port==9999,coap or dtls, tcp.port==9999,"
    "coap or tls; may be repeated.",
)
