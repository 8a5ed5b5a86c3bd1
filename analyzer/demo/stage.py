# SPDX-License-Identifier: GPL-2.0-only
"""The process of the demo: `python -m analyzer.demo.stage SECONDS`, in place of a recorder.

It enters a loopback, starts the actors, and becomes the recorder itself, which hears on stdin and
tells on stdout as ever. The actors end with the recorder, and end it when nobody hears any more:
a recording outlives who asked for it, a demo does not.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import select
import signal
import sys
from contextlib import suppress
from io import FileIO
from typing import Final, NoReturn

from analyzer import interpreter
from analyzer.demo import actors
from analyzer.demo.loopback import RefusedError, enter
from analyzer.recording import privileges

_READY: Final = b"ready"
_PATIENCE: Final = 20.0
"""Seconds that the recorder may take to listen."""

_SETTLING: Final = 0.2
"""Seconds from a packet socket that listens to one with its filter."""

_LOOK: Final = 0.2
"""Seconds between two looks at who is left."""

_LAST_WORDS: Final = 2.0
"""Seconds that a recorder that is told to end may take."""

_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG, linux/prctl.h


def main() -> None:
    """Start the actors, then become the recorder; tell why not in its words."""
    seconds = float(sys.argv[1])
    try:
        address = enter()
        _start_actors(address, seconds)
    except (RefusedError, OSError) as refusal:
        print(json.dumps({"failed": str(refusal), "rights": False}), flush=True)
        return
    command, environment = interpreter.command("analyzer.recording.child")
    os.execve(command[0], command, environment)


def _start_actors(address: str, seconds: float) -> None:
    """Start them and wait until each has its port. Raises RefusedError."""
    recorder = os.getpid()
    listening = _packet_sockets()
    reader, writer = os.pipe()
    if not os.fork():
        os.close(reader)
        _act(address, seconds, recorder, listening, FileIO(writer, "w"))
    os.close(writer)
    with open(reader, "rb") as told:
        word = told.read()
    if word != _READY:
        reason = word.decode(errors="replace") or "their process ended"
        raise RefusedError(f"the server and UEs of the demo could not start: {reason}")


# In the process of the actors -------------------------------------------------------------------


def _act(
    address: str, seconds: float, recorder: int, before: set[str] | None, told: FileIO
) -> NoReturn:
    """Play until the recorder or who asked for it is gone, or time is up."""

    async def cue() -> None:
        told.write(_READY)
        told.close()
        await _await_recorder(before)
        privileges.drop()
        _die_with_parent()

    async def perform() -> None:
        playing = asyncio.create_task(actors.play(address, cue))
        guarding = asyncio.create_task(_guard(recorder, seconds))
        await asyncio.wait((playing, guarding), return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()

    try:
        _die_with_parent()
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        asyncio.run(perform())
    except BaseException as error:
        if told.closed:  # nobody is left to watch over the recorder
            os.kill(recorder, signal.SIGTERM)
        else:
            told.write(f"{type(error).__name__}: {error}".encode(errors="replace"))
    finally:
        os._exit(0)


def _die_with_parent() -> None:
    """At once, where `_guard` takes a while. Becoming another user ends it (prctl(2))."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


async def _await_recorder(before: set[str] | None) -> None:
    """Wait for a packet socket more than there were before."""
    if before is not None:
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            if (_packet_sockets() or set()) - before:
                break
            await asyncio.sleep(0.02)
    await asyncio.sleep(_SETTLING)


def _packet_sockets() -> set[str] | None:
    """Those that listen in this network namespace, by inode; None where the system does not tell.

    Columns of /proc/net/packet: sk RefCnt Type Proto Iface R Rmem User Inode.
    """
    try:
        with open("/proc/self/net/packet", encoding="ascii") as file:
            listed = [line.split() for line in file][1:]
    except OSError:
        return None
    return {columns[8] for columns in listed if len(columns) > 8 and columns[5] == "1"}


async def _guard(recorder: int, seconds: float) -> None:
    """Return once the recorder is gone; end it when stdin, which it hears, has no writer left, or
    when it should have ended."""
    clock = asyncio.get_running_loop().time
    late = clock() + seconds + _PATIENCE
    stdin = select.poll()
    stdin.register(0, 0)  # a hang-up alone
    while os.getppid() == recorder and clock() < late and not stdin.poll(0):
        await asyncio.sleep(_LOOK)
    for last in (signal.SIGTERM, signal.SIGKILL):
        until = clock() + _LAST_WORDS
        if os.getppid() == recorder:
            with suppress(PermissionError):  # it is another user for a moment yet
                os.kill(recorder, last)
        while os.getppid() == recorder and clock() < until:
            await asyncio.sleep(_LOOK)


if __name__ == "__main__":
    main()
