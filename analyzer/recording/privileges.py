# SPDX-License-Identifier: GPL-2.0-only
"""Giving up what is needed no more: a recorder has its sockets, a screen never needs rights.

Under `sudo` a process becomes the user who called it, so that files are that user's. Else it stays
who it is, without capabilities; root alone keeps that of writing where root may.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
from typing import Final

from analyzer import interpreter

DAC_OVERRIDE: Final = 1 << 1

_NO_NEW_PRIVS: Final = 38  # PR_SET_NO_NEW_PRIVS
_VERSION_3: Final = 0x20080522


def drop() -> None:
    """Give up all privileges of this process for good; further calls do nothing."""
    caller = calling_user()
    if caller is not None:
        _become(*caller)
    if sys.platform.startswith("linux"):
        _drop_capabilities(DAC_OVERRIDE if os.geteuid() == 0 else 0)


def leave_root() -> bool:
    """Under sudo, become the user who called it, for the rest of this process; whether it was so.

    Not where that user may not read this program, parts of which are loaded when they are needed.
    """
    caller = calling_user()
    if caller is None or not _runs_for(*caller):
        return False
    drop()
    return True


def left_root() -> bool:
    """Whether this process is the user who called it by sudo, and root no more."""
    return hasattr(os, "geteuid") and os.environ.get("SUDO_UID") == str(os.geteuid())


def _runs_for(user: int, group: int) -> bool:
    _, environment = interpreter.command("analyzer")
    command = [sys.executable, "-P", "-c", "import analyzer.cli"]
    try:
        ran = subprocess.run(
            command,
            env=environment,
            user=user,
            group=group,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except OSError:
        return False
    return ran.returncode == 0


def calling_user() -> tuple[int, int] | None:
    """User and group of who started this by sudo; None when nobody did."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    try:
        user, group = int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])
    except (KeyError, ValueError):
        return None
    return (user, group) if user > 0 else None


def _become(user: int, group: int) -> None:
    import pwd

    try:
        known = pwd.getpwuid(user)
        os.initgroups(known.pw_name, group)
        os.environ["HOME"] = known.pw_dir  # sudo leaves root's, where this user may not write
    except KeyError:
        os.setgroups([group])
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        os.environ.pop(name, None)
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def _drop_capabilities(keep: int) -> None:
    """Have no capabilities but `keep`, and none from programs started later (capset(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("<Ii", _VERSION_3, 0)
    sets = struct.pack("<IIIIII", keep, keep, 0, 0, 0, 0)
    if libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capabilities cannot be given up")
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
