# SPDX-License-Identifier: GPL-2.0-only
"""Capture filters: the default one, and what libpcap says of one (pcap-filter(7))."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Final

from analyzer.recording.libpcap import binding, compiled
from analyzer.recording.wish import LARGEST_SNAP, RecordingError
from dissectors import tunnels
from dissectors.coap.numbers import COAP_PORT, COAPS_PORT, COMPRESSED_PORTS

ETHERNET: Final = 1
_USUAL: Final = {COAP_PORT, COAPS_PORT}
_DLT: Final = {101: 12}
"""DLT_ numbers where LINKTYPE_ ones differ on most systems (pcap-linktype(7)): raw IP."""

_UNSEEN: Final = (
    "icmp[0] == 3 or icmp[0] == 4 or icmp[0] == 11 or icmp[0] == 12",  # errors, RFC 792
    "ip6[6] == 58 and ip6[40] < 128",  # errors, RFC 4443 clause 2.1
    "ip[6:2] & 0x1fff != 0",  # a later fragment, which has no ports
    "ip6[6] == 44",  # fragments; of what, stands behind this header
    "ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 60",  # libpcap looks for ports behind no option
)
"""What belongs to CoAP and has no port of it where libpcap looks."""

TUNNELS: Final = {
    "gtp-u": f"udp port {tunnels.GTP_U_PORT}",
    "vxlan": f"udp dst port {tunnels.VXLAN_PORT} or udp dst port {tunnels.OLD_VXLAN_PORT}",
    "geneve": f"udp dst port {tunnels.GENEVE_PORT}",
    "gre": "ip proto 47 or ip6 proto 47",
    "ip": "ip proto 4 or ip proto 41 or ip6 proto 4 or ip6 proto 41",
    "mpls-in-ip": "ip proto 137 or ip6 proto 137",
}
"""Tunnels that are read, and what lets them through whatever they carry."""


def default_filter(
    link_types: Iterable[int | None],
    ports: Iterable[int] = (),
    tunnels: Iterable[str] = (),
    tcp_ports: Iterable[int] = (),
) -> str:
    """What lets CoAP through on interfaces of all these link types, as far as they are known.

    `ports` are UDP ports that carry CoAP, too, `tcp_ports` TCP ports, and `tunnels` names in
    TUNNELS. On Ethernet also behind one or two VLAN tags. "", which lets everything through, where
    libpcap is missing or has no filters for a link type.
    """
    kinds = set(link_types)
    text = _of_ports(ports, tunnels, tcp_ports)
    if kinds == {ETHERNET}:
        text = f"{text} or (vlan and ({text} or (vlan and ({text}))))"
    try:
        for link_type in kinds:
            check_filter(text, ETHERNET if link_type is None else link_type)
    except RecordingError:
        return ""
    return text


def _of_ports(ports: Iterable[int], tunnels: Iterable[str], tcp_ports: Iterable[int]) -> str:
    first, last = COMPRESSED_PORTS[0], COMPRESSED_PORTS[-1]
    parts = [
        f"port {COAP_PORT} or port {COAPS_PORT}",  # CoAP over TCP, too (RFC 8323)
        f"udp portrange {first}-{last}",
        *(f"udp port {port}" for port in sorted(set(ports) - _USUAL)),
        *(f"tcp port {port}" for port in sorted(set(tcp_ports) - _USUAL)),
        *(TUNNELS[name] for name in dict.fromkeys(tunnels)),
        *_UNSEEN,
    ]
    return " or ".join(f"({part})" if " and " in part or " & " in part else part for part in parts)


def check_filter(text: str, link_type: int = ETHERNET) -> None:
    """Raise RecordingError, with libpcap's words, for what is no filter on a LINKTYPE_."""
    pcap = binding()
    handle = pcap.pcap_open_dead(_DLT.get(link_type, link_type), LARGEST_SNAP)
    try:
        program = compiled(handle, text)
        pcap.pcap_freecode(ctypes.byref(program))
    finally:
        pcap.pcap_close(handle)
