# SPDX-License-Identifier: GPL-2.0-only
"""Where the demo talks: a loopback of its own in a network namespace, else a part of the host's.

A user namespace (user_namespaces(7)) needs no rights: who makes one has all of them over a network
namespace made with it, and none over the host's.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import socket
import struct
import sys
from collections.abc import Callable
from typing import Final

NETWORK: Final = "127.5.68.0/24"
"""Addresses of the demo, which nobody else is likely to use on a host."""

PORT: Final = 5683

_PREFIX: Final = "127.5.68."
_SERVERS: Final = range(3, 100)
_FIRST_UE: Final = 101

_NEWUSER: Final = 0x10000000  # linux/sched.h
_NEWNET: Final = 0x40000000
_GET_FLAGS: Final = 0x8913  # SIOCGIFFLAGS, linux/sockios.h
_SET_FLAGS: Final = 0x8914  # SIOCSIFFLAGS
_UP: Final = 1  # IFF_UP
_FLAGS: Final = struct.Struct("16sh22x")  # struct ifreq: name, flags, the rest of the union

_SWITCHES: Final = (
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "10000"),
    ("user.max_net_namespaces", "0", "10000"),
)
"""Settings of systems that refuse user namespaces: name, the value that does, one that does not."""


class RefusedError(Exception):
    """There is nowhere to talk; the one-line message says why and what to do."""


def ue_address(number: int) -> str:
    """The address of a UE by its number in the cast."""
    return f"{_PREFIX}{_FIRST_UE + number}"


def enter() -> str:
    """Enter a loopback for the rest of this process, which has one thread, and return the address
    for the server there. Raises RefusedError."""
    if not sys.platform.startswith("linux"):
        raise RefusedError("the demo needs Linux; msgshark FILE opens captures everywhere")
    refusal = _tried(_enter_namespace)
    if not refusal:
        _enter_namespace()
    elif _tried(_open_packet_socket):
        raise RefusedError(_refused(refusal))
    return free_address()


def _tried(step: Callable[[], None]) -> int:
    """The error number of a step taken in a process that ends then, 0 for none."""
    child = os.fork()
    if not child:
        code = 1
        try:
            step()
            code = 0
        except OSError as error:
            code = error.errno or 1
        finally:
            os._exit(min(code, 255))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _enter_namespace() -> None:
    """A network namespace with its loopback up and the right to capture there."""
    try:
        if os.geteuid() != 0:
            raise PermissionError
        _unshare(_NEWNET)
    except OSError:
        _become_root_of_nothing()
    _raise_loopback()
    _open_packet_socket()


def _become_root_of_nothing() -> None:
    """User 0 of a user namespace is the user who makes it, for everybody outside."""
    user, group = os.geteuid(), os.getegid()
    _unshare(_NEWUSER | _NEWNET)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"0 {user} 1"),
        ("gid_map", f"0 {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    for name in ("SUDO_UID", "SUDO_GID", "SUDO_USER"):  # nobody to become here
        os.environ.pop(name, None)


def _unshare(flags: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(flags):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _raise_loopback() -> None:
    from fcntl import ioctl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = _FLAGS.pack(b"lo", 0)
        _, flags = _FLAGS.unpack(ioctl(any_socket, _GET_FLAGS, asked))
        ioctl(any_socket, _SET_FLAGS, _FLAGS.pack(b"lo", flags | _UP))


def _open_packet_socket() -> None:
    """Raises OSError without the right to capture; protocol 0 hears nothing (packet(7))."""
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()


def free_address() -> str:
    """An address on which nobody has the CoAP port. Raises RefusedError."""
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()
    except OSError:
        raise RefusedError(
            "the CoAP stack of the demo takes sockets of IPv6, for IPv4 too, and this system has "
            "none; boot it without ipv6.disable=1"
        ) from None
    for host in _SERVERS:
        address = f"{_PREFIX}{host}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, PORT))
            except OSError:
                continue
            return address
    raise RefusedError(f"UDP port {PORT} is in use on every address of this host; free it first")


def _refused(code: int) -> str:
    """Why there is neither loopback, by the error number of the first, and what to do."""
    reason, remedy = os.strerror(code), ""
    for name, refusing, allowing in _SWITCHES:
        if _setting(name) == refusing:
            reason, remedy = f"{name} is {refusing}", f", or sudo sysctl -w {name}={allowing}"
            break
    if os.geteuid() == 0:
        advice = "start the container with --cap-add=NET_RAW"
    else:
        advice = f"use sudo {_program()} demo{remedy}"
    return (
        f"this system refuses a network namespace of its own ({reason}), and this user may not "
        f"capture; {advice}"
    )


def _setting(name: str) -> str:
    """The value of a sysctl, "" where there is none."""
    try:
        with open(f"/proc/sys/{name.replace('.', '/')}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _program() -> str:
    """What sudo finds, too, when it was installed for one user."""
    path = os.path.join(os.path.dirname(sys.executable), "msgshark")
    return shlex.quote(path) if os.path.exists(path) else "msgshark"
