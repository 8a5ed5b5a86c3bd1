# SPDX-License-Identifier: GPL-2.0-only
"""Packets of a capture as a capture of their own, with what was found and what the user wrote as
comments on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from analyzer.capture.writing import PcapngWriter, new_file
from analyzer.report import findings_in_order, visible_messages
from analyzer.views.escape import escape

if TYPE_CHECKING:
    from analyzer.rules.catalogue import Severity
    from analyzer.session import Session

APPLICATION: Final = "msgshark"
_MOST_TEXT: Final = 1000

Ranges = Sequence[tuple[int, int]]
"""Frame numbers: first and last of each run."""


def shown_rows(session: Session) -> list[int]:
    """Rows of all messages that views show."""
    return list(visible_messages(session))


def rows_of_frames(session: Session, ranges: Ranges) -> list[int]:
    """Rows of the messages in packets of these numbers."""
    frames = session.messages["frame"].tolist()
    return [
        row for row in visible_messages(session) if any(a <= frames[row] <= b for a, b in ranges)
    ]


def rows_of_exchange(session: Session, exchange: int) -> list[int]:
    """Rows of the messages of an exchange."""
    return [row for row, id in enumerate(session.messages["exchange"].tolist()) if id == exchange]


def rows_with_findings(session: Session, severity: Severity) -> list[int]:
    """Rows of the messages in packets of findings at least so severe."""
    frames = {
        frame
        for finding in session.findings
        if finding.severity >= severity
        for frame in finding.frames
    }
    listed = session.messages["frame"].tolist()
    return [row for row in visible_messages(session) if listed[row] in frames]


def export(session: Session, rows: Iterable[int], path: str, comments: bool = True) -> int:
    """Write the packets of these messages to a pcapng file, each once, in the capture's order.

    `comments` adds the user's own and what was found to the comments they had. Returns how many
    packets were written. Raises WritingError, or CaptureError when they cannot be read.
    """
    found = found_texts(session) if comments else {}
    own = session.keeper.annotations.comments if comments else {}
    kept = session.opened.comments
    written = last = 0
    with new_file(path, session.paths) as out:
        writer = PcapngWriter(out, APPLICATION, _on_the_file(session))
        for row in sorted(set(rows)):
            cells = session.messages.row(row)
            frame, interface = cells["frame"], cells["interface"]
            if frame == last:  # one packet may carry several messages
                continue
            last = frame
            data = session.packet(row)
            mine = [own[frame]] if frame in own else []
            notes = [*kept.get(frame, ()), *mine, *found.get(frame, ())]
            link_type = session.link_type(row)  # of a packet put together it is its own
            described = replace(session.interfaces[interface].interface, link_type=link_type)
            id = interface, link_type
            writer.packet(id, described, cells["time"], data, cells["wire"], notes)
            written += 1
    return written


def found_texts(session: Session) -> dict[int, list[str]]:
    """What was found, by frame: `error COAP-...: text`."""
    texts: dict[int, list[str]] = defaultdict(list)
    for finding in findings_in_order(session):
        text = f"{finding.severity.label} {finding.rule.id}: {escape(finding.text, _MOST_TEXT)}"
        for frame in dict.fromkeys(finding.frames):
            texts[frame].append(text)
    return texts


def _on_the_file(session: Session) -> list[str]:
    """The comments on the capture as a whole, and where its packets come from."""
    kept = [text for file in session.files for text in file.file_comments]
    names = ", ".join(escape(path, 200) for path in session.paths)
    return [*kept, f"Exported by {APPLICATION} from {names}"]
