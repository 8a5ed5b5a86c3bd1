# SPDX-License-Identifier: GPL-2.0-only
"""Ways to capture, and the rights for each: packet sockets of one's own, or dumpcap.

Rights go to dumpcap, which is made for it, or to a login: never to an interpreter, which would hand
them to every script.
"""

from __future__ import annotations

import os
import shlex
import socket
import stat
import sys
from typing import Final, NamedTuple

from analyzer.recording import rights
from analyzer.recording.programs import as_root, find_program, install, is_root, own_program
from analyzer.recording.rights import NET_ADMIN, NET_RAW, FileRights, Rights
from analyzer.recording.wish import Wish

DUMPCAP_PACKAGES: Final = {
    "Debian": "wireshark-common",
    "Fedora": "wireshark-cli",
    "SUSE": "wireshark",
    "Arch": "wireshark-cli",
    "Alpine": "wireshark-common",
    "Homebrew": "wireshark",
}


class Way(NamedTuple):
    """A way to capture: whether this user may go it, what was found, and what to do if not."""

    ok: bool
    told: str
    advice: str = ""


def other_ways(wish: Wish) -> str:
    """What else gets at these packets where a RightsError says that this user does not, and what
    needs no rights."""
    words = [word for name in wish.interfaces for word in ("-i", name)]
    command = shlex.join([own_program(), "record", *words, "-w"])
    by_root = "" if is_root() else f"as root: sudo {command} FILE; "
    return (
        f"{by_root}without rights: msgshark FILE, msgshark demo, msgshark --ssh HOST -i IFACE, or "
        "tcpdump -U -w - | msgshark -"
    )


# Packet sockets ---------------------------------------------------------------------------------


def packet_sockets(own: Rights) -> Way:
    """Linux's own, packet(7); one of no protocol, which hears nothing, is tried."""
    if sys.platform == "darwin":
        readable = os.access("/dev/bpf0", os.R_OK)
        return Way(readable, "/dev/bpf0 can be read" if readable else "no rights on /dev/bpf*")
    if not hasattr(socket, "AF_PACKET"):
        return Way(False, "Linux alone has it")
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError as error:
        return Way(False, f"{_held(own)} ({error.strerror})", _raw_advice(own))
    return Way(True, _held(own))


def _held(own: Rights) -> str:
    if own.effective & NET_RAW:
        return "CAP_NET_RAW is effective"
    if own.permitted & NET_RAW:
        return "CAP_NET_RAW is permitted, but not effective"
    return "no CAP_NET_RAW"


def _raw_advice(own: Rights) -> str:
    if not own.bounding & NET_RAW:
        return "start the container with --cap-add=NET_RAW"
    return "" if is_root() else "use dumpcap, or run as root"


# dumpcap ----------------------------------------------------------------------------------------


def dumpcap(own: Rights, starts: bool) -> Way:
    """Wireshark's recorder: there, for this user to run, and with the rights it needs.

    `starts`: whether the system let this user start it.
    """
    path = find_program("dumpcap", runs=False)
    if path is None:
        return Way(False, "not installed", install(DUMPCAP_PACKAGES))
    quoted = shlex.quote(path)
    if not os.access(path, os.X_OK):
        return _forbidden(path)
    if not sys.platform.startswith("linux"):
        return Way(True, f"{path}, installed")
    gives = rights.of_file(path)
    if own.effective & NET_RAW and starts:
        return Way(True, f"{path}, with the rights of this process")
    if not gives.gives_net_raw:
        return Way(False, f"{path} has no rights to capture", _grant(quoted))
    refusal = _refused(own, gives, starts, quoted)
    if refusal is not None:
        return refusal._replace(told=f"{path} {refusal.told}")
    how = "setuid root" if gives.setuid_root else "its file has CAP_NET_RAW"
    return Way(True, f"{path}, {how}")


def _refused(own: Rights, gives: FileRights, starts: bool, dumpcap: str) -> Way | None:
    """Why the rights of the file do not reach who runs it, and what to do; None where they do."""
    if own.no_new:
        told = "gets no rights here: no_new_privs is set"
        return Way(False, told, "run it outside of this sandbox")
    beyond = gives.permitted & ~own.bounding
    if beyond & NET_RAW or not starts:
        asked = [f"--cap-add={name}" for name, bit in _NAMES if (beyond or NET_RAW) & bit]
        how = f"start the container with {' '.join(asked)}"
        return Way(False, "may not be started with its rights here", how)
    if gives.permitted and not gives.effective:
        told = "has CAP_NET_RAW permitted, but not effective"
        return Way(False, told, _set_capabilities(dumpcap))
    return None


_NAMES: Final = (("NET_RAW", NET_RAW), ("NET_ADMIN", NET_ADMIN))


def _grant(dumpcap: str) -> str:
    """How dumpcap gets its rights: Debian has a question for it, others give them by hand."""
    if find_program("dpkg-reconfigure"):
        return f"{as_root('dpkg-reconfigure wireshark-common')}, yes, then msgshark doctor again"
    return _set_capabilities(dumpcap)


def _set_capabilities(dumpcap: str) -> str:
    return as_root(f"setcap cap_net_raw,cap_net_admin+eip {dumpcap}")


def _forbidden(path: str) -> Way:
    """Why this user may not run it, and what to do."""
    group, members = _group_of(path)
    if not group:
        advice = as_root(f"chmod o+x {shlex.quote(path)}")
        return Way(False, f"{path} may not be run by this user", advice)
    user = _user()
    if user in members:
        told = f"{path} is for the group {group}, joined since this login"
        return Way(False, told, f"log in again, or newgrp {shlex.quote(group)}")
    told = f"{path} is for the group {group}"
    join = as_root(f"usermod -aG {shlex.quote(group)} {shlex.quote(user)}")
    return Way(False, told, f"{join}, then log in again")


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
