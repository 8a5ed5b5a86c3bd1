# SPDX-License-Identifier: GPL-2.0-only
"""Where credentials stand in a JSON payload, so that views can hide them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from dissectors.json_scan import Error, Kind
from dissectors.msgin5g.elements import Vocabulary
from dissectors.msgin5g.payload import Document, Value, members, read_json

Span: TypeAlias = tuple[int, int]
"""First byte and byte after the last."""

_KEY: Final = re.compile(rb'"([^"\\]{1,80})"\s*:')


def secrets_of(payload: bytes, words: Vocabulary) -> list[Span]:
    """Bytes of a payload that hold credentials, whatever else it is."""
    return secret_values(read_json(payload), words) if b'"' in payload else []


def secret_values(document: Document, words: Vocabulary) -> list[Span]:
    """Bytes of the values inside secret elements.

    After a syntax error nothing is known to be a member any more: from the first that looks like a
    secret one, and did not end before, all is hidden.
    """
    spans = list(_values(document.root, words)) if document.root is not None else []
    if document.error != Error.NONE:
        inside = members(document.root) if document.root is not None else ()
        ended = {member.key_start for member in inside if member.end < document.error_at}
        for match in _KEY.finditer(document.data):
            element = words.element_of(match[1].decode("utf-8", "replace"))
            if element is not None and element.secret and match.start() not in ended:
                spans.append((match.end(), len(document.data)))
                break
    return spans


def _values(root: Value, words: Vocabulary) -> Iterator[Span]:
    for member in members(root):
        element = words.element_of(member.key) if member.key is not None else None
        if element is None or not element.secret:
            continue
        for value in members(member):
            if value.kind not in (Kind.OBJECT, Kind.ARRAY):
                yield value.start, value.end
