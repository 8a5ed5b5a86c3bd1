# SPDX-License-Identifier: GPL-2.0-only
"""Writing pcapng: packets as they were captured, with comments (draft-ietf-opsawg-pcapng).

Little-endian, times in ns, one section; an interface is described before its first packet.
"""

from __future__ import annotations

import os
import secrets
import stat
import struct
import sys
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final

from analyzer.capture.model import Interface
from analyzer.capture.options import OPT_IF_DESCRIPTION, OPT_IF_NAME, OPT_IF_TSRESOL
from analyzer.capture.pcapng import INTERFACE_DESCRIPTION
from analyzer.capture.records import ENHANCED_PACKET, OPT_COMMENT, SECTION_HEADER
from analyzer.capture.store import printable

OPT_SHB_USERAPPL: Final = 4
NANOSECONDS: Final = b"\x09"
LONGEST_OPTION: Final = 0xFFFC
DASH: Final = "-"

_SECTION: Final = struct.Struct("<IHHq")
_INTERFACE: Final = struct.Struct("<HHI")
_PACKET: Final = struct.Struct("<IIIII")
_LATEST: Final = (1 << 64) - 1


class WritingError(Exception):
    """The file cannot be written; the one-line message says why and what to do next."""


class PcapngWriter:
    """Writes one section to `out`, block by block: memory does not grow with it."""

    def __init__(self, out: BinaryIO, application: str, comments: Iterable[str] = ()) -> None:
        """`application` is the name of the program that writes, `comments` are on the file."""
        self._out = out
        self._interfaces: dict[Hashable, int] = {}
        options = [*_comments(comments), (OPT_SHB_USERAPPL, _utf8(application))]
        fixed = _SECTION.pack(0x1A2B3C4D, 1, 0, -1)
        self._block(SECTION_HEADER, fixed, options)

    def packet(
        self,
        id: Hashable,
        interface: Interface,
        time: int,
        data: bytes,
        wire: int,
        comments: Iterable[str] = (),
    ) -> None:
        """Write a packet of `interface`, which `id` stands for throughout the file.

        `time` is in ns since 1970, `wire` the packet's length on the wire in bytes.
        """
        number = self._interfaces.get(id)
        if number is None:
            number = self._interfaces[id] = len(self._interfaces)
            self._describe(interface)
        ticks = max(0, min(time, _LATEST))
        lengths = (len(data), max(wire, len(data)))
        fixed = _PACKET.pack(number, ticks >> 32, ticks & 0xFFFFFFFF, *lengths)
        self._block(ENHANCED_PACKET, fixed + data, _comments(comments))

    def _describe(self, interface: Interface) -> None:
        options = list(_comments(interface.comments))
        options += [
            (code, _utf8(text))
            for code, text in (
                (OPT_IF_NAME, interface.name),
                (OPT_IF_DESCRIPTION, interface.description),
            )
            if text
        ]
        options.append((OPT_IF_TSRESOL, NANOSECONDS))
        fixed = _INTERFACE.pack(interface.link_type, 0, interface.snap_length)
        self._block(INTERFACE_DESCRIPTION, fixed, options)

    def _block(self, kind: int, body: bytes, options: Iterable[tuple[int, bytes]]) -> None:
        parts = [body, bytes(-len(body) % 4)]
        for code, value in options:
            parts += [struct.pack("<HH", code, len(value)), value, bytes(-len(value) % 4)]
        if len(parts) > 2:
            parts.append(bytes(4))
        body = b"".join(parts)
        total = len(body) + 12
        self._out.write(struct.pack("<II", kind, total) + body + struct.pack("<I", total))


def _comments(texts: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    return ((OPT_COMMENT, _utf8(text)) for text in texts)


def _utf8(text: str) -> bytes:
    """As much of a text as an option holds, and no half character."""
    data = text.encode("utf-8", "replace")
    if len(data) <= LONGEST_OPTION:
        return data
    return data[:LONGEST_OPTION].decode("utf-8", "ignore").encode()


@contextmanager
def new_file(path: str, inputs: Sequence[str]) -> Iterator[BinaryIO]:
    """A file to write to that takes its name only when it is complete; `-` is stdout.

    Raises WritingError when it cannot be written, or is one of `inputs`.
    """
    if path == DASH:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    name = printable(path)
    if any(_same(path, other) for other in inputs):
        raise WritingError(f"{name} is being read; write to another file.")
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "wb") as out:  # a device or a pipe has no place to be replaced
                yield out
            return
        with _beside(os.path.realpath(path)) as out:
            yield out
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or "no file name"
        raise WritingError(
            f"{name} cannot be written ({reason}); check the path, your rights and the disk."
        ) from failure


@contextmanager
def _beside(path: str) -> Iterator[BinaryIO]:
    """A file that replaces `path` when all went well, and is gone otherwise."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fd = os.open(temporary, flags, 0o666)  # less the umask, unlike what tempfile makes
    try:
        with open(fd, "wb") as out:
            yield out
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _same(path: str, other: str) -> bool:
    try:
        return other != DASH and os.path.samefile(path, other)
    except (OSError, ValueError):
        return False
