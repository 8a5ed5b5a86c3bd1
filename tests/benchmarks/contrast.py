# SPDX-License-Identifier: GPL-2.0-only
"""Which request an answer belongs to: our word beside tshark's, frame by frame.

tshark's word is `coap.response_to`, and `coap.response_in` read the other way round. Ours is what
the views print. Every frame in which the two differ gets the reason for it, if the bytes prove one:
keys, types and times of the messages themselves, as the tables hold them.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "analyzer"))

from tshark import Layers, coap_frames

from analyzer.messages import Role
from analyzer.profiles.transmission import DEFAULT
from analyzer.report import visible_messages
from analyzer.session import Session
from dissectors.coap import numbers
from dissectors.coap.numbers import Type

FIELDS: Final = ("coap.code", "coap.response_to", "coap.response_in", "coap.opt.uri_path_recon")
COAP: Final = 5683
UNEXPLAINED: Final = "unexplained"


class Verdict(StrEnum):
    """Who names which request of a response."""

    SAME = "same request"
    OURS = "only msgshark"
    THEIRS = "only tshark"
    DIFFERENT = "different request"
    NEITHER = "neither"


class Response(NamedTuple):
    """A frame with a response, and the frames of the request that each of the two names, 0 for
    none. `stale_path` is the path of another request that tshark shows with it."""

    frame: int
    ours: int
    theirs: int
    reason: str = ""
    stale_path: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.ours == self.theirs:
            return Verdict.SAME if self.ours else Verdict.NEITHER
        if self.ours and self.theirs:
            return Verdict.DIFFERENT
        return Verdict.OURS if self.ours else Verdict.THEIRS


class Contrast(NamedTuple):
    """A capture as both tell it. `empty` counts Empty ACKs and RSTs, `empty_ours` and
    `empty_theirs` those tied to the message with their Message ID; `orphans` what we found no
    request for, by `response`, `ACK` and `RST`."""

    responses: list[Response]
    empty: int
    empty_ours: int
    empty_theirs: int
    orphans: Counter[str]


def contrast(capture: str | os.PathLike[str], home: Path) -> Contrast:
    """Read a capture by both; `home` is a folder without preferences for tshark.

    Raises CaptureError, and CalledProcessError where tshark cannot read it.
    """
    session = Session()
    session.open([capture])
    session.read_all()
    return _Contrasted(session, Path(capture), home).whole()


class _Contrasted:
    """Rows of ours and layers of tshark's, by frame."""

    def __init__(self, session: Session, capture: Path, home: Path) -> None:
        self._session = session
        rows = (session.messages.row(row) for row in visible_messages(session))
        self._ours = {cells["frame"]: cells for cells in rows}
        ports = {session.endpoints[end].port for end in session.exchanges["server"].tolist()}
        self._theirs = coap_frames(capture, FIELDS, home, ports=sorted(ports - {COAP}))
        self._answered = {
            int(response): frame
            for frame, layers in self._theirs.items()
            for response in layers.get("coap.response_in", ())
        }

    def whole(self) -> Contrast:
        ours = self._ours.values()
        empty = [m for m in ours if m["code"] == numbers.EMPTY and m["type"] >= Type.ACK]
        sent = {_message(m, "source", "destination") for m in ours if m["type"] < Type.ACK}
        return Contrast(
            [self._response(frame) for frame in sorted(self._response_frames())],
            len(empty),
            sum(_message(m, "destination", "source") in sent for m in empty if m["exchange"]),
            sum(self._named_by_tshark(m["frame"]) > 0 for m in empty),
            Counter(_kind(m) for m in ours if m["role"] == Role.ORPHAN),
        )

    def _response_frames(self) -> Iterator[int]:
        """Frames that are responses to either."""
        for frame in self._ours.keys() | self._theirs.keys():
            codes = [int(code) for code in self._layers(frame).get("coap.code", ())]
            if frame in self._ours:
                codes.append(self._ours[frame]["code"])
            if any(numbers.is_response(code) for code in codes):
                yield frame

    def _layers(self, frame: int) -> Layers:
        return self._theirs.get(frame, {})

    # The request, by each -----------------------------------------------------------------------

    def _named_by_us(self, frame: int) -> int:
        return self._ours[frame]["peer"] if frame in self._ours else 0

    def _named_by_tshark(self, frame: int) -> int:
        named = self._layers(frame).get("coap.response_to", ())
        return self._original(int(named[0]) if named else self._answered.get(frame, 0))

    def _original(self, frame: int) -> int:
        """The first of the frames that hold the same message, which are one to both."""
        cells = self._ours.get(frame, {"role": Role.UNREADABLE})
        copy = cells["role"] in (Role.RETRANSMISSION, Role.CAPTURE_DUPLICATE) and cells["first"]
        return self._original(cells["first"]) if copy else frame

    def _response(self, frame: int) -> Response:
        ours, theirs = self._named_by_us(frame), self._named_by_tshark(frame)
        bare = Response(frame, ours, theirs)
        return bare._replace(reason=self._reason(bare), stale_path=self._stale_path(bare))

    def _stale_path(self, response: Response) -> str:
        shown = self._path_by_tshark(response.frame)
        stale = response.ours and shown != self._path_by_tshark(response.ours)
        return shown if stale else ""

    def _path_by_tshark(self, frame: int) -> str:
        return "".join(self._layers(frame).get("coap.opt.uri_path_recon", ()))

    # Reasons ------------------------------------------------------------------------------------

    def _reason(self, response: Response) -> str:
        if response.frame not in self._ours:
            return "not CoAP to msgshark"
        if response.ours and (key := self._key_that_differs(response.ours, response.frame)):
            return key
        match response.verdict:
            case Verdict.SAME:
                return ""
            case Verdict.OURS:
                return self._why_tshark_does_not(response.frame)
            case Verdict.NEITHER:
                role = self._ours[response.frame]["role"]
                return Role(role).label if role != Role.RESPONSE else UNEXPLAINED
            case _:
                return self._why_not(response.theirs, response.frame)

    def _key_that_differs(self, request: int, response: int) -> str:
        """Which key of RFC 7252 clause 5.3.2 the two do not share, empty if they share all."""
        q, r = self._ours[request], self._ours[response]
        if q["source"] != r["destination"]:
            return "other client"
        if q["destination"] != r["source"]:
            multicast = self._session.endpoints[q["destination"]].multicast
            return "multicast" if multicast else "other server"
        if self._token(request) != self._token(response):
            return "other token"
        if r["type"] == Type.ACK and q["message_id"] != r["message_id"]:
            return "other Message ID"
        return ""

    def _why_tshark_does_not(self, frame: int) -> str:
        """What a response of ours has that tshark 4.0 does not match: a Message ID of its own, or
        no token."""
        cells = self._ours[frame]
        if cells["role"] == Role.RETRANSMISSION:
            return f"retransmitted {self._why_tshark_does_not(cells['first'])}"
        if cells["role"] == Role.NOTIFICATION and cells["type"] != Type.ACK:
            return "notification"
        if cells["type"] != Type.ACK:
            return "separate response" if cells["type"] == Type.CON else "NON response"
        return UNEXPLAINED if self._token(frame) else "empty token"

    def _why_not(self, request: int, response: int) -> str:
        """Why what tshark names is not the request of a response."""
        if self._ours[response]["role"] == Role.CAPTURE_DUPLICATE:
            return "capture duplicate"
        if request not in self._ours:
            return UNEXPLAINED
        if key := self._key_that_differs(request, response):
            return key
        age = self._ours[response]["time"] - self._ours[request]["time"]
        return "expired" if age > DEFAULT.exchange_lifetime else UNEXPLAINED

    def _token(self, frame: int) -> bytes:
        cells = self._ours[frame]
        return self._session.token_bytes(cells["token"], cells["token_length"])


def _message(cells: dict[str, int], by: str, to: str) -> tuple[int, ...]:
    """What identifies a CON or NON (RFC 7252 clause 4.4), in the exchange it is said to be of."""
    return cells["exchange"], cells[by], cells[to], cells["message_id"]


def _kind(cells: dict[str, int]) -> str:
    """What a message without request is: its type, where it carries no response."""
    return "response" if numbers.is_response(cells["code"]) else Type(cells["type"]).name
