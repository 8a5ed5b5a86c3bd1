# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.serving.gate import Gate

TOKEN = "x" * 16
GATE = Gate(TOKEN, "lab.example")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "localhost:9000", "LOCALHOST", "[::1]:8000", "192.0.2.7", "lab.example:80"],
)
def test_our_own_names_are_let_in(host: str) -> None:
    assert not GATE.refusal({"Host": host}, TOKEN)
    assert not GATE.refusal({"Host": host, "Origin": f"http://{host}"}, TOKEN)


@pytest.mark.parametrize(
    "host", ["evil.example:8000", "", "127.0.0.1.evil.example", "[::1", "localhost.evil.example"]
)
def test_a_strangers_name_is_refused(host: str) -> None:
    """DNS rebinding: it may well mean our address by now."""
    assert "name in the address" in GATE.refusal({"Host": host}, TOKEN)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:8001",
        "http://127.0.0.1:8000.evil.example",
        "http://127.0.0.1",
        "file://127.0.0.1:8000",
        "null",
        "",
    ],
)
def test_another_page_is_refused(origin: str) -> None:
    """Also one of this machine, on another port: its requests bring our cookie."""
    headers = {"Host": "127.0.0.1:8000", "Origin": origin}
    assert "Another page" in GATE.refusal(headers, TOKEN)


@given(st.text())
def test_nothing_but_the_token_is_let_in(brought: str) -> None:
    assert bool(GATE.refusal({"Host": "localhost"}, brought)) == (brought != TOKEN)
