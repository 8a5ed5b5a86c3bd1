# SPDX-License-Identifier: GPL-2.0-only
"""A file of names, as /etc/hosts and Wireshark's hosts file have them, or with `=`.

10.0.0.7   gateway gw              # an address and its name; further names are passed over
ue-001@example = meter 12          # anything else, and names with blanks
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from typing import Final

from analyzer.annotations.model import clean

MOST_BYTES: Final = 1 << 24
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")


class HostsError(Exception):
    """The file cannot be used; the one-line message says where, why and what to do next."""


def read(path: str | os.PathLike[str]) -> dict[str, str]:
    """Names by address or UE Service ID. Raises HostsError."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise HostsError(f"{name}: larger than {MOST_BYTES >> 20} MiB: no file of names")
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise HostsError(f"{name}: {error.strerror}; give a file of names") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise HostsError(f"{name}:{line}: not UTF-8; save it as UTF-8 text") from None
    except ValueError as error:  # a name with a null character
        raise HostsError(f"{name!r}: {error}; give a file of names") from None
    return dict(filter(None, (_entry(name, *line) for line in enumerate(text.split("\n"), 1))))


def _entry(path: str, number: int, line: str) -> tuple[str, str] | None:
    line = _COMMENT.sub("", line).strip()
    if not line:
        return None
    first, *rest = line.split(None, 2)
    what, equals, name = (part.strip() for part in line.partition("="))
    address = _address(first)
    if not equals or (address and rest and not rest[0].startswith("=")):
        what, name = first, rest[0] if rest else ""
    if not what or not name:
        raise HostsError(f"{path}:{number}: names nothing; write ADDRESS NAME, or UE = NAME")
    return address if what == first and address else clean(what), " ".join(clean(name).split())


def _address(what: str) -> str:
    """An address as views write it, `""` for none."""
    try:
        return str(ip_address(what.strip("[]")))
    except ValueError:
        return ""
