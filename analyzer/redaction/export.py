# SPDX-License-Identifier: GPL-2.0-only
"""A capture written so that it can be given away, and the proof that it was.

The capture is read a second time: fragments and ICMP errors are no messages, and stand in no table.
What is shown is written to a temporary file first; it takes its name when it was read again.
"""

from __future__ import annotations

import json
import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from analyzer.capture import ROW, Source
from analyzer.capture.model import Interface
from analyzer.capture.stdin import DASH
from analyzer.capture.writing import PcapngWriter, WritingError, new_file
from analyzer.redaction.cipher import Cipher
from analyzer.redaction.messages import WELL_KNOWN
from analyzer.redaction.packets import Packets, Record
from analyzer.redaction.proof import differences, leaked
from analyzer.redaction.words import Words
from analyzer.views.pcapng import APPLICATION, found_texts
from dissectors.msgin5g.elements import elements

if TYPE_CHECKING:
    from analyzer.session import Session

_ETHERNET: Final = 1
_NOTE: Final = f"Redacted by {APPLICATION}: names, addresses and contents are pseudonyms"


class Asked(NamedTuple):
    """How to redact: the passphrase of the pseudonyms (None: nobody will know it), the file that
    tells what they stand for (`""`: none), and whether findings become comments."""

    passphrase: str | None = None
    map_path: str = ""
    comments: bool = True


def redact(
    session: Session, rows: Iterable[int], path: str, asked: Asked, part: bool = False
) -> Iterator[str]:
    """Write what may be shown of the packets of these messages to a pcapng file; yields what the
    user should know, one sentence each.

    `part`: these are not all messages, so other things are found in them. Raises WritingError when
    it cannot be written or is not redacted, CaptureError when the capture cannot be read again.
    """
    if DASH in session.paths or session.opened.live:
        raise WritingError("a stream is read once, --redact reads twice; save it to a file first")
    cipher = Cipher.of(asked.passphrase)
    words = Words(cipher, _kept(session), _about(session))
    with tempfile.TemporaryDirectory(prefix="msgshark-") as folder:
        name = os.path.join(folder, "redacted.pcapng")
        packets = Packets(session, rows, words, cipher)
        with open(name, "wb") as out:
            frames = _write(session, packets, out)
        with _reading(session, name) as after:
            with open(name, "rb") as written:
                found = leaked(written, after, words)
            if found:
                raise WritingError(
                    f"nothing was written: {found} would still be in it; please report this"
                )
            if asked.map_path:
                _write_map(asked.map_path, session, words)
            with new_file(path, session.paths) as out:
                _copy(name, after, out, asked.comments)
            yield from _told(packets.left_out, packets.inside, len(frames))
            if part or packets.inside:
                yield "findings were not compared: a part of a capture has others than the whole"
            elif texts := differences(session, after, frames):
                yield "the redacted capture does not show the same findings:"
                yield from texts


@contextmanager
def _reading(session: Session, path: str) -> Iterator[Session]:
    """A session that has read what was written, by the settings of another."""
    after = type(session)(session.settings)
    try:
        after.open([path])
        after.read_all()
        yield after
    finally:
        after.release()


def _told(left_out: int, inside: int, written: int) -> Iterator[str]:
    if left_out:
        packets = "1 packet was" if left_out == 1 else f"{left_out} packets were"
        yield f"{packets} left out: headers below CoAP that cannot be redacted without a doubt"
    if inside:
        packets = "1 packet was" if inside == 1 else f"{inside} packets were"
        yield (
            f"{packets} left out: in streams and in what is encrypted nothing can be replaced, and "
            "handshakes name who they are of"
        )
    if not written:
        yield "no packet was written: there is no CoAP to show"


def _kept(session: Session) -> frozenset[str]:
    """Words that say nothing of anybody: those of protocols, of the settings, and the values that
    information elements are known to have."""
    settings = session.settings
    paths = f"{settings.registration_path}/{settings.server_uri}"
    values = (spelt for element in elements().values() for _, spelt in element.values)
    return WELL_KNOWN.union((word for word in paths.split("/") if word), *values)


def _about(session: Session) -> set[str]:
    """Names of UEs: no other word of the capture is kept if it is one of these."""
    ids = set(session.messages["ue"].tolist()) | set(session.exchanges.stored["ue"].tolist())
    return {session.names[id] for id in ids} - {""}


def _records(source: Source) -> Iterator[tuple[Record, int]]:
    """Packets as they were captured, and when."""
    for batch in source.batches():
        for number in range(batch.count):
            row = batch.rows[number * ROW : (number + 1) * ROW].tolist()
            start, captured, wire, time, interface = row
            if interface < 0:
                continue
            place = batch.base + start if batch.offsets is None else batch.offsets[number]
            data = bytes(batch.data[start : start + captured])
            yield Record(batch.first_frame + number, data, wire, interface, place), time


def _write(session: Session, packets: Packets, out: BinaryIO) -> array[int]:
    """Write what may be shown; the numbers that the packets written have in the capture."""
    frames = array("q")
    writer = PcapngWriter(out, APPLICATION)
    anonymous = Interface(0, _ETHERNET, 0, 1_000_000_000)
    with Source(session.paths) as source:
        for record, time in _records(source):
            shown = packets.shown(record)
            if shown is not None:
                writer.packet(record.interface, anonymous, time, shown.data, shown.wire)
                frames.append(record.frame)
    return frames


def _copy(name: str, after: Session, out: BinaryIO, comments: bool) -> None:
    """The packets of a file with what was found in them."""
    found = found_texts(after) if comments else {}
    writer = PcapngWriter(out, APPLICATION, [_NOTE])
    with Source([name]) as source:
        for record, time in _records(source):
            described = source.interfaces[record.interface].interface
            notes = found.get(record.frame, ())
            writer.packet(record.interface, described, time, record.data, record.wire, notes)


def _write_map(path: str, session: Session, words: Words) -> None:
    """What pseudonyms stand for, as JSON, for the owner's eyes alone."""
    addresses = words.addresses.known.items()
    entry = {
        "addresses": {str(ip_address(other)): str(ip_address(one)) for one, other in addresses},
        "ue_service_ids": {words.text(ue): ue for ue in sorted(_about(session))},
        "words": {other: one for one, other in words.identities.items()},
    }
    with new_file(path, session.paths) as out:
        if path != DASH:
            os.chmod(out.fileno(), 0o600)
        out.write(json.dumps(entry, indent=1).encode() + b"\n")
