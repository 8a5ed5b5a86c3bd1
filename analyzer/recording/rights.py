# SPDX-License-Identifier: GPL-2.0-only
"""Linux capabilities: of this process, and those a program file gives (capabilities(7))."""

from __future__ import annotations

import os
import struct
from typing import Final, NamedTuple

NET_ADMIN: Final = 1 << 12
NET_RAW: Final = 1 << 13

_EFFECTIVE: Final = 1
_REVISION: Final = 24
_SETS: Final = ("CapEff", "CapPrm", "CapBnd")


class Rights(NamedTuple):
    """Of a process: sets of capabilities as bits, and whether programs may give it more."""

    effective: int = 0
    permitted: int = 0
    bounding: int = 0
    no_new: bool = False


def own() -> Rights:
    """Of this process; none where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            fields = dict(line.split(":", 1) for line in status if ":" in line)
        effective, permitted, bounding = (int(fields[name], 16) for name in _SETS)
        no_new = fields.get("NoNewPrivs", "0").strip() == "1"
        return Rights(effective, permitted, bounding, no_new)
    except (OSError, KeyError, ValueError):
        return Rights()


class FileRights(NamedTuple):
    """What a program file gives to who runs it."""

    permitted: int = 0
    effective: bool = False
    setuid_root: bool = False

    @property
    def gives_net_raw(self) -> bool:
        return self.setuid_root or bool(self.permitted & NET_RAW)


def of_file(path: str) -> FileRights:
    """Of a program; none where they cannot be read."""
    try:
        found = os.stat(path)
    except OSError:
        return FileRights()
    setuid = bool(found.st_mode & 0o4000) and found.st_uid == 0
    try:
        data = os.getxattr(path, "security.capability")
    except (OSError, AttributeError):
        data = b""
    return parsed(data)._replace(setuid_root=setuid)


def parsed(data: bytes) -> FileRights:
    """Of struct vfs_cap_data: revision and flags, then low and high halves of the sets."""
    if len(data) < 12:
        return FileRights()
    head, permitted = struct.unpack_from("<II", data)
    if head >> _REVISION >= 2 and len(data) >= 20:
        permitted |= struct.unpack_from("<I", data, 12)[0] << 32
    return FileRights(permitted, bool(head & _EFFECTIVE))
