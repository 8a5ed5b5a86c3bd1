# SPDX-License-Identifier: GPL-2.0-only
"""Endpoints by their id, also while another thread adds one."""

from __future__ import annotations

from rules.conversation import Conversation

from analyzer import flows, state
from analyzer.endpoints import NOWHERE


def test_an_endpoint_is_there_once_all_of_it_is() -> None:
    session = Conversation().con("GET").ack("2.05").session()
    s, last = session.memory.s, len(session.endpoints) - 1
    whole = session.endpoints[last]
    s[state.ENDPOINTS + state.COUNT] += 1
    assert session.endpoints[last + 1] == NOWHERE
    known, added = (flows.endpoint_at(s, id) for id in (last, last + 1))
    for slot in (flows.ADDRESS, flows.PORT, flows.VERSION):
        assert session.endpoints[last + 1] == NOWHERE
        s[added + slot] = s[known + slot]
    assert session.endpoints[last + 1] == whole
