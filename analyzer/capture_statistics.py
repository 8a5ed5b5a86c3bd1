# SPDX-License-Identifier: GPL-2.0-only
"""A capture by its files and interfaces: how much of each, and what was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dissectors.link import LINK_TYPES

if TYPE_CHECKING:
    from analyzer.session import Session


MOST_COMMENTS: Final = 20


class InterfaceStatistics(NamedTuple):
    """`messages`: CoAP messages; `dropped`: packets lost while capturing, None where the file does
    not tell."""

    name: str
    link: str
    snap_length: int  # bytes kept of a packet at most, 0 for no limit
    messages: int
    dropped: int | None


class FileStatistics(NamedTuple):
    """`octets`: of the file as far as it goes now; `comments` on it, the first MOST_COMMENTS."""

    path: str
    format: str
    octets: int
    interfaces: tuple[InterfaceStatistics, ...]
    comments: tuple[str, ...]


def file_statistics(session: Session) -> list[FileStatistics]:
    """Of each file of a session, which may still be read."""
    import numpy as np

    interfaces = tuple(session.interfaces)
    messages = np.bincount(session.messages["interface"], minlength=len(interfaces))
    found = []
    for number, file in enumerate(session.files):
        described = tuple(
            InterfaceStatistics(
                met.interface.name or f"interface {met.interface.index}",
                LINK_TYPES.get(met.interface.link_type, f"link type {met.interface.link_type}"),
                met.interface.snap_length,
                int(messages[index]),
                session.opened.dropped(index),
            )
            for index, met in enumerate(interfaces)
            if met.file == number
        )
        path = session.paths[min(number, len(session.paths) - 1)]
        comments = tuple(file.file_comments[:MOST_COMMENTS])
        found.append(FileStatistics(path, file.format, file.size, described, comments))
    return found
