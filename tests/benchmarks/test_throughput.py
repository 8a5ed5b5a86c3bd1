# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark runs; how fast is not judged here."""

from __future__ import annotations

from pathlib import Path

import pytest
from throughput import STAGES, run, write_capture

from analyzer.session import Session


def test_it_times_everything_in_one_run() -> None:
    result = run(200)
    assert list(result.others) == ["tshark", "Scapy", "reading the file"]
    assert set(result.shares) == set(STAGES)
    assert sum(result.shares.values()) == pytest.approx(1)
    report = "\n".join(result.lines())
    for words in ("200 packets, ", "packets/s", "bytes a message", "pairing"):
        assert words in report


def test_its_capture_is_clean_and_a_quarter_registrations(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    write_capture(path, 400)
    session = Session()
    session.open([path])
    session.read_all()
    assert session.findings.summary()["error"] == 0
    kinds = session.exchanges["message_type"].tolist()
    assert kinds.count(1) == 50
    assert session.counts.records == 400
