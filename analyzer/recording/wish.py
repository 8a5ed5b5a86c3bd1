# SPDX-License-Identifier: GPL-2.0-only
"""What is to be recorded, where to and until when: dumpcap's options as values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol, Self, runtime_checkable

LARGEST_SNAP: Final = 262_144
"""Bytes of a packet that libpcap keeps at most."""

KILOBYTE: Final = 1000
"""The unit of `-a filesize:` and `-b filesize:`, as dumpcap's."""


class RecordingError(Exception):
    """Nothing can be recorded; the one-line message says why and what to do next."""


class RightsError(RecordingError):
    """This user may not capture."""


class Means(StrEnum):
    """What writes the packets."""

    OWN = "own"
    DUMPCAP = "dumpcap"
    SCAPY = "scapy"


class Limits(NamedTuple):
    """When to stop, or to begin the next file; 0 for no limit.

    `duration` is in seconds, `filesize` in bytes of a file; `files` is their number, and
    `packets` that of the recording (`-a`) or of a file (`-b`).
    """

    duration: float = 0
    filesize: int = 0
    files: int = 0
    packets: int = 0


UNLIMITED: Final = Limits()


@dataclass(frozen=True, slots=True)
class Wish:
    """A recording as it was asked for.

    `filter` is in libpcap's language, "" for every packet. `path` is the file to write, "" for a
    spool in the user's cache folder. `rotate`: with it files are numbered as dumpcap's are
    (`name_00001_20260131235959.pcapng`), and its `files` says how many to keep.
    """

    interfaces: tuple[str, ...]
    filter: str = ""
    snap_length: int = LARGEST_SNAP
    promiscuous: bool = True
    path: str = ""
    stop: Limits = UNLIMITED
    rotate: Limits = UNLIMITED
    means: Means | None = None  # None: the best there is
    stage: tuple[str, ...] = ()
    """A module of msgshark and its arguments, which is started and becomes what records once what
    is to be recorded is there; () for what records alone."""

    @property
    def rotates(self) -> bool:
        """Whether it goes on in another file when one is full."""
        return any((self.rotate.duration, self.rotate.filesize, self.rotate.packets))

    def as_json(self) -> str:
        """For the child: what `of_json` takes."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Self:
        """What `as_json` gave."""
        told: dict[str, Any] = json.loads(text)
        means = told.pop("means")
        return cls(
            interfaces=tuple(told.pop("interfaces")),
            stop=Limits(*told.pop("stop")),
            rotate=Limits(*told.pop("rotate")),
            stage=tuple(told.pop("stage")),
            means=Means(means) if means else None,
            **told,
        )


class Statistics(NamedTuple):
    """Of a recording, as far as it came."""

    kept: int = 0
    """Packets written."""
    dropped: int = 0
    """Packets that passed the filter and that nobody fetched in time (ps_drop)."""
    interface_dropped: int = 0
    """Packets the interface or its driver lost (ps_ifdrop)."""
    octets: int = 0
    """Bytes written, of all files."""

    @property
    def lost(self) -> int:
        return self.dropped + self.interface_dropped


@runtime_checkable
class Started(Protocol):
    """A recording as who reads it sees it: one of this machine, or of another (`remote`)."""

    wish: Wish
    reason: str
    """Why it ended, one clause; "" as long as it goes on, and when it was told to."""
    means: str
    statistics: Statistics
    lost: list[str]
    """Interfaces that give no packets any more, each with what the system said."""

    @property
    def files(self) -> Sequence[str]:
        """Every file, in the order written; with a ring, the first ones may be gone."""

    @property
    def ended(self) -> bool:
        """Nothing will be written any more."""

    def stop(self) -> None:
        """Stop, and wait until all that was captured is written."""
