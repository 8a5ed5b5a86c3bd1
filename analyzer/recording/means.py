# SPDX-License-Identifier: GPL-2.0-only
"""Which means of recording is used, and what this user is told where there is none."""

from __future__ import annotations

import subprocess
from typing import Final

from analyzer.recording import rights
from analyzer.recording.keeping import SUPPORTED
from analyzer.recording.libpcap import binding
from analyzer.recording.programs import find_program
from analyzer.recording.ways import Way, dumpcap, packet_sockets
from analyzer.recording.wish import Means, RecordingError, RightsError, Wish

_STARTING: Final = 5.0
"""Seconds that dumpcap may take to tell its version."""


def chosen(wish: Wish) -> Means:
    """What is to record: as wished, or the best that this user may use. Raises RightsError."""
    own = packet_sockets(rights.own())
    if wish.means is None:
        return _best(wish, own)
    way = own if wish.means is not Means.DUMPCAP else dumpcap(rights.own(), _starts())
    if not way.ok:
        raise RightsError(f"--recorder {wish.means} cannot be used: {way.told}{_do(way.advice)}")
    return wish.means


def _best(wish: Wish, own: Way) -> Means:
    if own.ok and SUPPORTED and _has_libpcap():
        return Means.OWN
    other = dumpcap(rights.own(), _starts())
    if other.ok:
        return Means.DUMPCAP
    if own.ok:
        return Means.SCAPY
    found = other.told if "dumpcap" in other.told else f"dumpcap is {other.told}"
    raise RightsError(
        f"{' and '.join(wish.interfaces)} may not be captured on: this process has {own.told}, "
        f"and {found}{_do(other.advice or own.advice)}"
    )


def _do(advice: str) -> str:
    return f"; do: {advice}" if advice else ""


def _has_libpcap() -> bool:
    try:
        binding()
    except RecordingError:
        return False
    return True


def _starts() -> bool:
    """Whether the system lets this user start dumpcap."""
    path = find_program("dumpcap")
    if path is None:
        return False
    try:
        subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_STARTING,
        )
    except OSError:
        return False
    except subprocess.TimeoutExpired:
        return True
    return True
