# SPDX-License-Identifier: GPL-2.0-only
"""Files that are written one after the other: which one comes next, by the names of those who do.

dumpcap, Wireshark and msgshark write `name_00001_20260131235959.pcapng`, and count on; `tcpdump -C`
writes `name.pcap`, `name.pcap1`, `name.pcap2`. A ring of tcpdump's (`-W`) goes back to its first
name, which is a file that took the name of another.
"""

from __future__ import annotations

import os
import re
from typing import Final

_COUNTED: Final = re.compile(r"(?P<stem>.+)_(?P<number>[0-9]{5,9})_[0-9]{14}(?P<suffix>\.[^.]+)?")
_TCPDUMP: Final = re.compile(r"(?P<stem>.+\.pcap)(?P<number>[1-9][0-9]{0,8})?")


def successor(path: str) -> str | None:
    """The file that comes after the one of this path and is there; None for none as yet.

    Where a ring has removed the very next, it is the first that is left.
    """
    folder, name = os.path.split(path)
    if match := _COUNTED.fullmatch(name):
        key = match["stem"], match["suffix"]
        later = []
        for other in _names(folder):
            found = _COUNTED.fullmatch(other)
            if found and (found["stem"], found["suffix"]) == key:
                later.append((int(found["number"]), other))
        after = [entry for entry in later if entry[0] > int(match["number"])]
        return os.path.join(folder, min(after)[1]) if after else None
    if match := _TCPDUMP.fullmatch(name):
        following = os.path.join(folder, f"{match['stem']}{int(match['number'] or 0) + 1}")
        return following if _is_newer(following, path) else None
    return None


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder or ".")
    except OSError:
        return []


def _is_newer(path: str, than: str) -> bool:
    """Whether a file was written last when the other one was no more: else it is an older one."""
    try:
        return os.stat(path).st_mtime_ns >= os.stat(than).st_mtime_ns
    except OSError:
        return False
