# SPDX-License-Identifier: GPL-2.0-only
"""An `aiocoap-client` command (aiocoap 0.4) that sends the request again.

It has flags for few options; the copy says which others are left out.
"""

from __future__ import annotations

from typing import Final

from analyzer.views.copies.model import Copied, CopyError, Subject
from analyzer.views.copies.request import (
    Request,
    in_words,
    path_of,
    printed,
    query_of,
    request_of,
    shell,
    shortest,
)
from dissectors.coap import numbers
from dissectors.coap.message import Option

_LARGEST: Final = 1024
_FLAGS: Final = {numbers.ACCEPT: "--accept", numbers.CONTENT_FORMAT: "--content-format"}


def copied(subject: Subject) -> Copied:
    request = request_of(subject)
    text, left = piped(request)
    remarks = [*request.remarks, *([f"without {in_words(left)}"] if left else ())]
    if len(request.message.payload) > _LARGEST:
        remarks.append("the payload goes block-wise")
    return Copied(text, tuple(remarks))


def piped(request: Request) -> tuple[str, list[Option]]:
    """The command, its payload piped into it, and the options that it does not send."""
    words, left = command(request)
    payload = request.message.payload
    return (f"{printed(payload)} | " if payload else "") + shell(words), left


def command(request: Request) -> tuple[list[str], list[Option]]:
    """The words of the command, which reads the payload from stdin, and the options that it
    does not send. Raises CopyError where the path or query cannot be sent."""
    code = request.message.code
    method = numbers.code_name(code) if code in numbers.CODES else str(code)
    words = ["aiocoap-client", "-m", method]
    left: list[Option] = []
    if request.non:
        words.append("--non")
    for option in request.message.options:
        if option.number in (numbers.URI_PATH, numbers.URI_QUERY):
            continue
        flag, value = _FLAGS.get(option.number), shortest(option)
        if option.number == numbers.OBSERVE and not option.value and "--observe" not in words:
            words.append("--observe")
        elif flag and value is not None and flag not in words:
            words += [flag, str(value)]
        else:
            left.append(option)
    if request.message.payload:
        words += ["--payload", "@-"]
    path, query = (
        path_of(request.values(numbers.URI_PATH)),
        query_of(request.values(numbers.URI_QUERY)),
    )
    if path is None or query is None or not _utf8(request):
        raise CopyError("aiocoap-client cannot send such a path or query")
    return [*words, f"{request.scheme}://{request.authority}{path}{query}"], left


def _utf8(request: Request) -> bool:
    try:
        for value in (*request.values(numbers.URI_PATH), *request.values(numbers.URI_QUERY)):
            value.decode()
    except UnicodeDecodeError:
        return False
    return True
