# SPDX-License-Identifier: GPL-2.0-only
"""Lines of the packet list searched: source, destination, protocol and Info.

Making the lines of a million messages takes long. What they are made of are a few thousand words,
so text is looked up in these first: a word of what is wanted stands in one of them, since a line
joins them by blanks and commas. Lines are made of what is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyzer.messages import CUT, MESSAGE_TYPE_IDS, Role
from analyzer.views.escape import escape
from analyzer.views.info import REMARKS, SHORTENED, info, is_msgin5g
from analyzer.views.searching.needle import Kind, Needle
from dissectors.coap import numbers
from dissectors.coap.numbers import Type
from dissectors.msgin5g.elements import MESSAGE_TYPE_NAMES, MessageType

if TYPE_CHECKING:
    from analyzer.session import Session

    Array = np.ndarray[Any, Any]

_TOKEN: Final = re.compile(r"t?k?n?:?[0-9a-f]{0,2}…?").fullmatch
"""What may be a part of a token as lines have it, `TKN:0a 0b …`."""

_NO, _YES = 1, 2


def line_of(session: Session, row: int) -> str:
    """What is searched of a message."""
    cells = session.messages.row(row)
    protocol = "MSGin5G" if is_msgin5g(cells) else "CoAP"
    ends = (session.endpoints[cells[name]].address for name in ("source", "destination"))
    text = "".join(piece for piece, _ in info(session, cells))
    return f"{' '.join(ends)} {protocol} {text}"


class Lines:
    """Judges rows by their lines; what later packets tell of a message is in them."""

    settled = False

    def __init__(self, session: Session, needle: Needle) -> None:
        self._session = session
        self._needle = needle
        word = _longest_word(needle.text.lower()) if needle.kind is Kind.TEXT else ""
        self._words = _Words(session, word) if word else None
        self.most = 1 << 14 if self._words else 1 << 11

    def hits(self, rows: Array) -> Array:
        """Which of these rows have it."""
        found = np.zeros(len(rows), bool)
        places = np.arange(len(rows))
        if self._words is not None:
            places = self._words.may_have(rows).nonzero()[0]
        texts = [line_of(self._session, row) for row in rows[places].tolist()]
        found[places] = self._needle.in_texts(texts)
        return found


def _longest_word(text: str) -> str:
    return max(re.split("[, ]", text), key=len)


class _Words:
    """In which rows a word may stand, by the columns that lines are made of."""

    def __init__(self, session: Session, word: str) -> None:
        self._session = session
        self._word = word
        words = (MESSAGE_TYPE_NAMES[MessageType(kind)] if kind else "" for kind in MESSAGE_TYPE_IDS)
        self._small = {
            "type": self._have(map(numbers.type_name, Type)),
            "code": self._have(map(_code, range(256))),
            "role": self._have(REMARKS[role][0] if role in REMARKS else "" for role in Role),
            "message_type": self._have(words),
            "message_id": self._have(f"MID:{number}" for number in range(1 << 16)),
        }
        self._cut = word in SHORTENED[0].lower()
        self._protocol = {name: word in name.lower() for name in ("CoAP", "MSGin5G")}
        self._token = _TOKEN(word) is not None
        self._large = {
            "names": _Known(lambda id: self._is_in(escape(session.names[id]))),
            "endpoints": _Known(lambda id: self._is_in(session.endpoints[id].address)),
        }

    def _is_in(self, text: str) -> bool:
        return self._word in text.lower()

    def _have(self, texts: Iterable[str]) -> Array:
        return np.array([self._is_in(text) for text in texts])

    def may_have(self, rows: Array) -> Array:
        """Rows of which a part has the word; some whose line has not may be among them."""
        messages = self._session.messages
        found = np.zeros(len(rows), bool)
        for name, table in self._small.items():
            if table.any():
                found |= table[messages[name][rows]]
        for names, known in (
            (("uri", "ue"), self._large["names"]),
            (("source", "destination"), self._large["endpoints"]),
        ):
            for name in names:
                found |= known.of(messages[name][rows])
        if self._token:
            found |= messages["token_length"][rows] > 0
        found |= messages["role"][rows] == Role.SIGNAL  # its line shows options
        if self._cut:
            found |= (messages["flags"][rows] & CUT) != 0
        if any(self._protocol.values()):
            speaks = (messages["message_type"][rows] > 0) | (messages["ue"][rows] > 0)
            found |= np.where(speaks, self._protocol["MSGin5G"], self._protocol["CoAP"])
        return found


class _Known:
    """What was found out about interned texts, by their ids."""

    def __init__(self, test: Callable[[int], bool]) -> None:
        self._test = test
        self._known = np.zeros(256, np.uint8)

    def of(self, ids: Array) -> Array:
        most = int(ids.max(initial=0))
        if most >= len(self._known):
            self._known = np.concatenate([self._known, np.zeros(most, np.uint8)])
        fresh = np.unique(ids[self._known[ids] == 0]).tolist()
        self._known[fresh] = [_YES if self._test(id) else _NO for id in fresh]
        passed: Array = self._known[ids] == _YES
        return passed


def _code(code: int) -> str:
    return "Empty" if code == numbers.EMPTY else numbers.code_name(code)
