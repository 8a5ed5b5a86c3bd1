# SPDX-License-Identifier: GPL-2.0-only
"""Compressed captures: gzip, zstd and lz4, unpacked piece by piece in bounded memory.

A stream is a run of members (gzip) or frames (zstd, lz4), each complete in itself. A few bytes
can claim gigabytes, so no call yields more than a few MiB and the caller says when it is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

PIECE: Final = 1 << 20  # bytes yielded at a time by gzip and lz4
# zstd cannot be told how much to yield; 128 bytes of it hold 32 blocks of 128 KiB at most.
ZSTD_FEED: Final = 1 << 7
ZSTD_WINDOW: Final = 128 << 20  # bytes; what zstd itself takes without --long=31

MAGICS: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x50\x2a\x4d\x18": "zstd",  # a skippable frame, as pzstd begins with
    b"\x04\x22\x4d\x18": "lz4",
}


class UnpackingError(Exception):
    """The packed data is damaged; the message is the library's reason."""


class Member(Protocol):
    """One member or frame being unpacked."""

    ended: bool
    rest: bytes  # what follows it, once it has ended

    def feed(self, data: bytes) -> Iterator[bytes]: ...


def packing(head: bytes) -> str:
    """How a file that begins with `head` is compressed: gzip, zstd, lz4, or `""` if it is not."""
    return next((name for magic, name in MAGICS.items() if head.startswith(magic)), "")


class Unpacker:
    """Unpacks a stream of members; feed it what was read, in order."""

    def __init__(self, name: str) -> None:
        """`name` is one of `packing`. Loads the library it needs."""
        self.name = name
        start, failures = _LIBRARIES[name]()
        self._start: Callable[[], Member] = start
        self._failures = failures
        self._member: Member | None = None
        self._members = 0

    @property
    def whole(self) -> bool:
        """Whether the stream may end here: no member is half unpacked."""
        return self._member is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` unpacks to. Raises UnpackingError where the stream is damaged."""
        while data:
            if self._member is None:
                data = data.lstrip(b"\0")  # padding of tapes and blocks
                if not data:
                    return
                self._member = self._start()
                self._members += 1
            member = self._member
            try:
                yield from member.feed(data)
            except self._failures as failure:
                raise UnpackingError(_one_line(failure)) from failure
            if not member.ended:
                return
            data, self._member = member.rest, None


def _one_line(failure: BaseException) -> str:
    return " ".join(str(failure).split())[:200] or type(failure).__name__


class _Gzip:
    def __init__(self, inflate: Any) -> None:
        self._inflate = inflate
        self.ended = False
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        inflate = self._inflate
        while not inflate.eof:
            piece = inflate.decompress(data, PIECE)
            if piece:
                yield piece
            data = inflate.unconsumed_tail
            if not data and len(piece) < PIECE:
                break
        self.ended, self.rest = inflate.eof, inflate.unused_data


class _Zstd:
    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.ended = False
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        view = memoryview(data)
        for at in range(0, len(data), ZSTD_FEED):
            piece = self._frame.decompress(view[at : at + ZSTD_FEED])
            if piece:
                yield piece
            if self._frame.eof:
                self.ended = True
                self.rest = self._frame.unused_data + bytes(view[at + ZSTD_FEED :])
                return


class _Lz4:
    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.ended = False
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        frame = self._frame
        while not frame.eof:
            piece = frame.decompress(data, PIECE)
            if piece:
                yield piece
            data = b""
            if frame.needs_input:
                break
        self.ended, self.rest = frame.eof, frame.unused_data or b""


_Failures = tuple[type[BaseException], ...]


def _gzip() -> tuple[Callable[[], Member], _Failures]:
    import zlib

    return (lambda: _Gzip(zlib.decompressobj(wbits=31))), (zlib.error,)


def _zstd() -> tuple[Callable[[], Member], _Failures]:
    import zstandard

    # One context for all frames: it holds the window, which a member of its own would add to.
    context = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    return (lambda: _Zstd(context.decompressobj())), (zstandard.ZstdError, MemoryError)


def _lz4() -> tuple[Callable[[], Member], _Failures]:
    from lz4 import frame

    return (lambda: _Lz4(frame.LZ4FrameDecompressor())), (RuntimeError, EOFError, MemoryError)


_LIBRARIES: Final = {"gzip": _gzip, "zstd": _zstd, "lz4": _lz4}
