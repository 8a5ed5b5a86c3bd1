# SPDX-License-Identifier: GPL-2.0-only
"""A `coap-client` command (libcoap 4.3) that sends the request again: code, options and payload
are the same, Message ID and token another.

What a URI would not bring over byte for byte, and what has no flag, is given as option (-O).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote_from_bytes

from analyzer.views.copies.model import Copied, CopyError, Subject
from analyzer.views.copies.request import (
    Request,
    in_words,
    path_of,
    query_of,
    request_of,
    shell,
    shortest,
)
from dissectors.coap import numbers
from dissectors.coap.message import Option

_LONGEST_URI: Final = 90
"""Octets of a path or query that libcoap takes apart; it drops what is beyond 100."""

_LARGEST: Final = 1024
"""Octets of a payload in one message; more go block-wise (RFC 7959)."""

_FLAGS: Final = {numbers.CONTENT_FORMAT: "-t", numbers.ACCEPT: "-A"}


def copied(subject: Subject) -> Copied:
    request = request_of(subject)
    words, left = command(request)
    remarks = [*request.remarks, *([f"without a further {in_words(left)}"] if left else ())]
    if len(request.message.payload) > _LARGEST:
        remarks.append("the payload goes block-wise")
    return Copied(shell(words), tuple(remarks))


def command(request: Request) -> tuple[list[str], list[Option]]:
    """The words of the command, and the options that it does not send. Raises CopyError for what
    libcoap sends otherwise."""
    code = request.message.code
    if any(_is_part(value) for value in request.values(numbers.BLOCK1)):
        raise CopyError("coap-client sends no single block of a body")
    if code not in numbers.CODES:
        raise CopyError(f"coap-client knows no method {numbers.dotted(code)}")
    words = ["coap-client", "-m", numbers.code_name(code).lower()]
    if request.non:
        words.append("-N")
    path, query = _path(request), _query(request)
    given = {numbers.URI_PATH} if path is not None else set()
    given |= {numbers.URI_QUERY} if query is not None else set()
    left = list(_repeated(request))
    words += _options(request, given, left)
    if request.message.payload:
        words += ["-e", quote_from_bytes(request.message.payload, safe=' {}[]":,')]
    # -U: neither Uri-Host nor Uri-Port but those of the request.
    return [*words, "-U", f"{request.scheme}://{request.authority}{path or ''}{query or ''}"], left


def _is_part(value: bytes) -> bool:
    """Of a body, by its Block1: libcoap takes what it is given for the whole of it."""
    return int.from_bytes(value, "big") & ~7 != 0


def _path(request: Request) -> str | None:
    path = path_of(request.values(numbers.URI_PATH))
    return path if path is not None and len(path) < _LONGEST_URI else None


def _query(request: Request) -> str | None:
    query = query_of(request.values(numbers.URI_QUERY))
    return query if query is not None and len(query) < _LONGEST_URI else None


def _repeated(request: Request) -> Iterator[Option]:
    """Those that libcoap sends once: the registry lets them stand once (RFC 7252 clause 5.4.5)."""
    seen: set[int] = set()
    for option in request.message.options:
        if option.number in seen and option.spec is not None and not option.spec.repeat:
            yield option
        seen.add(option.number)


def _options(request: Request, given: set[int], left: list[Option]) -> Iterator[str]:
    for option in request.message.options:
        if option.number in given or option in left:
            continue
        flag, value = _FLAGS.get(option.number), shortest(option)
        if flag and value is not None:
            yield from (flag, str(value))
        else:
            digits = f"0x{option.value.hex()}" if option.value else ""
            yield from ("-O", f"{option.number},{digits}")
