# SPDX-License-Identifier: GPL-2.0-only
"""Packets of a capture as a capture of their own, with what was found and what the user wrote as
comments on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.capture.writing import PcapngWriter, new_file
from analyzer.messages import CARRIED, SECURED
from analyzer.report import findings_in_order, visible_messages
from analyzer.views.escape import escape
from dissectors import carried

if TYPE_CHECKING:
    from analyzer.capture.model import Interface
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.rules.catalogue import Severity
    from analyzer.session import Session
    from analyzer.streams.model import Piece

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


class Exported(NamedTuple):
    """What became of an export: packets written; of those, packets that carried messages in
    something encrypted; flows whose secrets are written, and those of them whose handshake was too
    long to be kept whole."""

    packets: int
    encrypted: int = 0
    opened: int = 0
    incomplete: int = 0

    def told(self, with_secrets: bool) -> Iterator[str]:
        """What the user should know, a sentence each."""
        if self.encrypted and not (with_secrets and self.opened):
            packets = "1 packet is" if self.encrypted == 1 else f"{self.encrypted} packets are"
            hint = (
                "no key log opens them" if with_secrets else "--with-secrets adds what opens them"
            )
            yield f"{packets} written as captured, still encrypted: {hint}"
        if self.incomplete:
            yield f"the handshakes of {self.incomplete} flows are too long: they are not whole"


class _Packet(NamedTuple):
    """A packet to write; `id` and `described` are those of its interface."""

    frame: int
    id: tuple[int, int]
    described: Interface
    time: int
    data: bytes
    wire: int


def export(
    session: Session,
    rows: Iterable[int],
    path: str,
    comments: bool = True,
    with_secrets: bool = False,
) -> Exported:
    """Write the packets of these messages to a pcapng file, each once, in the capture's order. Of a
    message that was taken out of something these are the packets that carried it.

    `comments` adds the user's own and what was found to the comments they had. `with_secrets` adds
    what opens their protected flows, and these alone: handshakes, and a Decryption Secrets Block.
    Raises WritingError, or CaptureError when they cannot be read.
    """
    found = found_texts(session) if comments else {}
    own = session.keeper.annotations.comments if comments else {}
    kept = session.opened.comments
    plain, inside = _apart(session, sorted(set(rows)))
    encrypted, flows = _encrypted(session, inside)
    pieces = {piece for row in inside for piece in _pieces(session, row)}
    if with_secrets:
        inside_too = [row for row in _of_streams(session, flows) if row not in inside]
        pieces.update(piece for row in inside_too for piece in _pieces(session, row))
        pieces.update(piece for flow in flows for piece in flow.handshake)
    carriers = (_carrier(session, piece) for piece in sorted(pieces))
    written = last = 0
    with new_file(path, session.paths) as out:
        writer = PcapngWriter(out, APPLICATION, _on_the_file(session))
        logs = [session.carriers.key_log(flow) for flow in flows] if with_secrets else []
        if log := b"".join(logs):
            writer.secrets(log)
        for packet in merge(_plain(session, plain), carriers, key=attrgetter("frame")):
            frame = packet.frame
            if frame == last:  # one packet may carry several messages
                continue
            last = frame
            mine = [own[frame]] if frame in own else []
            notes = [*kept.get(frame, ()), *mine, *found.get(frame, ())]
            writer.packet(*packet[1:], notes)
            written += 1
    incomplete = sum(not flow.handshake_whole for flow in flows) if with_secrets else 0
    return Exported(written, encrypted, sum(map(bool, logs)), incomplete)


def _apart(session: Session, rows: Sequence[int]) -> tuple[list[int], dict[int, None]]:
    """Rows whose packets are their own, and rows of messages that were taken out of something."""
    flags = session.messages["flags"]
    plain = [row for row in rows if not flags[row] & CARRIED]
    return plain, dict.fromkeys(row for row in rows if flags[row] & CARRIED)


def _encrypted(session: Session, rows: Iterable[int]) -> tuple[int, list[SecuredFlow]]:
    """How many packets carried messages in something encrypted, and the protected flows among
    what carried them."""
    flags = session.messages["flags"]
    frames, numbers = set[int](), set[int]()
    for row in rows:
        if flags[row] & SECURED:
            frames.update(piece.frame for piece in _pieces(session, row))
            numbers.add(_number(session, row))
    return len(frames), [flow for flow in session.carriers.secured if flow.number in numbers]


def _of_streams(session: Session, flows: Iterable[SecuredFlow]) -> list[int]:
    """Rows of all messages of those flows that are TLS: its records count, so none may be missing
    (RFC 5246 clause 6.1, RFC 8446 clause 5.3)."""
    numbers = {flow.number for flow in flows if flow.security.transport == "TLS"}
    if not numbers:
        return []
    secured = (session.messages["flags"] & SECURED).nonzero()[0].tolist()
    return [row for row in secured if _number(session, row) in numbers]


def _number(session: Session, row: int) -> int:
    """The number of the association or connection that carried a message."""
    return carried.connection(session.packet(row))


def _pieces(session: Session, row: int) -> tuple[Piece, ...]:
    return session.carriers.store.pieces(session.messages.cell("offset", row))


def _plain(session: Session, rows: Iterable[int]) -> Iterator[_Packet]:
    for row in rows:
        cells = session.messages.row(row)
        interface, link_type = cells["interface"], session.link_type(row)
        # Of a packet put together the link type is its own.
        described = replace(session.interfaces[interface].interface, link_type=link_type)
        id, data = (interface, link_type), session.packet(row)
        yield _Packet(cells["frame"], id, described, cells["time"], data, cells["wire"])


def _carrier(session: Session, piece: Piece) -> _Packet:
    described = session.interfaces[piece.interface].interface
    data = session.opened.read(piece.interface, piece.offset, piece.length)
    id = piece.interface, described.link_type
    return _Packet(piece.frame, id, described, piece.time, data, piece.wire)


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
