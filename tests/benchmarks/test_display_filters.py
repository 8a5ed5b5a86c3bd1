# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark runs; how fast is not judged here."""

from __future__ import annotations

from display_filters import READ, STORED, lines, run

from analyzer.filters.filter import compiled


def test_it_times_every_filter() -> None:
    stored, read = run(400)
    report = "\n".join(lines(stored, read))
    assert all(text in report for text in (*STORED, *READ))
    assert sum(timed.passed > 0 for timed in stored) > len(stored) / 2
    assert all(timed.passed for timed in read)


def test_filters_are_decided_as_they_are_listed() -> None:
    assert not any(compiled(text).reads_packets for text in STORED)
    assert all(compiled(text).reads_packets for text in READ)
