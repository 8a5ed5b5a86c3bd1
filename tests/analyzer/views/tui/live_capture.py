# SPDX-License-Identifier: GPL-2.0-only
"""A recording that writes what a test tells it to."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from analyzer.capture import Intake
from analyzer.recording.wish import Statistics, Wish
from analyzer.views.tui.app import MsgsharkApp
from analyzer.views.tui.screens.page import PageScreen

from .conftest import FIELD_DAY, until

PACKET = 6  # the block type of an enhanced packet


def blocks(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The blocks of a little-endian pcapng file, each with its type."""
    at = 0
    while at < len(content):
        kind, size = struct.unpack_from("<II", content, at)
        yield kind, content[at : at + size]
        at += size


class FakeRecording:
    """Writes the packets of a capture, as many as `come` says, to a file as a recorder does."""

    def __init__(self, path: Path, wish: Wish | None = None, capture: Path = FIELD_DAY) -> None:
        self.wish = wish or Wish(("lo",), "udp port 5683")
        self.path = path
        self.files = [str(path)]
        self.ended = False
        self.reason = ""
        self.means = "own"
        self.lost: list[str] = []
        self.statistics = Statistics()
        found = list(blocks(capture.read_bytes()))
        self._packets = iter([block for kind, block in found if kind == PACKET])
        path.write_bytes(b"".join(block for kind, block in found[:2] if kind != PACKET))

    def come(self, count: int) -> None:
        """So many packets come in."""
        with self.path.open("ab") as file:
            for _ in range(count):
                file.write(next(self._packets))
        self.tell(kept=self.statistics.kept + count, octets=self.path.stat().st_size)

    def tell(self, **told: int) -> None:
        self.statistics = self.statistics._replace(**told)

    def end(self, reason: str) -> None:
        """It ends on its own."""
        self.reason = reason
        self.ended = True

    def stop(self) -> None:
        self.ended = True


class Starter:
    """Starts recordings in a folder, each in a file of its own, or refuses to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[FakeRecording] = []
        self.failure: Exception | None = None

    def __call__(self, wish: Wish) -> FakeRecording:
        if self.failure is not None:
            raise self.failure
        path = self.folder / f"again-{len(self.started)}.pcapng"
        self.started.append(FakeRecording(Path(wish.path) if wish.path else path, wish))
        return self.started[-1]


@asynccontextmanager
async def recorded(
    recording: FakeRecording, size: tuple[int, int] = (140, 40), start: Starter | None = None
) -> AsyncIterator[Pilot[None]]:
    """The app on a recording; at its end nobody is asked for anything."""
    starter = start or Starter(recording.path.parent)
    app = MsgsharkApp(Intake((), recorder=recording), start=starter)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.view.session is not None)
        yield pilot


def app_of(pilot: Pilot[None]) -> MsgsharkApp:
    assert isinstance(pilot.app, MsgsharkApp)
    return pilot.app


async def listed(pilot: Pilot[None], count: int) -> PageScreen:
    """The page, once its list has so many rows."""

    def done() -> bool:
        screen = pilot.app.screen
        return isinstance(screen, PageScreen) and next(iter(screen.lists())).count == count

    await until(pilot, done)
    screen = pilot.app.screen
    assert isinstance(screen, PageScreen)
    return screen
