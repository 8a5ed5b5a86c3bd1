# SPDX-License-Identifier: GPL-2.0-only
"""The own recorder: from libpcap's rings to files. Of one interface no packet meets Python."""

from __future__ import annotations

import ctypes
import mmap
import select
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from analyzer.capture.model import Interface
from analyzer.recording import keeping, privileges
from analyzer.recording.files import Counted, Files, StoppedError
from analyzer.recording.libpcap import TIMEOUT, Counters, GoneError, Tap
from analyzer.recording.ordering import Waiting
from analyzer.recording.wish import Means, RecordingError, Statistics, Wish

_BUFFER: Final = 32 << 20
_MOST: Final = 4096
"""Packets fetched at once, so that limits and the user are heard soon."""

_TURN: Final = 64
"""Fetches from one interface before another, the user and the limits get their turn."""

_WAIT: Final = 100  # ms
_LAST: Final = 2 * TIMEOUT
"""ms after which the kernel has handed over what it had."""

_LATE: Final = 3 * TIMEOUT * 10**6
"""ns after which no interface gives a packet of that time any more."""

_MOST_WAITING: Final = 64 << 20
_EVER: Final = 1 << 64
_TELL: Final = 0.25  # seconds between two reports
_NS: Final = 10**9

Tell = Callable[[dict[str, Any]], None]


def run(wish: Wish, tell: Tell, stopped: Callable[[], bool]) -> None:
    """Record until a limit is reached, `stopped` says so, or nothing more can be had.

    Tells as `child` says. Raises RecordingError before anything was recorded.
    """
    record(Means.OWN, _open(wish), wish, tell, stopped)


class Fetching(Protocol):
    """An interface whose packets can be fetched; see Tap."""

    name: str
    index: int
    link_type: int
    snap_length: int
    fd: int

    def take(self, buffer: int, room: int, most: int) -> tuple[int, int]: ...

    def counters(self) -> Counters: ...

    def close(self) -> None: ...


def record(
    means: Means,
    taps: Sequence[Fetching],
    wish: Wish,
    tell: Tell,
    stopped: Callable[[], bool],
) -> None:
    """As `run`, from interfaces that `means` has opened, and that are closed after it."""
    try:
        privileges.drop()
        recorder = _Recorder(wish, taps, tell)
        tell({"started": means})
        reason = recorder.record(stopped)
        tell({"ended": reason})
    finally:
        for tap in taps:
            tap.close()


def _open(wish: Wish) -> Sequence[Tap]:
    """All interfaces open and filtering, or none."""
    if not keeping.SUPPORTED:
        raise RecordingError("this processor is not supported; try --recorder dumpcap")
    taps: list[Tap] = []
    try:
        function = keeping.keep()
        for index, name in enumerate(wish.interfaces):
            tap = Tap(name, index, wish.snap_length, wish.promiscuous)
            taps.append(tap)
            tap.filter(wish.filter)
            tap.keep_with(function)
    except BaseException:
        for tap in taps:
            tap.close()
        raise
    return taps


class _Recorder:
    """Writes what open interfaces give."""

    def __init__(self, wish: Wish, taps: Sequence[Fetching], tell: Tell) -> None:
        self._wish = wish
        self._taps = list(taps)
        self._tell = tell
        self._buffer = mmap.mmap(-1, _BUFFER)  # in memory as far as it is used
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._buffer))
        self._largest = wish.snap_length + keeping.OVERHEAD
        self._kept = 0
        self._counters = [Counters()] * len(taps)
        self._last_told = 0.0
        self._last_statistics: Statistics | None = None
        self._began = time.monotonic()
        self._gone: list[str] = []
        described = [
            Interface(tap.index, tap.link_type, tap.snap_length, _NS, name=tap.name) for tap in taps
        ]
        self._waiting = Waiting() if len(taps) > 1 else None
        self._files = Files(wish, described, lambda path: tell({"file": path}))

    def record(self, stopped: Callable[[], bool]) -> str:
        """Until the end; why it came, "" when it was asked for."""
        poll = select.poll()
        for tap in self._taps:
            poll.register(tap.fd, select.POLLIN)
        reason = ""
        try:
            while not (stopped() or self._done):
                ready = {fd for fd, _ in poll.poll(self._patience)}
                for tap in [tap for tap in self._taps if tap.fd in ready]:
                    self._empty(tap, poll)
                self._write_waiting(time.time_ns() - _LATE)
                self._report()
            if stopped():
                self._drain(poll)
            else:
                reason = self._all_gone
            self._write_waiting(_EVER)
        except StoppedError as failure:
            reason = str(failure)
        finally:
            self._count()
            self._files.close(self._counted)
            self._tell_statistics()
        return reason

    @property
    def _patience(self) -> int:
        """ms to wait for packets."""
        return TIMEOUT if self._waiting is not None and self._waiting.octets else _WAIT

    # Packets ------------------------------------------------------------------------------------

    def _empty(self, tap: Fetching, poll: select.poll) -> None:
        """Write what waits in the ring of an interface, up to a turn's share."""
        try:
            for _ in range(_TURN):
                if self._done or not self._fetch(tap):
                    break
        except GoneError as reason:
            poll.unregister(tap.fd)
            self._taps.remove(tap)
            self._gone.append(f"{tap.name}: {reason}")
            self._tell({"lost": self._gone[-1]})

    def _fetch(self, tap: Fetching) -> bool:
        """Write some packets, or have them wait; whether more may be there."""
        most = self._most
        used, packets = tap.take(self._address, _BUFFER, most)
        if packets:
            with memoryview(self._buffer)[:used] as data:
                if self._waiting is None:
                    self._write(data, packets)
                else:
                    self._waiting.add(tap.index, data)
        if self._waiting is not None and self._waiting.octets > _MOST_WAITING:
            self._write_waiting(_EVER)
        return packets == most

    def _write(self, data: memoryview, packets: int) -> None:
        self._files.write(data, packets)
        self._kept += packets
        if self._files.full and not self._done:
            self._count()
            self._files.next(self._counted)

    def _write_waiting(self, until: int) -> None:
        """Write what waits for packets of other interfaces, up to a time."""
        while self._waiting is not None and not self._done:
            data, packets = self._waiting.take(until, self._most)
            if not packets:
                return
            self._write(memoryview(data), packets)

    def _drain(self, poll: select.poll) -> None:
        """Fetch what came before the user said stop: the kernel keeps it for a moment."""
        time.sleep(_LAST / 1000)
        for tap in list(self._taps):
            self._empty(tap, poll)

    @property
    def _most(self) -> int:
        """Packets to fetch: as many as surely fit, and as the limits allow."""
        most = min(_MOST, _BUFFER // self._largest)
        stop, rotate = self._wish.stop.packets, self._wish.rotate.packets
        if stop:
            most = min(most, stop - self._kept)
        if rotate:
            most = min(most, rotate - self._files.packets)
        return most

    # Limits -------------------------------------------------------------------------------------

    @property
    def _done(self) -> bool:
        stop, files = self._wish.stop, self._files
        rotates = self._wish.rotates
        return (
            not self._taps
            or bool(stop.packets and self._kept >= stop.packets)
            or bool(stop.duration and time.monotonic() - self._began >= stop.duration)
            or bool(stop.filesize and not rotates and files.size >= stop.filesize)
            or bool(stop.files and rotates and files.count >= stop.files and files.full)
        )

    @property
    def _all_gone(self) -> str:
        return "" if self._taps else f"no interface is left ({'; '.join(self._gone)})"

    # Reports ------------------------------------------------------------------------------------

    def _count(self) -> None:
        """Ask the system what passed and what was lost."""
        for tap in self._taps:
            self._counters[tap.index] = tap.counters()

    @property
    def _counted(self) -> list[Counted]:
        return [
            Counted(told.received, told.dropped + told.interface_dropped) for told in self._counters
        ]

    def _report(self) -> None:
        """Now and then: tell how it goes, and look at the age of the file."""
        now = time.monotonic()
        if now - self._last_told < _TELL:
            return
        self._last_told = now
        lost = [counted.lost for counted in self._counted]
        self._count()
        if lost != [counted.lost for counted in self._counted]:
            self._files.tell(self._counted)  # a file is right even if its end is never written
        self._tell_statistics()
        if self._files.full and not self._done:
            self._files.next(self._counted)

    def _tell_statistics(self) -> None:
        dropped = sum(told.dropped for told in self._counters)
        by_interface = sum(told.interface_dropped for told in self._counters)
        told = Statistics(self._kept, dropped, by_interface, self._files.octets)
        if told != self._last_statistics:
            self._last_statistics = told
            self._tell({"statistics": list(told)})
