# SPDX-License-Identifier: GPL-2.0-only
"""A capture by its files and interfaces: how much of each, and what was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer import state
from dissectors.link import LINK_TYPES

if TYPE_CHECKING:
    from analyzer.session import Session


class InterfaceStatistics(NamedTuple):
    """`dropped`: packets lost while capturing, None where the file does not tell."""

    name: str
    link: str
    snap_length: int  # bytes kept of a packet at most, 0 for no limit
    packets: int
    dropped: int | None


class FileStatistics(NamedTuple):
    """`octets`: of the file as far as it goes now."""

    path: str
    format: str
    octets: int
    interfaces: tuple[InterfaceStatistics, ...]


def file_statistics(session: Session) -> list[FileStatistics]:
    """Of each file of a session, which may still be read."""
    packets = session.memory.s
    base = packets[state.INTERFACES + state.BASE]
    found = []
    for number, file in enumerate(session.files):
        interfaces = tuple(
            InterfaceStatistics(
                met.interface.name or f"interface {met.interface.index}",
                LINK_TYPES.get(met.interface.link_type, f"link type {met.interface.link_type}"),
                met.interface.snap_length,
                packets[base + index],
                file.dropped.get(met.interface.index),
            )
            for index, met in enumerate(tuple(session.interfaces))
            if met.file == number
        )
        path = session.paths[min(number, len(session.paths) - 1)]
        found.append(FileStatistics(path, file.format, file.size, interfaces))
    return found
