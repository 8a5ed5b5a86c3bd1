# SPDX-License-Identifier: GPL-2.0-only
"""Writing pcapng: packets as they were captured, with comments (draft-ietf-opsawg-pcapng).

Little-endian, times in ns, one section; an interface is described before its first packet.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final

from analyzer.capture import blocks
from analyzer.capture.model import Interface
from analyzer.capture.store import printable

DASH: Final = "-"


class WritingError(Exception):
    """The file cannot be written; the one-line message says why and what to do next."""


class PcapngWriter:
    """Writes one section to `out`, block by block: memory does not grow with it."""

    def __init__(self, out: BinaryIO, application: str, comments: Iterable[str] = ()) -> None:
        """`application` is the name of the program that writes, `comments` are on the file."""
        self._out = out
        self._interfaces: dict[Hashable, int] = {}
        out.write(blocks.section(application, comments))

    def secrets(self, keylog: bytes) -> None:
        """A key log that opens packets behind it."""
        self._out.write(blocks.secrets(keylog))

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
            self._out.write(blocks.description(interface))
        self._out.write(blocks.packet(number, time, data, wire, comments))


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
