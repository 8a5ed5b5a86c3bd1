# SPDX-License-Identifier: GPL-2.0-only
"""Live capture: what is lost, how late it is read, and what it takes to go on for long.

    python tests/benchmarks/live.py [PACKETS]           as fast as the machine sends, beside dumpcap
    python tests/benchmarks/live.py --latency [SECONDS] 1,000 packets/s
    python tests/benchmarks/live.py --soak [SECONDS]    5,000 packets/s

Everything is on loopback. The generator runs on a processor of its own and writes the time into
each payload: latency is from there to the moment when the message is in the tables, paired and
judged.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from analyzer.capture import Intake
from analyzer.recording.recording import Recording
from analyzer.recording.wish import Wish
from analyzer.session import Session
from analyzer.settings import Settings

PACKETS: Final = 200_000
PORT: Final = 15_683
FILTER: Final = f"udp port {PORT}"
TURNS: Final = 3
LATENCY: Final = (1_000, 10)
"""Packets/s and seconds."""

SOAK: Final = (5_000, 600)
_GENERATOR: Final = Path(__file__).with_name("generator.py")
_MILLISECOND: Final = 1_000_000


def sending(packets: int, rate: float = 0) -> subprocess.Popen[str]:
    """The generator at work, on the last processor."""
    words = [str(word) for word in (PORT, packets, rate, (os.cpu_count() or 1) - 1)]
    return subprocess.Popen(
        [sys.executable, str(_GENERATOR), *words], stdout=subprocess.PIPE, text=True
    )


class Following:
    """A session that reads a recording in a thread, and how late it read each message."""

    def __init__(self, recording: Recording, latency: bool = False) -> None:
        self.session = Session(Settings(ports=frozenset({PORT})))
        self.session.open(Intake((), recorder=recording))
        self.latencies: Counter[int] = Counter()
        """Messages by their latency in ms."""
        self.most_behind = 0
        self._recording = recording
        self._latency = latency
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        seen = 0
        for _ in self.session.read(4096):
            now = time.time_ns()
            behind = self._recording.statistics.kept - self.session.counts.records
            self.most_behind = max(self.most_behind, behind)
            rows = range(seen, len(self.session.messages)) if self._latency else ()
            for row in rows:
                sent = int.from_bytes(self.session.coap(row)[-8:])
                self.latencies[(now - sent) // _MILLISECOND] += 1
            seen = len(self.session.messages)

    def join(self) -> None:
        """To its end, which the recording's end brings."""
        self._thread.join()


class Flood(NamedTuple):
    """One flood recorded: packets/s sent, kept, and told as dropped."""

    rate: float
    kept: int
    dropped: int


def own(packets: int, folder: Path) -> tuple[Flood, Following]:
    """msgshark's recorder, and the engine behind it."""
    with Recording(Wish(("lo",), FILTER, path=str(folder / "own.pcapng"))) as recording:
        recording.start()
        following = Following(recording)
        told, _ = sending(packets).communicate()
        sent, seconds = told.split()
        recording.stop()
        following.join()
    kept = following.session.counts.records
    return Flood(int(sent) / float(seconds), kept, recording.statistics.lost), following


def dumpcap(packets: int, folder: Path) -> Flood:
    """Wireshark's recorder."""
    path = folder / "dumpcap.pcapng"
    command = ["dumpcap", "-q", "-i", "lo", "-f", FILTER, "-w", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "File:" not in process.stderr.readline():
        assert process.poll() is None
    told, _ = sending(packets).communicate()
    sent, seconds = told.split()
    time.sleep(1)
    process.terminate()
    _, report = process.communicate()
    counts = subprocess.run(["capinfos", "-c", "-M", path], capture_output=True, text=True).stdout
    kept = int(counts.rsplit(":", 1)[1])
    dropped = re.search(r"': [0-9]+/([0-9]+)", report)
    return Flood(int(sent) / float(seconds), kept, int(dropped[1]) if dropped else -1)


def flood(packets: int) -> Iterator[str]:
    """Both recorders by turns."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(TURNS):
            mine, following = own(packets, Path(folder))
            session = following.session
            yield (
                f"own      {mine.rate:9,.0f} packets/s sent, {mine.kept:,} of {packets:,} kept and "
                f"read, {mine.dropped} dropped, {following.most_behind:,} behind at most, "
                f"{len(session.exchanges):,} exchanges"
            )
            session.release()
            if shutil.which("dumpcap"):
                theirs = dumpcap(packets, Path(folder))
                yield (
                    f"dumpcap  {theirs.rate:9,.0f} packets/s sent, {theirs.kept:,} of {packets:,} "
                    f"kept, {theirs.dropped} dropped"
                )


def paced(rate: int, seconds: int) -> Iterator[str]:
    """So many packets/s for so long: latency at the start and the end, and memory."""
    with tempfile.TemporaryDirectory() as folder:
        wish = Wish(("lo",), FILTER, path=str(Path(folder) / "own.pcapng"))
        with Recording(wish) as recording:
            recording.start()
            following = Following(recording, latency=True)
            generator = sending(rate * seconds, rate)
            while generator.poll() is None:
                time.sleep(min(10, seconds / 10))
                yield (
                    f"{following.session.counts.records:9,} read, "
                    f"{_memory(os.getpid()):,} MB here, {_memory(recording.pid):,} MB recorder"
                )
            recording.stop()
            following.join()
        late = sorted(following.latencies.elements())
        records = following.session.counts.records
        lost = recording.statistics.lost
        yield (
            f"{rate:,} packets/s for {seconds} s: {records:,} of {rate * seconds:,} read, "
            f"{lost} dropped, latency median {late[len(late) // 2]} ms, "
            f"95 % {late[len(late) * 95 // 100]} ms, most {late[-1]} ms"
        )
        following.session.release()


def _memory(pid: int) -> int:
    """MB that a process has of its own."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["RssAnon"].split()[0]) // 1000


def main() -> None:
    """Measure what is asked for."""
    words = sys.argv[1:]
    if words and words[0] in ("--latency", "--soak"):
        rate, seconds = LATENCY if words[0] == "--latency" else SOAK
        lines = paced(rate, int(words[1]) if words[1:] else seconds)
    else:
        lines = flood(int(words[0]) if words else PACKETS)
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
