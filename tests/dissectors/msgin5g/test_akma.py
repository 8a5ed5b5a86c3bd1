# SPDX-License-Identifier: GPL-2.0-only
"""The AKMA-OSCORE bootstrap is told by its path alone."""

from __future__ import annotations

import pytest

from dissectors.coap.message import dissect
from dissectors.msgin5g.akma import is_akma_bootstrap

POST = b"\x40\x02\x00\x01\xb4akma\xffx"
CREATED, CHANGED = b"\x60\x41\x00\x01", b"\x60\x44\x00\x01"


@pytest.mark.parametrize(
    ("request_", "response", "is_one"),
    [
        (POST, None, True),
        (POST, CREATED, True),
        (POST, CHANGED, False),
        (POST.replace(b"\x40\x02", b"\x40\x01"), None, False),
        (POST.replace(b"akma", b"amka"), None, False),
        (POST.replace(b"akma", b"akma\x01x"), None, False),
        (b"\x40\x02\x00\x01\x90\x24akma\xffx", None, False),
        (b"\x40\x02\x00\x01\xb4akma\xff", None, False),
    ],
    ids=("request", "created", "changed", "get", "name", "below", "oscore", "malformed"),
)
def test_bootstrap(request_: bytes, response: bytes | None, is_one: bool) -> None:
    answer = None if response is None else dissect(response)
    assert is_akma_bootstrap(dissect(request_), answer) is is_one
