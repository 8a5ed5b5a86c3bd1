# SPDX-License-Identifier: GPL-2.0-only
"""Which way of capturing would work for this user: AF_PACKET, or dumpcap.

Rights go to dumpcap, which is made for it, or to a login: never to an interpreter, which would hand
them to every script.
"""

from __future__ import annotations

import os
import shlex
import socket
import stat
import sys
from collections.abc import Iterator
from typing import Final

from analyzer.doctor import rights
from analyzer.doctor.model import Check, as_root, find_program, install, is_root
from analyzer.doctor.rights import NET_ADMIN, NET_RAW, FileRights, Rights

AREA: Final = "Capture"

DUMPCAP_PACKAGES: Final = {
    "Debian": "wireshark-common",
    "Fedora": "wireshark-cli",
    "SUSE": "wireshark",
    "Arch": "wireshark-cli",
    "Alpine": "wireshark-common",
    "Homebrew": "wireshark",
}
_MOST_INTERFACES: Final = 20


def checks(dumpcap_starts: bool) -> Iterator[Check]:
    """The ways there are, the first that works, and what there is to capture on.

    `dumpcap_starts`: whether the system let this user start it.
    """
    own = rights.own()
    packet, dumpcap = _af_packet(own), _dumpcap(own, dumpcap_starts)
    yield packet
    yield dumpcap
    yield _interfaces()
    way = next((check for check in (packet, dumpcap) if check.ok), None)
    if way is not None:
        yield Check(AREA, "way", True, f"{way.name} would work for this user")
    else:
        advice = dumpcap.advice or packet.advice
        yield Check(AREA, "way", False, "this user can read captures and make none", advice)


# AF_PACKET --------------------------------------------------------------------------------------


def _af_packet(own: Rights) -> Check:
    """Linux's own packet sockets, packet(7); one of no protocol, which hears nothing, is tried."""
    name = "AF_PACKET"
    if not hasattr(socket, "AF_PACKET"):
        return Check(AREA, name, False, "Linux alone has it")
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError as error:
        told = f"{_held(own)} ({error.strerror})"
        return Check(AREA, name, False, told, _raw_advice(own))
    return Check(AREA, name, True, _held(own))


def _held(own: Rights) -> str:
    if own.effective & NET_RAW:
        return "CAP_NET_RAW is effective"
    if own.permitted & NET_RAW:
        return "CAP_NET_RAW is permitted, but not effective"
    return "no CAP_NET_RAW"


def _raw_advice(own: Rights) -> str:
    if not own.bounding & NET_RAW:
        return "start the container with --cap-add=NET_RAW"
    return "" if is_root() else "use dumpcap, below, or run as root"


# dumpcap ----------------------------------------------------------------------------------------


def _dumpcap(own: Rights, starts: bool) -> Check:
    """Wireshark's recorder: there, for this user to run, and with the rights it needs."""
    name = "dumpcap"
    path = find_program(name, runs=False)
    if path is None:
        return Check(AREA, name, False, "not installed", install(DUMPCAP_PACKAGES))
    quoted = shlex.quote(path)
    if not os.access(path, os.X_OK):
        told, advice = _forbidden(path)
        return Check(AREA, name, False, told, advice)
    if not sys.platform.startswith("linux"):
        return Check(AREA, name, True, f"{path}, installed")
    gives = rights.of_file(path)
    if own.effective & NET_RAW and starts:
        return Check(AREA, name, True, f"{path}, with the rights of this process")
    if not gives.gives_net_raw:
        return Check(AREA, name, False, f"{path} has no rights to capture", _grant(quoted))
    refusal = _refused(own, gives, starts, quoted)
    if refusal is not None:
        return Check(AREA, name, False, f"{path} {refusal[0]}", refusal[1])
    how = "setuid root" if gives.setuid_root else "its file has CAP_NET_RAW"
    return Check(AREA, name, True, f"{path}, {how}")


def _refused(own: Rights, gives: FileRights, starts: bool, dumpcap: str) -> tuple[str, str] | None:
    """Why the rights of the file do not reach who runs it, and what to do; None where they do."""
    if own.no_new:
        return "gets no rights here: no_new_privs is set", "run it outside of this sandbox"
    beyond = gives.permitted & ~own.bounding
    if beyond & NET_RAW or not starts:
        asked = [f"--cap-add={name}" for name, bit in _NAMES if (beyond or NET_RAW) & bit]
        how = f"start the container with {' '.join(asked)}"
        return "may not be started with its rights here", how
    if gives.permitted and not gives.effective:
        return "has CAP_NET_RAW permitted, but not effective", _set_capabilities(dumpcap)
    return None


_NAMES: Final = (("NET_RAW", NET_RAW), ("NET_ADMIN", NET_ADMIN))


def _grant(dumpcap: str) -> str:
    """How dumpcap gets its rights: Debian has a question for it, others give them by hand."""
    if find_program("dpkg-reconfigure"):
        return f"{as_root('dpkg-reconfigure wireshark-common')}, yes, then msgshark doctor again"
    return _set_capabilities(dumpcap)


def _set_capabilities(dumpcap: str) -> str:
    return as_root(f"setcap cap_net_raw,cap_net_admin+eip {dumpcap}")


def _forbidden(path: str) -> tuple[str, str]:
    """Why this user may not run it, and what to do."""
    group, members = _group_of(path)
    if not group:
        return f"{path} may not be run by this user", as_root(f"chmod o+x {shlex.quote(path)}")
    user = _user()
    if user in members:
        told = f"{path} is for the group {group}, joined since this login"
        return told, f"log in again, or newgrp {shlex.quote(group)}"
    told = f"{path} is for the group {group}"
    join = as_root(f"usermod -aG {shlex.quote(group)} {shlex.quote(user)}")
    return told, f"{join}, then log in again"


def _group_of(path: str) -> tuple[str, list[str]]:
    """The group that may run a program, and who is in it; "" for none."""
    try:
        import grp

        found = os.stat(path)
        if not found.st_mode & stat.S_IXGRP or found.st_gid == 0:
            return "", []
        group = grp.getgrgid(found.st_gid)
        return group.gr_name, group.gr_mem
    except (ImportError, OSError, KeyError):
        return "", []


def _user() -> str:
    """The login name, by the system's users and not by the environment."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return "USER"


# Interfaces -------------------------------------------------------------------------------------


def _interfaces() -> Check:
    """What could be captured on, by the system's list."""
    try:
        names = [name for _, name in socket.if_nameindex()]
    except (OSError, AttributeError):
        names = []
    told = ", ".join(name + _down(name) for name in names[:_MOST_INTERFACES])
    more = len(names) - _MOST_INTERFACES
    if more > 0:
        told += f" and {more} more"
    return Check(AREA, "interfaces", bool(names), told or "none seen")


def _down(name: str) -> str:
    """`" (down)"` where an interface is."""
    try:
        with open(f"/sys/class/net/{name}/operstate", encoding="ascii") as state:
            return " (down)" if state.read().strip() == "down" else ""
    except (OSError, ValueError):
        return ""
