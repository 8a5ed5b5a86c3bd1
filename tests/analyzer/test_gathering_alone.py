# SPDX-License-Identifier: GPL-2.0-only
"""Gathering: a single packet is read while facts of the next batch are gathered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rules.conversation import Conversation
from transfers import cut, upload

from analyzer.capture import Source
from analyzer.native import PLAIN
from analyzer.session import Session


def test_a_single_packet_shares_nothing_that_is_written(tmp_path: Path) -> None:
    """Its facts are gathered while another thread may gather those of the batch."""
    written: dict[bool, set[int]] = {True: set(), False: set()}

    def gather(*arguments: Any) -> int:
        alone = arguments[6] - arguments[5] == 1 and arguments[-1] == 1
        buffers = (a for a in arguments if isinstance(a, memoryview) and not a.readonly)
        written[alone].update(map(id, buffers))
        return PLAIN.gather(*arguments)

    path = tmp_path / "upload.pcap"
    path.write_bytes(upload(Conversation(), cut(bytes(range(256)), 3)).pcap())
    session = Session()
    session.open([path])
    session._reading.kernels = replace(PLAIN, gather=gather)
    for batch in Source([path]).batches(100):
        for _ in session.take(batch):
            pass
    session.gather_packet(b"\0" * 60, 1)
    shared = session._reading._table.specs, session._reading._scratch.body
    read_only = {
        id(shared[0]),
        *(id(table) for table in (shared[1].elements, shared[1].names, shared[1].values)),
    }
    assert written[True]
    assert written[False]
    assert written[True] & written[False] <= read_only
