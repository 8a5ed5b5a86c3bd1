# SPDX-License-Identifier: GPL-2.0-only
"""The request that a command line client is to send again, and words for a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from analyzer.carriage import NOT_CARRIED, Carriage, carriage
from analyzer.messages import Role
from analyzer.views.copies.model import CopyError, Subject, octets
from dissectors.coap import numbers
from dissectors.coap.message import Message, Option, dissect
from dissectors.coap.numbers import Type
from dissectors.coap.wire import DATAGRAM

if TYPE_CHECKING:
    from analyzer.endpoints import Endpoint

_DOTS: Final = (b".", b"..")
_WORDS: Final = re.compile(rb"[ -~]+").fullmatch


class Request(NamedTuple):
    """A request as it stands on the wire, whom it was sent to, and what has to be said of it."""

    message: Message
    server: Endpoint
    remarks: tuple[str, ...]
    how: Carriage = NOT_CARRIED

    @property
    def non(self) -> bool:
        """It asks for no acknowledgement."""
        return self.message.type == Type.NON

    @property
    def authority(self) -> str:
        """Address, and the port where it is not the usual one."""
        if self.how.websocket:
            usual = 443 if self.how.secured else 80
        else:
            usual = numbers.COAPS_PORT if self.how.secured else numbers.COAP_PORT
        return str(self.server).removesuffix(f":{usual}")

    @property
    def scheme(self) -> str:
        """Of its URI (RFC 7252 clause 6, RFC 8323 clause 8)."""
        secure = "coaps" if self.how.secured else "coap"
        if self.how.websocket:
            return f"{secure}+ws"
        return secure if self.how.framing == DATAGRAM else f"{secure}+tcp"

    def values(self, number: int) -> list[bytes]:
        """Of each instance of an option."""
        return [option.value for option in self.message.all(number)]


def request_of(subject: Subject) -> Request:
    """The message where it is a request, else the request of its exchange. Raises CopyError."""
    session = subject.view.opened
    row = subject.row
    if row < 0 or not numbers.is_request(session.messages.cell("code", row)):
        if not subject.exchange:
            raise CopyError("it belongs to no request")
        row = session.exchanges.stored.cell("request_row", subject.exchange - 1)
    if session.messages.cell("role", row) == Role.UNREADABLE:
        raise CopyError("the request is malformed")
    found = octets(subject, row)
    message = dissect(found.message, framing=session.framing(row))
    if not numbers.is_request(message.code) or not message.readable:
        raise CopyError("a ping is no request")
    remarks = found.remarks
    if row != subject.row:
        remarks = (f"the request is packet {session.messages.cell('frame', row)}", *remarks)
    server = session.endpoints[session.messages.cell("destination", row)]
    how = carriage(session, row)
    if how.secured:
        remarks = (*remarks, "the client needs keys of its own")
    return Request(message, server, remarks, how)


def path_of(segments: Sequence[bytes]) -> str | None:
    """Uri-Path as the path of a URI (RFC 7252 clause 6.5); None where taking that apart gives
    other segments: clients drop empty ones and dots."""
    if any(not segment or segment in _DOTS for segment in segments):
        return None
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def query_of(arguments: Sequence[bytes]) -> str | None:
    """Uri-Query as the query of a URI with its question mark; None as in `path_of`."""
    if not all(arguments):
        return None
    text = "&".join(quote(argument, safe="=/:,") for argument in arguments)
    return f"?{text}" if text else ""


def shell(arguments: Iterable[str]) -> str:
    """Words of a command, quoted for a POSIX shell whatever is in them."""
    return shlex.join(arguments)


def printed(data: bytes) -> str:
    """The command that writes these bytes to a pipe: text as it is, else in octal (POSIX)."""
    if _WORDS(data):
        return shell(("printf", "%s", data.decode("ascii")))
    octal = "".join(f"\\{byte:03o}" for byte in data)
    return f"printf '{octal}'"


def shortest(option: Option) -> int | None:
    """The value of a uint option that has no leading zeros: as a client would write it."""
    value = int.from_bytes(option.value, "big")
    return None if option.value[:1] == b"\0" or len(option.value) > 4 else value


def in_words(options: Iterable[Option]) -> str:
    """Names of options, each once."""
    return ", ".join(dict.fromkeys(option.name for option in options))
