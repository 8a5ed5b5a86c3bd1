# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark of carriers runs; how fast is not judged here."""

from __future__ import annotations

import carriers
import pytest


def test_each_reads_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carriers, "UES", 4)
    found = carriers.run(80, turns=1)
    printed = {name: out for name, (_, out) in found.items()}
    assert printed["DTLS opened"] == "80 4 104"
    assert printed["DTLS without keys"] == "0 4 104"
    assert printed["foreign UDP"] == "0 0 104"
    assert printed["CoAP over TCP"] == "88 0 100"
